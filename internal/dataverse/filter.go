package dataverse

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// maxIn is the most values that one In takes. Dataverse takes 500 conditions
// in a query; the rest is left for what an In is combined with.
const maxIn = 400

// Filter is a condition on the rows of a list. It is built from columns and
// values by the functions below, which escape what they are given; a mistake
// in it comes back from the call that uses it. The zero Filter is no
// condition.
//
// A column is a logical name, the value of a lookup (_pb_paymentid_value), or
// a path over a navigation property (sdkmessageid/name). A value is a string,
// bool, int, int64, decimal.Decimal, time.Time, uuid.UUID or nil, which is
// null. Times go with second precision, as Dataverse keeps them. Dataverse
// compares texts without regard to case.
type Filter struct {
	text string
	err  error
}

// Eq holds where a column equals a value.
func Eq(column string, value any) Filter { return compare(column, "eq", value) }

// Ne holds where a column does not equal a value.
func Ne(column string, value any) Filter { return compare(column, "ne", value) }

// Gt holds where a column is greater than a value.
func Gt(column string, value any) Filter { return compare(column, "gt", value) }

// Ge holds where a column is at least a value.
func Ge(column string, value any) Filter { return compare(column, "ge", value) }

// Lt holds where a column is less than a value.
func Lt(column string, value any) Filter { return compare(column, "lt", value) }

// Le holds where a column is at most a value.
func Le(column string, value any) Filter { return compare(column, "le", value) }

// StartsWith holds where a text column starts with a prefix.
func StartsWith(column, prefix string) Filter {
	text, err := literal(prefix)
	if err = errors.Join(checkPath(column), err); err != nil {
		return Filter{err: fmt.Errorf("filtering by %q: %w", column, err)}
	}
	return Filter{text: "startswith(" + column + "," + text + ")"}
}

// In holds where a column equals one of the values, of which there are 1 to
// 400.
func In[T any](column string, values []T) Filter {
	if len(values) == 0 || len(values) > maxIn {
		return Filter{err: fmt.Errorf("filtering by %q: %d values, not 1 to %d", column, len(values), maxIn)}
	}
	list := make([]Filter, len(values))
	for i, value := range values {
		list[i] = Eq(column, value)
	}
	return Or(list...)
}

// And holds where all the filters hold; filters without a condition count for
// nothing.
func And(filters ...Filter) Filter {
	var set []Filter
	for _, f := range filters {
		if f.text != "" || f.err != nil {
			set = append(set, f)
		}
	}
	return combine(" and ", set)
}

// Or holds where at least one of the filters holds. A filter without a
// condition is a mistake here: it would let every row through.
func Or(filters ...Filter) Filter {
	for _, f := range filters {
		if f.text == "" && f.err == nil {
			return Filter{err: errors.New("filtering: a part of an Or has no condition")}
		}
	}
	if len(filters) == 0 {
		return Filter{err: errors.New("filtering: an Or without parts")}
	}
	return combine(" or ", filters)
}

// Not holds where a filter does not hold.
func Not(f Filter) Filter {
	if f.text == "" && f.err == nil {
		return Filter{err: errors.New("filtering: a Not without a condition")}
	}
	if f.err != nil {
		return f
	}
	return Filter{text: "not (" + f.text + ")"}
}

// String returns the filter as OData, not escaped for a URL.
func (f Filter) String() string { return f.text }

func combine(operator string, filters []Filter) Filter {
	if len(filters) == 1 {
		return filters[0]
	}
	var texts []string
	for _, f := range filters {
		if f.err != nil {
			return f
		}
		texts = append(texts, f.text)
	}
	if len(texts) == 0 {
		return Filter{}
	}
	return Filter{text: "(" + strings.Join(texts, operator) + ")"}
}

func compare(column, operator string, value any) Filter {
	text, err := literal(value)
	if err = errors.Join(checkPath(column), err); err != nil {
		return Filter{err: fmt.Errorf("filtering by %q: %w", column, err)}
	}
	return Filter{text: column + " " + operator + " " + text}
}

// literal writes a value as an OData literal.
func literal(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		return "null", nil
	case string:
		if strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd }) {
			return "", errors.New("the text has control characters or is not UTF-8")
		}
		return "'" + strings.ReplaceAll(v, "'", "''") + "'", nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case decimal.Decimal:
		return v.String(), nil
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05Z"), nil
	case uuid.UUID:
		return v.String(), nil
	default:
		return "", fmt.Errorf("no literal for a %T", value)
	}
}

// checkPath accepts a column, also one that is reached over navigation
// properties.
func checkPath(path string) error {
	for part := range strings.SplitSeq(path, "/") {
		if err := checkName(part); err != nil {
			return err
		}
	}
	return nil
}

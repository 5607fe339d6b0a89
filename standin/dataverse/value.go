package dataverse

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

const timeLayout = "2006-01-02T15:04:05Z"

func jsonNumber(text string) json.Number { return json.Number(text) }

// toDecimal reads a stored number, which is always well formed.
func toDecimal(n json.Number) decimal.Decimal {
	d, err := decimal.NewFromString(n.String())
	if err != nil {
		return decimal.Zero
	}
	return d
}

// edmType is the OData name of a column's type, as error texts use it.
func edmType(c *Column) string {
	switch c.Type {
	case Integer, Choice:
		return "Edm.Int32"
	case BigInt:
		return "Edm.Int64"
	case Decimal, Money:
		return "Edm.Decimal"
	case Boolean:
		return "Edm.Boolean"
	case DateTime:
		if c.DateOnly {
			return "Edm.Date"
		}
		return "Edm.DateTimeOffset"
	case UniqueIdentifier, Lookup:
		return "Edm.Guid"
	default:
		return "Edm.String"
	}
}

// convert turns a JSON value into the stored form of a column's value. It
// refuses what OData's reader refuses; ranges and lengths are checked later, as the platform does.
func convert(t *table, c *Column, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	bad := badLiteral(t, v, edmType(c))
	switch c.Type {
	case String, Memo, Choices:
		text, ok := v.(string)
		if !ok {
			return nil, bad
		}
		// An empty text is stored as no value.
		if text == "" {
			return nil, nil
		}
		return text, nil
	case Integer, BigInt, Choice:
		number, ok := v.(json.Number)
		if !ok {
			return nil, bad
		}
		return integer(number, c.Type == BigInt, bad)
	case Decimal, Money:
		number, ok := v.(json.Number)
		if !ok {
			return nil, bad
		}
		return parseDecimal(number, bad)
	case Boolean:
		if _, ok := v.(bool); !ok {
			return nil, bad
		}
		return v, nil
	case DateTime:
		text, ok := v.(string)
		if !ok {
			return nil, bad
		}
		return convertTime(c, text, bad)
	default:
		text, ok := v.(string)
		if !ok {
			return nil, bad
		}
		id, ok := parseGUID(text)
		if !ok {
			return nil, bad
		}
		return id, nil
	}
}

func integer(n json.Number, wide bool, bad error) (any, error) {
	i, err := n.Int64()
	if err != nil || (!wide && (i > 1<<31-1 || i < -1<<31)) {
		return nil, bad
	}
	return n, nil
}

// parseDecimal bounds the exponent, because a number such as 1e999999999 would
// otherwise be written out in full.
func parseDecimal(n json.Number, bad error) (any, error) {
	d, err := decimal.NewFromString(n.String())
	if err != nil || d.Exponent() > 30 || d.Exponent() < -30 || len(n) > 60 {
		return nil, bad
	}
	return json.Number(d.String()), nil
}

var earliest = time.Date(1753, 1, 1, 0, 0, 0, 0, time.UTC)

func convertTime(c *Column, text string, bad error) (any, error) {
	if c.DateOnly {
		day, err := time.Parse(time.DateOnly, text)
		if err != nil || day.Before(earliest) {
			return nil, bad
		}
		return text, nil
	}
	at, ok := parseTime(text)
	if !ok {
		return nil, bad
	}
	if at.Before(earliest) {
		return nil, fail(400, codeDateRange, "DateTime is less than minimum value supported by CrmDateTime. Actual value: %s, Minimum value supported: 01/01/1753 00:00:00", text)
	}
	return at.Format(timeLayout), nil
}

// parseTime reads a time in any zone and drops the fraction of its second.
func parseTime(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC().Truncate(time.Second), true
		}
	}
	return time.Time{}, false
}

var guidShape = regexp.MustCompile(`^\{?[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\}?$`)

func parseGUID(text string) (string, bool) {
	if !guidShape.MatchString(text) {
		return "", false
	}
	id, err := uuid.Parse(strings.Trim(text, "{}"))
	if err != nil {
		return "", false
	}
	return id.String(), true
}

// textLength counts as .NET does: in UTF-16 units.
func textLength(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}

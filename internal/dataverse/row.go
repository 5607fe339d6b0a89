package dataverse

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// ErrNoColumn says that an answer does not have a column at all: it was not
// selected, or the table does not have it. A column without a value is there
// and null.
var ErrNoColumn = errors.New("the row does not have this column")

// Row is a row as Dataverse told it.
//
// The getters return the zero value for null, an error that wraps
// [ErrNoColumn] for a column that is not there, and an error for a value of
// another type; each error names the column. [Row.Null] tells a zero from a
// null.
type Row struct {
	// ETag is the version of the row, for [IfMatch]. It is opaque.
	ETag    string
	columns map[string]json.RawMessage
}

// UnmarshalJSON reads a row as the Web API writes it.
func (r *Row) UnmarshalJSON(text []byte) error {
	var columns map[string]json.RawMessage
	if err := json.Unmarshal(text, &columns); err != nil {
		return fmt.Errorf("reading a row: %w", err)
	}
	if columns == nil {
		return errors.New("reading a row: null instead of an object")
	}
	*r = Row{columns: columns}
	if etag, ok := columns["@odata.etag"]; ok {
		if err := json.Unmarshal(etag, &r.ETag); err != nil {
			return fmt.Errorf("reading a row: its ETag: %w", err)
		}
	}
	return nil
}

// Has says whether the answer has a column, be it null.
func (r Row) Has(column string) bool {
	_, ok := r.columns[column]
	return ok
}

// Null says whether a column is there and has no value.
func (r Row) Null(column string) bool { return isNull(r.columns[column]) }

// Raw returns the JSON of a column.
func (r Row) Raw(column string) (json.RawMessage, error) {
	raw, ok := r.columns[column]
	if !ok {
		return nil, fmt.Errorf("reading column %s: %w", column, ErrNoColumn)
	}
	return raw, nil
}

// String returns a text column.
func (r Row) String(column string) (string, error) { return get[string](r, column, "a text", nil) }

// Bool returns a yes/no column.
func (r Row) Bool(column string) (bool, error) { return get[bool](r, column, "true or false", nil) }

// Int returns a whole number or a choice.
func (r Row) Int(column string) (int64, error) {
	return get(r, column, "a whole number", func(raw []byte) (int64, error) {
		return strconv.ParseInt(string(raw), 10, 64)
	})
}

// Decimal returns a decimal or money column exactly as it is written, without
// passing through a floating-point number.
func (r Row) Decimal(column string) (decimal.Decimal, error) {
	return get(r, column, "a number", parseDecimal)
}

// Time returns a date and time, in UTC. Dataverse keeps whole seconds. A
// column of dates gives midnight.
func (r Row) Time(column string) (time.Time, error) {
	return get(r, column, "a date and time", func(raw []byte) (time.Time, error) {
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return time.Time{}, err
		}
		if t, err := time.Parse(time.DateOnly, text); err == nil {
			return t, nil
		}
		t, err := time.Parse(time.RFC3339Nano, text)
		return t.UTC(), err
	})
}

// GUID returns a unique identifier: a primary key, or the value of a lookup,
// which is read as _name_value. See [Row.Lookup].
func (r Row) GUID(column string) (uuid.UUID, error) {
	return get(r, column, "a GUID", func(raw []byte) (uuid.UUID, error) {
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return uuid.UUID{}, err
		}
		return parseGUID(text)
	})
}

// Lookup returns the GUID of the row that a lookup column points to.
func (r Row) Lookup(column string) (uuid.UUID, error) { return r.GUID("_" + column + "_value") }

// Row returns the row that a single-valued navigation property was expanded
// to. Where there is none it is null and the Row is zero.
func (r Row) Row(navigation string) (Row, error) { return get[Row](r, navigation, "a row", nil) }

// Rows returns the rows that a collection-valued navigation property was
// expanded to.
func (r Row) Rows(navigation string) ([]Row, error) { return get[[]Row](r, navigation, "rows", nil) }

// get reads a column with parse, or as JSON where parse is nil.
func get[T any](r Row, column, kind string, parse func([]byte) (T, error)) (T, error) {
	var value T
	raw, err := r.Raw(column)
	if err != nil || isNull(raw) {
		return value, err
	}
	if parse == nil {
		err = json.Unmarshal(raw, &value)
	} else {
		value, err = parse(raw)
	}
	if err != nil {
		// The value itself stays out of the text: it may be anything.
		var none T
		return none, fmt.Errorf("reading column %s: its value is not %s", column, kind)
	}
	return value, nil
}

func isNull(raw json.RawMessage) bool { return bytes.Equal(raw, []byte("null")) }

// parseDecimal reads a JSON number. The bounds keep a hostile exponent from
// becoming a number of a billion digits; Dataverse's own numbers have at most
// 15 digits before the point and 10 after it.
func parseDecimal(raw []byte) (decimal.Decimal, error) {
	if len(raw) > 40 || len(raw) == 0 || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return decimal.Decimal{}, errors.New("not a number")
	}
	d, err := decimal.NewFromString(string(raw))
	if err != nil {
		return decimal.Decimal{}, err
	}
	if d.Exponent() < -30 || d.Exponent() > 30 {
		return decimal.Decimal{}, errors.New("out of range")
	}
	return d, nil
}

package dataverse

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// Values are the columns that a write sets. Dataverse counts every column that
// is sent as changed, equal or not, so only what changed belongs here.
//
// A value is a string, bool, int, int64, decimal.Decimal, time.Time (sent in
// UTC with second precision), uuid.UUID, nil (which clears the column), a
// [Reference] under the name that [Bind] makes, or a json.RawMessage. Floats
// are refused: they cannot hold an amount of money.
type Values map[string]any

// Bind returns the name under which a write sets a lookup: the navigation
// property, which is case-sensitive, with its annotation.
func Bind(navigation string) string { return navigation + bindSuffix }

const bindSuffix = "@odata.bind"

// Reference is the row that a lookup is set to.
type Reference struct {
	Set string
	Key Key
}

// encode writes the values as JSON. The columns of the key are refused:
// Dataverse drops them from an update but lets them win over the URL in a
// create, so one request could write two different keys.
func (v Values) encode(key Key) ([]byte, error) {
	out := make(map[string]json.RawMessage, len(v))
	for name, value := range v {
		column, bound := strings.CutSuffix(name, bindSuffix)
		if err := checkName(column); err != nil {
			return nil, fmt.Errorf("writing a column: %w", err)
		}
		for _, part := range key.columns {
			if strings.EqualFold(part, column) {
				return nil, fmt.Errorf("writing column %s: it is part of the key that addresses the row", column)
			}
		}
		text, err := encodeValue(value, bound)
		if err != nil {
			return nil, fmt.Errorf("writing column %s: %w", name, err)
		}
		out[name] = text
	}
	return marshal(out)
}

func encodeValue(value any, bound bool) (json.RawMessage, error) {
	if bound {
		return encodeBinding(value)
	}
	switch v := value.(type) {
	case nil, string, bool, int, int64, uuid.UUID:
		return marshal(v)
	case json.RawMessage:
		if !json.Valid(v) {
			return nil, errors.New("not valid JSON")
		}
		return v, nil
	case decimal.Decimal:
		// Decimal writes itself as a text; Dataverse wants a number.
		return json.RawMessage(v.String()), nil
	case time.Time:
		if v.Year() < 1753 || v.Year() > 9999 {
			return nil, errors.New("the date is outside of the years 1753 to 9999 that Dataverse keeps")
		}
		return marshal(v.UTC().Format("2006-01-02T15:04:05Z"))
	default:
		return nil, fmt.Errorf("no way to write a %T", value)
	}
}

func encodeBinding(value any) (json.RawMessage, error) {
	switch v := value.(type) {
	case nil:
		return json.RawMessage("null"), nil
	case Reference:
		path, err := rowPath(v.Set, v.Key)
		if err != nil {
			return nil, err
		}
		return marshal("/" + path)
	default:
		return nil, fmt.Errorf("a lookup takes a Reference or nil, not a %T", value)
	}
}

// marshal is json.Marshal without the escaping that is meant for web pages.
func marshal(value any) (json.RawMessage, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimRight(buffer.Bytes(), "\n"), nil
}

// rowPath returns the path of a row below the version of the Web API.
func rowPath(set string, key Key) (string, error) {
	if err := checkName(set); err != nil {
		return "", fmt.Errorf("addressing a row: %w", err)
	}
	if key.IsZero() {
		return "", fmt.Errorf("addressing a row of %s: no key", set)
	}
	return set + "(" + key.text + ")", nil
}

package servicebus

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
)

// value is an application property with its AMQP type, which plain JSON would
// lose: an int64 would come back as a float64.
type value struct {
	Type string `json:"t"`
	Text string `json:"v,omitempty"`
}

var errValueType = errors.New("the type is none that a property can have")

func newValue(v any) (value, error) {
	switch v := v.(type) {
	case nil:
		return value{Type: "null"}, nil
	case time.Time:
		return value{Type: "timestamp", Text: strconv.FormatInt(v.UnixMilli(), 10)}, nil
	case []byte:
		return value{Type: "binary", Text: base64.StdEncoding.EncodeToString(v)}, nil
	}
	r := reflect.ValueOf(v)
	switch {
	case r.Kind() == reflect.String:
		return value{Type: "string", Text: r.String()}, nil
	case r.Kind() == reflect.Bool:
		return value{Type: "boolean", Text: strconv.FormatBool(r.Bool())}, nil
	case r.CanInt():
		return value{Type: "long", Text: strconv.FormatInt(r.Int(), 10)}, nil
	case r.CanUint():
		t := "long"
		if r.Uint() > math.MaxInt64 {
			t = "ulong"
		}
		return value{Type: t, Text: strconv.FormatUint(r.Uint(), 10)}, nil
	case r.CanFloat():
		return value{Type: "double", Text: strconv.FormatFloat(r.Float(), 'g', -1, 64)}, nil
	}
	return value{}, fmt.Errorf("%w: %T", errValueType, v)
}

func (x value) decode() (any, error) {
	switch x.Type {
	case "null":
		return nil, nil
	case "string":
		return x.Text, nil
	case "boolean":
		return strconv.ParseBool(x.Text)
	case "long":
		return strconv.ParseInt(x.Text, 10, 64)
	case "ulong":
		return strconv.ParseUint(x.Text, 10, 64)
	case "double":
		return strconv.ParseFloat(x.Text, 64)
	case "timestamp":
		ms, err := strconv.ParseInt(x.Text, 10, 64)
		return time.UnixMilli(ms).UTC(), err
	case "binary":
		return base64.StdEncoding.DecodeString(x.Text)
	}
	return nil, fmt.Errorf("%w: %q", errValueType, x.Type)
}

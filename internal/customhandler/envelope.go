package customhandler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// errNoTrigger means that the envelope has no value under the name of the
// trigger binding: function.json and the registration disagree.
var errNoTrigger = errors.New("there is no value for the trigger binding")

// envelopeError is an envelope that cannot be read. Its text says where, never
// what stood there.
type envelopeError struct {
	doing string
	err   error
}

// Error says what could not be read.
func (e *envelopeError) Error() string {
	return fmt.Sprintf("the envelope cannot be read: %s: %v", e.doing, e.err)
}

// Unwrap returns the cause.
func (e *envelopeError) Unwrap() error { return e.err }

// decodeTrigger reads the value of the trigger binding and nothing after it.
// In the envelope of an HTTP trigger that leaves Metadata alone, which is about
// half of it: reading what must not be trusted would cost half as much again.
func decodeTrigger[T any](envelope []byte, trigger string) (*T, error) {
	d := json.NewDecoder(bytes.NewReader(envelope))
	if err := seek(d, "Data"); err != nil {
		return nil, err
	}
	if err := seek(d, trigger); err != nil {
		return nil, err
	}
	var value *T
	if err := d.Decode(&value); err != nil {
		return nil, place(err)
	}
	if value == nil {
		return nil, errNoTrigger
	}
	return value, nil
}

// seek enters the object that comes next and stops before the value of name.
func seek(d *json.Decoder, name string) error {
	token, err := d.Token()
	if err != nil {
		return place(err)
	}
	if token != json.Delim('{') {
		return errNoTrigger
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return place(err)
		}
		if token == name {
			return nil
		}
		var other json.RawMessage
		if err := d.Decode(&other); err != nil {
			return place(err)
		}
	}
	return errNoTrigger
}

// decodeJSON reads data into v.
func decodeJSON(data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return place(err)
	}
	return nil
}

// place reduces an error of encoding/json, which may quote what it could not
// read, to where that was.
func place(err error) error {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("no JSON at byte %d", e.Offset)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("the wrong kind of value at byte %d", e.Offset)
	}
	return errors.New("no complete JSON")
}

package customhandler

import (
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

// decodeJSON reads data into v. The errors of encoding/json may quote what they
// could not read, so of those only the place is kept.
func decodeJSON(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("no JSON at byte %d", e.Offset)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("the wrong kind of value at byte %d", e.Offset)
	}
	return errors.New("an unexpected value")
}

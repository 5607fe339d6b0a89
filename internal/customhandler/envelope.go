package customhandler

import (
	"encoding/json"
	"errors"
	"fmt"
)

// errNoTrigger means that the envelope has no value under the name of the
// trigger binding: function.json and the registration disagree.
var errNoTrigger = errors.New("the envelope has no value for the trigger binding")

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

// unmarshal reads the whole envelope into v in one pass. The errors of
// encoding/json may quote what they could not read, so only the place is kept.
func unmarshal(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	if err == nil {
		return nil
	}
	cause := errors.New("an unexpected value")
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		cause = fmt.Errorf("no JSON at byte %d", e.Offset)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		cause = fmt.Errorf("the wrong kind of value at byte %d", e.Offset)
	}
	return &envelopeError{doing: "decoding it", err: cause}
}

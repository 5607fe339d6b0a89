package dataverse

import "errors"

// unansweredError says that there was no answer, or only a part of one.
type unansweredError struct {
	doing string
	err   error
}

// Error describes the error.
func (e *unansweredError) Error() string { return e.doing + ": " + e.err.Error() }

// Unwrap returns the cause.
func (e *unansweredError) Unwrap() error { return e.err }

// IsUnanswered says whether err left it unknown if Dataverse did what it was
// asked: the connection failed, or the answer took too long.
func IsUnanswered(err error) bool {
	_, ok := errors.AsType[*unansweredError](err)
	return ok
}

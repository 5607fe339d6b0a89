// Package outcome decides once, for the whole of PayBridge, what becomes of a
// piece of work that went wrong: whether it is done, has to be shown to a
// person, or has to be run again. Everything that can fail returns an error
// that carries one of these classes, so no caller ever guesses from a status
// code or a message.
package outcome

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Class is what becomes of a hint after it was worked on.
type Class int

const (
	// Done means that the truth was applied, or that there was nothing to
	// change. The message is completed.
	Done Class = iota
	// Review means that trying again cannot help and a person has to look:
	// the message is completed and the reason is written to the CRM.
	Review
	// Again means that the same work may succeed later: it is waited out
	// inside the invocation and, past its deadline, redelivered.
	Again
)

// String returns the name used in logs: done, review or again.
func (c Class) String() string {
	switch c {
	case Done:
		return "done"
	case Review:
		return "review"
	case Again:
		return "again"
	default:
		return fmt.Sprintf("class %d", int(c))
	}
}

// Error is an error with a class. Its text is the text of the error it wraps.
type Error struct {
	Class Class
	Err   error
	// RetryAfter is how long the other end asked to be left alone, zero when
	// it did not say. It only means something with class Again.
	RetryAfter time.Duration
}

// Error returns the text of the wrapped error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the wrapped error.
func (e *Error) Unwrap() error { return e.Err }

// Reviewf returns an error of class Review. The text is read by a person in
// the CRM: it says in one sentence what is wrong and what to do.
func Reviewf(format string, args ...any) error {
	return &Error{Class: Review, Err: fmt.Errorf(format, args...)}
}

// Againf returns an error of class Again.
func Againf(format string, args ...any) error {
	return &Error{Class: Again, Err: fmt.Errorf(format, args...)}
}

// Outcome returns the class and the time to wait.
func (e *Error) Outcome() (Class, time.Duration) { return e.Class, e.RetryAfter }

// classified is an error that knows its class and how long the other end asked
// to be left alone. A client's own error type has this method in place of
// being wrapped in an Error.
type classified interface {
	error
	Outcome() (Class, time.Duration)
}

// Of returns the class of err: Done for nil, the class of the outermost
// classified error in its chain, and Again for everything else, because a
// fault that nobody has classified must never lose a payment.
func Of(err error) Class {
	if err == nil {
		return Done
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return Again
	}
	if e, ok := errors.AsType[classified](err); ok {
		class, _ := e.Outcome()
		return class
	}
	return Again
}

// RetryAfter returns how long the other end asked to be left alone, zero when
// err does not say.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[classified](err); ok {
		_, wait := e.Outcome()
		return wait
	}
	return 0
}

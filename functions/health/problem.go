package health

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"

	"paybridge/internal/dataverse"
	"paybridge/internal/outcome"
	"paybridge/internal/stripeapi"
)

// Problem is the class of what is wrong. It is all that is told of an error,
// because the text of one may quote what another system answered.
type Problem string

// The classes of problems.
const (
	// NotConfigured means that settings are missing.
	NotConfigured Problem = "not configured"
	// Refused means that the other end, or the service that gives out tokens
	// for it, does not accept who is asking.
	Refused Problem = "refused"
	// Unreachable means that no connection came about.
	Unreachable Problem = "unreachable"
	// TimedOut means that no answer came in time.
	TimedOut Problem = "timed out"
	// Throttled means that the other end answers and asks for fewer requests.
	Throttled Problem = "throttled"
	// Failing is everything else.
	Failing Problem = "failing"
)

// errPanic stands for what a check panicked with, which may hold anything.
var errPanic = errors.New("the check panicked")

// classify returns the class of a check's error. Timeouts come first: the end
// of the check's time is what remains of whatever was the matter.
func classify(ctx context.Context, err error) Problem {
	if status, ok := answered(err); ok {
		switch status {
		case http.StatusUnauthorized, http.StatusForbidden:
			return Refused
		case http.StatusTooManyRequests:
			return Throttled
		default:
			return Failing
		}
	}
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded), isNet && timeout.Timeout():
		return TimedOut
	case isNet, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Unreachable
	}
	if _, ok := errors.AsType[*dataverse.TokenError](err); ok {
		return Refused
	}
	if outcome.RetryAfter(err) > 0 {
		// The client did not even ask: the other end wants to be left alone.
		return Throttled
	}
	return Failing
}

// answered returns the HTTP status of an error that is an answer of Stripe's or
// Dataverse's.
func answered(err error) (int, bool) {
	if e, ok := errors.AsType[*stripeapi.Error](err); ok {
		return e.Status, true
	}
	if e, ok := errors.AsType[*dataverse.Error](err); ok {
		return e.Status, true
	}
	return 0, false
}

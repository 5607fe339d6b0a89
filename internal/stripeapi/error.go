package stripeapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"paybridge/internal/backoff"
	"paybridge/internal/outcome"

	"github.com/stripe/stripe-go/v76"
)

// ErrNotFound is what an *Error is (errors.Is) when Stripe does not know the
// object, or knows it in the other mode or account only.
var ErrNotFound = errors.New("unknown to Stripe")

// Error is an answer of Stripe's that is an error. Its text and its Message
// are bounded and free of keys and client secrets.
type Error struct {
	// Status is the HTTP status.
	Status int
	// Type and Code are Stripe's words, such as invalid_request_error and
	// resource_missing. Code is often empty.
	Type, Code string
	// Message is Stripe's sentence.
	Message string
	// RequestID is what Stripe's support asks for, such as req_….
	RequestID string
	// RetryAfter is how long Stripe asked to be left alone, zero when it did
	// not.
	RetryAfter time.Duration
	// Replayed says that Stripe repeats what it answered to an earlier request
	// with the same idempotency key.
	Replayed bool
	// ShouldRetry says that Stripe advises to ask again.
	ShouldRetry bool
}

// Error returns one line: the status, the code or else the type, the message
// and the request id.
func (e *Error) Error() string {
	word := e.Code
	if word == "" {
		word = e.Type
	}
	text := fmt.Sprintf("Stripe answered %d %s: %s", e.Status, word, e.Message)
	if e.RequestID != "" {
		text += " (" + e.RequestID + ")"
	}
	return text
}

// Is reports whether target is ErrNotFound and the error says so.
func (e *Error) Is(target error) bool {
	return target == ErrNotFound && (e.Status == http.StatusNotFound || e.Code == string(stripe.ErrorCodeResourceMissing))
}

// failed classifies what stripe-go returned and says what was being done: an
// *outcome.Error around an *Error, or around what went wrong on the way.
func (c *Client) failed(doing string, err error) error {
	if e, ok := errors.AsType[*stripe.Error](err); ok {
		answer := c.answer(e)
		class := outcome.Stripe(answer.Status, answer.Code, answer.Type)
		if answer.ShouldRetry {
			// Stripe knows more about the moment than the table. Its advice not to
			// ask again is about the very same request; what comes after a wait is
			// read and decided anew.
			class = outcome.Again
		}
		return &outcome.Error{
			Class:      class,
			Err:        fmt.Errorf("%s: %w", doing, answer),
			RetryAfter: answer.RetryAfter,
		}
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return &outcome.Error{
			Class:      outcome.Again,
			Err:        fmt.Errorf("%s: reaching Stripe: %w", doing, e.Err),
			RetryAfter: outcome.RetryAfter(e.Err),
		}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return outcome.Againf("%s: %w", doing, err)
	}
	// What is left is an answer that could not be read. stripe-go's text
	// repeats a piece of it, which may be somebody's name or a client secret.
	return outcome.Againf("%s: the answer of Stripe could not be read", doing)
}

func (c *Client) answer(e *stripe.Error) *Error {
	answer := &Error{
		Status:    e.HTTPStatusCode,
		Type:      c.clean(string(e.Type), 60),
		Code:      c.clean(string(e.Code), 60),
		Message:   c.clean(e.Msg, 300),
		RequestID: c.clean(e.RequestID, 60),
	}
	if e.LastResponse != nil {
		answer.RetryAfter = backoff.RetryAfter(e.LastResponse.Header)
		answer.Replayed = replayed(e.LastResponse)
		answer.ShouldRetry = e.LastResponse.Header.Get("Stripe-Should-Retry") == "true"
	}
	return answer
}

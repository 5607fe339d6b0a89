package stripeapi

import (
	"errors"
	"fmt"
	"net/http"

	"paybridge/internal/outcome"

	"github.com/stripe/stripe-go/v76"
)

// errStale marks an answer that Stripe gives no code, but that only means that
// the object has moved on.
var errStale = errors.New("the state changed in between")

// IsIdempotencyConflict reports whether Stripe has seen the idempotency key
// with other parameters: the first request of that name was carried out, so
// what it made has to be found and not made again.
//
// Source: https://docs.stripe.com/error-handling, "idempotency_error".
func IsIdempotencyConflict(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Type == string(stripe.ErrorTypeIdempotency)
}

// IsReplayedFailure reports whether Stripe repeats a failure of its own that it
// stored under the idempotency key: it will do so as long as it keeps the key,
// and nobody knows whether what was asked for was done. That has to be looked
// for, and may only be asked for under another key.
//
// Source: https://docs.stripe.com/api/idempotent_requests, which says so of 500s.
func IsReplayedFailure(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Replayed && e.Status >= http.StatusInternalServerError
}

// IsStale reports whether the object at Stripe was no longer in the state in
// which it had been read: somebody paid, canceled, refunded or let expire in
// between. Nothing was done; it has to be read and decided again.
func IsStale(err error) bool {
	if errors.Is(err, errStale) {
		return true
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	switch stripe.ErrorCode(e.Code) {
	case stripe.ErrorCodePaymentIntentUnexpectedState, stripe.ErrorCodeIntentInvalidState, stripe.ErrorCodeChargeAlreadyRefunded:
		return true
	default:
		return false
	}
}

// refused is failed for a request that writes. What a look at Stripe's objects
// mends is of class Again, whatever the table says of it: to a reader a key
// that met other parameters is a riddle, to the writer it says where the object
// is that it wanted to make.
func (c *Client) refused(doing string, err error) error {
	failed := c.failed(doing, err)
	if IsIdempotencyConflict(failed) || IsStale(failed) {
		return &outcome.Error{Class: outcome.Again, Err: failed, RetryAfter: outcome.RetryAfter(failed)}
	}
	return failed
}

// stale is refused for an answer that can only mean that the state changed.
func (c *Client) stale(doing string, err error) error {
	failed := c.failed(doing, err)
	return &outcome.Error{Class: outcome.Again, Err: fmt.Errorf("%w: %w", failed, errStale), RetryAfter: outcome.RetryAfter(failed)}
}

// withoutCode reports whether Stripe refused the values of the request and gave
// no code for it.
func withoutCode(err error) (*stripe.Error, bool) {
	e, ok := errors.AsType[*stripe.Error](err)
	return e, ok && e.HTTPStatusCode == http.StatusBadRequest && e.Type == stripe.ErrorTypeInvalidRequest && e.Code == ""
}

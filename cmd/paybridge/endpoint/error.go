package endpoint

import (
	"errors"
	"net/http"
	"strings"

	"paybridge/internal/stripeapi"
)

// Error is a state in which setup does not go on, with what to do about it.
type Error struct {
	Message, Remedy string
	cause           error
}

// Error returns what is wrong.
func (e *Error) Error() string { return e.Message }

// Hint returns what to do.
func (e *Error) Hint() string { return e.Remedy }

// Unwrap returns the client's error, nil where there is none.
func (e *Error) Unwrap() error { return e.cause }

// explain adds what to do about an answer of Stripe's.
func explain(err error) error {
	answer, ok := errors.AsType[*stripeapi.Error](err)
	if !ok {
		return err
	}
	hint := "run this again: it goes on where it was"
	switch {
	case answer.Denied():
		hint = "put a key that may write webhook endpoints and read events (" + setupPermissions + ") into the environment variable StripeSecretKey, for this command only"
	case answer.Status == http.StatusUnauthorized:
		hint = "the key was rolled, has expired or is another account's: make a new one in Stripe's Dashboard"
	case strings.Contains(answer.Message, "maximum"):
		hint = "delete the webhook endpoints of the account that nobody needs in Stripe's Dashboard, then run this again"
	case answer.Status < http.StatusInternalServerError && answer.Status != http.StatusTooManyRequests:
		hint = "check the address of the app"
	}
	return &Error{Message: err.Error(), Remedy: hint, cause: err}
}

// setupPermissions are those that a restricted key needs for setup: events are
// read before an endpoint is retired. The app works without the first.
const setupPermissions = "rak_webhook_write, rak_event_read"

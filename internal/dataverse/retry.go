package dataverse

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"paybridge/internal/outcome"
)

// repeat says when a request may be sent again.
type repeat int

const (
	// The zero value: at any time. Sent twice it does no more than sent once,
	// because it only reads, or names the row it writes.
	_ repeat = iota
	// alsoAfterRace: at any time, and once more after losing a race for a key.
	alsoAfterRace
	// onlyOnce: only if Dataverse has surely not done it, because a second
	// time could make a second row.
	onlyOnce
)

// maxRaces is how often an upsert that lost a race for its key is sent again.
// The row is there after the first loss; the second one covers a delete in
// between.
const maxRaces = 2

func retryDefaults(o policy.RetryOptions) policy.RetryOptions {
	if o.MaxRetries == 0 {
		o.MaxRetries = 4
	}
	if o.RetryDelay == 0 {
		o.RetryDelay = 500 * time.Millisecond
	}
	if o.MaxRetryDelay == 0 {
		o.MaxRetryDelay = 30 * time.Second
	}
	if o.TryTimeout == 0 {
		o.TryTimeout = 2 * time.Minute
	}
	o.StatusCodes = nil
	return o
}

// retryOptions returns the rules for one call. azcore waits, adds the jitter
// and honours Retry-After; what is worth repeating is decided here.
func (c *Client) retryOptions(ctx context.Context, r repeat) policy.RetryOptions {
	o, races := c.retry, 0
	o.ShouldRetry = func(resp *http.Response, err error) bool {
		if err != nil {
			return r != onlyOnce || neverSent(err)
		}
		if resp.StatusCode < 400 {
			return false
		}
		// The body was read before; there is nothing left that could go wrong.
		body, _ := runtime.Payload(resp)
		e := newError("", resp.StatusCode, resp.Header, body)
		if deadline, ok := ctx.Deadline(); ok && e.RetryAfter > time.Until(deadline) {
			// Waiting would end in a timeout that no longer says how long.
			return false
		}
		if r == alsoAfterRace && IsDuplicate(e) {
			races++
			return races <= maxRaces
		}
		if r == onlyOnce {
			// Service protection refuses a request before any work is done. A
			// 5xx may come after the row was made.
			return e.Status == http.StatusTooManyRequests
		}
		return worthRepeating(e)
	}
	return o
}

// worthRepeating says whether the very same request may succeed in a moment.
// That is narrower than outcome.Again: a refused permission or a lost update
// is worth another try of the whole work, not of the request.
func worthRepeating(e *Error) bool {
	switch {
	case e.Class() != outcome.Again:
		return false
	case e.Status >= 500, e.Status == http.StatusTooManyRequests,
		e.Status == http.StatusRequestTimeout, e.Status == http.StatusTooEarly:
		return true
	default:
		// 400 with the code of "An unexpected error occurred."
		return e.Status == http.StatusBadRequest
	}
}

// neverSent says whether a request cannot have reached Dataverse, because it
// was held back or there was no connection to send it on.
func neverSent(err error) bool {
	if _, ok := errors.AsType[*notSentError](err); ok {
		return true
	}
	e, ok := errors.AsType[*net.OpError](err)
	return ok && e.Op == "dial"
}

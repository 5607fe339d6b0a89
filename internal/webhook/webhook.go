// Package webhook is what the functions that others post to have in common: how
// large a body may be and how a call is answered. The answer is for the person
// who looks it up at the sender, in Stripe's Dashboard or in the details of a
// failed system job of Dataverse.
package webhook

import (
	"context"
	"log/slog"
	"net/http"

	"paybridge/internal/customhandler"
)

// MaxBody is the largest body that is read, in bytes. Stripe's events are a few
// kilobytes, a few hundred at the very most, and Dataverse leaves out the columns
// of an execution context that would be larger than 256 KB.
const MaxBody = 1 << 20

// reply is the body of an answer.
type reply struct {
	Received bool   `json:"received"`
	Reason   string `json:"reason,omitempty"`
	Hint     string `json:"hint,omitempty"`
}

// Enqueued answers a call whose message the host puts on a queue, by the output
// binding of that name. The host does so before it answers the caller, and turns
// a failure into a 500, which Stripe retries and which fails Dataverse's system
// job.
func Enqueued(ctx context.Context, binding string, message []byte) (customhandler.Reply, error) {
	customhandler.Annotate(ctx, slog.String("result", "enqueued"))
	r, err := customhandler.JSON(http.StatusOK, reply{Received: true})
	r.Outputs = customhandler.Outputs{binding: {message}}
	return r, err
}

// LeftAlone acknowledges a call that asks for nothing.
func LeftAlone(ctx context.Context, reason string) (customhandler.Reply, error) {
	customhandler.Annotate(ctx, slog.String("result", "left alone"), slog.String("reason", reason))
	return customhandler.JSON(http.StatusOK, reply{Received: true, Reason: reason})
}

// Refused answers a call that is not taken, with what to do about it.
func Refused(ctx context.Context, status int, reason, hint string) (customhandler.Reply, error) {
	customhandler.Annotate(ctx, slog.String("result", "refused"), slog.String("reason", reason))
	return customhandler.JSON(status, reply{Reason: reason, Hint: hint})
}

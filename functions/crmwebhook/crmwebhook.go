// Package crmwebhook is the function that a step of Dataverse calls when a
// payment row was created or changed. It takes the place of a plug-in in the
// CRM: nobody waits for Stripe, and no code is deployed there. Of the call it
// believes which row was changed, how and by whom, and of that only the body,
// never a column's value; it lets the host put that on the queue
// payment-requests, and whoever takes it off reads the row.
package crmwebhook

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"paybridge/internal/customhandler"
	"paybridge/internal/executioncontext"
	"paybridge/internal/payment"
	"paybridge/internal/webhook"
)

// The names in function.json.
const (
	Name    = "crmwebhook"
	trigger = "req"
	output  = "message"
	answer  = "res"
)

// Config is what the function works with.
type Config struct {
	// Missing names the settings without which nothing can be done; then the
	// function answers 503, which Dataverse tries once more and no oftener.
	Missing []string
	// Table is the logical name of the table with the payments, such as
	// pb_payment.
	Table string
	// Org is the host name of the CRM organisation. Calls of another one are
	// refused; empty means that it is not known and that all count as ours.
	Org string
	// Self asks Dataverse for the GUID of PayBridge's own user. It is asked when
	// the first change comes in, and no more once it has answered. Changes that
	// this user made are left alone, so it must be nobody else's. While the
	// answer is not known, and when Self is nil, nothing is left alone for it:
	// whoever takes the message off the queue finds nothing to do.
	Self func(context.Context) (userID string, err error)
}

// function is a Config at work.
type function struct {
	Config
	self self
}

// Function returns the function, ready to be registered.
func Function(c Config) customhandler.HTTPFunction {
	f := &function{Config: c, self: newSelf(c.Self)}
	return customhandler.HTTPFunction{
		Name: Name, Trigger: trigger, Response: answer, Outputs: []string{output},
		Handle: f.handle,
	}
}

// handle answers a call. Anything but 502, 503 and 504 fails the system job at
// once and for good, which is right for what the same call could never do.
func (f *function) handle(ctx context.Context, req *customhandler.Request) (customhandler.Reply, error) {
	if len(f.Missing) > 0 {
		return webhook.Refused(ctx, http.StatusServiceUnavailable, "PayBridge is not configured.", "In the function app, set "+strings.Join(f.Missing, ", ")+".")
	}
	if len(req.Body) > webhook.MaxBody {
		return webhook.Refused(ctx, http.StatusRequestEntityTooLarge, "The body is larger than 1 MiB.", "Dataverse sends 256 KB at most: something else is calling this address.")
	}
	if !req.HasBody || len(req.Body) == 0 {
		return webhook.Refused(ctx, http.StatusBadRequest, "The request has no body.", "Register the service endpoint as a webhook, and let nothing in between send the body on in chunks.")
	}
	// The header guards against an address in the wrong environment, as in a
	// copy of production, and not against somebody who means harm: that is what
	// the function key is for.
	if org := req.Header.Get("x-ms-dynamics-organization"); !sameOrg(f.Org, org) {
		return webhook.Refused(ctx, http.StatusBadRequest, "This endpoint takes changes of the organisation "+f.Org+", this is "+hostName(org)+".",
			"In this environment, delete the step or disable it, or give its service endpoint the address of the PayBridge that belongs here.")
	}
	// The headers x-ms-dynamics-entity-name and x-ms-dynamics-request-name say
	// what the body says as well. Two sources could contradict each other, so
	// the body, which also holds the row, is the only one.
	change, err := executioncontext.Read(req.Body)
	if err != nil {
		return webhook.Refused(ctx, http.StatusBadRequest, "The execution context cannot be read: "+err.Error()+".",
			"Register the service endpoint as a webhook: a step on it sends what is expected here.")
	}
	annotate(ctx, change)
	if change.Entity != f.Table {
		return webhook.Refused(ctx, http.StatusBadRequest, "This endpoint takes changes of the table "+f.Table+", this is "+change.Entity+".",
			"Remove the step on "+change.Entity+", or register it on "+f.Table+".")
	}
	if change.Message != executioncontext.Create && change.Message != executioncontext.Update {
		return webhook.LeftAlone(ctx, "The message "+change.Message+" asks for nothing at Stripe: only Create and Update do.")
	}
	if change.RowID == "" {
		return webhook.Refused(ctx, http.StatusBadRequest, "The execution context names no row: PrimaryEntityId, the row's id, is missing.",
			"Register the step on "+change.Message+" in the stage PostOperation, when the row has its id.")
	}
	if f.made(ctx, change) {
		return webhook.LeftAlone(ctx, "PayBridge's own change.")
	}
	return enqueue(ctx, change)
}

// made says whether PayBridge made the change itself. A deeper change is not
// its own although it started it: that is an automation of the customer's which
// answers to what PayBridge wrote, and what it asks for is meant. Where the
// depth is wrong nothing is lost: a row that agrees already changes nothing.
func (f *function) made(ctx context.Context, change executioncontext.Context) bool {
	if change.InitiatingUserID == "" || change.Depth > 1 {
		return false
	}
	user, err := f.self.user(ctx)
	if err != nil {
		customhandler.Annotate(ctx, slog.String("self_unknown", err.Error()))
	}
	return change.InitiatingUserID == user
}

// enqueue hands the change to the output binding. The host sends it before it
// answers Dataverse and turns a failure into a 500, which fails the system
// job.
func enqueue(ctx context.Context, change executioncontext.Context) (customhandler.Reply, error) {
	body, err := payment.RowChange{Payment: change.RowID, Message: change.Message, Operation: change.OperationID}.Encode()
	if err != nil {
		return customhandler.Reply{}, fmt.Errorf("encoding the row change: %w", err)
	}
	return webhook.Enqueued(ctx, output, body)
}

// annotate adds what identifies the change to the invocation's log line.
func annotate(ctx context.Context, c executioncontext.Context) {
	customhandler.Annotate(ctx,
		slog.String("payment", string(c.RowID)), slog.String("table", c.Entity), slog.String("message", c.Message),
		slog.String("initiating_user", c.InitiatingUserID), slog.String("correlation_id", c.CorrelationID), slog.String("operation", c.OperationID))
}

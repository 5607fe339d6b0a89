// Package crmupdate is the function that makes the CRM agree with Stripe. It
// takes the hints off the queue payment-events in batches, finds the payment
// row of each, reads the row first and Stripe after it, works out what the row
// has to show and writes that under the condition that the row is still the
// one that was read. Somebody who wrote in between wins, and both ends are
// read again; so neither the order nor the number of hints matters.
package crmupdate

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"paybridge/internal/backoff"
	"paybridge/internal/crm"
	"paybridge/internal/customhandler"
	"paybridge/internal/judge"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/rounds"
)

// The names in function.json.
const (
	Name    = "crmupdate"
	trigger = "hints"
	// changes are rows for paymentrequest to look at, unfinished the hints that
	// go back to the queue.
	changes, unfinished = "changes", "unfinished"
)

// Rows is the CRM side: package crm over a Dataverse client.
type Rows interface {
	Load(ctx context.Context, lookups []crm.By, events []string) (crm.Loaded, error)
	Save(ctx context.Context, changes []crm.Change) []error
	Note(ctx context.Context, row *crm.Row, events []crm.Event) error
}

// Config is what the function works with.
type Config struct {
	// Missing names the settings without which nothing can be done; then every
	// invocation fails, and the messages wait.
	Missing []string

	Rows Rows
	// Stripe is the Stripe side: package stripeapi.
	Stripe judge.Stripe
	// Livemode is the mode of this deployment.
	Livemode bool
	// Org is the host name of the CRM organisation, in lower case.
	Org string
	// Budget is how long one invocation may take. The locks of its messages are
	// not renewed, so it has to end before they run out. Zero means 4 minutes.
	Budget time.Duration
	// Parallel is how many payments are read from Stripe at once. Zero means 8.
	Parallel int
	Logger   *slog.Logger
	// Backoff is the wait between rounds. Zero means 250 ms, doubled up to 20 s.
	Backoff backoff.Policy
	// Patience is for how long what is left of a batch is held on to when the
	// rest is finished. Zero means 30 s.
	Patience time.Duration
}

func (c *Config) judge() judge.Judge {
	return judge.Judge{Stripe: c.Stripe, Livemode: c.Livemode, Org: c.Org}
}

// Function returns the function, ready to be registered.
func Function(c Config) customhandler.QueueFunction {
	return customhandler.QueueFunction{
		Name: Name, Trigger: trigger, DataType: customhandler.Binary, Cardinality: customhandler.Many, Outputs: []string{changes, unfinished},
		Handle: c.handle,
	}
}

// handle works on a batch until every hint is done or shown to a person, or
// until there is no use in holding on. Where nothing could be finished the
// invocation fails, and the whole batch is delivered again. Where some could,
// the hints that were not go back to the queue as messages of their own, so
// that a payment in trouble holds up neither its neighbours nor those that
// come after it. Each takes along how often it was delivered in vain, and when
// that is enough a person is told.
func (c *Config) handle(ctx context.Context, batch customhandler.Batch) (customhandler.Outputs, error) {
	limits := rounds.Config{Budget: c.Budget, Patience: c.Patience, Parallel: c.Parallel, Backoff: c.Backoff, Logger: c.Logger}
	if len(c.Missing) > 0 {
		return nil, rounds.Unconfigured(ctx, limits, c.Missing)
	}
	jobs, hints := c.decode(ctx, batch)
	result := rounds.Run(ctx, limits, jobs, hints < len(batch.Messages), rounds.Steps[*job]{Read: c.find, Work: c.work, Write: c.write})
	left := result.Left
	failed := count(left) == len(batch.Messages) && len(left) > 0
	if !failed {
		left = rounds.GiveUp(ctx, left, (*job).inVain, c.tellInVain)
	}
	for _, j := range left {
		class, said := outcome.Again, ""
		if !failed && j.inVain() {
			class, said = outcome.Review, "delivered in vain too often, and nobody can be told in the CRM"
		}
		c.log(ctx, j, class, said, j.Err())
	}
	customhandler.Annotate(ctx, slog.Int("hints", hints), slog.Int("rounds", result.Rounds), slog.Int("again", count(left)))
	if failed {
		return nil, fmt.Errorf("none of the batch's payments could be brought up to date: %w", left[0].Err())
	}
	return c.outputs(jobs, left)
}

// count returns how many hints the jobs have.
func count(jobs []*job) int {
	n := 0
	for _, j := range jobs {
		n += len(j.hints)
	}
	return n
}

// outputs are the rows that ask for something which Stripe's news has undone or
// made possible: a refund that failed later, an edit that had to wait for a
// bank, a second link that can still be paid. paymentrequest looks at them; what
// a row asks for is its business. The hints of the jobs that are left go back to
// the queue, and so do those that are about another row.
func (c *Config) outputs(jobs, left []*job) (customhandler.Outputs, error) {
	out := customhandler.Outputs{}
	for _, j := range jobs {
		if !j.asks {
			continue
		}
		body, err := payment.RowChange{Payment: j.id, Message: "Stripe"}.With(j.attempts()...).Encode()
		if err != nil {
			return nil, fmt.Errorf("encoding a row change: %w", err)
		}
		out[changes] = append(out[changes], body)
	}
	var back []payment.Hint
	for _, j := range jobs {
		back = append(back, j.forward...)
	}
	for _, j := range left {
		back = append(back, j.hints...)
	}
	for _, h := range back {
		body, err := h.Encode()
		if err != nil {
			return nil, fmt.Errorf("encoding a hint: %w", err)
		}
		out[unfinished] = append(out[unfinished], body)
	}
	return out, nil
}

// decode reads the messages. One that is no hint can never become one: it is
// logged as needing a person and must not hold up its neighbours. It returns how
// many are hints.
func (c *Config) decode(ctx context.Context, batch customhandler.Batch) (jobs []*job, hints int) {
	for _, message := range batch.Messages {
		hint, err := payment.DecodeHint(message.Body)
		if err != nil {
			c.Logger.LogAttrs(ctx, slog.LevelError, "hint", slog.String("invocation_id", customhandler.InvocationID(ctx)),
				slog.String("message_id", message.MessageID), slog.Int64("sequence_number", message.SequenceNumber),
				slog.String("outcome", outcome.Review.String()), slog.String("reason", err.Error()))
			continue
		}
		jobs = append(jobs, newJob(hint.Delivered(message.DeliveryCount)))
	}
	return merge(jobs), len(jobs)
}

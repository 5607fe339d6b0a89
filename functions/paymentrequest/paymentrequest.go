// Package paymentrequest is the function that makes Stripe agree with what the
// CRM asks for. It takes row changes off the queue payment-requests, reads the
// row and what Stripe has for it, does what is missing at Stripe one step at a
// time, and writes ids, link and state back under the condition that the row
// is still the one that was read.
//
// Between reading and writing it may die at any instant, run twice at once, or
// be told again days later: every object that it makes is named by the row and
// by the attempt that it follows, so that there is only ever one.
package paymentrequest

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"paybridge/internal/backoff"
	"paybridge/internal/crm"
	"paybridge/internal/customhandler"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/rounds"
	"paybridge/internal/stripeapi"
	"paybridge/internal/truth"
)

// The names in function.json.
const (
	Name    = "paymentrequest"
	trigger = "changes"
	// unfinished are the changes that go back to the queue.
	unfinished = "unfinished"
)

// Rows is the CRM side: package crm over a Dataverse client.
type Rows interface {
	Load(ctx context.Context, lookups []crm.By, events []string) (crm.Loaded, error)
	Save(ctx context.Context, changes []crm.Change) []error
	Note(ctx context.Context, row *crm.Row, events []crm.Event) error
}

// Stripe is the Stripe side: package stripeapi. The account is always one's
// own: the CRM does not ask on behalf of connected accounts.
type Stripe interface {
	truth.Reader
	CreateIntent(ctx context.Context, account string, r stripeapi.IntentRequest) (payment.Intent, error)
	UpdateIntent(ctx context.Context, account, id string, amount int64, currency payment.Currency) (payment.Intent, error)
	CancelIntent(ctx context.Context, account, id string) (payment.Intent, error)
	CreateSession(ctx context.Context, account string, r stripeapi.SessionRequest) (payment.Session, error)
	ExpireSession(ctx context.Context, account, id string) (payment.Session, error)
	Refunds(ctx context.Context, account, intent string) ([]payment.IssuedRefund, error)
	CreateRefund(ctx context.Context, account string, r stripeapi.RefundRequest) (payment.IssuedRefund, error)
	FindIntents(ctx context.Context, account string, row payment.RowID) ([]payment.Intent, error)
	SessionOf(ctx context.Context, account, intent string) (payment.Session, bool, error)
	FindSessions(ctx context.Context, account string, row payment.RowID, since time.Time) ([]payment.Session, error)
}

// Config is what the function works with.
type Config struct {
	// Missing names the settings without which nothing can be done.
	Missing []string

	Rows   Rows
	Stripe Stripe
	// Livemode is the mode of this deployment.
	Livemode bool
	// Org is the host name of the CRM organisation, in lower case; it marks
	// what is made at Stripe.
	Org string
	// Methods are the payment method types to offer, none for those that are
	// switched on in Stripe's Dashboard.
	Methods []string
	// SuccessURL and CancelURL are where Checkout sends the customer.
	SuccessURL, CancelURL string
	// LinkExpiry is how long a Checkout link can be paid, 30 minutes to 24
	// hours. Zero means Stripe's 24 hours.
	LinkExpiry time.Duration
	// Budget, Patience, Backoff and Parallel are those of package rounds. Zero
	// means the defaults there.
	Budget, Patience time.Duration
	Backoff          backoff.Policy
	Parallel         int
	Logger           *slog.Logger
	// Now is the clock, time.Now when nil.
	Now func() time.Time
}

// Function returns the function, ready to be registered.
func Function(c Config) customhandler.QueueFunction {
	if c.Now == nil {
		c.Now = time.Now
	}
	return customhandler.QueueFunction{
		Name: Name, Trigger: trigger, DataType: customhandler.Binary, Cardinality: customhandler.Many, Outputs: []string{unfinished},
		Handle: c.handle,
	}
}

// handle works on a batch until every row agrees with Stripe or says why not,
// or until there is no use in holding on. Where nothing could be finished the
// invocation fails, and the whole batch is delivered again. Where some could,
// the changes that were not go back to the queue as messages of their own, so
// that a row in trouble holds up neither its neighbours nor those that come
// after it. Each takes along how often it was delivered in vain, and when that
// is enough a person is told.
func (c *Config) handle(ctx context.Context, batch customhandler.Batch) (customhandler.Outputs, error) {
	limits := rounds.Config{Budget: c.Budget, Patience: c.Patience, Parallel: c.Parallel, Backoff: c.Backoff, Logger: c.Logger}
	if len(c.Missing) > 0 {
		return nil, rounds.Unconfigured(ctx, limits, c.Missing)
	}
	jobs, changes := c.decode(ctx, batch)
	result := rounds.Run(ctx, limits, jobs, changes < len(batch.Messages), rounds.Steps[*job]{Read: c.find, Work: c.work, Write: c.write})
	left := result.Left
	failed := count(left) == len(batch.Messages) && len(left) > 0
	if !failed {
		left = rounds.GiveUp(ctx, left, (*job).inVain, c.tellInVain)
	}
	var back [][]byte
	for _, j := range left {
		class, said := outcome.Again, ""
		if !failed && j.inVain() {
			class, said = outcome.Review, "delivered in vain too often, and nobody can be told in the CRM"
		}
		c.log(ctx, j, class, said)
		for _, change := range j.changes {
			body, err := change.With(j.named.All()...).Encode()
			if err != nil {
				return nil, fmt.Errorf("encoding a row change: %w", err)
			}
			back = append(back, body)
		}
	}
	customhandler.Annotate(ctx, slog.Int("rows", len(jobs)), slog.Int("rounds", result.Rounds), slog.Int("again", len(back)))
	if failed {
		return nil, fmt.Errorf("none of the batch's rows could be carried out: %w", left[0].Err())
	}
	return customhandler.Outputs{unfinished: back}, nil
}

// count returns how many changes the jobs have.
func count(jobs []*job) int {
	n := 0
	for _, j := range jobs {
		n += len(j.changes)
	}
	return n
}

// decode reads the messages: one job for each row, however often it is named.
// A message that is no row change can never become one: it is logged as
// needing a person and must not hold up its neighbours. It returns how many
// are row changes.
func (c *Config) decode(ctx context.Context, batch customhandler.Batch) (jobs []*job, changes int) {
	byRow := map[payment.RowID]*job{}
	for _, message := range batch.Messages {
		change, err := payment.DecodeRowChange(message.Body)
		if err != nil {
			c.Logger.LogAttrs(ctx, slog.LevelError, "row change", slog.String("invocation_id", customhandler.InvocationID(ctx)),
				slog.String("message_id", message.MessageID), slog.Int64("sequence_number", message.SequenceNumber),
				slog.String("outcome", outcome.Review.String()), slog.String("reason", err.Error()))
			continue
		}
		j := byRow[change.Payment]
		if j == nil {
			j = &job{id: change.Payment, started: c.Now()}
			byRow[change.Payment] = j
			jobs = append(jobs, j)
		}
		changes++
		change = change.Delivered(message.DeliveryCount)
		j.changes = append(j.changes, change)
		j.named.Add(change.Attempts...)
		j.deliveries = max(j.deliveries, change.Deliveries)
	}
	return jobs, changes
}

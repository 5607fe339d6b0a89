package paymentrequest

import (
	"context"
	"log/slog"
	"time"

	"paybridge/internal/crm"
	"paybridge/internal/customhandler"
	"paybridge/internal/judge"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/truth"
)

// job is the work on one row.
type job struct {
	id payment.RowID
	// changes are the messages that name the row, deliveries is how often the
	// one was delivered that was so most often.
	changes    []payment.RowChange
	deliveries int
	started    time.Time

	row   *crm.Row
	facts payment.Facts
	// Answer is what the row has to show.
	judge.Answer
	// look asks for a search at Stripe: an idempotency key met other
	// parameters, so there is an object that the row does not name.
	look bool
	// named is what belongs to the row beside what it records: what was made for
	// it, which it does not record yet when somebody wrote it meanwhile, and what
	// the change named. It is kept over the rounds.
	named truth.Names
	// spent are the idempotency keys under which Stripe has stored a failure of
	// its own, although nothing was made.
	spent []string
	// steps are what was done at Stripe, for the log.
	steps []string

	err       error
	changed   bool
	conflicts int
}

// Err is why the last round did not finish the job.
func (j *job) Err() error { return j.err }

// Raced is how often somebody wrote in between, when the last round ended so.
func (j *job) Raced() int {
	if !j.changed {
		return 0
	}
	return j.conflicts
}

// Fail notes why the last round did not finish the job.
func (j *job) Fail(err error) { j.err = err }

// Absorbed is never so: there is one job for each row.
func (j *job) Absorbed() bool { return false }

// reset forgets what was read.
func (j *job) reset() {
	j.row, j.facts, j.Answer, j.err, j.changed = nil, payment.Facts{}, judge.Answer{}, nil, false
}

// log writes the one wide line about a job.
func (c *Config) log(ctx context.Context, j *job, class outcome.Class, result string) {
	level := slog.LevelInfo
	if class != outcome.Done {
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{
		slog.String("invocation_id", customhandler.InvocationID(ctx)),
		slog.String("payment", string(j.id)), slog.Int("changes", len(j.changes)),
		slog.String("outcome", class.String()), slog.String("result", result), slog.Any("steps", j.steps),
		slog.Int("conflicts", j.conflicts), slog.Int("delivery_count", j.deliveries),
		slog.Int64("duration_ms", c.Now().Sub(j.started).Milliseconds()),
	}
	if j.row != nil {
		attrs = append(attrs, slog.String("request", j.row.Text()),
			slog.String("payment_intent", j.row.Recorded.PaymentIntentID), slog.String("checkout_session", j.row.Recorded.CheckoutSessionID))
	}
	if j.Status != 0 {
		attrs = append(attrs, slog.String("payment_status", j.Status.String()))
	}
	if j.Reason != "" {
		attrs = append(attrs, slog.String("reason", j.Reason))
	}
	if j.err != nil {
		attrs = append(attrs, slog.String("error", j.err.Error()))
	}
	c.Logger.LogAttrs(ctx, level, "row change", attrs...)
}

package crmupdate

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"paybridge/internal/crm"
	"paybridge/internal/customhandler"
	"paybridge/internal/judge"
	"paybridge/internal/outcome"
	"paybridge/internal/rounds"
)

// plan is what is to be written for a job and what to say about it.
type plan struct {
	job    *job
	change crm.Change
	result crm.EventOutcome
	detail string
}

// work reads from Stripe what a job's row and hints name. A job that has no row
// yet asks Stripe which one it is about.
func (c *Config) work(ctx context.Context, j *job) rounds.Next {
	if j.row == nil {
		switch ok, err := c.link(ctx, j); {
		case err != nil:
			return next(c.broken(ctx, j, err))
		case ok:
			return rounds.Reread
		default:
			return rounds.Finished
		}
	}
	var strangers judge.Strangers
	j.facts, strangers, j.err = c.judge().Read(ctx, j.account, j.row, j.names())
	if outcome.Of(j.err) == outcome.Again {
		return rounds.Again
	}
	if c.turnAway(ctx, j, strangers); len(j.hints) == 0 {
		return rounds.Finished
	}
	return rounds.Write
}

// next is what comes after a job that could not be worked on.
func next(again []*job) rounds.Next {
	if len(again) > 0 {
		return rounds.Again
	}
	return rounds.Finished
}

// plan works out what the row has to show. The error is of class again.
func (c *Config) plan(j *job) (plan, error) {
	s, err := judge.Show(j.row, j.facts, j.err)
	if err != nil {
		return plan{}, err
	}
	j.status = s.Status
	return j.planned(s), nil
}

func (j *job) planned(s judge.Showing) plan {
	result, detail := s.Outcome, s.Detail
	p := plan{job: j, result: result, detail: detail, change: crm.Change{Row: j.row, Values: s.Values}}
	for _, h := range j.hints {
		if h.EventID == "" || !j.records(h.EventID, result, detail) {
			continue
		}
		event := crm.Event{ID: h.EventID, Type: h.Type, Outcome: result, Detail: detail}
		if h.Created > 0 {
			event.Occurred = time.Unix(h.Created, 0).UTC()
		}
		p.change.Events = append(p.change.Events, event)
	}
	// The same event twice in one batch is one row of the timeline.
	p.change.Events = distinct(p.change.Events)
	return p
}

// records reports whether the timeline has to be written for an event: when it
// is not there yet, or when what needed review there no longer does, or does
// for another reason. What was applied once stays so.
func (j *job) records(id string, result crm.EventOutcome, detail string) bool {
	recorded, ok := j.events[id]
	if !ok {
		return true
	}
	return recorded.Outcome == crm.NeedsReview && (result != crm.NeedsReview || !recorded.Tells(detail))
}

func distinct(events []crm.Event) []crm.Event {
	var list []crm.Event
	seen := map[string]bool{}
	for _, e := range events {
		if !seen[e.ID] {
			seen[e.ID] = true
			list = append(list, e)
		}
	}
	return list
}

// write plans and saves what jobs came to, those about one row together, and
// returns the jobs that are not finished.
func (c *Config) write(ctx context.Context, jobs []*job) (again []*job) {
	var plans []plan
	for _, j := range merge(jobs) {
		p, err := c.plan(j)
		if err != nil {
			again = append(again, j.fail(err))
			continue
		}
		plans = append(plans, p)
	}
	changes := make([]crm.Change, len(plans))
	for i, p := range plans {
		changes[i] = p.change
	}
	errs := c.Rows.Save(ctx, changes)
	for i, p := range plans {
		switch err := errs[i]; {
		case err == nil:
			c.finish(ctx, p)
		case errors.Is(err, crm.ErrTaken) && p.job.taken && p.result != crm.NeedsReview:
			// It was no race: reading again did not help.
			again = append(again, c.review(ctx, p.job, judge.TakenReason(p.job.hints[0], p.job.id))...)
		case raced(err):
			again = append(again, p.job.conflict(err))
		case outcome.Of(err) == outcome.Review && p.result != crm.NeedsReview:
			// Dataverse refuses the columns: the reason may still be written.
			again = append(again, c.review(ctx, p.job, judge.CannotShow(p.detail, err))...)
		default:
			again = append(again, c.unwritten(ctx, p, err)...)
		}
	}
	return again
}

// fail notes why the job is not finished.
func (j *job) fail(err error) *job {
	j.err = err
	return j
}

// raced reports whether somebody wrote what a change was about in between.
func raced(err error) bool { return errors.Is(err, crm.ErrChanged) || errors.Is(err, crm.ErrTaken) }

// conflict notes that somebody wrote in between.
func (j *job) conflict(err error) *job {
	j.changed, j.taken = true, errors.Is(err, crm.ErrTaken)
	j.conflicts++
	return j.fail(err)
}

// finish logs the result of a job that is done or shown to a person.
func (c *Config) finish(ctx context.Context, p plan) {
	class := outcome.Done
	if p.result == crm.NeedsReview {
		class = outcome.Review
	} else {
		p.job.asks = judge.Unsatisfied(p.job.row, p.job.facts)
	}
	c.log(ctx, p.job, class, p.result.String()+": "+p.detail, nil)
}

// log writes the one wide line about each hint of a job.
func (c *Config) log(ctx context.Context, j *job, class outcome.Class, result string, err error) {
	level := slog.LevelInfo
	if class != outcome.Done {
		level = slog.LevelWarn
	}
	for _, h := range j.hints {
		attrs := []slog.Attr{
			slog.String("invocation_id", customhandler.InvocationID(ctx)),
			slog.String("event", h.EventID), slog.String("type", h.Type),
			slog.String("payment", string(j.id)), slog.String("payment_intent", h.PaymentIntent), slog.String("checkout_session", h.CheckoutSession),
			slog.String("outcome", class.String()), slog.String("result", result),
			slog.Int("conflicts", j.conflicts), slog.Int("delivery_count", j.deliveries),
			slog.Int64("duration_ms", time.Since(j.started).Milliseconds()),
		}
		if j.status != 0 {
			attrs = append(attrs, slog.String("payment_status", j.status.String()))
		}
		if h.Created > 0 {
			// Stripe tells its time in whole seconds.
			attrs = append(attrs, slog.Int64("stripe_age_s", max(0, time.Now().Unix()-h.Created)))
		}
		if err != nil {
			attrs = append(attrs, slog.String("error", err.Error()))
		}
		c.Logger.LogAttrs(ctx, level, "hint", attrs...)
	}
}

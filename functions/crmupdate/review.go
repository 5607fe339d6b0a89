package crmupdate

import (
	"context"
	"fmt"
	"slices"

	"paybridge/internal/advice"
	"paybridge/internal/crm"
	"paybridge/internal/judge"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
)

// broken deals with an error about one job before its row was read: it is
// tried again, or shown to a person.
func (c *Config) broken(ctx context.Context, j *job, err error) []*job {
	if outcome.Of(err) == outcome.Review {
		return c.review(ctx, j, advice.Sentence(err))
	}
	return []*job{j.fail(err)}
}

// review writes at once that a person has to look at the job, and returns the
// job when even that has to be tried again.
func (c *Config) review(ctx context.Context, j *job, reason string) []*job {
	p := j.planned(judge.Review(j.row, reason))
	err := c.Rows.Save(ctx, []crm.Change{p.change})[0]
	switch {
	case err == nil:
		c.finish(ctx, p)
		return nil
	case raced(err):
		return []*job{j.conflict(err)}
	default:
		return c.unwritten(ctx, p, err)
	}
}

// unwritten deals with an error of writing that a person has to look at. A row
// that takes no change, such as an order that was fulfilled, never will: the
// timeline alone says so. Where that cannot be written either, the CRM is not
// set up right; when it is, the message will still be there.
func (c *Config) unwritten(ctx context.Context, p plan, err error) []*job {
	if outcome.Of(err) != outcome.Review {
		return []*job{p.job.fail(err)}
	}
	detail := judge.CannotShow(p.detail, err)
	events := slices.DeleteFunc(p.change.Events, func(e crm.Event) bool { return p.job.events[e.ID].Tells(detail) })
	for i := range events {
		events[i].Detail = detail
	}
	switch err := c.Rows.Note(ctx, p.job.row, events); {
	case err == nil:
		c.finish(ctx, p)
		return nil
	case raced(err):
		return []*job{p.job.conflict(err)}
	default:
		return []*job{p.job.fail(outcome.Againf("%w", err))}
	}
}

// inVain reports whether the job was delivered in vain too often.
func (j *job) inVain() bool { return j.deliveries >= payment.MaxDeliveries }

// tellInVain tells a person of a job that was delivered in vain too often while
// others were finished, on the row or else in the timeline. It returns the job
// when the CRM cannot be told either.
func (c *Config) tellInVain(ctx context.Context, j *job) []*job {
	p := j.planned(judge.Review(j.row, j.vainReason()))
	switch err := c.Rows.Save(ctx, []crm.Change{p.change})[0]; {
	case err == nil:
		c.finish(ctx, p)
		return nil
	case raced(err):
		return []*job{j.conflict(err)}
	default:
		return c.unwritten(ctx, p, outcome.Reviewf("%w", err))
	}
}

// vainReason tells a person that the job was delivered often enough.
func (j *job) vainReason() string {
	return fmt.Sprintf("PayBridge has tried %d times to bring this payment up to date, in vain, while it did so with others: %s Ask an administrator to remove the cause; then the payment's next event, or paybridge replay, brings it up to date.", j.deliveries, advice.Sentence(j.err))
}

package crmupdate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"paybridge/internal/advice"
	"paybridge/internal/crm"
	"paybridge/internal/dataverse"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
)

// review plans what is written when a person has to look.
func (j *job) review(reason string) plan {
	var values dataverse.Values
	if j.row != nil {
		values = j.row.LastErrorValue(payment.ReviewPrefix + reason)
	}
	return j.planned(values, crm.NeedsReview, reason)
}

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
	p := j.review(reason)
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
	detail := cannotShow(p.detail, err)
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

// cannotShow says what the row would show and why it does not.
func cannotShow(detail string, err error) string {
	const but = " The row cannot show it: "
	if strings.Contains(detail, but) {
		return detail
	}
	return detail + but + advice.Sentence(err)
}

// takenReason tells a person that another row records what this one would.
func (j *job) takenReason() string {
	return fmt.Sprintf("Another payment of the CRM records Stripe's %s already, which names this one, %s. Correct the metadata in Stripe or the ids on the other row.", j.object(), j.id)
}

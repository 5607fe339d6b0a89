package paymentrequest

import (
	"context"
	"fmt"
	"strings"

	"paybridge/internal/advice"
	"paybridge/internal/crm"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
)

// note tells in the timeline alone what a person has to know: the row takes no
// change, such as an order that was fulfilled, or cannot even be read, and
// neither passes. What was made at Stripe is named, because the row does not. It
// returns the job when that cannot be written either: the CRM is not set up
// right, and when it is, the message will still be there.
func (c *Config) note(ctx context.Context, j *job, detail string) []*job {
	detail += j.made()
	event := crm.RequestEvent(j.id)
	event.Occurred, event.Outcome, event.Detail = c.Now().UTC(), crm.NeedsReview, detail
	if err := c.noteOnce(ctx, j.row, event); err != nil {
		j.err = outcome.Againf("%w", err)
		return []*job{j}
	}
	j.Reason = payment.ReviewPrefix + detail
	c.log(ctx, j, outcome.Review, "told in the timeline")
	return nil
}

// made names what was made at Stripe, for a text about a row that may not name
// it.
func (j *job) made() string {
	made := j.named.All()
	if len(made) == 0 {
		return ""
	}
	return " At Stripe this was made for it: " + strings.Join(made, ", ") + "."
}

// inVain reports whether the job was delivered in vain too often.
func (j *job) inVain() bool { return j.deliveries >= payment.MaxDeliveries }

// tellInVain tells a person of a job that was delivered in vain too often while
// others were finished, on the row or else in the timeline. It returns the job
// when the CRM cannot be told either.
func (c *Config) tellInVain(ctx context.Context, j *job) []*job {
	reason := j.vainReason()
	if j.row != nil {
		told := payment.ReviewPrefix + reason + j.made()
		if c.Rows.Save(ctx, []crm.Change{{Row: j.row, Values: j.row.LastErrorValue(told)}})[0] == nil {
			j.Reason = told
			c.log(ctx, j, outcome.Review, "told on the row")
			return nil
		}
	}
	return c.note(ctx, j, reason)
}

// vainReason tells a person that the job was delivered often enough.
func (j *job) vainReason() string {
	return fmt.Sprintf("PayBridge has tried %d times to carry out what the row asks for, in vain, while it did so with others: %s Ask an administrator to remove the cause, then save the row again.", j.deliveries, advice.Sentence(j.err))
}

// noteOnce writes an entry of the timeline that does not tell the same already:
// a message that is delivered again is no news.
func (c *Config) noteOnce(ctx context.Context, row *crm.Row, event crm.Event) error {
	known, err := c.Rows.Load(ctx, nil, []string{event.ID})
	if err == nil && known.Events[event.ID].Tells(event.Detail) {
		return nil
	}
	return c.Rows.Note(ctx, row, []crm.Event{event})
}

// unshown says what the row would show and why it cannot.
func (j *job) unshown(err error) string {
	text := "The row cannot show it: " + advice.Sentence(err)
	switch {
	case j.Reason != "":
		return j.Reason + " " + text
	case j.Status != 0:
		return j.Status.String() + ". " + text
	default:
		return text
	}
}

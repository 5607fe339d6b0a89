package paymentrequest

import (
	"context"
	"slices"
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
	if made := slices.Concat(j.named.Intents, j.named.Sessions); len(made) > 0 {
		detail += " At Stripe this was made for it: " + strings.Join(made, ", ") + "."
	}
	event := crm.RequestEvent(j.id)
	event.Occurred, event.Outcome, event.Detail = c.Now().UTC(), crm.NeedsReview, detail
	if err := c.noteOnce(ctx, j.row, event); err != nil {
		j.err = outcome.Againf("%w", err)
		return []*job{j}
	}
	j.reason = payment.ReviewPrefix + detail
	c.log(ctx, j, outcome.Review, "told in the timeline")
	return nil
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
	case j.reason != "":
		return j.reason + " " + text
	case j.status != 0:
		return j.status.String() + ". " + text
	default:
		return text
	}
}

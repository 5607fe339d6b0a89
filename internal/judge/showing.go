package judge

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"paybridge/internal/advice"
	"paybridge/internal/crm"
	"paybridge/internal/dataverse"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
)

// Showing is what a row has to show after a look at Stripe.
type Showing struct {
	// Values are the columns in which the row differs from that.
	Values dataverse.Values
	// Outcome and Detail are what the timeline says of the events that made
	// somebody look.
	Outcome crm.EventOutcome
	Detail  string
	// Status is what the payment has come to, zero where a person has to settle
	// that.
	Status payment.Status
}

// Show works out what a row has to show; err is why Stripe could not be read.
// What a person has to settle is shown too: the row's columns stay and the reason
// is written beside them. The error is of class again.
func Show(row *crm.Row, facts payment.Facts, err error) (Showing, error) {
	var p payment.Payment
	if err == nil {
		p, err = payment.Project(row.Row, facts)
	}
	if err != nil {
		if _, ok := errors.AsType[*payment.Disagreement](err); ok || outcome.Of(err) == outcome.Review {
			return Review(row, advice.Sentence(err)), nil
		}
		return Showing{}, err
	}
	values, err := row.Values(p)
	if err != nil {
		s := Review(row, advice.Sentence(err))
		s.Status = p.Status
		return s, nil
	}
	if strings.HasPrefix(row.LastError, payment.ReviewPrefix) {
		maps.Copy(values, row.LastErrorValue(""))
	}
	s := Showing{Values: values, Outcome: crm.NoChange, Detail: describe(p), Status: p.Status}
	if len(values) > 0 {
		s.Outcome = crm.Applied
	}
	return s, nil
}

// Review is what is shown when a person has to look: on the row, where there is
// one.
func Review(row *crm.Row, reason string) Showing {
	s := Showing{Outcome: crm.NeedsReview, Detail: reason}
	if row != nil {
		s.Values = row.LastErrorValue(payment.ReviewPrefix + reason)
	}
	return s
}

const cannot = " The row cannot show it: "

// CannotShow says what the row would show and why it does not.
func CannotShow(detail string, err error) string {
	if strings.Contains(detail, cannot) {
		return detail
	}
	return detail + cannot + advice.Sentence(err)
}

// Told reports whether a text, of the row or of its timeline, tells a person that
// the row cannot show it. Then another delivery says so again, unless the cause
// was removed.
func (s Showing) Told(text string) bool {
	detail, _, ok := strings.Cut(strings.TrimPrefix(text, payment.ReviewPrefix), cannot)
	return ok && payment.Alike(detail, s.Detail)
}

// Unsatisfied reports whether a row that shows what Stripe says asks for
// something that is still to be done, or for something that cannot be done and
// nobody was told.
func Unsatisfied(row *crm.Row, facts payment.Facts) bool {
	step, err := payment.Decide(row.Row, facts)
	if err != nil {
		return !strings.HasPrefix(row.LastError, payment.RefusalPrefix)
	}
	return step.Action != payment.Nothing
}

// describe says what the row shows now, for the timeline.
func describe(p payment.Payment) string {
	currency, err := payment.ParseCurrency(p.Currency)
	if err != nil || p.AmountReceived == 0 {
		return fmt.Sprintf("%v.", p.Status)
	}
	text := fmt.Sprintf("%v: %s %s received", p.Status, payment.FromMinor(p.AmountReceived, currency).StringFixed(currency.Decimals()), currency)
	if p.AmountRefunded > 0 {
		text += fmt.Sprintf(", %s %s refunded", payment.FromMinor(p.AmountRefunded, currency).StringFixed(currency.Decimals()), currency)
	}
	return text + "."
}

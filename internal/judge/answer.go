package judge

import (
	"errors"
	"maps"
	"strings"

	"paybridge/internal/advice"
	"paybridge/internal/crm"
	"paybridge/internal/dataverse"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/truth"
)

// Answer is what a row that was changed has to show of what it asks for.
type Answer struct {
	// Blind says that Stripe could not be read: the row keeps what it shows.
	Blind bool
	// Reason is what the row tells a person, with its prefix.
	Reason string
	// Status is what the payment has come to, zero where that is not shown.
	Status payment.Status
}

// Asks reports whether a row asks for something.
func Asks(row *crm.Row) bool { return row.Ask.Request > payment.RequestNone }

// Idle reports whether there is nothing to look for at Stripe for a row that
// asks for nothing: it is read only where a person had something to settle, which
// may be settled now, and where the row stopped asking while something was made
// for it, which it has to name.
func Idle(row *crm.Row, named truth.Names) bool {
	return len(named.All()) == 0 && !strings.HasPrefix(row.LastError, payment.ReviewPrefix)
}

// Look takes in what Stripe said, or why it could not be read, of a row that asks
// for nothing. The row may name a payment that cannot be read from here, such as
// a connected account's, or none at all, while Stripe's news was of one: then
// what a person has to settle stands until the news can be judged again.
func (a *Answer) Look(row *crm.Row, facts payment.Facts, err error) {
	if a.Blind = err != nil || len(facts.Intents)+len(facts.Sessions) == 0; a.Blind {
		a.Reason = row.LastError
	}
}

// Tell notes what the row has to tell a person. The first reason stays: it is the
// one about the request.
func (a *Answer) Tell(err error) {
	if a.Reason != "" {
		return
	}
	prefix := payment.RefusalPrefix
	if _, ok := errors.AsType[*payment.Refusal](err); !ok {
		prefix = payment.ReviewPrefix
	}
	a.Reason = prefix + advice.Sentence(err)
}

// Values are the columns to write: what Stripe says, which request was carried
// out, and what a person has to be told.
func (a *Answer) Values(row *crm.Row, facts payment.Facts) dataverse.Values {
	values := dataverse.Values{}
	if !a.Blind {
		maps.Copy(values, a.shown(row, facts))
	}
	if a.Reason == "" && (row.Handled != "" || Asks(row)) {
		maps.Copy(values, row.HandledValue(row.Text()))
	}
	maps.Copy(values, row.LastErrorValue(a.Reason))
	return values
}

// shown are the columns in which the row differs from what Stripe says.
func (a *Answer) shown(row *crm.Row, facts payment.Facts) dataverse.Values {
	p, show, err := payment.Outcome(row.Row, facts)
	if err != nil {
		// It comes before a refusal: while it stands the columns are not what
		// Stripe says.
		a.Reason = ""
		a.Tell(err)
	}
	if !show {
		return nil
	}
	a.Status = p.Status
	values, err := row.Values(p)
	if err != nil {
		a.Tell(outcome.Reviewf("%w", err))
	}
	return values
}

package deadletters

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"paybridge/internal/crm"
	"paybridge/internal/dataverse"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/truth"
)

// nameIntent finds the PaymentIntent of a hint that names a charge alone, as
// those about disputes do.
func (c *Comparer) nameIntent(ctx context.Context, t *task) {
	if t.change || t.row != "" || t.intent != "" || t.session != "" || t.charge == "" {
		return
	}
	intent, err := c.Stripe.Charge(ctx, t.account, t.charge)
	if err != nil {
		t.finish(c.broken("reading the charge", err))
		return
	}
	t.intent = intent
}

// link asks Stripe whose payment it is, where the CRM knows no row for it.
func (c *Comparer) link(ctx context.Context, t *task) {
	switch {
	case t.change:
		t.finish(Verdict{State: LeftAlone, Row: t.row, Detail: "The row was deleted."})
		return
	case t.row != "":
		return // The hint names it, and it is not there.
	}
	var link payment.Link
	var err error
	switch {
	case t.intent != "":
		var intent payment.Intent
		intent, err = c.Stripe.Intent(ctx, t.account, t.intent)
		link = intent.Link
	case t.session != "":
		var session payment.Session
		session, err = c.Stripe.Session(ctx, t.account, t.session)
		link = session.Link
	}
	if err != nil {
		t.finish(c.broken("reading Stripe", err))
		return
	}
	t.org = link.CRMOrg
	t.row, _ = payment.ParseRowID(link.CRMPaymentID)
}

// broken is the verdict of an error before there is a row to tell a person on.
func (c *Comparer) broken(doing string, err error) Verdict {
	if text, review := reason(err); review {
		return Verdict{State: OutOfStep, Detail: text}
	}
	return unknown(doing, err)
}

// judge compares a payment at both ends.
func (c *Comparer) judge(ctx context.Context, t *task) Verdict {
	switch {
	case t.found != nil && t.change:
		return c.judgeChange(ctx, t)
	case t.found != nil:
		return c.judgeHint(ctx, t)
	case t.org != "" && c.Org != "" && t.org != c.Org:
		return Verdict{State: LeftAlone, Detail: "The payment belongs to another CRM organisation."}
	case t.row == "":
		return Verdict{State: LeftAlone, Detail: "The payment was not made for the CRM."}
	default:
		return Verdict{State: OutOfStep, Row: t.row, Detail: fmt.Sprintf("The CRM has no payment %s, which Stripe names. Was it deleted?", t.row)}
	}
}

// judgeHint does what crmupdate does, up to the writing.
func (c *Comparer) judgeHint(ctx context.Context, t *task) Verdict {
	var named truth.Names
	if t.intent != "" {
		named.Intents = []string{t.intent}
	}
	if t.session != "" {
		named.Sessions = []string{t.session}
	}
	row := t.found
	facts, err := truth.Read(ctx, c.Stripe, t.account, row.Row, c.Livemode, named)
	var p payment.Payment
	if err == nil {
		p, err = payment.Project(row.Row, facts)
	}
	var values dataverse.Values
	if err == nil {
		values, err = c.values(row, p)
	}
	if err != nil {
		return c.troubled(t, err)
	}
	if strings.HasPrefix(row.LastError, payment.ReviewPrefix) {
		maps.Copy(values, row.LastErrorValue(""))
	}
	return judge(row, c.Mapping, values)
}

// judgeChange does what paymentrequest does, up to the doing.
func (c *Comparer) judgeChange(ctx context.Context, t *task) Verdict {
	row := t.found
	asks := row.Ask.Request > payment.RequestNone
	values := dataverse.Values{}
	refused := ""
	if asks || strings.HasPrefix(row.LastError, payment.ReviewPrefix) {
		facts, err := truth.Read(ctx, c.Stripe, "", row.Row, c.Livemode, truth.Names{})
		if err != nil {
			return c.troubled(t, err)
		}
		step, err := payment.Decide(row.Row, facts)
		if err == nil && step.Action != payment.Nothing {
			return Verdict{State: OutOfStep, Row: row.ID, Status: shown(row), Detail: fmt.Sprintf("The row asks for %q: PayBridge has still to %s.", row.Text(), action(step.Action))}
		}
		refused, _ = reason(err)
		p, show, err := payment.Outcome(row.Row, facts)
		if err == nil && show {
			values, err = c.values(row, p)
		}
		if err != nil {
			return c.troubled(t, err)
		}
	}
	if refused == "" && (row.Handled != "" || asks) {
		maps.Copy(values, row.HandledValue(row.Text()))
	}
	maps.Copy(values, row.LastErrorValue(refused))
	v := judge(row, c.Mapping, values)
	if refused != "" {
		v.Detail = refused
	}
	return v
}

// values are the columns in which the row differs from p. A payment that its
// columns cannot hold needs a person.
func (c *Comparer) values(row *crm.Row, p payment.Payment) (dataverse.Values, error) {
	values, err := row.Values(p)
	if err != nil {
		return nil, outcome.Reviewf("%w", err)
	}
	return values, nil
}

// troubled is the verdict of an error about a row that is there.
func (c *Comparer) troubled(t *task, err error) Verdict {
	if text, review := reason(err); review {
		return told(t.found, c.Mapping, text)
	}
	v := unknown("reading Stripe", err)
	v.Row, v.Status = t.found.ID, shown(t.found)
	return v
}

// action says what has to be done at Stripe.
func action(a payment.Action) string {
	switch a {
	case payment.CreateIntent:
		return "make a PaymentIntent"
	case payment.CreateSession:
		return "make a Checkout link"
	case payment.UpdateIntent:
		return "change the PaymentIntent"
	case payment.CancelIntent:
		return "cancel the PaymentIntent"
	case payment.ExpireSession:
		return "close the Checkout link"
	case payment.RefundIntent:
		return "refund the payment"
	default:
		return "do nothing"
	}
}

package deadletters

import (
	"context"
	"fmt"

	"paybridge/internal/advice"
	"paybridge/internal/crm"
	"paybridge/internal/judge"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/truth"
)

func (c *Comparer) rules() judge.Judge {
	return judge.Judge{Stripe: c.Stripe, Livemode: c.Livemode, Org: c.Org}
}

// nameIntent finds the PaymentIntent of a hint that names a charge alone, as
// those about disputes may do.
func (c *Comparer) nameIntent(ctx context.Context, t *task) {
	if t.change != nil || t.row != "" {
		return
	}
	if _, err := c.rules().NameIntent(ctx, &t.hint); err != nil {
		t.finish(broken("reading the charge", err))
	}
}

// link asks Stripe whose payment it is, where the CRM knows no row for it.
func (c *Comparer) link(ctx context.Context, t *task) {
	switch {
	case t.change != nil:
		t.finish(Verdict{State: LeftAlone, Row: t.row, Detail: "The row was deleted."})
	case t.row != "":
		t.finish(c.gone(t))
	default:
		row, why, err := c.rules().Whose(ctx, t.hint)
		switch {
		case err != nil:
			t.finish(broken("reading Stripe", err))
		case row == "":
			t.finish(Verdict{State: LeftAlone, Detail: payment.Sentence(why)})
		default:
			t.row = row
		}
	}
}

// gone is the verdict about a payment whose row is not there.
func (c *Comparer) gone(t *task) Verdict {
	if !t.hint.Link().Ours(c.Org) {
		return Verdict{State: LeftAlone, Detail: payment.Sentence(judge.Foreign)}
	}
	return Verdict{State: OutOfStep, Row: t.row, Detail: judge.GoneReason(t.hint, t.row)}
}

// broken is the verdict of an error before there is a row to tell a person on.
func broken(doing string, err error) Verdict {
	if outcome.Of(err) == outcome.Review {
		return Verdict{State: OutOfStep, Detail: advice.Sentence(err)}
	}
	return unknown(doing, err)
}

// judge compares a payment at both ends. A hint whose object is another row's is
// to be judged there: then the task is not done.
func (c *Comparer) judge(ctx context.Context, t *task) {
	switch {
	case t.found == nil:
		t.finish(c.gone(t))
	case t.change != nil:
		t.finish(c.judgeChange(ctx, t))
	default:
		c.judgeHint(ctx, t)
	}
}

// judgeHint does what crmupdate does, up to the writing.
func (c *Comparer) judgeHint(ctx context.Context, t *task) {
	var named truth.Names
	named.Add(t.hint.PaymentIntent, t.hint.CheckoutSession)
	row := t.found
	facts, strangers, err := c.rules().Read(ctx, t.hint.Account, row, named)
	if why, on := c.rules().TurnAway(t.hint, row.ID, strangers); why != "" {
		if on == nil {
			t.finish(Verdict{State: LeftAlone, Detail: payment.Sentence(why)})
			return
		}
		t.hint, t.row, t.found = *on, payment.RowID(on.CRMPaymentID), nil
		return
	}
	if t.showing, err = judge.Show(row, facts, err); err != nil {
		t.finish(unread(row, err))
		return
	}
	v := compared(row, c.Mapping, t.showing.Values)
	switch {
	case t.showing.Outcome == crm.NeedsReview:
		v.Detail = payment.ReviewPrefix + t.showing.Detail
	case t.showing.Told(row.LastError), payment.Alike(row.LastError, payment.ReviewPrefix+judge.TakenReason(t.hint, row.ID)):
		v.State, v.Detail, v.Differences = InStep, row.LastError, nil
	case v.State == InStep && judge.Unsatisfied(row, facts):
		v.State, v.Detail = OutOfStep, "The row shows what Stripe says, and asks for something that is still to be done."
	}
	t.finish(v)
}

// judgeChange does what paymentrequest does, up to the doing.
func (c *Comparer) judgeChange(ctx context.Context, t *task) Verdict {
	row := t.found
	var answer judge.Answer
	var named truth.Names
	named.Add(t.change.Attempts...)
	asks := judge.Asks(row)
	if !asks && judge.Idle(row, named) {
		answer.Blind = true
		return compared(row, c.Mapping, answer.Values(row, payment.Facts{}))
	}
	facts, err := truth.Read(ctx, c.Stripe, "", row.Row, c.Livemode, named)
	if outcome.Of(err) == outcome.Again {
		return unread(row, err)
	}
	switch {
	case !asks:
		answer.Look(row, facts, err)
	case err != nil:
		answer.Blind = true
		answer.Tell(err)
	default:
		step, err := payment.Decide(row.Row, facts)
		if err != nil {
			answer.Tell(err)
		} else if step.Action != payment.Nothing {
			return Verdict{State: OutOfStep, Row: row.ID, Status: shown(row), Detail: fmt.Sprintf("The row asks for %q: PayBridge has still to %s.", row.Text(), action(step.Action))}
		}
	}
	v := compared(row, c.Mapping, answer.Values(row, facts))
	if answer.Reason != "" {
		v.Detail = answer.Reason
	}
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

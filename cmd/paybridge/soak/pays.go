package soak

import (
	"context"
	"fmt"

	"paybridge/cmd/paybridge/soak/oracle"
	"paybridge/cmd/paybridge/soak/people"
	"paybridge/internal/payment"
	"paybridge/standin/stripe"
)

// try lets the customer pay with a test payment method, and waits until the
// row says what came of it.
func (l *life) try(ctx context.Context, method string) error {
	var err error
	if l.session != "" {
		err = l.ends.stripe.PaySession(l.session, stripe.Payer{Method: method})
	} else {
		err = l.ends.stripe.Pay(l.intent, method)
	}
	if err := l.refused("the customer pays "+l.object()+" with "+method, err); err != nil {
		return err
	}
	if l.session != "" {
		session, err := l.shop.Get(ctx, "/v1/checkout/sessions/"+l.session)
		if err != nil {
			return err
		}
		l.intent = oracle.Text(session, "payment_intent")
	}
	return l.agrees(ctx)
}

// pay is what the customer does, until the money is there or never will be.
func (l *life) pay(ctx context.Context) error {
	for l.chance(0.15) {
		l.failed = true
		if err := l.try(ctx, pick(l, "pm_card_visa_chargeDeclined", "pm_card_visa_chargeDeclinedInsufficientFunds", "pm_card_visa_chargeDeclinedExpiredCard")); err != nil {
			return err
		}
	}
	switch draw := l.rng.IntN(100); {
	case draw < 12:
		return l.authenticate(ctx)
	case draw < 28 && l.session != "":
		return l.debit(ctx)
	case draw < 32:
		l.turn(Abandons)
		return errOver
	default:
		return l.succeed(ctx, pick(l, "pm_card_visa", "pm_card_visa", "pm_card_visa", "pm_card_mastercard", "pm_card_refundFail", "pm_card_pendingRefund"))
	}
}

// succeed pays with a method that goes through.
func (l *life) succeed(ctx context.Context, method string) error {
	if err := l.try(ctx, method); err != nil {
		return err
	}
	l.succeeds()
	return nil
}

// authenticate pays with a card whose bank wants to know who it is.
func (l *life) authenticate(ctx context.Context) error {
	if err := l.try(ctx, "pm_card_authenticationRequired"); err != nil {
		return err
	}
	if l.chance(0.3) {
		if err := l.happens(ctx, "the authentication fails", l.ends.stripe.Authenticate(l.intent, false)); err != nil {
			return err
		}
		l.failed = true
		return l.succeed(ctx, "pm_card_visa")
	}
	if err := l.happens(ctx, "the customer authenticates", l.ends.stripe.Authenticate(l.intent, true)); err != nil {
		return err
	}
	l.turn(Authenticates)
	l.succeeds()
	return nil
}

// debit pays with a bank debit, which takes its time and may bounce.
func (l *life) debit(ctx context.Context) error {
	if err := l.try(ctx, "pm_sepaDebit_success"); err != nil {
		return err
	}
	if l.chance(0.4) {
		if err := l.happens(ctx, "the debit bounces", l.ends.stripe.Bounce(l.intent, "insufficient_funds")); err != nil {
			return err
		}
		l.turn(Bounces)
		return errOver
	}
	if err := l.happens(ctx, "the debit settles", l.ends.stripe.Settle(l.intent)); err != nil {
		return err
	}
	l.turn(Debits)
	l.succeeds()
	return nil
}

// happens notes what happened at Stripe and waits until the row says so.
func (l *life) happens(ctx context.Context, what string, err error) error {
	if err := l.refused(what, err); err != nil {
		return err
	}
	return l.agrees(ctx)
}

// afterwards is what becomes of money that was received.
func (l *life) afterwards(ctx context.Context) error {
	switch draw := l.rng.IntN(100); {
	case draw < 45:
		return nil
	case draw < 62 && !l.foreign && !l.deleted:
		return l.askRefund(ctx)
	case draw < 80:
		return l.refund(ctx)
	default:
		return l.dispute(ctx)
	}
}

// askRefund is a person in the CRM who asks for money to go back: some of it,
// perhaps more, perhaps all.
func (l *life) askRefund(ctx context.Context) error {
	total := 0
	for total < l.amount {
		total = min(l.amount, total+1+l.rng.IntN(l.amount))
		columns := people.Asking(payment.RequestRefund).With("pb_refundamount", people.Amount(l.money.text(total)))
		if total == l.amount && l.chance(0.5) {
			columns["pb_refundamount"] = nil
		}
		if err := l.change(ctx, columns); err != nil {
			return err
		}
		want := l.money.text(total)
		err := l.until(ctx, "the row shows the refund", func(row map[string]any) bool { return oracle.Shown(row)["pb_amountrefunded"] == want })
		if err != nil {
			return err
		}
		if !l.hasty { // who has seen it
			l.refunded(total)
		}
		if l.chance(0.5) {
			break
		}
	}
	return l.settleRefunds(ctx)
}

// refund is a person at Stripe's Dashboard who gives money back.
func (l *life) refund(ctx context.Context) error {
	back := 1 + l.rng.IntN(l.amount)
	_, err := l.shop.Post(ctx, "/v1/refunds", "payment_intent", l.intent, "amount", l.money.inMinor(back))
	if err := l.happens(ctx, fmt.Sprintf("the Dashboard refunds %s", l.money.text(back)), err); err != nil {
		return err
	}
	l.refunded(back)
	return l.settleRefunds(ctx)
}

// settleRefunds lets the bank decide about refunds: those that are pending
// come through, and some that came through fail later.
func (l *life) settleRefunds(ctx context.Context) error {
	page, err := l.shop.Get(ctx, "/v1/refunds?limit=100&payment_intent="+l.intent)
	if err != nil {
		return err
	}
	list, _ := page["data"].([]any)
	for _, v := range list {
		r, _ := v.(oracle.Object)
		id := oracle.Text(r, "id")
		switch failing := l.chance(0.2); {
		case r["status"] == "failed" || r["status"] == "canceled":
		case failing:
			if err = l.happens(ctx, "the refund "+id+" fails", l.ends.stripe.FailRefund(id, "expired_or_canceled_card")); err == nil {
				l.turn(RefundFails)
			}
		case r["status"] == "pending":
			err = l.happens(ctx, "the refund "+id+" comes through", l.ends.stripe.SettleRefund(id))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// dispute is a cardholder who objects, and the bank that decides.
func (l *life) dispute(ctx context.Context) error {
	inquiry := l.chance(0.3)
	id, err := l.ends.stripe.Dispute(l.intent, stripe.Complaint{Reason: pick(l, "fraudulent", "product_not_received"), Inquiry: inquiry})
	if err := l.happens(ctx, "the cardholder disputes "+l.intent, err); err != nil {
		return err
	}
	if inquiry {
		l.turn(Inquires)
	}
	if inquiry && l.chance(0.5) {
		if err := l.happens(ctx, "the inquiry becomes a chargeback", l.ends.stripe.EscalateDispute(id)); err != nil {
			return err
		}
		inquiry = false
	}
	if !inquiry {
		l.turn(Disputes)
	}
	if l.chance(0.2) {
		return nil
	}
	won := l.chance(0.5)
	if err := l.happens(ctx, "the bank decides", l.ends.stripe.CloseDispute(id, won)); err != nil {
		return err
	}
	switch {
	case inquiry: // which ends without a winner
	case won:
		l.turn(Wins)
	default:
		l.turn(Loses)
	}
	return nil
}

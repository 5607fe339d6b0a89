package payment

import (
	"fmt"
	"slices"
	"time"
)

// moves reports whether money of the intent is held, on its way or received.
func (in *Intent) moves() bool {
	switch in.Status {
	case IntentProcessing, IntentRequiresCapture, IntentSucceeded:
		return true
	default:
		return false
	}
}

func (a attempt) id() string {
	if a.intent != nil {
		return a.intent.ID
	}
	return a.session.ID
}

// key names the attempt for good. Of a Checkout Session with an intent it is
// the session, because the intent came later.
func (a attempt) key() string {
	if a.session != nil {
		return a.session.ID
	}
	return a.intent.ID
}

// after is the key of the attempt that this one was made after.
func (a attempt) after() string {
	if a.session != nil {
		return a.session.After
	}
	return a.intent.After
}

// newest follows the attempts that were made one after the other, from one that
// the row names to the last. The row may name none of those in between: whoever
// made them died, or was overtaken by an edit, before it was written. Created
// would not do to order them, because several are made within a second.
func newest(a attempt, list []attempt) attempt {
	for range list {
		i := slices.IndexFunc(list, func(next attempt) bool { return next.after() == a.key() })
		if i < 0 {
			break
		}
		a = list[i]
	}
	return a
}

// names is a row's record of the attempt alone.
func (a attempt) names() Payment {
	var p Payment
	if a.intent != nil {
		p.PaymentIntentID = a.intent.ID
	}
	if a.session != nil {
		p.CheckoutSessionID = a.session.ID
	}
	return p
}

func (a attempt) created() time.Time {
	if a.session != nil {
		return a.session.Created
	}
	return a.intent.Created
}

// received reports whether the attempt was paid, an order of amount 0 that was
// completed included.
func (a attempt) received() bool {
	if a.intent != nil {
		return a.intent.Status == IntentSucceeded
	}
	return a.session.Status == SessionComplete && a.session.PaymentStatus != "unpaid"
}

// payable reports whether the customer can still pay, or is paying. A Checkout
// Session takes no second payment once it is complete, so one whose delayed
// payment failed is over although its intent waits for another method.
func (a attempt) payable() bool {
	switch {
	case a.received():
		return false
	case a.session != nil && a.session.Status == SessionOpen:
		return true
	case a.session != nil:
		return a.intent != nil && a.intent.moves()
	default:
		return a.intent.Status != IntentCanceled
	}
}

// working reports whether the bank works on it: nothing can be changed then.
func (a attempt) working() bool {
	return a.intent != nil && a.intent.Status == IntentProcessing
}

// updatable reports whether Stripe lets the amount of the intent be changed,
// which it does until the intent is confirmed.
func (a attempt) updatable() bool {
	return a.intent.Status == IntentRequiresPaymentMethod || a.intent.Status == IntentRequiresConfirmation
}

// fits reports whether the attempt is of the kind that the row asks for.
func (a attempt) fits(by CollectBy) bool { return (a.session != nil) == (by == ByLink) }

// price returns what the customer is asked for.
func (a attempt) price() (int64, string) {
	if a.session != nil {
		return a.session.AmountTotal, a.session.Currency
	}
	return a.intent.Amount, a.intent.Currency
}

// answers reports whether the attempt asks for just what the row asks for.
func (a attempt) answers(by CollectBy, amount int64, currency Currency) bool {
	at, in := a.price()
	return a.fits(by) && at == amount && in == string(currency)
}

// close returns the step after which the attempt can no longer be paid, or a
// *Refusal while money is on its way.
func (a attempt) close() (Step, error) {
	if a.working() {
		return Step{}, refuse("The bank is working on %s, so nothing can be changed now. Wait for the result, then change the payment or refund it.", a.intent.ID)
	}
	if a.session != nil && a.session.Status == SessionOpen {
		return Step{Action: ExpireSession, ID: a.session.ID}, nil
	}
	return Step{Action: CancelIntent, ID: a.intent.ID}, nil
}

// disputed reports whether the bank holds the money.
func (in *Intent) disputed() bool {
	if in.Charge == nil || in.Charge.Dispute == nil {
		return false
	}
	switch in.Charge.Dispute.Status {
	case DisputeNeedsResponse, DisputeUnderReview, DisputeLost:
		return true
	default:
		return false
	}
}

// kept reports whether some of the received money is still there. What was
// refunded in full or charged back no longer counts as paid.
func (a attempt) kept() bool {
	if a.intent == nil || a.intent.Charge == nil {
		return true
	}
	ch := a.intent.Charge
	if ch.Dispute != nil && ch.Dispute.Status == DisputeLost {
		return false
	}
	return ch.refunded() < a.intent.AmountReceived
}

// status returns the state that the attempt alone stands for.
func (a attempt) status() (Status, error) {
	if a.intent == nil {
		return a.session.status()
	}
	if a.intent.Status == IntentSucceeded {
		return a.intent.receivedStatus()
	}
	if a.session != nil && a.session.Status == SessionExpired && !a.intent.moves() {
		return Canceled, nil
	}
	switch a.intent.Status {
	case IntentRequiresPaymentMethod:
		if a.intent.LastError != nil {
			return Failed, nil
		}
		return Pending, nil
	case IntentRequiresConfirmation:
		return Pending, nil
	case IntentRequiresAction:
		return RequiresAction, nil
	case IntentProcessing:
		return Processing, nil
	case IntentRequiresCapture:
		return Authorized, nil
	case IntentCanceled:
		return Canceled, nil
	default:
		return 0, unknown(a.intent.ID, "status", string(a.intent.Status))
	}
}

// receivedStatus is the state of money that was received: a dispute counts
// before a refund, because it takes the money whatever was refunded. A dispute
// that was won, and an inquiry, in which no money moves, change nothing.
func (in *Intent) receivedStatus() (Status, error) {
	ch := in.Charge
	if ch == nil {
		return Completed, nil
	}
	if ch.Dispute != nil {
		switch ch.Dispute.Status {
		case DisputeLost:
			return ChargedBack, nil
		case DisputeNeedsResponse, DisputeUnderReview:
			return Disputed, nil
		case DisputeWon, DisputeWarningNeedsResponse, DisputeWarningUnderReview, DisputeWarningClosed:
		default:
			return 0, unknown(ch.Dispute.ID, "status", string(ch.Dispute.Status))
		}
	}
	switch {
	case ch.refunded() == 0:
		return Completed, nil
	case ch.refunded() < in.AmountReceived:
		return PartiallyRefunded, nil
	default:
		return Refunded, nil
	}
}

// status is the state of a Checkout Session that has no PaymentIntent.
func (s *Session) status() (Status, error) {
	switch s.Status {
	case SessionOpen:
		return Pending, nil
	case SessionExpired:
		return Canceled, nil
	case SessionComplete:
		if s.PaymentStatus == "unpaid" {
			return Processing, nil
		}
		return Completed, nil
	default:
		return 0, unknown(s.ID, "status", string(s.Status))
	}
}

func unknown(id, what, value string) error {
	return &Disagreement{Reason: fmt.Sprintf("Stripe reports the %s %q of %s, which this version of PayBridge does not know. Update PayBridge.", what, value, id)}
}

// refunded is how much of the received money went back: without what a partial
// capture let go, which never was received.
func (ch *Charge) refunded() int64 {
	if ch.AmountCaptured > 0 && ch.AmountCaptured < ch.Amount {
		return max(0, ch.AmountRefunded-(ch.Amount-ch.AmountCaptured))
	}
	return ch.AmountRefunded
}

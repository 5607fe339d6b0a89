package payment

import (
	"fmt"
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
	return ch.AmountRefunded < a.intent.AmountReceived
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
	case ch.AmountRefunded == 0:
		return Completed, nil
	case ch.AmountRefunded < in.AmountReceived:
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

package soak

import (
	"context"
	"fmt"

	"paybridge/cmd/paybridge/local"
	"paybridge/cmd/paybridge/soak/oracle"
	"paybridge/cmd/paybridge/soak/platform"
	"paybridge/internal/payment"
)

// judgeDeadLetters explains each message of both dead-letter queues, after the
// rows have been judged.
func (s *soak) judgeDeadLetters(ctx context.Context, r *Report, ledger *oracle.Ledger) error {
	letters, err := s.host.deadLetters(ctx)
	if err != nil {
		return err
	}
	right := map[string]bool{}
	for _, l := range s.lives {
		right[l.row] = l.row != ""
	}
	for _, w := range r.Wrong {
		right[w.Row] = false
	}
	for _, d := range letters {
		s.tally.search("a dead letter of "+d.Queue, d.Body+d.Description)
		note := "explained"
		if !explained(d, right, ledger) {
			note = "not explained"
			r.Unexplained++
		}
		r.DeadLetters = append(r.DeadLetters, fmt.Sprintf("%s, on %s: %s after %d deliveries: %.200s", note, d.Queue, d.Reason, d.Deliveries, d.Body))
	}
	return nil
}

// explained reports whether nothing is left to be done about a dead letter:
// nobody can read it, or the payment is none of the CRM's, or its row is right,
// which is to agree with Stripe, to say why it needs review, or to be deleted.
func explained(d platform.DeadLetter, right map[string]bool, ledger *oracle.Ledger) bool {
	if d.Queue == local.RequestsQueue {
		change, err := payment.DecodeRowChange([]byte(d.Body))
		return err != nil || right[string(change.Payment)]
	}
	hint, err := payment.DecodeHint([]byte(d.Body))
	if err != nil {
		return true
	}
	intent, session := ledger.Intent(hint.PaymentIntent), ledger.Session(hint.CheckoutSession)
	for _, row := range []string{hint.CRMPaymentID, oracle.Row(intent), oracle.Row(session)} {
		if row != "" {
			return right[row]
		}
	}
	return intent != nil || session != nil
}

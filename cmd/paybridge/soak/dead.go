package soak

import (
	"context"
	"fmt"

	"paybridge/cmd/paybridge/local"
	"paybridge/cmd/paybridge/soak/oracle"
	"paybridge/cmd/paybridge/soak/platform"
	"paybridge/internal/payment"
)

// Explanation is why nothing is left to be done about a dead letter.
type Explanation string

// The explanations.
const (
	// Unreadable is a message that nobody can make sense of.
	Unreadable Explanation = "nobody can read it"
	// Foreign is about a payment of the same Stripe account that names no row.
	Foreign Explanation = "the payment is none of the CRM's"
	// Agreeing, Reviewed and Gone are what became of the row without the message.
	Agreeing Explanation = "its row agrees with Stripe"
	Reviewed Explanation = "its row says why it needs review"
	Gone     Explanation = "its row was deleted"
)

// judgeDeadLetters explains each message of both dead-letter queues, after the
// rows have been judged.
func (s *soak) judgeDeadLetters(ctx context.Context, r *Report, rows map[string]map[string]any, ledger *oracle.Ledger) error {
	letters, err := s.host.deadLetters(ctx)
	if err != nil {
		return err
	}
	of := s.endings(r, rows)
	for _, d := range letters {
		s.tally.search("a dead letter of "+d.Queue, d.Body+d.Description)
		r.DeadLetters[d.Queue]++
		if why := explain(d, of, ledger); why != "" {
			r.Explained[why]++
			continue
		}
		r.Unexplained = append(r.Unexplained, fmt.Sprintf("on %s: %s after %d deliveries: %.200s", d.Queue, d.Reason, d.Deliveries, d.Body))
	}
	return nil
}

// endings are what explains a dead letter about a row, by the row. Of rows that
// are wrong nothing does.
func (s *soak) endings(r *Report, rows map[string]map[string]any) map[string]Explanation {
	of := map[string]Explanation{}
	for _, l := range s.lives {
		switch {
		case l.row == "":
		case l.deleted:
			of[l.row] = Gone
		case oracle.NeedsReview(rows[l.row]):
			of[l.row] = Reviewed
		default:
			of[l.row] = Agreeing
		}
	}
	for _, w := range r.Wrong {
		delete(of, w.Row)
	}
	return of
}

// explain returns why nothing is left to be done about a dead letter, empty
// where something is. What names no row of its own, such as a dispute, is about
// the row of the PaymentIntent behind it.
func explain(d platform.DeadLetter, of map[string]Explanation, ledger *oracle.Ledger) Explanation {
	if d.Queue == local.RequestsQueue {
		change, err := payment.DecodeRowChange([]byte(d.Body))
		if err != nil {
			return Unreadable
		}
		return of[string(change.Payment)]
	}
	hint, err := payment.DecodeHint([]byte(d.Body))
	if err != nil {
		return Unreadable
	}
	session := ledger.Session(hint.CheckoutSession)
	intent := ledger.Intent(hint.PaymentIntent)
	for _, id := range []string{hint.Charge, hint.Refund, hint.Dispute} {
		if intent == nil {
			intent = ledger.Intent(ledger.PaidBy(id))
		}
	}
	for _, row := range []string{hint.CRMPaymentID, oracle.Row(intent), oracle.Row(session)} {
		if row != "" {
			return of[row]
		}
	}
	if intent != nil || session != nil {
		return Foreign
	}
	return ""
}

package soak

import (
	"paybridge/cmd/paybridge/soak/people"
	"paybridge/internal/crm"
	"paybridge/internal/payment"
)

// Turn is what can happen in the history of a payment.
type Turn string

// The turns, by the names in the report.
const (
	// Asks, Cancels, Edits and AsksRefund are those of people in the CRM, Sells
	// that of a shop that made the payment itself.
	Asks       Turn = "asked for"
	Cancels    Turn = "canceled"
	Edits      Turn = "amount edited"
	AsksRefund Turn = "refund asked for"
	Sells      Turn = "made by a shop"
	// Elsewhere is a payment that is none of the CRM's.
	Elsewhere Turn = "of somebody else"

	// Those of customers: FailsFirst has failed before it succeeds, Debits pays
	// with a bank debit, which may bounce.
	Succeeds      Turn = "succeeded"
	FailsFirst    Turn = "succeeded after failing"
	Authenticates Turn = "authenticated"
	Debits        Turn = "bank debit"
	Bounces       Turn = "bank debit bounced"
	Abandons      Turn = "never paid"
	Expires       Turn = "link expired"

	// Those of what comes after.
	RefundsPart Turn = "refunded in part"
	RefundsAll  Turn = "refunded in full"
	RefundFails Turn = "refund failed later"
	Inquires    Turn = "inquiry"
	Disputes    Turn = "disputed"
	Wins        Turn = "dispute won"
	Loses       Turn = "dispute lost"
)

// Turns are all of them.
var Turns = []Turn{
	Asks, Cancels, Edits, AsksRefund, Sells, Elsewhere, Succeeds, FailsFirst, Authenticates, Debits, Bounces, Abandons, Expires,
	RefundsPart, RefundsAll, RefundFails, Inquires, Disputes, Wins, Loses,
}

// turn notes that something has happened.
func (l *life) turn(t Turn) {
	if l.turns == nil {
		l.turns = map[Turn]bool{}
	}
	l.turns[t] = true
}

// succeeds notes that money was received.
func (l *life) succeeds() {
	l.turn(Succeeds)
	if l.failed {
		l.turn(FailsFirst)
	}
}

// refunded notes how much of the payment went back in all.
func (l *life) refunded(total int) {
	if total < l.amount {
		l.turn(RefundsPart)
	} else {
		l.turn(RefundsAll)
	}
}

// wrote notes what a person in the CRM has asked for by writing columns.
func (l *life) wrote(columns people.Columns) {
	if _, edited := columns["pb_amount"]; edited {
		l.turn(Edits)
	}
	for request, turn := range map[payment.Request]Turn{payment.RequestPay: Asks, payment.RequestCancel: Cancels, payment.RequestRefund: AsksRefund} {
		if columns["pb_request"] == crm.PaymentMapping().RequestValues[request] {
			l.turn(turn)
		}
	}
}

// histories :: turn → in how many payments it was taken.
func (s *soak) histories() map[Turn]int {
	taken := map[Turn]int{}
	for _, l := range s.lives {
		for t := range l.turns {
			taken[t]++
		}
	}
	return taken
}

package payment

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Project adds up what Stripe says to what the row has to show. It is pure and
// level-triggered: it looks at what is true now and never at what happened in
// between, so the order and the number of the events that led to the call do
// not matter.
//
// A row can meet several attempts in its life: a Checkout Session expired and
// was replaced, a customer paid an old link. The one that received money speaks
// for the row, else the one the row names, else the newest.
//
// It returns a *Disagreement when money was received on two attempts, or when
// the attempt that moves money differs from the row in currency or amount, or
// when Stripe reports a state that this version does not know.
func Project(row Row, facts Facts) (Payment, error) {
	a, err := speaker(row, attempts(facts))
	if err != nil {
		return Payment{}, err
	}
	if err := agree(row, a); err != nil {
		return Payment{}, err
	}
	status, err := a.status()
	if err != nil {
		return Payment{}, err
	}
	p := Payment{Status: status, CheckoutSessionID: row.Recorded.CheckoutSessionID, CheckoutURL: recordedLink(row, facts)}
	if s := a.session; s != nil {
		p.CheckoutSessionID = s.ID
		p.CheckoutURL = s.link()
		p.Currency = s.Currency
		p.Livemode = s.Livemode
	}
	in := a.intent
	if in == nil {
		return p, nil
	}
	p.PaymentIntentID = in.ID
	p.AmountReceived = in.AmountReceived
	p.Currency = in.Currency
	p.Livemode = in.Livemode
	if e := in.LastError; e != nil && (status == Failed || status == Canceled) {
		p.FailureCode = e.Code
		p.FailureMessage = e.Message
	}
	if ch := in.Charge; ch != nil {
		p.charge(ch, in.Status == IntentSucceeded)
	}
	return p, nil
}

// recordedLink is the link of the Checkout Session that the row records while
// another attempt speaks for it: none once the session is over.
func recordedLink(row Row, facts Facts) string {
	for i := range facts.Sessions {
		if s := &facts.Sessions[i]; s.ID == row.Recorded.CheckoutSessionID {
			return s.link()
		}
	}
	return row.Recorded.CheckoutURL
}

// link is where the customer can pay, empty once the session is over.
func (s *Session) link() string {
	if s.Status != SessionOpen {
		return ""
	}
	return s.URL
}

// charge adds what the latest charge says.
func (p *Payment) charge(ch *Charge, received bool) {
	p.ChargeID = ch.ID
	p.Method = ch.Method
	p.ReceiptURL = ch.ReceiptURL
	if received {
		p.PaidOn = ch.Created
		p.AmountRefunded = ch.refunded()
	}
	if d := ch.Dispute; d != nil {
		p.DisputeStatus = string(d.Status)
		p.DisputeReason = d.Reason
	}
}

// attempt is one way in which the customer was asked to pay: a PaymentIntent,
// a Checkout Session that has none yet, or both.
type attempt struct {
	intent  *Intent
	session *Session
}

// attempts pairs the sessions with their intents and lists each intent once,
// oldest first. Stripe's created only settles which of several open attempts
// is shown while the row names none of them; it never orders writes.
func attempts(facts Facts) []attempt {
	var list []attempt
	seen := map[string]bool{}
	for _, s := range facts.Sessions {
		if seen[s.ID] {
			continue
		}
		seen[s.ID] = true
		if s.Intent != nil {
			seen[s.Intent.ID] = true
		}
		list = append(list, attempt{intent: s.Intent, session: &s})
	}
	for _, in := range facts.Intents {
		if !seen[in.ID] {
			seen[in.ID] = true
			list = append(list, attempt{intent: &in})
		}
	}
	slices.SortFunc(list, func(a, b attempt) int {
		return cmp.Or(a.created().Compare(b.created()), cmp.Compare(a.id(), b.id()))
	})
	return list
}

// speaker picks the attempt that speaks for the row.
func speaker(row Row, list []attempt) (attempt, error) {
	if len(list) == 0 {
		return attempt{}, &Disagreement{Reason: "Stripe has no PaymentIntent and no Checkout Session for this payment. Check the ids on the row."}
	}
	var received, kept []attempt
	for _, a := range list {
		if a.received() {
			received = append(received, a)
			if a.kept() {
				kept = append(kept, a)
			}
		}
	}
	switch {
	case len(kept) > 1:
		return attempt{}, paidTwice(kept)
	case len(kept) == 1:
		return kept[0], nil
	case len(received) > 0:
		return named(row, received), nil
	default:
		return named(row, list), nil
	}
}

// named returns the attempt that the row names, by its Checkout Session before
// its PaymentIntent, else the newest.
func named(row Row, list []attempt) attempt {
	for _, a := range list {
		if a.session != nil && a.session.ID == row.Recorded.CheckoutSessionID {
			return a
		}
	}
	for _, a := range list {
		if a.intent != nil && a.intent.ID == row.Recorded.PaymentIntentID {
			return a
		}
	}
	return list[len(list)-1]
}

func paidTwice(kept []attempt) error {
	ids := make([]string, len(kept))
	for i, a := range kept {
		ids[i] = a.id()
	}
	return &Disagreement{Reason: fmt.Sprintf("Paid twice: money was received on %s. Refund all but one of them in Stripe.", strings.Join(ids, " and "))}
}

// agree compares the attempt with the row as soon as money is held, on its way
// or received. Before that a difference is only a change that has not reached
// Stripe yet.
func agree(row Row, a attempt) error {
	in := a.intent
	if in == nil || !in.moves() {
		return nil
	}
	if err := agreeCurrency(row, in); err != nil || row.Amount == nil {
		return err
	}
	currency, err := ParseCurrency(in.Currency)
	if err != nil {
		return &Disagreement{Reason: fmt.Sprintf("%s is in a currency that is not known: %v. Update PayBridge.", in.ID, err)}
	}
	if at := FromMinor(in.Amount, currency); !row.Amount.Equal(at) {
		remedy := "the rest takes a payment of its own"
		if at.GreaterThan(*row.Amount) {
			remedy = "what is too much can then be refunded"
		}
		return &Disagreement{Reason: fmt.Sprintf("The row asks for %s %s, but %s is for %s %s. Correct the row's amount; %s.",
			row.Amount, strings.ToUpper(row.Currency), in.ID, at, strings.ToUpper(in.Currency), remedy)}
	}
	return nil
}

// agreeCurrency compares the currencies alone.
func agreeCurrency(row Row, in *Intent) error {
	if row.Currency == "" {
		return &Disagreement{Reason: fmt.Sprintf("%s was paid in %s, but the row has no currency. Set the row's currency.", in.ID, strings.ToUpper(in.Currency))}
	}
	if row.Currency != in.Currency {
		return &Disagreement{Reason: fmt.Sprintf("The row is in %s, but %s is in %s. Correct the row's currency; a payment in the wrong one can then be refunded.",
			strings.ToUpper(row.Currency), in.ID, strings.ToUpper(in.Currency))}
	}
	return nil
}

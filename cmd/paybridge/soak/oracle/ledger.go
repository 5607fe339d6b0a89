package oracle

import "strings"

// Ledger is everything that Stripe has.
type Ledger struct {
	intents, sessions map[string]Object
	// disputes and refunds :: PaymentIntent → what is about it, newest first.
	disputes, refunds map[string][]Object
	// paidBy :: charge, refund or dispute → PaymentIntent.
	paidBy map[string]string
	// ofRow :: row → what names it.
	ofRow map[string]*Attempts
}

// Attempts are the objects that were made for one row.
type Attempts struct {
	Intents, Sessions []Object
}

// NewLedger puts together what Stripe's lists show, newest first, the intents
// with data.latest_charge expanded.
func NewLedger(intents, sessions, refunds, disputes []Object) *Ledger {
	l := &Ledger{
		intents: map[string]Object{}, sessions: map[string]Object{},
		disputes: map[string][]Object{}, refunds: map[string][]Object{},
		paidBy: map[string]string{}, ofRow: map[string]*Attempts{},
	}
	for _, in := range intents {
		l.intents[Text(in, "id")] = in
		if charge, _ := in["latest_charge"].(Object); charge != nil {
			l.paidBy[Text(charge, "id")] = Text(in, "id")
		}
		if a := l.named(in); a != nil {
			a.Intents = append(a.Intents, in)
		}
	}
	for _, s := range sessions {
		l.sessions[Text(s, "id")] = s
		if a := l.named(s); a != nil {
			a.Sessions = append(a.Sessions, s)
		}
	}
	l.about(l.refunds, refunds)
	l.about(l.disputes, disputes)
	return l
}

// about files objects under the PaymentIntents that they are about.
func (l *Ledger) about(list map[string][]Object, objects []Object) {
	for _, o := range objects {
		intent := Text(o, "payment_intent")
		list[intent] = append(list[intent], o)
		l.paidBy[Text(o, "id")] = intent
		if charge := Text(o, "charge"); charge != "" {
			l.paidBy[charge] = intent
		}
	}
}

// Row is the id of the row that an object of Stripe's names, empty where it
// names none.
func Row(o Object) string {
	metadata, _ := o["metadata"].(Object)
	return strings.ToLower(strings.Trim(Text(metadata, "CRM_PaymentId"), "{}"))
}

func (l *Ledger) named(o Object) *Attempts {
	row := Row(o)
	if row == "" {
		return nil
	}
	if l.ofRow[row] == nil {
		l.ofRow[row] = &Attempts{}
	}
	return l.ofRow[row]
}

// Of returns what was made for a row.
func (l *Ledger) Of(row string) Attempts {
	if a := l.ofRow[strings.ToLower(row)]; a != nil {
		return *a
	}
	return Attempts{}
}

// Intent is a PaymentIntent, nil for one that is not there.
func (l *Ledger) Intent(id string) Object { return l.intents[id] }

// Session is a Checkout Session, nil for one that is not there.
func (l *Ledger) Session(id string) Object { return l.sessions[id] }

// PaidBy is the id of the PaymentIntent behind a charge, a refund or a dispute,
// empty where there is none.
func (l *Ledger) PaidBy(id string) string { return l.paidBy[id] }

// Refunds are those of a PaymentIntent, newest first.
func (l *Ledger) Refunds(intent string) []Object { return l.refunds[intent] }

// Dispute is the latest dispute about a PaymentIntent.
func (l *Ledger) Dispute(intent string) Object {
	if list := l.disputes[intent]; len(list) > 0 {
		return list[0]
	}
	return nil
}

// Repeated are the totals for which a PaymentIntent was refunded more than
// once, refunds that failed left out.
func (l *Ledger) Repeated(intent string) []string {
	var repeated []string
	seen := map[string]bool{}
	for _, r := range l.refunds[intent] {
		metadata, _ := r["metadata"].(Object)
		total := Text(metadata, "CRM_RefundTotal")
		if total == "" || r["status"] == "failed" || r["status"] == "canceled" {
			continue
		}
		if seen[total] {
			repeated = append(repeated, total)
		}
		seen[total] = true
	}
	return repeated
}

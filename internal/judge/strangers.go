package judge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"paybridge/internal/crm"
	"paybridge/internal/payment"
	"paybridge/internal/truth"
)

// Strangers are the objects that hints name and to which their row has no claim,
// by their ids, each with the row that it names itself.
type Strangers map[string]payment.Link

// Read reads from Stripe what is true of a row, and takes out of it what the row
// has no claim to: an object speaks for the row that it names itself, for the
// one that records it and for no other, whatever a hint says. Whoever could send
// a message would else pay for one row with the payment of another.
func (j Judge) Read(ctx context.Context, account string, row *crm.Row, named truth.Names) (payment.Facts, Strangers, error) {
	facts, err := truth.Read(ctx, j.Stripe, account, row.Row, j.Livemode, named)
	if err != nil {
		return payment.Facts{}, nil, err
	}
	names := func(l payment.Link) bool {
		id, err := payment.ParseRowID(l.CRMPaymentID)
		return err == nil && id == row.ID && l.Ours(j.Org)
	}
	known := func(id, recorded string) bool { return id == recorded || strings.Contains(row.LastError, id) }
	strangers := Strangers{}
	paidBySession := map[string]bool{}
	for _, s := range facts.Sessions {
		if known(s.ID, row.Recorded.CheckoutSessionID) || names(s.Link) || s.Intent != nil && (names(s.Intent.Link) || known(s.Intent.ID, row.Recorded.PaymentIntentID)) {
			if s.Intent != nil {
				paidBySession[s.Intent.ID] = true
			}
			continue
		}
		strangers[s.ID] = s.Link
	}
	for _, in := range facts.Intents {
		if !known(in.ID, row.Recorded.PaymentIntentID) && !names(in.Link) && !paidBySession[in.ID] {
			strangers[in.ID] = in.Link
		}
	}
	facts.Sessions = slices.DeleteFunc(facts.Sessions, func(s payment.Session) bool { _, ok := strangers[s.ID]; return ok })
	facts.Intents = slices.DeleteFunc(facts.Intents, func(in payment.Intent) bool { _, ok := strangers[in.ID]; return ok })
	return facts, strangers, nil
}

// TurnAway says why a hint is none of the row's, empty where it is. A hint whose
// object names another row is meant for that one and goes on to it, without what
// the object does not share the row with: two objects that name a row each would
// else send it back and forth.
func (j Judge) TurnAway(h payment.Hint, row payment.RowID, strangers Strangers) (why string, on *payment.Hint) {
	id := h.PaymentIntent
	link, ok := strangers[id]
	if !ok {
		id = h.CheckoutSession
		if link, ok = strangers[id]; !ok {
			return "", nil
		}
	}
	why = fmt.Sprintf("Stripe's %s does not name the payment %s", id, row)
	other, err := payment.ParseRowID(link.CRMPaymentID)
	if err != nil || other == row || !link.Ours(j.Org) {
		return why, nil
	}
	if _, ok := strangers[h.PaymentIntent]; !ok {
		h.PaymentIntent = ""
	}
	if _, ok := strangers[h.CheckoutSession]; !ok {
		h.CheckoutSession = ""
	}
	h.CRMPaymentID, h.CRMOrg, h.Deliveries = string(other), link.CRMOrg, 0
	return why + ", but " + string(other) + ", to which the hint goes on", &h
}

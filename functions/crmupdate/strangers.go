package crmupdate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"
)

// turnAway takes out of the job what its hints name and the row has no claim
// to: an object speaks for the row that it names itself, for the one that
// records it and for no other, whatever a hint says. Whoever could send a
// message would else pay for one row with the payment of another. A hint whose
// object names another row is meant for that one and goes on to it.
func (c *Config) turnAway(ctx context.Context, j *job) {
	names := func(l payment.Link) bool {
		id, err := payment.ParseRowID(l.CRMPaymentID)
		return err == nil && id == j.row.ID && c.ours(l)
	}
	known := func(id, recorded string) bool { return id == recorded || strings.Contains(j.row.LastError, id) }
	strangers := map[string]payment.Link{}
	paidBySession := map[string]bool{}
	for _, s := range j.facts.Sessions {
		if known(s.ID, j.row.Recorded.CheckoutSessionID) || names(s.Link) || s.Intent != nil && (names(s.Intent.Link) || known(s.Intent.ID, j.row.Recorded.PaymentIntentID)) {
			if s.Intent != nil {
				paidBySession[s.Intent.ID] = true
			}
			continue
		}
		strangers[s.ID] = s.Link
	}
	for _, in := range j.facts.Intents {
		if !known(in.ID, j.row.Recorded.PaymentIntentID) && !names(in.Link) && !paidBySession[in.ID] {
			strangers[in.ID] = in.Link
		}
	}
	if len(strangers) == 0 {
		return
	}
	j.facts.Sessions = slices.DeleteFunc(j.facts.Sessions, func(s payment.Session) bool { _, ok := strangers[s.ID]; return ok })
	j.facts.Intents = slices.DeleteFunc(j.facts.Intents, func(in payment.Intent) bool { _, ok := strangers[in.ID]; return ok })
	j.hints = slices.DeleteFunc(j.hints, func(h payment.Hint) bool {
		link, id := strangers[h.PaymentIntent], h.PaymentIntent
		if _, ok := strangers[h.PaymentIntent]; !ok {
			if link, ok = strangers[h.CheckoutSession]; !ok {
				return false
			}
			id = h.CheckoutSession
		}
		result := fmt.Sprintf("Stripe's %s does not name the payment %s", id, j.row.ID)
		if other, err := payment.ParseRowID(link.CRMPaymentID); err == nil && other != j.row.ID && c.ours(link) {
			h.CRMPaymentID, h.CRMOrg, h.Deliveries = string(other), link.CRMOrg, 0
			j.forward = append(j.forward, h)
			result += ", but " + string(other) + ", to which the hint goes on"
		}
		c.log(ctx, &job{hints: []payment.Hint{h}, id: j.row.ID, deliveries: j.deliveries, started: j.started}, outcome.Done, result, nil)
		return true
	})
}

// ours reports whether a link can mean this organisation.
func (c *Config) ours(l payment.Link) bool {
	return l.CRMOrg == "" || c.Org == "" || l.CRMOrg == c.Org
}

package e2e

import (
	"paybridge/cmd/paybridge/soak/oracle"
)

// truth is what a row has to show of a payment by what Stripe's API says now.
// Either id may be empty.
func (w *world) truth(intentID, sessionID string) map[string]string {
	w.t.Helper()
	return oracle.Truth(asked{w}, intentID, sessionID)
}

// asked looks things up at Stripe one by one.
type asked struct{ *world }

// Intent reads a PaymentIntent with its charge.
func (w asked) Intent(id string) oracle.Object {
	w.t.Helper()
	return w.fetch("/v1/payment_intents/" + id + "?expand[]=latest_charge")
}

// Session reads a Checkout Session, none for no id.
func (w asked) Session(id string) oracle.Object {
	w.t.Helper()
	if id == "" {
		return nil
	}
	return w.fetch("/v1/checkout/sessions/" + id)
}

// Dispute reads the latest dispute about a PaymentIntent.
func (w asked) Dispute(intent string) oracle.Object {
	w.t.Helper()
	disputes, _ := w.fetch("/v1/disputes?limit=1&payment_intent=" + intent)["data"].([]any)
	if len(disputes) == 0 {
		return nil
	}
	return disputes[0].(map[string]any)
}

// ledger reads everything that Stripe has.
func (w *world) ledger() *oracle.Ledger {
	w.t.Helper()
	return oracle.NewLedger(w.all("payment_intents", "&expand[]=data.latest_charge"), w.all("checkout/sessions"), w.all("refunds"), w.all("disputes"))
}

package e2e

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// calls is what the two ends were asked while do ran.
func (w *world) calls(do func()) map[string]int {
	w.t.Helper()
	count := func() map[string]int {
		crm, stripe := w.Dataverse.Counts(), w.Stripe.Counts().Requests
		all := map[string]int{"batches": crm["batch"], "rows read": crm["part GET"], "rows written": crm["part PATCH"]}
		maps.Copy(all, stripe)
		return all
	}
	before := count()
	do()
	made := count()
	for name := range made {
		made[name] -= before[name]
	}
	maps.DeleteFunc(made, func(_ string, times int) bool { return times == 0 })
	return made
}

// TestHintTakesThreeRoundTrips is what a payment costs: the row and the event
// are read in one batch, Stripe is asked once, and both are written in one
// changeset. News of nothing writes nothing.
func TestHintTakesThreeRoundTrips(t *testing.T) {
	t.Parallel()
	w, e := held(t)
	// The new row has asked paymentrequest for nothing by then.
	w.drain()
	send := func() {
		w.deliver(e)
		w.drain()
	}
	first := map[string]int{"batches": 2, "rows read": 2, "rows written": 2, "GET /v1/payment_intents/{id}": 1}
	if diff := cmp.Diff(first, w.calls(send)); diff != "" {
		t.Errorf("the first delivery (-want +got):\n%s", diff)
	}
	again := map[string]int{"batches": 1, "rows read": 2, "GET /v1/payment_intents/{id}": 1}
	if diff := cmp.Diff(again, w.calls(send)); diff != "" {
		t.Errorf("the same event again (-want +got):\n%s", diff)
	}
}

func TestSessionTakesThreeRoundTrips(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.Stripe.HoldDeliveries()
	p := &payment{world: w, row: w.row("12.50", "EUR")}
	// The new row has asked paymentrequest for nothing by then.
	w.drain()
	p.bySession("pm_card_visa")
	var completed event
	for _, e := range w.events() {
		if e.kind == "checkout.session.completed" {
			completed = e
		}
	}
	send := func() {
		w.deliver(completed)
		w.drain()
	}
	// The session brings its intent and the charge with it, but the event names
	// the intent too, so both are read at the same time.
	first := map[string]int{
		"batches": 2, "rows read": 2, "rows written": 2,
		"GET /v1/checkout/sessions/{id}": 1, "GET /v1/payment_intents/{id}": 1,
	}
	if diff := cmp.Diff(first, w.calls(send)); diff != "" {
		t.Errorf("the first delivery (-want +got):\n%s", diff)
	}
	again := map[string]int{"batches": 1, "rows read": 2, "GET /v1/checkout/sessions/{id}": 1}
	if diff := cmp.Diff(again, w.calls(send)); diff != "" {
		t.Errorf("the same event again (-want +got):\n%s", diff)
	}
}

package e2e

import (
	"net/http"
	"net/url"
	"strings"
)

// stripe posts a form to the Stripe stand-in as any client would. Declines are
// answers like others.
func (w *world) stripe(path string, form ...string) map[string]any {
	w.t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	status, answer := w.call(http.MethodPost, w.Endpoints().Stripe+path, w.stripeHeader(), []byte(values.Encode()))
	if status > 299 && status != http.StatusPaymentRequired {
		w.t.Fatalf("POST %s: %d %v", path, status, answer)
	}
	return answer
}

func (w *world) stripeHeader() http.Header {
	header := http.Header{"Authorization": {"Bearer " + w.Endpoints().StripeSecretKey}, "Content-Type": {"application/x-www-form-urlencoded"}}
	if w.account != "" {
		header.Set("Stripe-Account", w.account)
	}
	return header
}

// fetch reads one of Stripe's objects.
func (w *world) fetch(path string) map[string]any {
	w.t.Helper()
	status, answer := w.call(http.MethodGet, w.Endpoints().Stripe+path, w.stripeHeader(), nil)
	if status != http.StatusOK {
		w.t.Fatalf("GET %s: %d %v", path, status, answer)
	}
	return answer
}

// org is how payments name this CRM.
func (w *world) org() string { return strings.TrimPrefix(w.Endpoints().Dataverse, "http://") }

// link is the metadata by which PayBridge ties an object of Stripe's to a row.
func (w *world) link(prefix, row string) []string {
	return []string{prefix + "metadata[CRM_PaymentId]", row, prefix + "metadata[CRM_Org]", w.org()}
}

// intent makes a PaymentIntent for a row, as PayBridge marks it.
func (w *world) intent(row, minor, currency string, more ...string) string {
	w.t.Helper()
	return w.bareIntent(minor, currency, append(w.link("", row), more...)...)
}

// bareIntent makes a PaymentIntent without PayBridge's marks.
func (w *world) bareIntent(minor, currency string, more ...string) string {
	w.t.Helper()
	made := w.stripe("/v1/payment_intents", append([]string{"amount", minor, "currency", currency, "payment_method_types[]", "card"}, more...)...)
	return w.id(made)
}

// session makes a Checkout Session; the marks are the caller's.
func (w *world) session(minor, currency string, more ...string) string {
	w.t.Helper()
	return w.id(w.stripe("/v1/checkout/sessions", append([]string{
		"mode", "payment", "success_url", "https://shop.example/thanks", "line_items[0][quantity]", "1",
		"line_items[0][price_data][currency]", currency, "line_items[0][price_data][unit_amount]", minor,
		"line_items[0][price_data][product_data][name]", "Order",
	}, more...)...))
}

func (w *world) id(made map[string]any) string {
	w.t.Helper()
	id, _ := made["id"].(string)
	if id == "" {
		w.t.Fatalf("nothing was made: %v", made)
	}
	return id
}

// confirm pays a PaymentIntent with a test payment method.
func (w *world) confirm(intent, method string) {
	w.t.Helper()
	w.stripe("/v1/payment_intents/"+intent+"/confirm", "payment_method", method)
}

// must ends the test on an error of what happened at Stripe.
func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

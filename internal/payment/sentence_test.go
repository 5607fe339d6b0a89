package payment_test

import (
	"testing"

	"paybridge/internal/payment"
)

func TestAlike(t *testing.T) {
	const first = "Stripe refused to tell: Bad (req_AbC123). Look for the request in Stripe's Dashboard, under Developers."
	for text, want := range map[string]bool{
		first: true,
		"Stripe refused to tell: Bad (req_Xyz789). Look for the request in Stripe's Dashboard, under Developers.":   true,
		"Stripe refused to tell: Bad. Look for the request in Stripe's Dashboard, under Developers.":                true,
		"Stripe refused to tell: Worse (req_AbC123). Look for the request in Stripe's Dashboard, under Developers.": false,
		"": false,
	} {
		if got := payment.Alike(first, text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
	if payment.Alike("Paid with pi_1.", "Paid with pi_2.") || !payment.Alike("Bad request req_1", "Bad request req_2") || payment.Alike("prereq_1", "prereq_2") {
		t.Error("only the id of a request does not matter")
	}
}

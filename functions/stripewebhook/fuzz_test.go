package stripewebhook

import (
	"testing"
	"unicode/utf8"

	"paybridge/internal/payment"
	"paybridge/internal/secret/leak"
)

// FuzzWebhook posts anything at all, well signed: the answer is one that Stripe
// may see, and what goes on the queue is a hint that its receiver can read.
func FuzzWebhook(f *testing.F) {
	f.Add(event("payment_intent.succeeded", false, ours))
	f.Add(event("charge.refunded", true, `{"CRM_PaymentId":7}`))
	f.Add(`{"id":"evt_1","object":"event","type":"checkout.session.completed","livemode":false,"created":-1,"account":"acct_1","data":{"object":{"id":"cs_1","client_reference_id":"../x","payment_intent":{"id":"pi_1"}}}}`)
	f.Add(`null`)
	f.Add("")
	f.Fuzz(func(t *testing.T, body string) {
		got := invoke(t, config(), map[string][]string{"Stripe-Signature": {sign(body, current, now)}, "Content-Type": {"application/json"}}, &body)
		switch {
		case got.status != 200 && got.status != 400:
			t.Errorf("status %d", got.status)
		case !utf8.ValidString(body) && got.status != 400:
			t.Errorf("a body that the host changed is answered with %d", got.status)
		case len(got.messages) > 1, len(got.messages) == 1 && got.status != 200:
			t.Errorf("status %d with %d messages", got.status, len(got.messages))
		}
		for _, m := range got.messages {
			if hint, err := payment.DecodeHint([]byte(m)); err != nil || hint.Livemode {
				t.Errorf("%v: %s", err, m)
			}
		}
		leak.New(current, functionKey).Assert(t, "the log", got.log)
	})
}

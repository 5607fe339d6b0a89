package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"paybridge/cmd/paybridge/local"
)

// held is a world with one event of a paid PaymentIntent that Stripe keeps
// back, and whose queue nobody empties.
func held(t *testing.T, changes ...func(*local.Config)) (*world, event) {
	t.Helper()
	w := start(t, changes...)
	w.Stripe.HoldDeliveries()
	p := scenarios[0].lead(w)
	for _, e := range p.events() {
		if e.kind == "payment_intent.succeeded" {
			return w, e
		}
	}
	t.Fatal("Stripe made no event")
	return nil, event{}
}

// total is how many messages the queue has ever taken.
func (w *world) total() int {
	w.t.Helper()
	return w.Host().Stats().Functions["crmupdate"].Invocations + w.messages()
}

func TestEventsSignedByOthersAreTaken(t *testing.T) {
	t.Parallel()
	w, e := held(t)
	secret, now := w.Endpoints().StripeWebhookSecret, time.Now()
	good := sign(secret, now, e.body)
	_, digest, _ := strings.Cut(good, "v1=")
	clock, _, _ := strings.Cut(good, ",")
	zeros := strings.Repeat("0", 64)
	compact := []byte(strings.Join(strings.Fields(string(e.body)), " "))
	for name, c := range map[string]struct {
		body      []byte
		signature string
	}{
		"plain":                         {e.body, good},
		"with a scheme of the past":     {e.body, good + ",v0=" + zeros},
		"a roll, the old one last":      {e.body, fmt.Sprintf("%s,v1=%s,v1=%s", clock, digest, zeros)},
		"a roll, the old one first":     {e.body, fmt.Sprintf("%s,v1=%s,v1=%s", clock, zeros, digest)},
		"the time at the end":           {e.body, "v1=" + digest + "," + clock},
		"four minutes old":              {e.body, sign(secret, now.Add(-4*time.Minute), e.body)},
		"four minutes ahead":            {e.body, sign(secret, now.Add(4*time.Minute), e.body)},
		"other white space in the body": {compact, sign(secret, now, compact)},
	} {
		if status, answer := w.post(c.body, c.signature); status != http.StatusOK || answer["received"] != true {
			t.Errorf("%s: %d %v", name, status, answer)
		}
	}
}

func TestEventsThatDifferByOneByteAreRefused(t *testing.T) {
	t.Parallel()
	w, e := held(t)
	signature := sign(w.Endpoints().StripeWebhookSecret, time.Now(), e.body)
	before := w.total()
	refused := func(what string, body []byte, signature string) {
		t.Helper()
		if status, answer := w.post(body, signature); status != http.StatusBadRequest || answer["received"] != false {
			t.Errorf("%s: %d %v", what, status, answer)
		}
	}
	for at := 0; at < len(e.body); at += len(e.body)/100 + 1 {
		body := bytes.Clone(e.body)
		body[at] ^= 1
		refused(fmt.Sprintf("byte %d of the body changed", at), body, signature)
	}
	for at := range signature {
		changed := []byte(signature)
		changed[at] ^= 1
		refused(fmt.Sprintf("byte %d of the signature changed", at), e.body, string(changed))
	}
	secret := w.Endpoints().StripeWebhookSecret
	refused("a byte more", append(bytes.Clone(e.body), '\n'), signature)
	refused("a byte less", e.body[:len(e.body)-1], signature)
	refused("no signature", e.body, "")
	refused("another secret", e.body, sign(secret+"x", time.Now(), e.body))
	refused("an empty secret", e.body, sign("", time.Now(), e.body))
	refused("six minutes old", e.body, sign(secret, time.Now().Add(-6*time.Minute), e.body))
	refused("six minutes ahead", e.body, sign(secret, time.Now().Add(6*time.Minute), e.body))
	refused("an empty body", nil, sign(secret, time.Now(), nil))
	refused("no event", []byte(`{"hello":"world"}`), sign(secret, time.Now(), []byte(`{"hello":"world"}`)))
	if after := w.total(); after != before {
		t.Errorf("%d of the refused events were put on the queue", after-before)
	}
}

// TestRolledSecretLosesNothing rolls the signing secret at Stripe, which from
// then on signs with both, while the app still knows the old one alone.
func TestRolledSecretLosesNothing(t *testing.T) {
	t.Parallel()
	w := start(t)
	endpoints := w.fetch("/v1/webhook_endpoints")["data"].([]any)
	fresh, err := w.Stripe.RollSecret(endpoints[0].(map[string]any)["id"].(string), 24*time.Hour)
	w.must(err)
	p := scenarios[0].lead(w)
	w.settle()
	scenarios[0].check(p)
	e := w.events()[0]
	if status, answer := w.post(e.body, sign(fresh, time.Now(), e.body)); status != http.StatusBadRequest {
		t.Errorf("an event under the new secret alone, which the app does not know: %d %v", status, answer)
	}
}

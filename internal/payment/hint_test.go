package payment_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/payment"
)

func fullHint() payment.Hint {
	return payment.Hint{
		Version: payment.MessageVersion, EventID: "evt_1", Type: "charge.dispute.created", Created: 1769000001, Livemode: true,
		Account: "acct_1", PaymentIntent: "pi_1", CheckoutSession: "cs_test_a1", Charge: "ch_1", Refund: "re_1", Dispute: "dp_1",
		CRMPaymentID: "3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01", CRMOrg: "contoso.crm.dynamics.com", Deliveries: 7,
	}
}

// TestHintOnTheWire pins the format: a queue may hold messages of the build
// before.
func TestHintOnTheWire(t *testing.T) {
	for wire, hint := range map[string]payment.Hint{
		`{"v":1,"event":"evt_1","type":"charge.dispute.created","created":1769000001,"livemode":true,"account":"acct_1","paymentIntent":"pi_1",` +
			`"checkoutSession":"cs_test_a1","charge":"ch_1","refund":"re_1","dispute":"dp_1",` +
			`"crmPaymentId":"3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01","crmOrg":"contoso.crm.dynamics.com","deliveries":7}`: fullHint(),
		`{"v":1,"livemode":false}`: {Version: payment.MessageVersion},
	} {
		body, err := hint.Encode()
		if err != nil || string(body) != wire {
			t.Errorf("written as %s, %v, want %s", body, err, wire)
		}
		read, err := payment.DecodeHint([]byte(wire))
		if diff := cmp.Diff(hint, read); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", wire, err, diff)
		}
	}
}

func TestDecodeHintRefuses(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"nothing":           {"", "EOF"},
		"no JSON":           {"payment", "invalid character"},
		"two values":        {`{"v":1,"livemode":false}{}`, "more than one"},
		"something behind":  {`{"v":1,"livemode":false} x`, "more than one"},
		"no version":        {`{"livemode":false}`, "version 0"},
		"a later version":   {`{"v":2,"livemode":false}`, "version 2, this build reads version 1"},
		"too long":          {`{"v":1,"type":"` + strings.Repeat("x", 20_000) + `"}`, "more than 16384"},
		"event":             {`{"v":1,"event":"../evt_1"}`, "event"},
		"account":           {`{"v":1,"account":"acct_1\r\nx: y"}`, "account"},
		"intent":            {`{"v":1,"paymentIntent":"ch_1"}`, "paymentIntent"},
		"session":           {`{"v":1,"checkoutSession":"cs_a/b"}`, "checkoutSession"},
		"charge":            {`{"v":1,"charge":"ch_"}`, "charge"},
		"refund":            {`{"v":1,"refund":"re_ä"}`, "refund"},
		"dispute":           {`{"v":1,"dispute":"dp_1?x"}`, "dispute"},
		"long id":           {`{"v":1,"paymentIntent":"pi_` + strings.Repeat("x", 251) + `"}`, "paymentIntent"},
		"long row":          {`{"v":1,"crmPaymentId":"` + strings.Repeat("x", 501) + `"}`, "too long"},
		"long organisation": {`{"v":1,"crmOrg":"` + strings.Repeat("x", 501) + `"}`, "too long"},
		"long type":         {`{"v":1,"type":"` + strings.Repeat("x", 101) + `"}`, "too long"},
		"deliveries below":  {`{"v":1,"deliveries":-1}`, "deliveries"},
		"deliveries above":  {`{"v":1,"deliveries":501}`, "deliveries"},
		"a float of time":   {`{"v":1,"created":1.5}`, "created"},
	} {
		hint, err := payment.DecodeHint([]byte(c.body))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want something about %q", name, err, c.want)
		}
		if strings.Contains(name, "JSON") && hint != (payment.Hint{}) {
			t.Errorf("%s: %+v", name, hint)
		}
	}
}

// TestDecodeHintAtItsLimits takes what is just as long as it may be.
func TestDecodeHintAtItsLimits(t *testing.T) {
	want := payment.Hint{
		Version: 1, Type: strings.Repeat("x", 100), CRMPaymentID: strings.Repeat("p", 500), CRMOrg: strings.Repeat("o", 500),
		PaymentIntent: "pi_" + strings.Repeat("x", 250), Deliveries: payment.MaxDeliveries,
	}
	body, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	body = append(body, strings.Repeat(" ", 16<<10-len(body))...)
	if got, err := payment.DecodeHint(body); err != nil || got != want {
		t.Errorf("%v %+v", err, got)
	}
	if _, err := payment.DecodeHint(append(body, ' ')); err == nil {
		t.Error("one byte more is taken")
	}
}

// TestDeliveriesAreCountedUpToTheirLimit: what goes back to the queue can be
// read there, however often it does.
func TestDeliveriesAreCountedUpToTheirLimit(t *testing.T) {
	hint, change := payment.Hint{}, payment.RowChange{Payment: "3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01"}
	for _, c := range []struct{ more, want int }{{1, 1}, {0, 1}, {-3, 1}, {498, 499}, {1, 500}, {1, 500}, {1 << 30, 500}} {
		hint, change = hint.Delivered(c.more), change.Delivered(c.more)
		if hint.Deliveries != c.want || change.Deliveries != c.want {
			t.Errorf("%d more are %d of the hint and %d of the change, want %d", c.more, hint.Deliveries, change.Deliveries, c.want)
		}
		body, err := hint.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if read, err := payment.DecodeHint(body); err != nil || read.Deliveries != c.want {
			t.Errorf("%+v, %v", read, err)
		}
		if body, err = change.Encode(); err != nil {
			t.Fatal(err)
		}
		if read, err := payment.DecodeRowChange(body); err != nil || read.Deliveries != c.want {
			t.Errorf("%+v, %v", read, err)
		}
	}
}

func TestValidStripeID(t *testing.T) {
	for id, want := range map[string]bool{
		"pi_1": true, "pi_3PB0001Qc7Zr4x": true, "cs_test_a1B2": true, "pi_": false, "pi": false, "_1": false, "": false,
		"pi_1 ": false, "pi_1\n": false, "pi_1/..": false, "pi_ü": false, "ch_1": false, "pix_1": false, "PI_1": false,
	} {
		if got := payment.ValidStripeID(id, "pi", "cs"); got != want {
			t.Errorf("%q: %v", id, got)
		}
	}
	if !payment.ValidStripeID("anything_1") || payment.ValidStripeID("anything") {
		t.Error("without prefixes any prefix will do, but there has to be one")
	}
}

// FuzzDecodeHint: whoever can write to the queue can write anything. What is
// taken is safe in a URL and survives the round trip.
func FuzzDecodeHint(f *testing.F) {
	full, err := fullHint().Encode()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(full), `{"v":1,"livemode":false}`, `{"v":1,"charge":"ch_1","charge":"../x"}`, `{"V":1,"PAYMENTINTENT":"pi_1"}`, "null", "[]", "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		hint, err := payment.DecodeHint(body)
		if err != nil {
			if hint.PaymentIntent != "" && hint.Version == 0 {
				t.Errorf("an error and a hint: %+v", hint)
			}
			return
		}
		for _, id := range []string{hint.EventID, hint.Account, hint.PaymentIntent, hint.CheckoutSession, hint.Charge, hint.Refund, hint.Dispute} {
			if id != "" && (url.PathEscape(id) != id || strings.ContainsAny(id, "'/.%\\") || len(id) > 300) {
				t.Errorf("an id that is not safe in a URL: %q", id)
			}
		}
		again, err := hint.Encode()
		if err != nil {
			t.Fatal(err)
		}
		read, err := payment.DecodeHint(again)
		if diff := cmp.Diff(hint, read); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
	})
}

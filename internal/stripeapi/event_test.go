package stripeapi

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"paybridge/internal/payment"
	"paybridge/internal/secret/leak"

	"github.com/google/go-cmp/cmp"
)

// corpusEvent is one entry of a corpus's expected.json. Null and absent both
// mean that the event does not say.
type corpusEvent struct {
	Event           string  `json:"event"`
	Type            string  `json:"type"`
	Created         int64   `json:"created"`
	Livemode        bool    `json:"livemode"`
	Account         string  `json:"account"`
	PaymentIntent   string  `json:"paymentIntent"`
	CheckoutSession string  `json:"checkoutSession"`
	Charge          string  `json:"charge"`
	Refund          *string `json:"refund"`
	Dispute         *string `json:"dispute"`
	CRMPaymentID    string  `json:"crmPaymentId"`
	CRMOrg          string  `json:"crmOrg"`
	Ours            bool    `json:"ours"`
}

// TestCorpus reads whole events. The environment variable
// PAYBRIDGE_STRIPE_EVENTS names a further folder of the same shape, for events
// recorded elsewhere.
func TestCorpus(t *testing.T) {
	folders := []string{"testdata/events"}
	if more := os.Getenv("PAYBRIDGE_STRIPE_EVENTS"); more != "" {
		folders = append(folders, more)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) { testCorpus(t, folder) })
	}
}

func testCorpus(t *testing.T, folder string) {
	var expected map[string]corpusEvent
	if err := json.Unmarshal(readFile(t, folder, "expected.json"), &expected); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(expected) == 0 || len(files) != len(expected)+1 {
		t.Errorf("%d files beside expected.json, which names %d", len(files)-1, len(expected))
	}
	for name, want := range expected {
		t.Run(name, func(t *testing.T) {
			got, err := ReadEvent(readFile(t, folder, name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			// A corpus need not say which refund or dispute an event is about.
			refund, dispute := got.Hint.Refund, got.Hint.Dispute
			if want.Refund != nil {
				refund = *want.Refund
			}
			if want.Dispute != nil {
				dispute = *want.Dispute
			}
			wantEvent := Event{Acted: want.Ours, Hint: payment.Hint{
				Version: payment.MessageVersion, EventID: want.Event, Type: want.Type, Created: want.Created,
				Livemode: want.Livemode, Account: want.Account, PaymentIntent: want.PaymentIntent,
				CheckoutSession: want.CheckoutSession, Charge: want.Charge, Refund: refund, Dispute: dispute,
				CRMPaymentID: want.CRMPaymentID, CRMOrg: want.CRMOrg,
			}}
			if diff := cmp.Diff(wantEvent, got); diff != "" {
				t.Errorf("ReadEvent (-want +got):\n%s", diff)
			}
			body, err := got.Hint.Encode()
			if err != nil {
				t.Errorf("Encode: %v", err)
			}
			leak.New().Assert(t, "the hint", string(body))
		})
	}
}

func readFile(tb testing.TB, folder, name string) []byte {
	tb.Helper()
	body, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

func TestReadEventRefuses(t *testing.T) {
	const object = `"data":{"object":{"id":"pi_1Aa","object":"payment_intent"}}`
	for _, c := range []struct{ name, body, want string }{
		{"empty", ``, "not JSON"},
		{"not JSON", `<html>sk_test_notakey</html>`, "not JSON, at byte 1"},
		{"truncated", `{"id":"evt_1Aa","object":"event"`, "not JSON"},
		{"null", `null`, "not an event"},
		{"array", `[]`, "not an event"},
		{"another object", `{"id":"pi_1Aa","object":"payment_intent"}`, "not an event"},
		{"id is a number", `{"id":1,"object":"event"}`, "not an event"},
		{"no id", `{"object":"event","type":"payment_intent.succeeded",` + object + `}`, "no id"},
		{"no type", `{"id":"evt_1Aa","object":"event",` + object + `}`, "no type"},
		{"no data", `{"id":"evt_1Aa","object":"event","type":"payment_intent.succeeded"}`, "no data.object"},
		{"data is null", `{"id":"evt_1Aa","object":"event","type":"payment_intent.succeeded","data":null}`, "no data.object"},
		{"object is null", `{"id":"evt_1Aa","object":"event","type":"payment_intent.succeeded","data":{"object":null}}`, "no data.object"},
		{"object without id", `{"id":"evt_1Aa","object":"event","type":"payment_intent.succeeded","data":{"object":{}}}`, "data.object has no id"},
		{"id of something else", `{"id":"evt_1Aa","object":"event","type":"refund.created","data":{"object":{"id":"pi_1Aa"}}}`, "refund is not an id"},
		{"id that would leave a path", `{"id":"evt_1Aa","object":"event","type":"payment_intent.created","data":{"object":{"id":"pi_1/../x"}}}`, "paymentIntent is not an id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ReadEvent([]byte(c.body))
			if err == nil {
				t.Fatalf("no error, got %+v", got)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q does not say %q", err, c.want)
			}
			if strings.Contains(err.Error(), "notakey") || got != (Event{}) {
				t.Errorf("error %q or event %+v repeats the body", err, got)
			}
		})
	}
}

func FuzzReadEvent(f *testing.F) {
	for _, name := range []string{"intent-succeeded", "session-reference", "refund-failed", "dispute-created", "ignored-other-shape"} {
		f.Add(readFile(f, "testdata/events", name+".json"))
	}
	f.Add([]byte(`{"id":"evt_1","object":"event","type":"charge.refunded","data":{"object":{"id":"ch_1","payment_intent":{"id":null},"metadata":{"CRM_PaymentId":"\ud800"}}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := ReadEvent(body)
		if err != nil {
			if got != (Event{}) {
				t.Errorf("an error and an event: %+v", got)
			}
			return
		}
		if !got.Acted {
			return
		}
		// Whatever is enqueued, the consumer of the queue has to be able to read.
		message, err := got.Hint.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := payment.DecodeHint(message)
		if err != nil {
			t.Fatalf("DecodeHint(%s): %v", message, err)
		}
		if back != got.Hint {
			t.Errorf("hint changed on its way: %+v, was %+v", back, got.Hint)
		}
	})
}

func BenchmarkReadEvent(b *testing.B) {
	body := readFile(b, "testdata/events", "intent-succeeded.json")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadEvent(body); err != nil {
			b.Fatal(err)
		}
	}
}

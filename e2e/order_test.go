package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// event is a webhook event as Stripe sends it.
type event struct {
	id, kind string
	body     []byte
}

// events returns what happened at Stripe so far, oldest first.
func (w *world) events() []event {
	w.t.Helper()
	listed := w.fetch("/v1/events?limit=100")
	if listed["has_more"] == true {
		w.t.Fatal("a test has more events than fit a page")
	}
	var events []event
	for _, object := range listed["data"].([]any) {
		body, err := json.MarshalIndent(object, "", "  ")
		w.must(err)
		fields := object.(map[string]any)
		events = append(events, event{id: fields["id"].(string), kind: fields["type"].(string), body: body})
	}
	slices.Reverse(events)
	return events
}

// sign makes a Stripe-Signature header after Stripe's documentation:
// HMAC-SHA256 over the time, a full stop and the body.
func sign(secret string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.", at.Unix())
	mac.Write(body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

// post sends a body to the webhook under a signature.
func (w *world) post(body []byte, signature string) (int, map[string]any) {
	w.t.Helper()
	return w.call(http.MethodPost, w.Endpoints().Functions+"/api/stripe/webhook", http.Header{
		"Content-Type": {"application/json; charset=utf-8"}, "Stripe-Signature": {signature},
	}, body)
}

// deliver sends an event as Stripe does.
func (w *world) deliver(e event) {
	w.t.Helper()
	if status, answer := w.post(e.body, sign(w.Endpoints().StripeWebhookSecret, time.Now(), e.body)); status != http.StatusOK {
		w.t.Fatalf("delivering %s: %d %v", e.kind, status, answer)
	}
}

// orders are the ways in which a scenario's events are delivered.
func orders(events []event) map[string][]event {
	reversed := slices.Clone(events)
	slices.Reverse(reversed)
	doubled := slices.Concat(events, events)
	ways := map[string][]event{
		"in order": events, "reversed": reversed, "each twice": doubled,
		"reversed, then in order": slices.Concat(reversed, events),
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 3 {
		shuffled := slices.Clone(doubled)
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		ways[fmt.Sprintf("shuffled %d", n)] = shuffled
	}
	return ways
}

// TestOrderAndNumberOfEventsDoNotMatter delivers the events of each scenario
// after the fact, so that every event but the last is stale.
func TestOrderAndNumberOfEventsDoNotMatter(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := start(t)
			w.Stripe.HoldDeliveries()
			p := s.lead(w)
			events := w.events()
			for way, order := range orders(events) {
				w.forget(p.row)
				for _, e := range order {
					w.deliver(e)
				}
				w.drain()
				if diff := cmp.Diff(p.truth(p.intentID, p.sessionID), shown(w.read(p.row))); diff != "" {
					t.Errorf("%s: Stripe says (-), the row shows (+):\n%s", way, diff)
				}
				w.timeline()
			}
		})
	}
}

// TestEachEventAloneTellsEverything delivers one event of a payment and no
// other: the row then shows either the whole truth or nothing, never something
// in between. Only a Checkout Session stays unknown until it is named.
func TestEachEventAloneTellsEverything(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := start(t)
			w.Stripe.HoldDeliveries()
			p := s.lead(w)
			want := p.truth(p.intentID, p.sessionID)
			told := 0
			for _, e := range w.events() {
				w.forget(p.row)
				w.deliver(e)
				w.drain()
				got := shown(w.read(p.row))
				if len(got) == 0 {
					continue
				}
				told++
				if _, named := got["pb_checkoutsessionid"]; !named && p.sessionID != "" {
					got["pb_checkoutsessionid"] = p.sessionID
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s alone: Stripe says (-), the row shows (+):\n%s", e.kind, diff)
				}
			}
			if told == 0 {
				t.Error("no event told the row anything")
			}
		})
	}
}

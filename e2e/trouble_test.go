package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/local"
	"paybridge/standin/dataverse"
	"paybridge/standin/servicebus"
	"paybridge/standin/stripe"
)

// misfortunes befall the app's requests to the CRM one after the other, and
// then no more. Ann's requests are left alone.
type misfortunes struct {
	mu   sync.Mutex
	next []dataverse.Fault
}

func (m *misfortunes) fault(r *http.Request) *dataverse.Fault {
	if strings.HasPrefix(r.Header.Get("Authorization"), "Bearer user:") {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.next) == 0 {
		return nil
	}
	first := m.next[0]
	m.next = m.next[1:]
	return &first
}

func (m *misfortunes) set(next ...dataverse.Fault) func(*local.Config) {
	m.next = next
	return func(c *local.Config) {
		c.Dataverse = func(d *dataverse.Config) { d.Faults = m.fault }
	}
}

// spent fails the test when a misfortune did not happen.
func (m *misfortunes) spent(t *testing.T) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.next) > 0 {
		t.Errorf("%d misfortunes did not happen", len(m.next))
	}
}

// paysThrough pays through the misfortunes of a world and checks the row.
func (w *world) paysThrough() *payment {
	w.t.Helper()
	s := scenarios[0]
	p := s.lead(w)
	w.settle()
	s.check(p)
	for id, outcome := range w.timeline() {
		if outcome == "Needs review" {
			w.t.Errorf("event %s needs review", id)
		}
	}
	return p
}

func TestTroubleWithTheCRMPasses(t *testing.T) {
	t.Parallel()
	none := dataverse.Fault{}
	throttled := *dataverse.Throttled("0x80072322", time.Second)
	for name, next := range map[string][]dataverse.Fault{
		"throttled while reading":         {throttled},
		"throttled while writing":         {none, throttled},
		"unavailable":                     {{Status: 503}, {Status: 503}, none, {Status: 503}},
		"cut before anything is done":     {{Reset: dataverse.ResetBefore}, none, {Reset: dataverse.ResetBefore}},
		"cut after the commit":            {none, {Reset: dataverse.ResetAfter}, none, {Reset: dataverse.ResetAfter}},
		"the token is refused":            {{Status: 401}, none, {Status: 401}},
		"somebody else was faster, twice": {none, *dataverse.VersionMismatch(), none, *dataverse.VersionMismatch()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var m misfortunes
			w := start(t, m.set(next...))
			begun := time.Now()
			w.paysThrough()
			m.spent(t)
			if asked := time.Second; strings.HasPrefix(name, "throttled") && time.Since(begun) < asked {
				t.Errorf("the CRM asked to be left alone for %v and was asked again after %v", asked, time.Since(begun))
			}
		})
	}
}

func TestTroubleWithStripePasses(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]stripe.Fault{
		"throttled":                 {Status: 429, Code: "rate_limit"},
		"throttled with a wait":     {Status: 429, Code: "rate_limit", RetryAfter: time.Second},
		"locked":                    {Status: 429, Code: "lock_timeout"},
		"broken":                    {Status: 500},
		"cut":                       {Drop: true},
		"the key is refused so far": {Status: 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t)
			w.Stripe.FaultNext(http.MethodGet, "/v1/payment_intents/", 4, fault)
			w.paysThrough()
			if asked := w.Stripe.Counts().Requests["GET /v1/payment_intents/{id}"]; asked == 0 {
				t.Error("Stripe was never asked")
			}
		})
	}
}

// TestOutageOfTheCRMOutlastsInvocations lets invocations fail, so that Service
// Bus has to deliver again.
func TestOutageOfTheCRMOutlastsInvocations(t *testing.T) {
	t.Parallel()
	var m misfortunes
	outage := make([]dataverse.Fault, 10)
	for i := range outage {
		outage[i] = dataverse.Fault{Status: 503, Delay: 200 * time.Millisecond}
	}
	w := start(t, m.set(outage...), func(c *local.Config) {
		c.Settings = map[string]string{"InvocationTimeout": "1s"}
	})
	w.paysThrough()
	m.spent(t)
	if failures := w.Host().Stats().Functions["crmupdate"].Failures; failures == 0 {
		t.Error("no invocation failed")
	}
}

// TestPoisonDoesNotHoldUpItsNeighbours puts messages that nobody can read on
// the queue, in one batch with good ones.
func TestPoisonDoesNotHoldUpItsNeighbours(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.Stripe.HoldDeliveries()
	var messages []servicebus.Message
	poison := []string{
		"", "not JSON", "{", `"text"`, `[]`, `{}`, `{"v":99,"livemode":false}`, `{"v":1,"livemode":"yes"}`,
		`{"v":1,"livemode":false,"paymentIntent":"../charges/ch_1"}`, `{"v":1,"livemode":false,"account":"acct_1\r\nX: y"}`,
		`{"v":1,"livemode":false,"event":"evt_1')/$ref?x=("}`, "\x00\xff\xfe", strings.Repeat("x", 100_000), `{"v":1}{"v":1}`,
	}
	for _, body := range poison {
		messages = append(messages, servicebus.Message{Body: []byte(body)})
	}
	var paid []*payment
	for range 3 {
		p := scenarios[0].lead(w)
		paid = append(paid, p)
		messages = append(messages, servicebus.Message{Body: fmt.Appendf(nil,
			`{"v":1,"event":"evt_by%d","type":"payment_intent.succeeded","created":1769000001,"livemode":false,"paymentIntent":%q,"crmPaymentId":%q}`,
			len(paid), p.intentID, p.row)})
	}
	queue, err := w.Queues.Queue(local.EventsQueue)
	w.must(err)
	w.must(queue.Send(t.Context(), messages...))
	w.drain()
	for _, p := range paid {
		w.isTrue(p.row, p.intentID)
	}
	if logged := strings.Count(w.output.String(), `"outcome":"review","reason":"hint: `); logged < len(poison) {
		t.Errorf("%d of %d poison messages were logged", logged, len(poison))
	}
	want := map[string]string{"evt_by1": "Applied", "evt_by2": "Applied", "evt_by3": "Applied"}
	if diff := cmp.Diff(want, w.timeline()); diff != "" {
		t.Error(diff)
	}
	if bodies := w.peek(local.EventsQueue + "/$DeadLetterQueue"); len(bodies) > 0 {
		t.Errorf("dead letters: %q", bodies)
	}
}

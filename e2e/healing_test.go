package e2e

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"paybridge/cmd/paybridge/local"
	domain "paybridge/internal/payment"
	"paybridge/internal/stripeapi"
	"paybridge/standin/dataverse"
	"paybridge/standin/servicebus"
	"paybridge/standin/stripe"
)

// healedPayments and settledPayments size the tests of reconcile.
var (
	healedPayments  = flag.Int("healed", 70, "payments of the tests in which reconcile heals")
	settledPayments = flag.Int("settled", 300, "settled payments of the test in which reconcile has nothing to do")
)

// pastTime is a clock of both ends that a test sets back.
type pastTime struct{ ago atomic.Int64 }

func (p *pastTime) set(ago time.Duration) { p.ago.Store(int64(ago)) }
func (p *pastTime) now() time.Time        { return time.Now().Add(-time.Duration(p.ago.Load())) }

// webhooks are on or off: off, whoever is called does not answer.
type webhooks struct {
	http.Transport
	off atomic.Bool
}

// RoundTrip delivers, or fails.
func (h *webhooks) RoundTrip(req *http.Request) (*http.Response, error) {
	if h.off.Load() {
		return nil, errors.New("connection refused")
	}
	return h.Transport.RoundTrip(req)
}

// requests is how many requests both ends got while do ran.
func (w *world) requestsOf(do func()) (stripeRequests, crmRequests int) {
	w.t.Helper()
	count := func() (stripeRequests, crmRequests int) {
		for pattern, n := range w.Stripe.Counts().Requests {
			if strings.Contains(pattern, " /v1/") {
				stripeRequests += n
			}
		}
		counts := w.Dataverse.Counts()
		return stripeRequests, counts["batch"] + counts["GET"] + counts["PATCH"] + counts["POST"]
	}
	stripeBefore, crmBefore := count()
	do()
	stripeAfter, crmAfter := count()
	return stripeAfter - stripeBefore, crmAfter - crmBefore
}

// heal runs reconcile and lets the consumers do what it found. A run may leave
// something for the next one.
func (w *world) heal() driftReport {
	w.t.Helper()
	report := w.reconcile()
	if report.CutShort != "" && !strings.HasPrefix(report.CutShort, "more is left of ") || report.Error != "" {
		w.t.Errorf("the run ended early: %+v", report)
	}
	w.drain()
	return report
}

// TestADayWithoutWebhooks has the webhook endpoint off for a day: once it does
// not answer, and once somebody has disabled it at Stripe, so that Stripe
// counts every event as delivered. Meanwhile customers pay and people ask.
// With all ages of things as they are by default, two runs make every row
// right.
func TestADayWithoutWebhooks(t *testing.T) {
	for _, c := range []struct {
		name     string
		disabled bool
	}{{"it does not answer", false}, {"it is disabled", true}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var clock pastTime
			var hooks webhooks
			w := start(t, func(l *local.Config) {
				l.Settings = map[string]string{"ReconcileSchedule": never}
				l.Stripe = func(s *stripe.Config) {
					s.Now, s.SettleAfter, s.SearchLag = clock.now, -1, -1
					s.Delivery.Client, s.Delivery.Backoff = &http.Client{Transport: &hooks}, []time.Duration{time.Millisecond}
				}
				l.Dataverse = func(d *dataverse.Config) { d.Now = clock.now }
			})
			w.endpoint(c.disabled)
			hooks.off.Store(true)
			var lives []*payment
			for i := range *healedPayments {
				clock.set(24*time.Hour - time.Duration(i)*22*time.Hour/time.Duration(*healedPayments))
				if i%7 == 6 {
					lives = append(lives, w.askedAndPaid())
				} else {
					lives = append(lives, scenarios[i%len(scenarios)].lead(w))
				}
			}
			w.must(w.Stripe.WaitIdle(t.Context()))
			clock.set(0)
			hooks.off.Store(false)
			w.endpoint(false)
			lives = append(lives, scenarios[0].lead(w))
			w.settle()
			wrong := 0
			for _, p := range lives {
				if status(w.read(p.row)) != p.truth(p.intentID, p.sessionID)["pb_status"] {
					wrong++
				}
			}
			if wrong < len(lives)/2 {
				t.Fatalf("only %d of %d rows are wrong before reconcile", wrong, len(lives))
			}
			// Two runs are enough unless there is more than a run puts on a queue.
			var runs []driftReport
			stripeRequests, crmRequests := w.requestsOf(func() {
				for len(runs) < 2+*healedPayments*2/1000 {
					runs = append(runs, w.heal())
				}
			})
			w.areTrue(lives)
			each := float64(stripeRequests+crmRequests) / float64(wrong)
			t.Logf("%d of %d rows were wrong; %d runs and what they set off made %d requests of Stripe and %d of the CRM, %.1f for each payment healed",
				wrong, len(lives), len(runs), stripeRequests, crmRequests, each)
			for _, run := range runs {
				t.Logf("%+v", run)
			}
			if each > 5 {
				t.Errorf("%.1f requests for each payment", each)
			}
		})
	}
}

// never is a schedule that does not come while a test runs.
const never = "0 0 0 1 1 *"

// endpoint switches the webhook endpoint at Stripe off or on.
func (w *world) endpoint(disabled bool) {
	w.t.Helper()
	endpoints := w.objects("webhook_endpoints")
	if len(endpoints) != 1 {
		w.t.Fatalf("%d webhook endpoints", len(endpoints))
	}
	w.stripe("/v1/webhook_endpoints/"+w.id(endpoints[0]), "disabled", fmt.Sprint(disabled))
}

// askedAndPaid is a payment that somebody asks for in the CRM.
func (w *world) askedAndPaid() *payment {
	w.t.Helper()
	p := &payment{world: w, row: w.row("12.50", "EUR")}
	w.ask(p.row, request(domain.RequestPay))
	w.until("the PaymentIntent is there", func() bool {
		p.intentID, _ = w.read(p.row)["pb_paymentintentid"].(string)
		return p.intentID != ""
	})
	w.stripe("/v1/payment_intents/"+p.intentID+"/confirm", "payment_method", "pm_card_visa", "return_url", "https://shop.example")
	return p
}

// areTrue compares every row with what Stripe's API says.
func (w *world) areTrue(lives []*payment) {
	w.t.Helper()
	wrong := 0
	for _, p := range lives {
		got, want := shown(w.read(p.row)), p.truth(p.intentID, p.sessionID)
		delete(got, "pb_handledrequest")
		for column, value := range want {
			if got[column] != value && wrong < 5 {
				wrong++
				w.t.Errorf("row %s of %s %s: %s is %q, Stripe says %q", p.row, p.intentID, p.sessionID, column, got[column], value)
			}
		}
	}
}

// TestDeadLettersOfALongOutageHealThemselves has the CRM down until every
// message is dead, those of its own steps included. Reconcile runs meanwhile
// and cannot do anything. Nobody touches the dead letters.
func TestDeadLettersOfALongOutageHealThemselves(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	w := start(t, impatient, awkward, func(l *local.Config) {
		l.Settings["InvocationTimeout"] = "1s"
		l.Queue = func(p *servicebus.QueueProperties) { p.MaxDeliveryCount = 2 }
		l.Dataverse = func(d *dataverse.Config) {
			d.Faults = func(r *http.Request) *dataverse.Fault {
				if strings.HasPrefix(r.Header.Get("Authorization"), "Bearer user:") || !down.Load() {
					return nil
				}
				return &dataverse.Fault{Status: http.StatusServiceUnavailable}
			}
		}
	})
	down.Store(true)
	var lives []*payment
	var asking []string
	for i := range *healedPayments / 5 {
		lives = append(lives, scenarios[i%len(scenarios)].lead(w))
		row := w.row("12.50", "EUR")
		w.ask(row, request(domain.RequestPay))
		asking = append(asking, row)
	}
	w.must(w.Stripe.WaitIdle(t.Context()))
	if report := w.reconcile(); report.Outcome == "ok" {
		t.Errorf("with the CRM down: %+v", report)
	}
	w.drain()
	dead := func(name string) int {
		queue, err := w.Queues.Queue(name)
		w.must(err)
		counts, err := queue.Counts(t.Context())
		w.must(err)
		return counts.DeadLetter
	}
	events, requests := dead(local.EventsQueue), dead(local.RequestsQueue)
	if events < len(lives) || requests < len(asking) {
		t.Fatalf("%d and %d dead letters", events, requests)
	}
	down.Store(false)
	// On a busy machine a run, or a delivery, may not come to its end within a
	// second.
	for runs := 0; ; runs++ {
		report := w.reconcile()
		w.drain()
		if report.Error == "" && report.CutShort == "" && report.found() == 0 && runs > 0 {
			break
		}
		if runs == 20 {
			t.Fatalf("not healed: %+v", report)
		}
	}
	w.areTrue(lives)
	for _, row := range asking {
		if got := w.read(row); status(got) != "Pending" || got["pb_paymentintentid"] == nil {
			t.Errorf("row %s was not carried out: %v", row, shown(got))
		}
	}
	if dead(local.EventsQueue) < events || dead(local.RequestsQueue) < requests {
		t.Error("somebody touched the dead letters")
	}
	t.Logf("%d and %d dead letters", events, requests)
}

// TestEventsThatStripeNeverMadeAreNotMissed lets payments live of which Stripe
// makes no event at all.
func TestEventsThatStripeNeverMadeAreNotMissed(t *testing.T) {
	t.Parallel()
	w := start(t, impatient, awkward)
	for _, kind := range stripeapi.EventTypes() {
		w.must(w.Stripe.Silence(kind, 1_000_000))
	}
	var lives []*payment
	for i := range max(*healedPayments, len(scenarios)) {
		lives = append(lives, scenarios[i%len(scenarios)].lead(w))
	}
	if made := w.Stripe.Counts().Events["payment_intent.succeeded"]; made > 0 {
		t.Fatalf("Stripe made %d events", made)
	}
	t.Logf("first run %+v", w.heal())
	t.Logf("second run %+v", w.heal())
	w.areTrue(lives)
}

// TestSettledPaymentsCostNothing counts the requests of a run when all is well,
// all sweeps included, over more and more settled payments.
func TestSettledPaymentsCostNothing(t *testing.T) {
	t.Parallel()
	w := start(t, impatient)
	// inStep lets reconcile pass what is new, and counts another run.
	inStep := func() int {
		t.Helper()
		for passed := false; !passed; {
			report := w.reconcile()
			if report.found() > 0 || report.Error != "" {
				t.Fatalf("not in step: %+v", report)
			}
			passed = report.CutShort == ""
		}
		// Both ends count in seconds: what happened in the second of a run is
		// passed by the one after it.
		nextSecond := func() {
			begun := time.Now().Unix()
			w.until("the second is over", func() bool { return time.Now().Unix() > begun })
		}
		for range 2 {
			nextSecond()
			if report := w.reconcile(); report.found() > 0 || report.CutShort != "" {
				t.Fatalf("not in step: %+v", report)
			}
		}
		nextSecond()
		stripeRequests, crmRequests := w.requestsOf(func() { w.reconcile() })
		return stripeRequests + crmRequests
	}
	settle := func(payments int) {
		for i := range payments {
			scenarios[0].lead(w)
			if i%100 == 99 {
				w.settle()
			}
		}
		w.settle()
	}
	settle(*settledPayments / 10)
	few := inStep()
	settle(*settledPayments)
	many := inStep()
	t.Logf("a run over %d settled payments made %d requests, over %d it made %d", *settledPayments/10, few, *settledPayments+*settledPayments/10, many)
	if many > few || many > 20 {
		t.Errorf("a run over more settled payments made %d requests, over few it made %d", many, few)
	}
}

package drift_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"paybridge/internal/crm"
	"paybridge/internal/drift"
	"paybridge/internal/payment"
	"paybridge/internal/stripeapi"
)

// TestWhatIsOutOfStepIsFound has one of everything, and what is none of this
// CRM's business beside it.
func TestWhatIsOutOfStepIsFound(t *testing.T) {
	w := newWorld(t)
	w.pass(-10 * time.Hour)
	w.deaf()
	asks := fmt.Sprintf(`,"pb_request":%d`, crm.PaymentMapping().RequestValues[payment.RequestPay])
	undelivered := w.row("")
	w.paid(undelivered)
	w.row(asks) // 2: nobody has looked at it.
	handled := w.row(asks + `,"pb_handledrequest":"Pay 12.5 EUR by PaymentIntent"`)
	// Somebody has changed his mind.
	changed := w.row(asks + `,"pb_handledrequest":"Pay 9 EUR by PaymentIntent"`)
	waits := w.row(fmt.Sprintf(`,"pb_status":%d,"pb_livemode":false,"pb_paymentintentid":"pi_1"`, crm.PaymentMapping().StatusValues[payment.Processing]))
	w.paid(undelivered, "metadata[CRM_Org]", "fabrikam.crm4.dynamics.com")
	w.paid(undelivered, "metadata[CRM_PaymentId]", "order 1001", "metadata[CRM_Org]", "")
	w.paid("00000000-0000-4000-8000-000000000099")
	w.pass(10 * time.Hour)
	report := w.run()
	got := map[string]bool{}
	for _, f := range report.Findings {
		got[fmt.Sprintf("%s of %s", f.Kind, f.Payment)] = true
	}
	for _, want := range []string{
		"undelivered of " + string(undelivered), "unanswered of 00000000-0000-4000-8000-000000000002", "unanswered of " + string(changed),
		"waiting of " + string(waits), "undelivered of 00000000-0000-4000-8000-000000000099", "deleted of 00000000-0000-4000-8000-000000000099",
		// What is asked for already is not asked for again because the row waits.
		"waiting of " + string(handled),
		// Their first events are listed apart, and the timeline has none of them.
		"missed of " + string(undelivered), "missed of 00000000-0000-4000-8000-000000000099",
	} {
		if !got[want] {
			t.Errorf("not found: %s", want)
		}
		delete(got, want)
	}
	if len(got) > 0 {
		t.Errorf("found too: %v", got)
	}
	if report.Cut != "" {
		t.Error(report.Cut)
	}
}

// TestYoungThingsAreLeftAlone: they are on their way.
func TestYoungThingsAreLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.deaf()
	w.paid(w.row(fmt.Sprintf(`,"pb_request":%d`, crm.PaymentMapping().RequestValues[payment.RequestPay])))
	w.pass(9 * time.Minute)
	if got := kinds(w.run()); got != "" {
		t.Errorf("after nine minutes: %s", got)
	}
	w.pass(2 * time.Minute)
	if got := kinds(w.run()); got != "unanswered 1, undelivered 1" {
		t.Errorf("after eleven minutes: %s", got)
	}
}

// TestBurstDrainsOldestFirst has many more misses than one run may put on the
// queues, all but two of them in one second.
func TestBurstDrainsOldestFirst(t *testing.T) {
	w := newWorld(t)
	w.pass(-24 * time.Hour)
	w.deaf()
	const misses = 330
	for i := range misses {
		if i == 1 || i == misses-1 {
			w.pass(time.Hour)
		}
		w.paid(w.row(""))
	}
	w.pass(22 * time.Hour)
	w.config.Limit = 100
	next := 1
	for next <= misses {
		report := w.run()
		if n := len(report.Findings); n == 0 || n > w.config.Limit {
			t.Fatalf("%d findings in a run, %d payments to go", n, misses+1-next)
		}
		for _, f := range report.Findings {
			if f.Kind != drift.Undelivered {
				continue
			}
			// Payments of one second have no order but that of their rows.
			if want := fmt.Sprintf("%012d", next); (next == 1 || next == misses) && !strings.HasSuffix(string(f.Payment), want) {
				t.Fatalf("payment %s was found as number %s", f.Payment, want)
			}
			next++
		}
		w.heal(report.Findings...)
	}
	for range 2 * misses / w.config.Limit {
		w.heal(w.run().Findings...)
	}
	if got := kinds(w.run()); got != "" {
		t.Errorf("after that: %s", got)
	}
}

// TestSlowSweepGoesOnAtOnce: what a limit has cut short does not wait for the
// next quarter of an hour.
func TestSlowSweepGoesOnAtOnce(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		w.paid(w.row(""))
		w.pass(time.Minute)
	}
	w.pass(2 * time.Hour)
	w.config.Limit = 2
	for run, want := range []int{2, 2, 2, 2, 2, 0} {
		report := w.run()
		if len(report.Findings) != want {
			t.Errorf("run %d found %s", run+1, kinds(report))
		}
		w.heal(report.Findings...)
		w.pass(5 * time.Minute)
	}
}

// TestWhatIsNotHealedIsSaidAgainAndThenPassed: a message may never reach the
// queue, and a payment that cannot be healed must not hold up the others.
func TestWhatIsNotHealedIsSaidAgainAndThenPassed(t *testing.T) {
	w := newWorld(t)
	w.deaf()
	w.paid(w.row(""))
	w.pass(20 * time.Minute)
	for run, want := range []string{"undelivered 1", "undelivered 1", "", "", ""} {
		report := w.run()
		if got := kinds(report); got != want {
			t.Errorf("run %d found %q, want %q", run+1, got, want)
		}
		if given := report.Given; (given == 1) != (run == 3) {
			t.Errorf("run %d gave up %d looks", run+1, given)
		}
		w.pass(time.Minute)
	}
	// What is new is said at once all the same.
	w.paid(w.row(""))
	w.pass(20 * time.Minute)
	if got := kinds(w.run()); got != "undelivered 2" {
		t.Errorf("after that: %s", got)
	}
	// And the first one again, at its next age.
	w.pass(time.Hour)
	if got := kinds(w.run()); !strings.Contains(got, "missed 1") {
		t.Errorf("an hour later: %s", got)
	}
}

// TestMessagesLostBehindTheQueueAreFoundAtTheNextAge: the event was delivered,
// and its message was dead-lettered hours later.
func TestMessagesLostBehindTheQueueAreFoundAtTheNextAge(t *testing.T) {
	w := newWorld(t)
	w.paid(w.row(""))
	w.pass(25 * time.Hour)
	first := w.run()
	if got := kinds(first); got != "missed 1, missed 1" {
		t.Fatalf("found %s", got)
	}
	for range 5 {
		w.pass(5 * time.Minute)
		w.run()
	}
	w.pass(48 * time.Hour)
	again := w.run()
	if got := kinds(again); got != "missed 1, missed 1" {
		t.Errorf("three days later: %s", got)
	}
	w.heal(again.Findings...)
	w.pass(time.Hour)
	if got := kinds(w.run()); got != "" {
		t.Errorf("after that: %s", got)
	}
}

// TestRefusedRequestIsSaidOncePerLook: it looks the same after somebody looked.
func TestRefusedRequestIsSaidOncePerLook(t *testing.T) {
	w := newWorld(t)
	row := w.row(fmt.Sprintf(`,"pb_request":%d,"pb_lasterror":"Request refused: No.","pb_status":%d`,
		crm.PaymentMapping().RequestValues[payment.RequestRefund], crm.PaymentMapping().StatusValues[payment.Completed]))
	w.pass(time.Hour)
	for run, want := range []string{"unanswered 1", "", ""} {
		if got := kinds(w.run()); got != want {
			t.Errorf("run %d found %q, want %q", run+1, got, want)
		}
		w.pass(5 * time.Minute)
	}
	w.patch(row, `{"pb_refundamount":5}`)
	w.pass(time.Hour)
	if got := kinds(w.run()); got != "unanswered 1" {
		t.Errorf("after a change: %s", got)
	}
}

// TestQuietRunsCostAHandfulOfRequests counts them.
func TestQuietRunsCostAHandfulOfRequests(t *testing.T) {
	w := newWorld(t)
	for range 250 {
		w.paid(w.row(""))
	}
	w.pass(2 * time.Hour)
	first := w.run()
	w.heal(first.Findings...)
	for range 3 {
		w.pass(5 * time.Minute)
		w.run()
	}
	for range 4 {
		w.pass(5 * time.Minute)
		report := w.run()
		most := 1
		if report.Slow {
			most = 17
		}
		if report.StripeRequests > most || report.CRMRequests > 3 || len(report.Findings) > 0 {
			t.Errorf("slow %v: %d requests of Stripe, %d of the CRM, findings %s", report.Slow, report.StripeRequests, report.CRMRequests, kinds(report))
		}
	}
}

// TestRunEndsWhereStripeThrottles and the next one goes on there.
func TestRunEndsWhereStripeThrottles(t *testing.T) {
	w := newWorld(t)
	w.deaf()
	for range 250 {
		w.paid(w.row(""))
		w.pass(time.Second)
	}
	w.pass(30 * time.Minute)
	throttled := false
	w.config.Stripe = &rated{Stripe: w.config.Stripe, failing: func(q stripeapi.PageQuery) error {
		if q.After != "" && !throttled {
			throttled = true
			return errors.New("throttled")
		}
		return nil
	}}
	first := w.run()
	if first.Cut != "throttled" || len(first.Findings) == 0 || len(first.Findings) > 249 {
		t.Fatalf("%d findings, cut short: %q", len(first.Findings), first.Cut)
	}
	second := w.run()
	if second.Cut != "" || len(first.Findings)+second.Held+len(second.Findings) < 250 {
		t.Errorf("%d findings, then %d and %d held, cut short: %q", len(first.Findings), len(second.Findings), second.Held, second.Cut)
	}
}

// TestForgottenObjectIsNoEnd: Stripe forgets events after a month.
func TestForgottenObjectIsNoEnd(t *testing.T) {
	w := newWorld(t)
	w.deaf()
	w.paid(w.row(""))
	w.pass(time.Hour)
	w.heal(w.run().Findings...)
	w.run()
	if _, err := w.stripe.DeleteEvents(""); err != nil {
		t.Fatal(err)
	}
	w.paid(w.row(""))
	w.pass(30 * time.Minute)
	if got := kinds(w.run()); got != "undelivered 2" {
		t.Errorf("found %q", got)
	}
}

// TestSomebodyElseMovedTheBookmark is told, and nothing is overwritten.
func TestSomebodyElseMovedTheBookmark(t *testing.T) {
	w := newWorld(t)
	w.paid(w.row(""))
	w.pass(2 * time.Hour)
	one, other := drift.New(w.config), drift.New(w.config)
	first, err := one.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := other.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Save(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if err := other.Save(t.Context(), second); !errors.Is(err, crm.ErrChanged) {
		t.Errorf("the second one: %v", err)
	}
}

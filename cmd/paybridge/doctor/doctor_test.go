package doctor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/target"
	"paybridge/internal/stripeapi"
)

// hinted is an error that says what to do.
type hinted struct{ error }

func (hinted) Hint() string { return "do this" }

// Checks run side by side, each for no longer than it may take, and what each
// finds is reported in the order of the groups.
func TestExamine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		groups := []group{
			{"one", []check{
				{"slow", func(_ context.Context, _ *subject, r *record) {
					r.ok("slow", "began")
					<-release // It does not heed its context.
					r.ok("slow", "too late")
				}},
				{"failed", func(_ context.Context, _ *subject, r *record) {
					r.failed("failed", hinted{errors.New("it broke")}, "do that")
				}},
			}},
			{"two", []check{{"panic", func(context.Context, *subject, *record) { panic("oh") }}}},
			{"three", []check{
				{"warned", func(ctx context.Context, _ *subject, r *record) {
					<-ctx.Done()
					r.warn("warned", "so so", "mend it")
				}},
				{"skipped", func(_ context.Context, _ *subject, r *record) { r.skip("skipped", "nothing there", "put it there") }},
			}},
		}
		began := time.Now()
		var waited [][]string
		report := examine(t.Context(), Config{Target: &target.Target{}, Timeout: 3 * time.Second, Waiting: func(groups []string) {
			waited = append(waited, groups)
		}}, groups)
		if diff := cmp.Diff([][]string{{"one", "three"}}, waited); diff != "" {
			t.Error(diff)
		}
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("took %v", took)
		}
		if report.Worst != Problem {
			t.Errorf("the worst is %s", report.Worst)
		}
		want := []Finding{
			{"one", "slow", OK, "began", ""},
			{"one", "slow", Problem, "there was no answer within 3s", "check the network between this machine and the other end, and run it again"},
			{"one", "failed", Problem, "it broke", "do this"},
			{"two", "panic", Problem, "the check broke off: oh", "this is a fault of PayBridge: report it"},
		}
		if diff := cmp.Diff(want, report.Findings[:4]); diff != "" {
			t.Error(diff)
		}
		last := report.Findings[len(report.Findings)-1]
		if diff := cmp.Diff(Finding{"three", "skipped", Skipped, "nothing there", "put it there"}, last); diff != "" {
			t.Error(diff)
		}
		var text strings.Builder
		if err := report.Show(&text); err != nil || !strings.Contains(text.String(), "  problem  failed: it broke\n           remedy: do this\n") {
			t.Errorf("shown as %s, %v", &text, err)
		}
	})
}

// The worst of the findings is that of the report, and what was not looked at
// makes it no better and no worse.
func TestWorst(t *testing.T) {
	for want, levels := range map[Level][]Level{
		OK: {OK, Skipped}, Warning: {OK, Warning, Skipped}, Problem: {Problem, OK, Warning},
	} {
		found := check{"x", func(_ context.Context, _ *subject, r *record) {
			for _, l := range levels {
				r.add("x", l, "", "")
			}
		}}
		if got := examine(t.Context(), Config{Target: &target.Target{}}, []group{{"g", []check{found}}}); got.Worst != want {
			t.Errorf("%v come to %s", levels, got.Worst)
		}
	}
}

// Stripe takes no such subscription any more, but an endpoint may have one from
// the time when it did.
func TestThereIsNoPaymentIntentFailed(t *testing.T) {
	r := &record{group: "webhook endpoint"}
	checkOne(&subject{Config: Config{Target: &target.Target{}}}, r, stripeapi.Endpoint{
		ID: "we_1", Enabled: true, Events: append(stripeapi.EventTypes(), "payment_intent.failed"),
	}, true)
	const want = "we_1 is subscribed to payment_intent.failed; there is no payment_intent.failed, the event is called payment_intent.payment_failed"
	if !slices.ContainsFunc(r.all(), func(f Finding) bool { return f.Level == Warning && f.Message == want && f.Remedy == setupStripe }) {
		t.Errorf("found %+v", r.all())
	}
}

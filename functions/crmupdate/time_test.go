package crmupdate_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"
)

var errDown = errors.New("the CRM is down")

// TestInvocationFailsWhenItsBudgetIsSpent is the deadline rule: not earlier,
// because Service Bus would deliver again at once, and not later, because the
// locks of the messages run out.
func TestInvocationFailsWhenItsBudgetIsSpent(t *testing.T) {
	for name, c := range map[string]struct {
		retryAfter time.Duration
		most       int // reads
	}{
		"growing waits":                 {0, 60},
		"left alone for a minute":       {time.Minute, 4},
		"left alone beyond the budget":  {time.Hour, 1},
		"left alone up to the very end": {4 * time.Minute, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				defer r.close()
				r.rows.failLoad = func(int) error {
					return &outcome.Error{Class: outcome.Again, Err: errDown, RetryAfter: c.retryAfter}
				}
				begun := time.Now()
				err := r.run(hint("evt_1", "pi_1", "00000000-0000-4000-8000-000000000001"))
				if !errors.Is(err, errDown) {
					t.Errorf("the error is %v", err)
				}
				if took := time.Since(begun); took != 4*time.Minute {
					t.Errorf("the invocation took %v", took)
				}
				if n := len(r.rows.loads); n > c.most || n < 1 {
					t.Errorf("the rows were read %d times", n)
				}
				if !strings.Contains(r.log.String(), `"outcome":"again"`) {
					t.Errorf("the log does not say so: %s", r.log)
				}
			})
		})
	}
}

func TestRetryAfterIsWaitedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.close()
		row, intent := r.row(1)
		const asked = 37 * time.Second
		r.rows.failLoad = func(n int) error {
			if n > 1 {
				return nil
			}
			return &outcome.Error{Class: outcome.Again, Err: errDown, RetryAfter: asked}
		}
		if err := r.run(hint("evt_1", intent, row)); err != nil {
			t.Fatal(err)
		}
		r.shows(row, payment.Completed)
		if waited := r.rows.loads[1].Sub(r.rows.loads[0]); waited < asked || waited > asked+time.Second {
			t.Errorf("asked to wait %v, waited %v", asked, waited)
		}
	})
}

// TestTroubleOfOnePaymentDoesNotHarmItsNeighbours lets Stripe fail for one
// payment throughout an invocation. Its neighbours are written, and their
// messages are completed; the one in trouble goes back to the queue by itself.
func TestTroubleOfOnePaymentDoesNotHarmItsNeighbours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.close()
		var rows, batch []string
		for n := range 3 {
			row, intent := r.row(n + 1)
			rows = append(rows, row)
			batch = append(batch, hint("evt_"+intent, intent, row))
		}
		r.stripe.fail = func(id string) error {
			if id == "pi_2" {
				return outcome.Againf("Stripe is down for %s", id)
			}
			return nil
		}
		begun := time.Now()
		if err := r.run(batch...); err != nil {
			t.Errorf("the invocation ended with %v", err)
		}
		if took := time.Since(begun); took < 30*time.Second || took > 31*time.Second {
			t.Errorf("the batch was held on to for %v", took)
		}
		r.shows(rows[0], payment.Completed)
		r.shows(rows[1], 0)
		r.shows(rows[2], payment.Completed)
		if diff := cmp.Diff([]string{delivered(batch[1], 1)}, r.unfinished()); diff != "" {
			t.Errorf("back on the queue: %s", diff)
		}
		if !strings.Contains(r.log.String(), `"outcome":"again"`) {
			t.Errorf("the log does not say so: %s", r.log)
		}
		r.stripe.fail = nil
		if err := r.run(r.unfinished()...); err != nil {
			t.Fatal(err)
		}
		r.shows(rows[1], payment.Completed)
		if left := r.unfinished(); len(left) != 0 {
			t.Errorf("back on the queue: %v", left)
		}
	})
}

// TestASlowPaymentDoesNotHoldUpItsNeighbours lets Stripe hang for one payment,
// for its row's facts or while the row is still looked for. When Stripe lets go
// the neighbours have long been written.
func TestASlowPaymentDoesNotHoldUpItsNeighbours(t *testing.T) {
	for name, slow := range map[string]string{
		"facts": `{"v":1,"event":"evt_slow","livemode":false,"paymentIntent":"pi_2","crmPaymentId":"00000000-0000-4000-8000-000000000002"}`,
		"link":  `{"v":1,"event":"evt_slow","livemode":false,"paymentIntent":"pi_2"}`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				defer r.close()
				var rows []string
				batch := []string{slow}
				for n := range 3 {
					row, intent := r.row(n + 1)
					rows = append(rows, row)
					if n != 1 {
						batch = append(batch, hint("evt_"+intent, intent, row))
					}
				}
				let := make(chan struct{})
				r.stripe.fail = func(id string) error {
					if id == "pi_2" {
						<-let
					}
					return nil
				}
				time.AfterFunc(20*time.Second, func() {
					r.shows(rows[0], payment.Completed)
					r.shows(rows[1], 0)
					r.shows(rows[2], payment.Completed)
					close(let)
				})
				if err := r.run(batch...); err != nil {
					t.Fatal(err)
				}
				r.shows(rows[1], payment.Completed)
				if r.rows.saves != 2 {
					t.Errorf("%d saves, want one of the neighbours and one of the slow payment", r.rows.saves)
				}
			})
		})
	}
}

func TestMissingSettingsLetTheMessagesWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.close()
		r.config.Missing, r.config.Rows, r.config.Stripe = []string{"DataverseUrl", "StripeSecretKey"}, nil, nil
		begun := time.Now()
		err := r.run(hint("evt_1", "pi_1", "00000000-0000-4000-8000-000000000001"))
		if err == nil || !strings.Contains(err.Error(), "DataverseUrl, StripeSecretKey") || outcome.Of(err) != outcome.Again {
			t.Errorf("the invocation ended with %v", err)
		}
		if took := time.Since(begun); took != 4*time.Minute {
			t.Errorf("the invocation took %v", took)
		}
	})
}

// TestBudgetMayBeShorter is the setting InvocationTimeout.
func TestBudgetMayBeShorter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		defer r.close()
		r.config.Budget = 90 * time.Second
		r.rows.failLoad = func(int) error { return context.DeadlineExceeded }
		begun := time.Now()
		if err := r.run(hint("evt_1", "pi_1", "00000000-0000-4000-8000-000000000001")); err == nil {
			t.Error("the invocation did not fail")
		}
		if took := time.Since(begun); took != 90*time.Second {
			t.Errorf("the invocation took %v", took)
		}
	})
}

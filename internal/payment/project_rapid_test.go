package payment

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawFacts draws what Stripe may know about one row: up to four attempts in
// any state, with and without sessions.
func drawFacts(t *rapid.T) Facts {
	statuses := []IntentStatus{
		IntentRequiresPaymentMethod, IntentRequiresConfirmation, IntentRequiresAction,
		IntentProcessing, IntentRequiresCapture, IntentSucceeded, IntentCanceled,
	}
	disputes := []DisputeStatus{
		DisputeWarningNeedsResponse, DisputeWarningUnderReview, DisputeWarningClosed,
		DisputeNeedsResponse, DisputeUnderReview, DisputeWon, DisputeLost,
	}
	var facts Facts
	for i := range rapid.IntRange(1, 4).Draw(t, "attempts") {
		var in *Intent
		if rapid.Bool().Draw(t, "has an intent") {
			drawn := intent(fmt.Sprintf("pi_%d", i), rapid.SampledFrom(statuses).Draw(t, "status"))
			if rapid.Bool().Draw(t, "declined before") && drawn.Status != IntentSucceeded {
				declined(&drawn)
			}
			if drawn.Charge != nil && drawn.Status == IntentSucceeded {
				drawn.Charge.AmountRefunded = rapid.SampledFrom([]int64{0, 1, 1250}).Draw(t, "refunded")
				if rapid.Bool().Draw(t, "disputed") {
					disputed(rapid.SampledFrom(disputes).Draw(t, "dispute"))(&drawn)
				}
			}
			in = &drawn
		}
		if in == nil || rapid.Bool().Draw(t, "by session") {
			facts.Sessions = append(facts.Sessions, session(fmt.Sprintf("cs_%d", i),
				rapid.SampledFrom([]SessionStatus{SessionOpen, SessionComplete, SessionExpired}).Draw(t, "session"),
				rapid.SampledFrom([]string{"paid", "unpaid", "no_payment_required"}).Draw(t, "payment status"), in))
		}
		if in != nil && (len(facts.Sessions) == 0 || rapid.Bool().Draw(t, "by itself")) {
			facts.Intents = append(facts.Intents, *in)
		}
	}
	return facts
}

// TestOrderNeverMatters: the same facts in any order project to the same
// payment, or to the same disagreement.
func TestOrderNeverMatters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := drawFacts(t)
		want, wantErr := Project(row(), facts)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		rng.Shuffle(len(facts.Intents), func(i, j int) { facts.Intents[i], facts.Intents[j] = facts.Intents[j], facts.Intents[i] })
		rng.Shuffle(len(facts.Sessions), func(i, j int) { facts.Sessions[i], facts.Sessions[j] = facts.Sessions[j], facts.Sessions[i] })
		got, gotErr := Project(row(), facts)
		if fmt.Sprint(wantErr) != fmt.Sprint(gotErr) {
			t.Fatalf("%v, then %v", wantErr, gotErr)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestMoneyThatMovedBeatsEverything: when exactly one attempt holds received
// money, no other attempt can hide it.
func TestMoneyThatMovedBeatsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := drawFacts(t)
		var kept []attempt
		for _, a := range attempts(facts) {
			if a.received() && a.kept() {
				kept = append(kept, a)
			}
		}
		got, err := Project(row(), facts)
		switch len(kept) {
		case 0:
		case 1:
			if err != nil {
				t.Fatal(err)
			}
			if kept[0].intent != nil && got.PaymentIntentID != kept[0].intent.ID {
				t.Fatalf("%s speaks, the money is on %s", got.PaymentIntentID, kept[0].intent.ID)
			}
			switch got.Status {
			case Completed, PartiallyRefunded, Disputed:
			default:
				t.Fatalf("received money shows as %v", got.Status)
			}
		default:
			if d := (*Disagreement)(nil); !errors.As(err, &d) {
				t.Fatalf("paid %d times and no disagreement: %+v, %v", len(kept), got, err)
			}
		}
	})
}

// TestOnceAppliedNothingChanges: projecting onto a row that already shows the
// projection gives the same again.
func TestOnceAppliedNothingChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := drawFacts(t)
		first, err := Project(row(), facts)
		if err != nil {
			return
		}
		again, err := Project(row(func(r *Row) { r.Recorded = first }), facts)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

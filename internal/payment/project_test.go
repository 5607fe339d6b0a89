package payment

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
)

var day = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// intent returns a PaymentIntent of 12.50 EUR in the given state, with the
// changes applied.
func intent(id string, status IntentStatus, changes ...func(*Intent)) Intent {
	in := Intent{ID: id, Status: status, Amount: 1250, Currency: "eur", Created: day}
	if status == IntentSucceeded {
		in.AmountReceived = 1250
		in.Charge = &Charge{ID: "ch_" + id[3:], Paid: true, Captured: true, Amount: 1250, Currency: "eur", Created: day.Add(time.Hour), Method: "card", ReceiptURL: "https://pay.stripe.com/receipts/x"}
	}
	for _, change := range changes {
		change(&in)
	}
	return in
}

func refunded(minor int64) func(*Intent) {
	return func(in *Intent) { in.Charge.AmountRefunded = minor }
}

// captured is a partial capture: Stripe counts what it let go as refunded.
func captured(minor int64) func(*Intent) {
	return func(in *Intent) {
		in.AmountReceived, in.Charge.AmountCaptured = minor, minor
		in.Charge.AmountRefunded = in.Amount - minor
	}
}

func disputed(status DisputeStatus) func(*Intent) {
	return func(in *Intent) {
		in.Charge.Disputed = true
		in.Charge.Dispute = &Dispute{ID: "dp_1", Status: status, Reason: "fraudulent", Amount: in.Amount}
	}
}

func declined(in *Intent) {
	in.LastError = &AttemptError{Code: "card_declined", DeclineCode: "insufficient_funds", Message: "Your card has insufficient funds."}
	in.Charge = &Charge{ID: "ch_declined", Amount: in.Amount, Currency: in.Currency, Created: day, Method: "card"}
}

func later(in *Intent) { in.Created = day.Add(24 * time.Hour) }

func amount(minor int64) func(*Intent) {
	return func(in *Intent) { in.Amount = minor }
}

func currency(code string) func(*Intent) {
	return func(in *Intent) { in.Currency = code }
}

func session(id string, status SessionStatus, paymentStatus string, in *Intent) Session {
	return Session{ID: id, Status: status, PaymentStatus: paymentStatus, AmountTotal: 1250, Currency: "eur", Created: day, Intent: in}
}

func row(changes ...func(*Row)) Row {
	twelveFifty := decimal.RequireFromString("12.50")
	r := Row{ID: "3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01", Amount: &twelveFifty, Currency: "eur"}
	for _, change := range changes {
		change(&r)
	}
	return r
}

func names(intentID, sessionID string) func(*Row) {
	return func(r *Row) { r.Recorded.PaymentIntentID, r.Recorded.CheckoutSessionID = intentID, sessionID }
}

func ptr[T any](v T) *T { return &v }

// TestStatusOfEveryState walks through every state of an intent, alone and
// under a Checkout Session of every state.
func TestStatusOfEveryState(t *testing.T) {
	type bySession struct{ none, open, complete, expired Status }
	table := []struct {
		name   string
		intent *Intent
		want   bySession
	}{
		{"no intent yet", nil, bySession{0, Pending, Processing, Canceled}},
		{"waits for a payment method", ptr(intent("pi_1", IntentRequiresPaymentMethod)), bySession{Pending, Pending, Pending, Canceled}},
		{"an attempt failed", ptr(intent("pi_1", IntentRequiresPaymentMethod, declined)), bySession{Failed, Failed, Failed, Canceled}},
		{"waits for confirmation", ptr(intent("pi_1", IntentRequiresConfirmation)), bySession{Pending, Pending, Pending, Canceled}},
		{"waits for authentication", ptr(intent("pi_1", IntentRequiresAction)), bySession{RequiresAction, RequiresAction, RequiresAction, Canceled}},
		{"the bank works on it", ptr(intent("pi_1", IntentProcessing)), bySession{Processing, Processing, Processing, Processing}},
		{"money is held", ptr(intent("pi_1", IntentRequiresCapture)), bySession{Authorized, Authorized, Authorized, Authorized}},
		{"canceled", ptr(intent("pi_1", IntentCanceled)), bySession{Canceled, Canceled, Canceled, Canceled}},
		{"canceled after a failure", ptr(intent("pi_1", IntentCanceled, declined)), bySession{Canceled, Canceled, Canceled, Canceled}},
		{"succeeded", ptr(intent("pi_1", IntentSucceeded)), bySession{Completed, Completed, Completed, Completed}},
		{"succeeded after a failure", ptr(intent("pi_1", IntentSucceeded, func(in *Intent) { in.LastError = &AttemptError{Code: "card_declined"} })), bySession{Completed, Completed, Completed, Completed}},
		{"succeeded, charge not read", ptr(intent("pi_1", IntentSucceeded, func(in *Intent) { in.Charge = nil })), bySession{Completed, Completed, Completed, Completed}},
		{"refunded in part", ptr(intent("pi_1", IntentSucceeded, refunded(250))), bySession{PartiallyRefunded, PartiallyRefunded, PartiallyRefunded, PartiallyRefunded}},
		{"refunded but for one cent", ptr(intent("pi_1", IntentSucceeded, refunded(1249))), bySession{PartiallyRefunded, PartiallyRefunded, PartiallyRefunded, PartiallyRefunded}},
		{"refunded in full", ptr(intent("pi_1", IntentSucceeded, refunded(1250))), bySession{Refunded, Refunded, Refunded, Refunded}},
		{"a refund failed later", ptr(intent("pi_1", IntentSucceeded, refunded(0))), bySession{Completed, Completed, Completed, Completed}},
		{"captured in part", ptr(intent("pi_1", IntentSucceeded, captured(1000))), bySession{Completed, Completed, Completed, Completed}},
		{"captured in part, then refunded in part", ptr(intent("pi_1", IntentSucceeded, captured(1000), func(in *Intent) { in.Charge.AmountRefunded += 100 })), bySession{PartiallyRefunded, PartiallyRefunded, PartiallyRefunded, PartiallyRefunded}},
		{"captured in part, then refunded in full", ptr(intent("pi_1", IntentSucceeded, captured(1000), func(in *Intent) { in.Charge.AmountRefunded += 1000 })), bySession{Refunded, Refunded, Refunded, Refunded}},
		{"inquiry opened", ptr(intent("pi_1", IntentSucceeded, disputed(DisputeWarningNeedsResponse))), bySession{Completed, Completed, Completed, Completed}},
		{"inquiry answered", ptr(intent("pi_1", IntentSucceeded, disputed(DisputeWarningUnderReview))), bySession{Completed, Completed, Completed, Completed}},
		{"inquiry closed", ptr(intent("pi_1", IntentSucceeded, disputed(DisputeWarningClosed))), bySession{Completed, Completed, Completed, Completed}},
		{"dispute opened", ptr(intent("pi_1", IntentSucceeded, disputed(DisputeNeedsResponse))), bySession{Disputed, Disputed, Disputed, Disputed}},
		{"dispute answered", ptr(intent("pi_1", IntentSucceeded, disputed(DisputeUnderReview))), bySession{Disputed, Disputed, Disputed, Disputed}},
		{"dispute lost", ptr(intent("pi_1", IntentSucceeded, disputed(DisputeLost))), bySession{ChargedBack, ChargedBack, ChargedBack, ChargedBack}},
		{"dispute won", ptr(intent("pi_1", IntentSucceeded, disputed(DisputeWon))), bySession{Completed, Completed, Completed, Completed}},
		{"dispute won after a partial refund", ptr(intent("pi_1", IntentSucceeded, refunded(250), disputed(DisputeWon))), bySession{PartiallyRefunded, PartiallyRefunded, PartiallyRefunded, PartiallyRefunded}},
		{"dispute opened after a partial refund", ptr(intent("pi_1", IntentSucceeded, refunded(250), disputed(DisputeNeedsResponse))), bySession{Disputed, Disputed, Disputed, Disputed}},
		{"dispute lost after a partial refund", ptr(intent("pi_1", IntentSucceeded, refunded(250), disputed(DisputeLost))), bySession{ChargedBack, ChargedBack, ChargedBack, ChargedBack}},
	}
	check := func(t *testing.T, facts Facts, want Status) {
		t.Helper()
		got, err := Project(row(), facts)
		if err != nil {
			t.Fatal(err)
		}
		if got.Status != want {
			t.Errorf("status is %v, want %v", got.Status, want)
		}
	}
	for _, c := range table {
		t.Run(c.name, func(t *testing.T) {
			if c.intent != nil {
				check(t, Facts{Intents: []Intent{*c.intent}}, c.want.none)
			}
			for status, want := range map[SessionStatus]Status{SessionOpen: c.want.open, SessionComplete: c.want.complete, SessionExpired: c.want.expired} {
				check(t, Facts{Sessions: []Session{session("cs_1", status, "unpaid", c.intent)}}, want)
			}
		})
	}
}

func TestOrderOfNothingToPayIsCompleted(t *testing.T) {
	got, err := Project(row(), Facts{Sessions: []Session{session("cs_1", SessionComplete, "no_payment_required", nil)}})
	if err != nil || got.Status != Completed || got.CheckoutSessionID != "cs_1" || got.AmountReceived != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestEveryColumn(t *testing.T) {
	paid := intent("pi_1", IntentSucceeded, refunded(250), disputed(DisputeWon), func(in *Intent) { in.Livemode = true })
	failed := intent("pi_1", IntentRequiresPaymentMethod, declined)
	for _, c := range []struct {
		name  string
		facts Facts
		want  Payment
	}{
		{"paid over Checkout", Facts{Sessions: []Session{session("cs_1", SessionComplete, "paid", &paid)}}, Payment{
			Status: PartiallyRefunded, PaymentIntentID: "pi_1", CheckoutSessionID: "cs_1", ChargeID: "ch_1",
			AmountReceived: 1250, AmountRefunded: 250, Currency: "eur", PaidOn: day.Add(time.Hour),
			DisputeStatus: "won", DisputeReason: "fraudulent", Method: "card", ReceiptURL: "https://pay.stripe.com/receipts/x", Livemode: true,
		}},
		{"failed", Facts{Intents: []Intent{failed}}, Payment{
			Status: Failed, PaymentIntentID: "pi_1", ChargeID: "ch_declined", Currency: "eur", Method: "card",
			FailureCode: "card_declined", FailureMessage: "Your card has insufficient funds.",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Project(row(), c.facts)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWhichAttemptSpeaks holds the rule for rows that met several attempts.
func TestWhichAttemptSpeaks(t *testing.T) {
	for _, c := range []struct {
		name   string
		row    Row
		facts  Facts
		speaks string
	}{
		{"the only one", row(), Facts{Intents: []Intent{intent("pi_1", IntentProcessing)}}, "pi_1"},
		{"the named one before a newer", row(names("pi_1", "")), Facts{Intents: []Intent{intent("pi_1", IntentRequiresPaymentMethod), intent("pi_2", IntentProcessing, later)}}, "pi_1"},
		{"the newest when none is named", row(), Facts{Intents: []Intent{intent("pi_2", IntentRequiresPaymentMethod, later), intent("pi_1", IntentCanceled)}}, "pi_2"},
		{"the paid one before the named", row(names("pi_2", "")), Facts{Intents: []Intent{intent("pi_1", IntentSucceeded), intent("pi_2", IntentRequiresPaymentMethod, later)}}, "pi_1"},
		{"an old link that was paid", row(names("", "cs_2")), Facts{Sessions: []Session{session("cs_1", SessionComplete, "paid", ptr(intent("pi_1", IntentSucceeded))), session("cs_2", SessionOpen, "unpaid", nil)}}, "pi_1"},
		{"late news of an older one", row(names("pi_2", "")), Facts{Intents: []Intent{intent("pi_1", IntentCanceled), intent("pi_2", IntentProcessing, later)}}, "pi_2"},
		{"the second payment was refunded", row(names("pi_1", "")), Facts{Intents: []Intent{intent("pi_1", IntentSucceeded), intent("pi_2", IntentSucceeded, refunded(1250), later)}}, "pi_1"},
		{"the first payment was charged back", row(names("pi_1", "")), Facts{Intents: []Intent{intent("pi_1", IntentSucceeded, disputed(DisputeLost)), intent("pi_2", IntentSucceeded, later)}}, "pi_2"},
		{"both were refunded, the row names one", row(names("pi_1", "")), Facts{Intents: []Intent{intent("pi_1", IntentSucceeded, refunded(1250)), intent("pi_2", IntentSucceeded, refunded(1250), later)}}, "pi_1"},
		{"one intent seen by itself and through its session", row(), Facts{Intents: []Intent{intent("pi_1", IntentSucceeded)}, Sessions: []Session{session("cs_1", SessionComplete, "paid", ptr(intent("pi_1", IntentSucceeded)))}}, "pi_1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Project(c.row, c.facts)
			if err != nil {
				t.Fatal(err)
			}
			if got.PaymentIntentID != c.speaks {
				t.Errorf("%s speaks, want %s", got.PaymentIntentID, c.speaks)
			}
		})
	}
}

// TestDisagreements holds what only a person can settle, and that the sentence
// names what a person needs.
func TestDisagreements(t *testing.T) {
	noCurrency := func(r *Row) { r.Currency = "" }
	cents := decimal.RequireFromString("12.505")
	for _, c := range []struct {
		name  string
		row   Row
		facts Facts
		says  []string
	}{
		{"nothing at Stripe", row(), Facts{}, []string{"no PaymentIntent"}},
		{"paid twice", row(names("pi_1", "")), Facts{Intents: []Intent{intent("pi_1", IntentSucceeded), intent("pi_2", IntentSucceeded, later)}}, []string{"Paid twice", "pi_1", "pi_2"}},
		{"paid twice, one refunded in part", row(), Facts{Intents: []Intent{intent("pi_1", IntentSucceeded), intent("pi_2", IntentSucceeded, refunded(1), later)}}, []string{"Paid twice"}},
		{"another currency", row(), Facts{Intents: []Intent{intent("pi_1", IntentSucceeded, currency("usd"))}}, []string{"EUR", "USD", "pi_1"}},
		{"another currency while processing", row(), Facts{Intents: []Intent{intent("pi_1", IntentProcessing, currency("usd"))}}, []string{"EUR", "USD"}},
		{"another amount", row(), Facts{Intents: []Intent{intent("pi_1", IntentSucceeded, amount(1251))}}, []string{"12.5 EUR", "12.51 EUR", "too much can then be refunded"}},
		{"another amount while authorized", row(), Facts{Intents: []Intent{intent("pi_1", IntentRequiresCapture, amount(1249))}}, []string{"12.49", "the rest takes a payment of its own"}},
		{"an amount that the currency cannot express", row(func(r *Row) { r.Amount = &cents }), Facts{Intents: []Intent{intent("pi_1", IntentSucceeded)}}, []string{"12.505"}},
		{"a row without a currency", row(noCurrency), Facts{Intents: []Intent{intent("pi_1", IntentSucceeded)}}, []string{"no currency"}},
		{"a state of tomorrow", row(), Facts{Intents: []Intent{intent("pi_1", "requires_patience")}}, []string{"requires_patience", "Update PayBridge"}},
		{"a session state of tomorrow", row(), Facts{Sessions: []Session{session("cs_1", "paused", "unpaid", nil)}}, []string{"paused"}},
		{"a dispute state of tomorrow", row(), Facts{Intents: []Intent{intent("pi_1", IntentSucceeded, disputed("prevented"))}}, []string{"prevented"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Project(c.row, c.facts)
			if err == nil {
				t.Fatalf("no disagreement, got %+v", got)
			}
			for _, want := range c.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Count(err.Error(), ". ") > 1 || len(err.Error()) > 250 {
				t.Errorf("%q is not short", err)
			}
		})
	}
}

// TestDifferenceBeforeMoneyMoves: an edit in the CRM that has not reached
// Stripe yet is no disagreement.
func TestDifferenceBeforeMoneyMoves(t *testing.T) {
	for _, status := range []IntentStatus{IntentRequiresPaymentMethod, IntentRequiresConfirmation, IntentRequiresAction, IntentCanceled} {
		if _, err := Project(row(), Facts{Intents: []Intent{intent("pi_1", status, amount(999), currency("usd"))}}); err != nil {
			t.Errorf("%s: %v", status, err)
		}
	}
}

// TestLinkOfAnotherAttemptEndsWithItsSession: the money came another way, and
// the row still records the session that was offered.
func TestLinkOfAnotherAttemptEndsWithItsSession(t *testing.T) {
	row := row(names("", "cs_1"))
	row.Recorded.CheckoutURL = "https://checkout.stripe.com/c/pay/cs_1"
	for status, want := range map[SessionStatus]string{SessionOpen: row.Recorded.CheckoutURL, SessionExpired: ""} {
		p, err := Project(row, Facts{
			Intents:  []Intent{intent("pi_1", IntentSucceeded)},
			Sessions: []Session{{ID: "cs_1", Status: status, URL: row.Recorded.CheckoutURL, Created: day}},
		})
		if err != nil || p.PaymentIntentID != "pi_1" || p.CheckoutSessionID != "cs_1" || p.CheckoutURL != want {
			t.Errorf("%s: %v, %+v", status, err, p)
		}
	}
}

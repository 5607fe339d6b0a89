package deadletters_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"paybridge/cmd/paybridge/deadletters"
	"paybridge/internal/payment"
)

// TestVerdictsForetellTheFunctions compares dead letters, lets the function
// behind the queue work on them, and compares again: what was out of step is
// written and then in step, and what was not is not touched.
func TestVerdictsForetellTheFunctions(t *testing.T) {
	t.Parallel()
	hint := func(w *world, fields string) *deadletters.Letter {
		return w.letter(deadletters.Hints, fmt.Appendf(nil, `{"v":1,"event":"evt_1","type":"payment_intent.succeeded","livemode":false,%s}`, fields))
	}
	change := func(w *world, row string) *deadletters.Letter {
		return w.letter(deadletters.Changes, fmt.Appendf(nil, `{"v":1,"payment":%q,"message":"Update"}`, row))
	}
	for _, c := range []struct {
		name string
		// make returns the letter and the row that it is about, empty for none.
		make          func(w *world) (*deadletters.Letter, string)
		before, after deadletters.State
		detail        string
	}{
		{"a payment that the row does not show", func(w *world) (*deadletters.Letter, string) {
			row := w.row("")
			return hint(w, fmt.Sprintf(`"paymentIntent":%q,"crmPaymentId":%q`, w.paid(1250, "CRM_PaymentId", row)["id"], row)), row
		}, deadletters.OutOfStep, deadletters.InStep, "does not show"},
		{"one that Stripe alone can link", func(w *world) (*deadletters.Letter, string) {
			row := w.row("")
			return hint(w, fmt.Sprintf(`"paymentIntent":%q`, w.paid(1250, "CRM_PaymentId", row, "CRM_Org", org)["id"])), row
		}, deadletters.OutOfStep, deadletters.InStep, "does not show"},
		{"one of which the charge alone is named", func(w *world) (*deadletters.Letter, string) {
			row := w.row("")
			return hint(w, fmt.Sprintf(`"charge":%q`, w.paid(1250, "CRM_PaymentId", row)["latest_charge"])), row
		}, deadletters.OutOfStep, deadletters.InStep, "does not show"},
		{"one that differs from the row", func(w *world) (*deadletters.Letter, string) {
			row := w.row("")
			return hint(w, fmt.Sprintf(`"paymentIntent":%q,"crmPaymentId":%q`, w.paid(999, "CRM_PaymentId", row)["id"], row)), row
		}, deadletters.OutOfStep, deadletters.InStep, "Needs review: The row asks for 12.5 EUR"},
		{"one that Stripe does not know", func(w *world) (*deadletters.Letter, string) {
			row := w.row("")
			return hint(w, fmt.Sprintf(`"paymentIntent":"pi_gone","crmPaymentId":%q`, row)), row
		}, deadletters.OutOfStep, deadletters.InStep, "Needs review: "},
		{"one whose row was deleted", func(w *world) (*deadletters.Letter, string) {
			const row = "11111111-2222-3333-4444-555555555555"
			return hint(w, fmt.Sprintf(`"paymentIntent":%q,"crmPaymentId":%q`, w.paid(1250, "CRM_PaymentId", row)["id"], row)), ""
		}, deadletters.OutOfStep, deadletters.InStep, "The CRM has no payment 11111111"},
		{"one of another organisation", func(w *world) (*deadletters.Letter, string) {
			row := w.row("")
			return hint(w, fmt.Sprintf(`"paymentIntent":%q`, w.paid(1250, "CRM_PaymentId", "x", "CRM_Org", "other.crm.dynamics.com")["id"])), row
		}, deadletters.LeftAlone, deadletters.LeftAlone, "another CRM organisation"},
		{"one that is not for the CRM", func(w *world) (*deadletters.Letter, string) {
			return hint(w, fmt.Sprintf(`"paymentIntent":%q`, w.paid(1250)["id"])), w.row("")
		}, deadletters.LeftAlone, deadletters.LeftAlone, "not made for the CRM"},
		{"a row that asks to be paid", func(w *world) (*deadletters.Letter, string) {
			row := w.row(asks(payment.RequestPay))
			return change(w, row), row
		}, deadletters.OutOfStep, deadletters.InStep, `The row asks for "Pay 12.5 EUR by PaymentIntent": PayBridge has still to make a PaymentIntent.`},
		{"a row that asks for what cannot be done", func(w *world) (*deadletters.Letter, string) {
			row := w.row(asks(payment.RequestRefund))
			return change(w, row), row
		}, deadletters.OutOfStep, deadletters.InStep, "Request refused: No money was received"},
		{"a row that asks for nothing", func(w *world) (*deadletters.Letter, string) {
			row := w.row(asks(payment.RequestNone))
			return change(w, row), row
		}, deadletters.InStep, deadletters.InStep, "Both ends agree"},
		{"a row that is gone", func(w *world) (*deadletters.Letter, string) {
			row := w.row("")
			w.odata(http.MethodDelete, "pb_payments("+row+")", "")
			return change(w, row), ""
		}, deadletters.LeftAlone, deadletters.LeftAlone, "The row was deleted"},
		{"no message at all", func(w *world) (*deadletters.Letter, string) {
			return w.letter(deadletters.Hints, []byte(`{"v":99}`)), ""
		}, deadletters.Unreadable, deadletters.Unreadable, "version 99"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			letter, row := c.make(w)
			verdict := w.compare(letter)
			if verdict.State != c.before || !strings.Contains(verdict.Detail, c.detail) {
				t.Fatalf("before: %v, %s", verdict.State, verdict.Detail)
			}
			version := ""
			if row != "" {
				version = w.version(row)
				if verdict.State != deadletters.LeftAlone && string(verdict.Row) != row {
					t.Errorf("the row is %q", verdict.Row)
				}
			}
			w.deliver(letter)
			if row != "" {
				if written := w.version(row) != version; written != (c.before == deadletters.OutOfStep) {
					t.Errorf("the function wrote the row: %v", written)
				}
			}
			verdict = w.compare(letter)
			if verdict.State != c.after || verdict.Untold && row != "" && letter.Hint != nil && c.before == deadletters.OutOfStep {
				t.Errorf("after: %v, %s, untold %v", verdict.State, verdict.Detail, verdict.Untold)
			}
		})
	}
}

func TestWithoutAnEndNothingIsCompared(t *testing.T) {
	t.Parallel()
	letters := func(w *world) []*deadletters.Letter {
		row := w.row("")
		return []*deadletters.Letter{
			w.letter(deadletters.Hints, fmt.Appendf(nil, `{"v":1,"livemode":false,"paymentIntent":%q,"crmPaymentId":%q}`, w.paid(1250, "CRM_PaymentId", row)["id"], row)),
			w.letter(deadletters.Hints, []byte("poison")),
		}
	}
	for name, spoil := range map[string]func(*world){
		"not configured": func(w *world) { w.comparer.Missing = []string{"StripeSecretKey"} },
		"no CRM":         func(w *world) { w.ends[0].Close() },
		"no Stripe":      func(w *world) { w.ends[1].Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			found := letters(w)
			spoil(w)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			w.comparer.Compare(ctx, found, func(_, _ int) {})
			if v := found[0].Verdict; v.State != deadletters.NotCompared || v.Detail == "" {
				t.Errorf("%v, %s", v.State, v.Detail)
			}
			if v := found[1].Verdict; v.State != deadletters.Unreadable {
				t.Errorf("%v, %s", v.State, v.Detail)
			}
		})
	}
}

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
	standindataverse "paybridge/standin/dataverse"
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
		{"one that names a row which another payment is of", func(w *world) (*deadletters.Letter, string) {
			wrong, row := w.row(""), w.row("")
			return hint(w, fmt.Sprintf(`"paymentIntent":%q,"crmPaymentId":%q`, w.paid(1250, "CRM_PaymentId", row)["id"], wrong)), row
		}, deadletters.OutOfStep, deadletters.InStep, "does not show"},
		{"one whose payment names no row", func(w *world) (*deadletters.Letter, string) {
			row := w.row("")
			return hint(w, fmt.Sprintf(`"paymentIntent":%q,"crmPaymentId":%q`, w.paid(1250)["id"], row)), row
		}, deadletters.LeftAlone, deadletters.LeftAlone, "does not name the payment"},
		{"one that misspells its row", func(w *world) (*deadletters.Letter, string) {
			return hint(w, fmt.Sprintf(`"paymentIntent":%q`, w.paid(1250, "CRM_PaymentId", "order 7", "CRM_Org", org)["id"])), ""
		}, deadletters.OutOfStep, deadletters.InStep, "names this CRM but no payment in it"},
		{"one of a row that another organisation had", func(w *world) (*deadletters.Letter, string) {
			return hint(w, `"paymentIntent":"pi_1","crmPaymentId":"11111111-2222-3333-4444-555555555555","crmOrg":"other.crm.dynamics.com"`), ""
		}, deadletters.LeftAlone, deadletters.LeftAlone, "another CRM organisation"},
		{"one of which the charge alone is named, and which the row records", func(w *world) (*deadletters.Letter, string) {
			paid := w.paid(1250)
			row := w.row(fmt.Sprintf(`,"pb_paymentintentid":%q`, paid["id"]))
			return hint(w, fmt.Sprintf(`"charge":%q`, paid["latest_charge"])), row
		}, deadletters.OutOfStep, deadletters.InStep, "does not show"},
		{"a change of a row that a person has to settle and that cannot be judged", func(w *world) (*deadletters.Letter, string) {
			row := w.row(`,"pb_lasterror":"Needs review: The payment is of an account that cannot be read. Ask its owner."`)
			return change(w, row), row
		}, deadletters.InStep, deadletters.InStep, "an account that cannot be read"},
		{"a change of a row that names a payment of another account", func(w *world) (*deadletters.Letter, string) {
			row := w.row(`,"pb_paymentintentid":"pi_of_another","pb_lasterror":"Needs review: The row asks for 12.5 EUR. Correct it."`)
			return change(w, row), row
		}, deadletters.InStep, deadletters.InStep, "The row asks for 12.5 EUR"},
		{"a change that names another attempt", func(w *world) (*deadletters.Letter, string) {
			row := w.row("")
			return w.letter(deadletters.Changes, fmt.Appendf(nil, `{"v":1,"payment":%q,"attempts":[%q]}`, row, w.paid(1250, "CRM_PaymentId", row)["id"])), row
		}, deadletters.OutOfStep, deadletters.InStep, "does not show"},
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

// TestNoHintIsJudgedInTwoWays goes through what a hint, its payment and the rows
// may say of each other. What is to be left alone, or in step, is not touched by
// the function; what is out of step is written, or told in the timeline.
func TestNoHintIsJudgedInTwoWays(t *testing.T) {
	t.Parallel()
	const nowhere = "11111111-2222-3333-4444-555555555555"
	w := newWorld(t)
	n := 0
	for _, organisation := range []string{"", org, "other.crm.dynamics.com"} {
		for _, names := range []string{"", "first", "second", nowhere, "order 7"} {
			for _, says := range []string{"", "first", "second", nowhere} {
				for _, records := range []string{"", "first", "second"} {
					n++
					name := fmt.Sprintf("the payment names %q of %q, the hint %q, and %q records it", names, organisation, says, records)
					rows := map[string]string{"first": w.row(""), "second": w.row("")}
					id := func(row string) string {
						if known := rows[row]; known != "" {
							return known
						}
						return row
					}
					var marks []string
					if names != "" {
						marks = append(marks, "CRM_PaymentId", id(names))
					}
					if organisation != "" {
						marks = append(marks, "CRM_Org", organisation)
					}
					intent := w.paid(1250, marks...)["id"]
					if records != "" {
						w.odata(http.MethodPatch, "pb_payments("+rows[records]+")", fmt.Sprintf(`{"pb_paymentintentid":%q}`, intent))
					}
					said := fmt.Sprintf(`{"v":1,"event":"evt_%d","type":"payment_intent.succeeded","livemode":false,"paymentIntent":%q`, n, intent)
					if says != "" {
						said += fmt.Sprintf(`,"crmPaymentId":%q`, id(says))
					}
					letter := w.letter(deadletters.Hints, []byte(said+"}"))
					before := w.compare(letter)
					versions := map[string]string{}
					for _, row := range rows {
						versions[row] = w.version(row)
					}
					w.deliver(letter)
					changed := ""
					for _, row := range rows {
						if w.version(row) != versions[row] {
							changed += row
						}
					}
					told := w.needsReview(fmt.Sprintf("evt_%d", n))
					if acted := changed != "" || told; acted != (before.State == deadletters.OutOfStep) {
						t.Errorf("%s: %v (%s), but written was %q, told %t", name, before.State, before.Detail, changed, told)
					}
					if changed != "" && changed != string(before.Row) {
						t.Errorf("%s: judged was %s, written %s", name, before.Row, changed)
					}
					if after := w.compare(letter); after.State == deadletters.OutOfStep || (after.State == deadletters.LeftAlone) != (before.State == deadletters.LeftAlone) {
						t.Errorf("%s: %v (%s), and after it %v (%s)", name, before.State, before.Detail, after.State, after.Detail)
					}
				}
			}
		}
	}
}

// TestARowThatTakesNoChangeIsToldOnce: the function tells it in the timeline, and
// then there is nothing more to say.
func TestARowThatTakesNoChangeIsToldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refuse = func(method, path string) *standindataverse.Fault {
		if method != http.MethodPatch || !strings.HasPrefix(path, "pb_payments(") {
			return nil
		}
		return &standindataverse.Fault{Status: http.StatusBadRequest, Code: "0x80040265", Message: "This order is closed."}
	}
	for name, amount := range map[string]int{"what Stripe says": 1250, "what a person has to settle": 999} {
		row := w.row("")
		letter := w.letter(deadletters.Hints, fmt.Appendf(nil, `{"v":1,"event":"evt_%d","livemode":false,"paymentIntent":%q}`, amount, w.paid(amount, "CRM_PaymentId", row)["id"]))
		if v := w.compare(letter); v.State != deadletters.OutOfStep {
			t.Errorf("%s: before it is %v, %s", name, v.State, v.Detail)
		}
		w.deliver(letter)
		if v := w.compare(letter); v.State != deadletters.InStep || !strings.Contains(v.Detail, "This order is closed.") || v.Untold {
			t.Errorf("%s: after it is %v, %s", name, v.State, v.Detail)
		}
	}
}

// TestANewsThatMakesTheRowAskAgainIsWorthSending: the row shows that a refund is
// gone again, and still asks for it.
func TestANewsThatMakesTheRowAskAgainIsWorthSending(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	row := w.row("")
	intent := w.paid(1250, "CRM_PaymentId", row)["id"]
	letter := w.letter(deadletters.Hints, fmt.Appendf(nil, `{"v":1,"event":"evt_1","livemode":false,"paymentIntent":%q}`, intent))
	w.deliver(letter)
	w.odata(http.MethodPatch, "pb_payments("+row+")", "{"+strings.TrimPrefix(asks(payment.RequestRefund), ",")+"}")
	if v := w.compare(letter); v.State != deadletters.OutOfStep || !strings.Contains(v.Detail, "still to be done") || string(v.Row) != row {
		t.Errorf("before it is %v, %s", v.State, v.Detail)
	}
	w.deliver(letter)
	w.deliver(letter)
	if v := w.compare(letter); v.State != deadletters.InStep || v.Status != "Refunded" {
		t.Errorf("after it is %v, %s, the row shows %s", v.State, v.Detail, v.Status)
	}
}

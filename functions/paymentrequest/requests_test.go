package paymentrequest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"paybridge/internal/payment"
	"paybridge/internal/secret/leak"
)

func TestPayByIntent(t *testing.T) {
	for _, c := range []struct {
		amount, currency string
		minor            float64
	}{
		{"12.50", "EUR", 1250}, {"1500", "JPY", 1500}, {"12.340", "KWD", 12340}, {"500", "ISK", 50000}, {"0.50", "USD", 50},
	} {
		t.Run(c.currency, func(t *testing.T) {
			w := newWorld(t)
			id := w.make(c.amount, c.currency, ask(payment.RequestPay))
			row := w.run(id)
			made := w.objects("payment_intents")
			if len(made) != 1 {
				t.Fatalf("%d PaymentIntents: %v", len(made), row["pb_lasterror"])
			}
			in := made[0]
			if in["amount"] != c.minor || in["currency"] != strings.ToLower(c.currency) || in["description"] != "Order 7" || in["receipt_email"] != "ann@example.com" {
				t.Errorf("made %v", in)
			}
			metadata := in["metadata"].(map[string]any)
			if metadata["CRM_PaymentId"] != id || metadata["CRM_Org"] != org || len(metadata) != 2 {
				t.Errorf("metadata %v", metadata)
			}
			if label(row) != "Pending" || row["pb_paymentintentid"] != in["id"] || row["pb_lasterror"] != nil || row["pb_checkouturl"] != nil {
				t.Errorf("row %v", row)
			}
			leak.New(in["client_secret"].(string), w.stripe.SecretKey()).Assert(t, "the row or the log", fmt.Sprint(row, w.log))
			before := w.writes()
			w.run(id)
			if n := w.writes() - before; n != 0 {
				t.Errorf("the same request again changed Stripe %d times", n)
			}
		})
	}
}

func TestPayByLink(t *testing.T) {
	w := newWorld(t)
	w.config.LinkExpiry = 2 * time.Hour
	id := w.make("12.50", "EUR", ask(payment.RequestPay)+","+by(payment.ByLink))
	row := w.run(id)
	made := w.objects("checkout/sessions")
	if len(made) != 1 || len(w.objects("payment_intents")) != 0 {
		t.Fatalf("%d Checkout Sessions: %v", len(made), row["pb_lasterror"])
	}
	s := made[0]
	if s["client_reference_id"] != id || s["amount_total"] != 1250.0 || s["success_url"] != "https://shop.example/thanks" || s["cancel_url"] != "https://shop.example/cart" {
		t.Errorf("made %v", s)
	}
	if label(row) != "Pending" || row["pb_checkoutsessionid"] != s["id"] || text(row, "pb_checkouturl") != s["url"] {
		t.Errorf("row %v", row)
	}
	expires := time.Unix(int64(s["expires_at"].(float64)), 0)
	if d := expires.Sub(w.now()); d < 2*time.Hour-time.Minute || d > 2*time.Hour+11*time.Minute {
		t.Errorf("it can be paid for %v", d)
	}
}

func TestRefusedWithoutAnObject(t *testing.T) {
	for _, c := range []struct{ name, amount, currency, says string }{
		{"no amount", "", "EUR", "no amount"},
		{"below the minimum", "0.49", "EUR", "0.50 EUR"},
		{"half a cent", "10.005", "EUR", "10.005 EUR"},
		{"half a yen", "10.5", "JPY", "10.5 JPY"},
		{"a fils that Stripe does not take", "1.235", "KWD", "1.235 KWD"},
		{"a part of a krona", "12.5", "ISK", "12.5 ISK"},
		{"negative", "-3", "EUR", "negative"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			row := w.run(w.make(c.amount, c.currency, ask(payment.RequestPay)))
			if said := text(row, "pb_lasterror"); !strings.HasPrefix(said, payment.RefusalPrefix) || !strings.Contains(said, c.says) {
				t.Errorf("the row says %q", said)
			}
			if label(row) != "Requested" || w.writes() != 0 {
				t.Errorf("status %s, %d writes at Stripe", label(row), w.writes())
			}
		})
	}
}

func TestRefusalIsClearedByTheCorrection(t *testing.T) {
	w := newWorld(t)
	id := w.make("10.005", "EUR", ask(payment.RequestPay))
	w.run(id)
	w.edit(id, `"pb_amount":10.01`)
	if row := w.run(id); row["pb_lasterror"] != nil || label(row) != "Pending" {
		t.Errorf("row %v", row)
	}
}

func TestMetadataThatStripeDoesNotTake(t *testing.T) {
	w := newWorld(t)
	w.config.Rows = w.rows(func(m []string) []string { return append(m, "pb_lasterror") })
	id := w.make("12.50", "EUR", ask(payment.RequestPay))
	w.edit(id, `"pb_lasterror":"`+strings.Repeat("x", 501)+`"`)
	row := w.run(id)
	if said := text(row, "pb_lasterror"); !strings.Contains(said, "pb_lasterror") || !strings.Contains(said, "500") {
		t.Errorf("the row says %q", said)
	}
	if len(w.objects("payment_intents")) != 0 {
		t.Error("something was made")
	}
}

func TestChangesBeforePaying(t *testing.T) {
	t.Run("the amount of an intent", func(t *testing.T) {
		w := newWorld(t)
		id := w.make("12.50", "EUR", ask(payment.RequestPay))
		first := w.run(id)["pb_paymentintentid"]
		w.edit(id, `"pb_amount":15`)
		row := w.run(id)
		made := w.objects("payment_intents")
		if len(made) != 1 || made[0]["amount"] != 1500.0 || row["pb_paymentintentid"] != first {
			t.Errorf("made %v, row %v", made, row)
		}
	})
	t.Run("the amount of a link", func(t *testing.T) {
		w := newWorld(t)
		id := w.make("12.50", "EUR", ask(payment.RequestPay)+","+by(payment.ByLink))
		old := text(w.run(id), "pb_checkouturl")
		w.edit(id, `"pb_amount":15`)
		row := w.run(id)
		open, expired := 0, 0
		for _, s := range w.objects("checkout/sessions") {
			switch s["status"] {
			case "open":
				open++
				if s["amount_total"] != 1500.0 || row["pb_checkoutsessionid"] != s["id"] {
					t.Errorf("open is %v", s)
				}
			case "expired":
				expired++
			}
		}
		if open != 1 || expired != 1 || text(row, "pb_checkouturl") == old {
			t.Errorf("%d open, %d expired, row %v", open, expired, row)
		}
	})
	t.Run("from a link to an intent", func(t *testing.T) {
		w := newWorld(t)
		id := w.make("12.50", "EUR", ask(payment.RequestPay)+","+by(payment.ByLink))
		w.run(id)
		w.edit(id, by(payment.ByIntent))
		row := w.run(id)
		if label(row) != "Pending" || text(row, "pb_paymentintentid") == "" || row["pb_checkouturl"] != nil || w.objects("checkout/sessions")[0]["status"] != "expired" {
			t.Errorf("row %v", row)
		}
	})
}

func TestChangesAfterPaying(t *testing.T) {
	w := newWorld(t)
	id := w.make("12.50", "EUR", ask(payment.RequestPay))
	intent := text(w.run(id), "pb_paymentintentid")
	w.api(http.MethodPost, "/v1/payment_intents/"+intent+"/confirm", "payment_method", "pm_card_visa", "return_url", "https://shop.example")
	if row := w.run(id); label(row) != "Completed" {
		t.Fatalf("row %v", row)
	}
	w.edit(id, `"pb_amount":15`)
	row := w.run(id)
	if said := text(row, "pb_lasterror"); !strings.Contains(said, "15 EUR") || !strings.Contains(said, "12.5") {
		t.Errorf("the row says %q", said)
	}
	if label(row) != "Completed" {
		t.Errorf("status %s", label(row))
	}
	w.edit(id, `"pb_amount":12.5,`+ask(payment.RequestCancel))
	if said := text(w.run(id), "pb_lasterror"); !strings.Contains(said, "Refund") {
		t.Errorf("the row says %q", said)
	}
}

func TestCancel(t *testing.T) {
	for name, c := range map[string]struct {
		by   payment.CollectBy
		kind string
		want string
	}{"an intent": {payment.ByIntent, "payment_intents", "canceled"}, "a link": {payment.ByLink, "checkout/sessions", "expired"}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			id := w.make("12.50", "EUR", ask(payment.RequestPay)+","+by(c.by))
			w.run(id)
			w.edit(id, ask(payment.RequestCancel))
			row := w.run(id)
			if made := w.objects(c.kind); len(made) != 1 || made[0]["status"] != c.want || label(row) != "Canceled" || row["pb_checkouturl"] != nil {
				t.Errorf("made %v, row %v", made, row)
			}
			w.edit(id, ask(payment.RequestPay))
			if row := w.run(id); label(row) != "Pending" || len(w.objects(c.kind)) != 2 {
				t.Errorf("asked again: row %v", row)
			}
		})
	}
	t.Run("what was never made", func(t *testing.T) {
		w := newWorld(t)
		if row := w.run(w.make("12.50", "EUR", ask(payment.RequestCancel))); label(row) != "Canceled" || w.writes() != 0 {
			t.Errorf("row %v", row)
		}
	})
}

func TestRefunds(t *testing.T) {
	w := newWorld(t)
	id := w.make("12.50", "EUR", ask(payment.RequestPay))
	intent := text(w.run(id), "pb_paymentintentid")
	w.api(http.MethodPost, "/v1/payment_intents/"+intent+"/confirm", "payment_method", "pm_card_visa", "return_url", "https://shop.example")
	total := func() (sum float64, n int) {
		for _, r := range w.objects("refunds") {
			sum += r["amount"].(float64)
			n++
		}
		return sum, n
	}
	step := func(columns, status string, sum float64, n int, says string) {
		t.Helper()
		w.edit(id, columns)
		var row map[string]any
		for range 3 {
			row = w.run(id)
		}
		if got, count := total(); got != sum || count != n || label(row) != status {
			t.Errorf("after %s: %v refunded in %d, status %s: %v", columns, got, count, label(row), row["pb_lasterror"])
		}
		if said := text(row, "pb_lasterror"); !strings.Contains(said, says) || says == "" && said != "" {
			t.Errorf("after %s the row says %q", columns, said)
		}
	}
	step(ask(payment.RequestRefund)+`,"pb_refundamount":2.50`, "Partially refunded", 250, 1, "")
	step(`"pb_refundamount":4.00`, "Partially refunded", 400, 2, "")
	step(`"pb_refundamount":3.00`, "Partially refunded", 400, 2, "went back already")
	step(`"pb_refundamount":12.51`, "Partially refunded", 400, 2, "only 12.50 EUR was received")
	step(`"pb_refundamount":null`, "Refunded", 1250, 3, "")
	w.later(48 * time.Hour)
	step(`"pb_name":"two days later"`, "Refunded", 1250, 3, "")
}

func TestRefundThatFailsIsNotTriedAgain(t *testing.T) {
	w := newWorld(t)
	id := w.make("12.50", "EUR", ask(payment.RequestPay))
	intent := text(w.run(id), "pb_paymentintentid")
	w.api(http.MethodPost, "/v1/payment_intents/"+intent+"/confirm", "payment_method", "pm_card_refundFail", "return_url", "https://shop.example")
	w.edit(id, ask(payment.RequestRefund))
	w.run(id)
	refunds := w.objects("refunds")
	if len(refunds) != 1 {
		t.Fatalf("refunds %v", refunds)
	}
	if err := w.stripe.FailRefund(refunds[0]["id"].(string), "lost_or_stolen_card"); err != nil {
		t.Fatal(err)
	}
	row := w.run(id)
	if said := text(row, "pb_lasterror"); !strings.Contains(said, "lost_or_stolen_card") || label(row) != "Completed" || len(w.objects("refunds")) != 1 {
		t.Errorf("status %s, the row says %q", label(row), said)
	}
}

// TestEarlierRefundThatFailsLaterIsTold: the last refund came through, and
// still less went back than was asked for.
func TestEarlierRefundThatFailsLaterIsTold(t *testing.T) {
	w := newWorld(t)
	id := w.make("12.50", "EUR", ask(payment.RequestPay))
	intent := text(w.run(id), "pb_paymentintentid")
	w.api(http.MethodPost, "/v1/payment_intents/"+intent+"/confirm", "payment_method", "pm_card_visa", "return_url", "https://shop.example")
	w.edit(id, ask(payment.RequestRefund)+`,"pb_refundamount":2.50`)
	w.run(id)
	first := w.objects("refunds")[0]["id"].(string)
	w.edit(id, `"pb_refundamount":null`)
	if row := w.run(id); row["pb_lasterror"] != nil || label(row) != "Refunded" {
		t.Fatalf("row %v", row)
	}
	if err := w.stripe.FailRefund(first, "lost_or_stolen_card"); err != nil {
		t.Fatal(err)
	}
	row := w.run(id)
	if said := text(row, "pb_lasterror"); !strings.HasPrefix(said, payment.RefusalPrefix) || !strings.Contains(said, first) || label(row) != "Partially refunded" {
		t.Errorf("status %s, the row says %q", label(row), said)
	}
	if n := len(w.objects("refunds")); n != 2 {
		t.Errorf("%d refunds", n)
	}
}

package paymentrequest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"paybridge/internal/payment"
	standinstripe "paybridge/standin/stripe"
)

// TestStripeRefuses: what only Stripe knows is told in Stripe's words.
func TestStripeRefuses(t *testing.T) {
	t.Run("a currency that Stripe does not know", func(t *testing.T) {
		w := newWorld(t)
		status, made := w.odata(http.MethodPost, "transactioncurrencies", `{"currencyname":"Quatloo","isocurrencycode":"QTL","currencysymbol":"Q","currencyprecision":2,"exchangerate":1}`)
		if status != http.StatusCreated {
			t.Fatalf("making a currency: %d %v", status, made)
		}
		id := w.make("12.50", "EUR", "")
		w.edit(id, `"transactioncurrencyid@odata.bind":"/transactioncurrencies(`+made["transactioncurrencyid"].(string)+`)",`+ask(payment.RequestPay))
		row := w.run(id)
		if said := text(row, "pb_lasterror"); !strings.HasPrefix(said, payment.RefusalPrefix) || !strings.Contains(strings.ToLower(said), "currency") {
			t.Errorf("the row says %q", said)
		}
		if n := len(w.objects("payment_intents")); n != 0 || label(row) != "Requested" {
			t.Errorf("%d PaymentIntents, status %s", n, label(row))
		}
	})
	t.Run("links without a page to return to", func(t *testing.T) {
		w := newWorld(t)
		w.config.SuccessURL = ""
		row := w.run(w.make("12.50", "EUR", ask(payment.RequestPay)+","+by(payment.ByLink)))
		if said := text(row, "pb_lasterror"); !strings.Contains(said, "PaymentSuccessUrl") || w.writes() != 0 {
			t.Errorf("the row says %q, %d writes at Stripe", said, w.writes())
		}
	})
}

func TestDeletedRowIsDone(t *testing.T) {
	w := newWorld(t)
	if err := w.carryOut(t.Context(), w.config, "00000000-0000-4000-8000-000000000001"); err != nil {
		t.Error(err)
	}
	if !strings.Contains(w.log.String(), "the row was deleted") || w.writes() != 0 {
		t.Errorf("log %s", w.log)
	}
}

// TestRowOfTheOtherMode: a CRM that was copied names objects that this key
// cannot see.
func TestRowOfTheOtherMode(t *testing.T) {
	w := newWorld(t)
	id := w.make("12.50", "EUR", ask(payment.RequestPay))
	w.run(id)
	w.config.Livemode = true
	row := w.run(id)
	if said := text(row, "pb_lasterror"); !strings.HasPrefix(said, payment.ReviewPrefix) || !strings.Contains(said, "test mode") {
		t.Errorf("the row says %q", said)
	}
	if label(row) != "Pending" {
		t.Errorf("status %s", label(row))
	}
}

// TestStripeStoresAFailure: Stripe answers 500 and repeats that for as long as
// it keeps the key, whether it did what was asked for or not. It is done once.
func TestStripeStoresAFailure(t *testing.T) {
	for _, undone := range []bool{false, true} {
		for kind, path := range map[string]string{"checkout/sessions": "/v1/checkout/sessions", "refunds": "/v1/refunds"} {
			t.Run(fmt.Sprintf("%s, undone %t", kind, undone), func(t *testing.T) {
				w := newWorld(t)
				id := w.make("12.50", "EUR", ask(payment.RequestPay)+","+by(payment.ByIntent))
				intent := text(w.run(id), "pb_paymentintentid")
				want := "Pending"
				if kind == "refunds" {
					w.api(http.MethodPost, "/v1/payment_intents/"+intent+"/confirm", "payment_method", "pm_card_visa", "return_url", "https://shop.example")
					w.edit(id, ask(payment.RequestRefund)+`,"pb_refundamount":2.50`)
					want = "Partially refunded"
				} else {
					w.edit(id, by(payment.ByLink))
				}
				w.stripe.FaultNext(http.MethodPost, path, 1, standinstripe.Fault{Status: 500, Stored: true, Undone: undone})
				for range 2 {
					row := w.run(id)
					if made := w.objects(kind); len(made) != 1 || label(row) != want || row["pb_lasterror"] != nil {
						t.Errorf("%d made, row %s %v", len(made), label(row), row["pb_lasterror"])
					}
				}
			})
		}
	}
}

// TestReviewOfNewsStandsWhenTheRowNamesNothing: a row that is saved has nothing
// by which to judge what crmupdate told.
func TestReviewOfNewsStandsWhenTheRowNamesNothing(t *testing.T) {
	w := newWorld(t)
	const said = payment.ReviewPrefix + "The payment belongs to an account that cannot be read. Give the key access to it."
	id := w.make("12.50", "EUR", `"pb_lasterror":"`+said+`"`)
	if got := text(w.run(id), "pb_lasterror"); got != said {
		t.Errorf("the row says %q", got)
	}
}

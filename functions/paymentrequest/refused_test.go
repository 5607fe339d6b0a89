package paymentrequest_test

import (
	"net/http"
	"strings"
	"testing"

	"paybridge/internal/payment"
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

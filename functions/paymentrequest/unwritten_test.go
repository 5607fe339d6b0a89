package paymentrequest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"paybridge/internal/payment"
	standindataverse "paybridge/standin/dataverse"
)

// TestRowThatTakesNoChangeIsToldInTheTimeline: the message is completed, what
// was made at Stripe is named, and a further delivery makes no second one.
func TestRowThatTakesNoChangeIsToldInTheTimeline(t *testing.T) {
	w := newWorld(t)
	w.part(func(method, path string) *standindataverse.Fault {
		if method != http.MethodPatch || !strings.HasPrefix(path, "pb_payments(") {
			return nil
		}
		return &standindataverse.Fault{Status: http.StatusBadRequest, Code: "0x80040265", Message: "This order is closed."}
	})
	paid, small := w.make("12.50", "EUR", ask(payment.RequestPay)), w.make("0.10", "EUR", ask(payment.RequestPay))
	entries := func() string {
		if out, err := w.deliver(paid, small); err != nil || len(out["unfinished"]) > 0 {
			t.Fatalf("%v, back on the queue: %q", err, out["unfinished"])
		}
		w.later(time.Minute)
		_, list := w.odata(http.MethodGet, "pb_paymentevents", "")
		return fmt.Sprint(list["value"])
	}
	told := entries()
	if again := entries(); again != told {
		t.Errorf("the entries were written again: %s, before %s", again, told)
	}
	intents := w.objects("payment_intents")
	if len(intents) != 1 {
		t.Fatalf("%d PaymentIntents", len(intents))
	}
	for row, says := range map[string]string{paid: intents[0]["id"].(string), small: "less than Stripe collects"} {
		_, entry := w.odata(http.MethodGet, "pb_paymentevents(pb_stripeeventid='request-"+row+"')", "")
		detail := text(entry, "pb_detail")
		for _, want := range []string{says, "The row cannot show it: ", "This order is closed."} {
			if !strings.Contains(detail, want) {
				t.Errorf("the timeline does not say %q: %s", want, detail)
			}
		}
		if text(entry, "_pb_paymentid_value") != row {
			t.Errorf("the entry points to %v", entry["_pb_paymentid_value"])
		}
	}
}

// TestRowThatCannotBeReadIsToldInTheTimeline: what Dataverse holds against the
// request for the row does not pass either.
func TestRowThatCannotBeReadIsToldInTheTimeline(t *testing.T) {
	w := newWorld(t)
	row := w.make("12.50", "EUR", ask(payment.RequestPay))
	w.part(func(method, path string) *standindataverse.Fault {
		if method != http.MethodGet {
			return nil
		}
		return &standindataverse.Fault{Status: http.StatusBadRequest, Code: "0x80040265", Message: "Nobody reads this."}
	})
	if out, err := w.deliver(row); err != nil || len(out["unfinished"]) > 0 {
		t.Fatalf("%v, back on the queue: %q", err, out["unfinished"])
	}
	if _, entry := w.odata(http.MethodGet, "pb_paymentevents(pb_stripeeventid='request-"+row+"')", ""); !strings.Contains(text(entry, "pb_detail"), "Nobody reads this.") {
		t.Errorf("the timeline says %v", entry)
	}
}

package paymentrequest_test

import (
	"context"
	"testing"

	"paybridge/functions/paymentrequest"
	"paybridge/internal/crm"
	"paybridge/internal/payment"
	standinstripe "paybridge/standin/stripe"
)

// meddled lets somebody write the row just before it is saved, once for each
// edit.
type meddled struct {
	paymentrequest.Rows
	edits []func()
}

func (m *meddled) Save(ctx context.Context, changes []crm.Change) []error {
	if len(m.edits) > 0 {
		m.edits[0]()
		m.edits = m.edits[1:]
	}
	return m.Rows.Save(ctx, changes)
}

// TestRowWrittenWhileItIsCarriedOut: what was made is kept, changed or closed,
// never made again and never forgotten.
func TestRowWrittenWhileItIsCarriedOut(t *testing.T) {
	for _, c := range []struct {
		name, edit    string
		intents, open int
		amount        float64
		status        string
	}{
		{"another amount", `"pb_amount":15`, 1, 1, 1500, "Pending"},
		{"another name", `"pb_name":"Order 8"`, 1, 1, 1250, "Pending"},
		{"asks for nothing any more", ask(payment.RequestNone), 1, 1, 1250, "Pending"},
		{"canceled", ask(payment.RequestCancel), 1, 0, 0, "Canceled"},
		{"by link instead", by(payment.ByLink), 1, 0, 0, "Pending"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			id := w.make("12.50", "EUR", ask(payment.RequestPay))
			w.config.Rows = &meddled{Rows: w.config.Rows, edits: []func(){func() { w.edit(id, c.edit) }}}
			row := w.run(id)
			made, open := w.objects("payment_intents"), 0
			for _, in := range made {
				if in["status"] == "requires_payment_method" {
					open++
					if in["amount"] != c.amount || row["pb_paymentintentid"] != in["id"] {
						t.Errorf("open is %v for %v, the row names %v", in["id"], in["amount"], row["pb_paymentintentid"])
					}
				}
			}
			if len(made) != c.intents || open != c.open || label(row) != c.status || row["pb_lasterror"] != nil {
				t.Errorf("%d made, %d open, row %s %v", len(made), open, label(row), row["pb_lasterror"])
			}
		})
	}
}

// TestLinkEditedAgainAndAgain: a link that was replaced while somebody edits
// the row is replaced once more, and the row names the last one, which alone
// can be paid. The links in between were never on the row.
func TestLinkEditedAgainAndAgain(t *testing.T) {
	w := newWorld(t)
	id := w.make("10", "EUR", ask(payment.RequestPay)+","+by(payment.ByLink))
	first := text(w.run(id), "pb_checkoutsessionid")
	w.edit(id, `"pb_amount":20`)
	w.config.Rows = &meddled{Rows: w.config.Rows, edits: []func(){
		func() { w.edit(id, `"pb_amount":30`) }, func() { w.edit(id, `"pb_amount":40`) },
	}}
	row := w.run(id)
	after := map[string]string{}
	for _, s := range w.objects("checkout/sessions") {
		metadata, _ := s["metadata"].(map[string]any)
		follows, _ := metadata["CRM_After"].(string)
		after[follows] = s["id"].(string)
		if named := s["id"] == row["pb_checkoutsessionid"]; named != (s["status"] == "open") || named && s["amount_total"] != 4000.0 {
			t.Errorf("%v is %v for %v, the row names %v", s["id"], s["status"], s["amount_total"], row["pb_checkoutsessionid"])
		}
	}
	if last := after[after[after[first]]]; len(after) != 4 || after[""] != first || last != row["pb_checkoutsessionid"] {
		t.Errorf("the links follow each other so: %v; the row names %v", after, row["pb_checkoutsessionid"])
	}
	if label(row) != "Pending" || row["pb_lasterror"] != nil {
		t.Errorf("row %s %v", label(row), row["pb_lasterror"])
	}
}

// TestIntentOfAnOpenLink: a row that names the intent of a link and not the
// link itself is canceled all the same, by expiring the link.
func TestIntentOfAnOpenLink(t *testing.T) {
	w := newWorld(t)
	id := w.make("10", "EUR", ask(payment.RequestPay)+","+by(payment.ByLink))
	link := text(w.run(id), "pb_checkoutsessionid")
	if err := w.stripe.PaySession(link, standinstripe.Payer{Method: "pm_card_visa_chargeDeclined"}); err != nil {
		t.Fatal(err)
	}
	intent := w.objects("payment_intents")[0]["id"].(string)
	w.edit(id, ask(payment.RequestCancel)+`,"pb_checkoutsessionid":null,"pb_paymentintentid":"`+intent+`"`)
	row := w.run(id)
	if sessions := w.objects("checkout/sessions"); len(sessions) != 1 || sessions[0]["status"] != "expired" {
		t.Errorf("%v", sessions)
	}
	if label(row) != "Canceled" || row["pb_checkoutsessionid"] != link || row["pb_lasterror"] != nil {
		t.Errorf("row %s %v %v", label(row), row["pb_checkoutsessionid"], row["pb_lasterror"])
	}
}

// TestCrashBetweenTwoEditsOfALink: the link in between was made, never written
// down, and is over by the time that the next one is asked for.
func TestCrashBetweenTwoEditsOfALink(t *testing.T) {
	w := newWorld(t)
	id := w.make("12.50", "EUR", ask(payment.RequestPay)+","+by(payment.ByLink))
	w.run(id)
	w.edit(id, `"pb_amount":15`)
	if died, _ := w.dieAfter(3, true, id); !died || len(w.objects("checkout/sessions")) != 2 {
		t.Fatal("the crash did not come after the second link was made")
	}
	w.edit(id, `"pb_amount":20`)
	row := w.run(id)
	open := 0
	for _, s := range w.objects("checkout/sessions") {
		if s["status"] == "open" {
			open++
			if s["amount_total"] != 2000.0 || s["id"] != row["pb_checkoutsessionid"] {
				t.Errorf("%v can be paid for %v, the row names %v", s["id"], s["amount_total"], row["pb_checkoutsessionid"])
			}
		}
	}
	if open != 1 || row["pb_lasterror"] != nil {
		t.Errorf("%d can be paid, row %v", open, row["pb_lasterror"])
	}
}

package paymentrequest_test

import (
	"context"
	"testing"

	"paybridge/functions/paymentrequest"
	"paybridge/internal/crm"
	"paybridge/internal/payment"
)

// meddled lets somebody write the row just before it is saved, once.
type meddled struct {
	paymentrequest.Rows
	meddle func()
}

func (m *meddled) Save(ctx context.Context, changes []crm.Change) []error {
	if m.meddle != nil {
		m.meddle()
		m.meddle = nil
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
			w.config.Rows = &meddled{Rows: w.config.Rows, meddle: func() { w.edit(id, c.edit) }}
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

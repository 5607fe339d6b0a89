package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"paybridge/cmd/paybridge/local"
	"paybridge/cmd/paybridge/pack"
	domain "paybridge/internal/payment"
)

// TestPaymentsInOtherTables lets a payment travel, from the request to the
// refund, in the orders of Dynamics 365 Sales and in a table that a file maps.
func TestPaymentsInOtherTables(t *testing.T) {
	t.Parallel()
	root, err := pack.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "mapping.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(page), "```json\n")
	example, _, _ = strings.Cut(example, "```")
	mapped := filepath.Join(t.TempDir(), "dist")
	file := filepath.Join(t.TempDir(), "invoice.json")
	if err := os.WriteFile(file, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := pack.Pack(t.Context(), pack.Config{Root: root, Dist: mapped, Mapping: file}); err != nil {
		t.Fatal(err)
	}
	for table, app := range map[string]string{"salesorder": dist, "invoice.json": mapped} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			w := start(t, func(c *local.Config) {
				c.Dist = app
				c.Settings = map[string]string{"PaymentTable": table}
			})
			m := w.Mapping()
			code, made := w.crm(http.MethodPost, m.SetName, fmt.Sprintf(`{%q:12.50,%q:"Order",%q:%d,"transactioncurrencyid@odata.bind":"/transactioncurrencies(%s)"}`,
				m.Amount, m.Description, m.Request, m.RequestValues[domain.RequestPay], w.currency("EUR")))
			if code != http.StatusCreated {
				t.Fatalf("%d %v", code, made)
			}
			row := fmt.Sprintf("%s(%v)", m.SetName, made[m.IDColumn])
			read := func() map[string]any {
				_, got := w.crm(http.MethodGet, row, "")
				return got
			}
			shows := func(want string) map[string]any {
				t.Helper()
				w.settle()
				got := read()
				if got[m.Status+label] != want || got[m.LastError] != nil {
					t.Fatalf("the row shows %v, not %s: %v", got[m.Status+label], want, got)
				}
				return got
			}
			intent := text(shows("Pending"), m.PaymentIntent)
			w.must(w.Stripe.Pay(intent, "pm_card_visa"))
			if got := shows("Completed"); fmt.Sprint(got[m.AmountReceived]) != "12.5000" || got[m.Livemode] != false {
				t.Errorf("%v", got)
			}
			if code, answer := w.crm(http.MethodPatch, row, fmt.Sprintf(`{%q:%d,%q:2.5}`, m.Request, m.RequestValues[domain.RequestRefund], m.RefundAmount)); code != http.StatusOK {
				t.Fatalf("%d %v", code, answer)
			}
			shows("Partially refunded")
			events := w.list("pb_paymentevents?$filter=_" + strings.ToLower(m.EventLookup) + "_value%20eq%20" + fmt.Sprint(made[m.IDColumn]))
			if len(events) == 0 {
				t.Error("the timeline does not point to the row")
			}
		})
	}
}

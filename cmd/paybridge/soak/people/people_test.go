package people_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"paybridge/cmd/paybridge/soak/oracle"
	"paybridge/cmd/paybridge/soak/people"
	"paybridge/internal/payment"
	"paybridge/standin/dataverse"
	"paybridge/standin/stripe"
)

func openCRM(t *testing.T) *people.CRM {
	t.Helper()
	server, err := dataverse.Open(dataverse.Config{Dir: t.TempDir(), Tables: dataverse.PayBridgeTables()})
	if err != nil {
		t.Fatal(err)
	}
	at := httptest.NewServer(server)
	t.Cleanup(func() {
		at.Close()
		_ = server.Close()
	})
	crm, err := people.OpenCRM(t.Context(), at.URL, at.Client())
	if err != nil {
		t.Fatal(err)
	}
	return crm
}

// TestPersonInTheCRM makes, changes, reads and deletes a row, as itself and not
// as the app.
func TestPersonInTheCRM(t *testing.T) {
	crm := openCRM(t)
	id, err := crm.Add(t.Context(), "12.50", "eur", people.Asking(payment.RequestPay).By(payment.ByLink))
	if err != nil {
		t.Fatal(err)
	}
	row, err := crm.Read(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if row["pb_amount"] != json.Number("12.5000") || row["pb_request"+oracle.Label] != "Pay" || row["pb_collectby"+oracle.Label] != "Checkout link" {
		t.Errorf("the row is %v", row)
	}
	if err := crm.Change(t.Context(), id, people.Asking(payment.RequestRefund).With("pb_refundamount", people.Amount("2.5"))); err != nil {
		t.Fatal(err)
	}
	rows, err := crm.All(t.Context(), "pb_payments")
	if err != nil || len(rows) != 1 || rows[0]["pb_request"+oracle.Label] != "Refund" || rows[0]["pb_refundamount"] != json.Number("2.5000") {
		t.Errorf("the rows are %v (%v)", rows, err)
	}
	if err := crm.Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	_, err = crm.Read(t.Context(), id)
	if no, ok := errors.AsType[*people.Refused](err); !ok || no.Status != http.StatusNotFound || !strings.Contains(err.Error(), "404") {
		t.Errorf("reading a deleted row: %v", err)
	}
}

// TestCRMIsReadToItsEnd follows the links from page to page.
func TestCRMIsReadToItsEnd(t *testing.T) {
	at := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch page := r.URL.Query().Get("page"); {
		case strings.HasSuffix(r.URL.Path, "/transactioncurrencies"):
			_, _ = fmt.Fprint(w, `{"value":[]}`)
		case page == "":
			_, _ = fmt.Fprintf(w, `{"value":[{"n":1},{"n":2}],"@odata.nextLink":"http://%s/api/data/v9.2/rows?page=2"}`, r.Host)
		case page == "2":
			_, _ = fmt.Fprint(w, `{"value":[{"n":3}]}`)
		default:
			http.Error(w, "no such page", http.StatusNotFound)
		}
	}))
	t.Cleanup(at.Close)
	crm, err := people.OpenCRM(t.Context(), at.URL, at.Client())
	if err != nil {
		t.Fatal(err)
	}
	rows, err := crm.All(t.Context(), "rows")
	if err != nil || len(rows) != 3 || rows[2]["n"] != json.Number("3") {
		t.Errorf("the rows are %v (%v)", rows, err)
	}
	if _, err := crm.All(t.Context(), "rows?page=9"); err == nil {
		t.Error("an answer that is no JSON was taken")
	}
}

// TestLedgerHasEverything makes more PaymentIntents than fit on a page, refunds
// and disputes.
func TestLedgerHasEverything(t *testing.T) {
	server, err := stripe.Open(stripe.Config{Dir: t.TempDir(), SettleAfter: -1})
	if err != nil {
		t.Fatal(err)
	}
	at := httptest.NewServer(server)
	t.Cleanup(func() {
		at.Close()
		_ = server.Close()
	})
	shop := people.OpenStripe(at.URL, server.SecretKey(), at.Client())
	const row, many = "11111111-1111-4111-8111-111111111111", 103
	var last string
	for range many {
		made, err := shop.Post(t.Context(), "/v1/payment_intents", "amount", "1250", "currency", "eur", "payment_method_types[]", "card", "metadata[CRM_PaymentId]", row)
		if err != nil {
			t.Fatal(err)
		}
		last = oracle.Text(made, "id")
	}
	if err := server.Pay(last, "pm_card_visa"); err != nil {
		t.Fatal(err)
	}
	refund, err := shop.Post(t.Context(), "/v1/refunds", "payment_intent", last, "amount", "250")
	if err != nil {
		t.Fatal(err)
	}
	dispute, err := server.Dispute(last, stripe.Complaint{Reason: "fraudulent"})
	if err != nil {
		t.Fatal(err)
	}
	all, err := shop.All(t.Context(), "payment_intents")
	if err != nil || len(all) != many || oracle.Text(all[0], "id") != last {
		t.Errorf("%d PaymentIntents, the newest %v (%v)", len(all), all[0]["id"], err)
	}
	ledger, err := shop.Ledger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(ledger.Of(row).Intents); n != many {
		t.Errorf("%d PaymentIntents of the row", n)
	}
	if charge, _ := ledger.Intent(last)["latest_charge"].(oracle.Object); oracle.Number(charge["amount_refunded"]) != 250 {
		t.Errorf("the charge is %v", charge)
	}
	for _, id := range []string{oracle.Text(refund, "id"), dispute} {
		if got := ledger.PaidBy(id); got != last {
			t.Errorf("%s is about %q, want %s", id, got, last)
		}
	}
	if got := oracle.Text(ledger.Dispute(last), "id"); got != dispute {
		t.Errorf("the dispute is %q, want %s", got, dispute)
	}
	_, err = shop.Post(t.Context(), "/v1/refunds", "payment_intent", "pi_none")
	if no, ok := errors.AsType[*people.Refused](err); !ok || no.Status != http.StatusNotFound {
		t.Errorf("a refund of nothing: %v", err)
	}
}

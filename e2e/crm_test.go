package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"paybridge/cmd/paybridge/soak/oracle"
)

// label is the annotation in which Dataverse spells a choice value out.
const label = oracle.Label

// crm asks the CRM something as the person Ann.
func (w *world) crm(method, path, body string) (int, map[string]any) {
	w.t.Helper()
	return w.call(method, w.Endpoints().Dataverse+"/api/data/v9.2/"+path, http.Header{
		"Authorization": {"Bearer user:Ann"}, "Content-Type": {"application/json"},
		"Prefer": {`return=representation,odata.include-annotations="OData.Community.Display.V1.FormattedValue"`},
	}, []byte(body))
}

// list reads rows of a table.
func (w *world) list(path string) []map[string]any {
	w.t.Helper()
	status, found := w.crm(http.MethodGet, path, "")
	values, ok := found["value"].([]any)
	if status != http.StatusOK || !ok {
		w.t.Fatalf("listing %s: %d %v", path, status, found)
	}
	rows := make([]map[string]any, len(values))
	for i, value := range values {
		rows[i] = value.(map[string]any)
	}
	return rows
}

// currency is the id of a currency's row.
func (w *world) currency(code string) string {
	w.t.Helper()
	found := w.list("transactioncurrencies?$select=transactioncurrencyid&$filter=" + url.QueryEscape("isocurrencycode eq '"+code+"'"))
	if len(found) != 1 {
		w.t.Fatalf("looking for %s: %v", code, found)
	}
	return found[0]["transactioncurrencyid"].(string)
}

// row makes a payment row as Ann and returns its id.
func (w *world) row(amount, currency string) string {
	w.t.Helper()
	status, made := w.crm(http.MethodPost, "pb_payments", fmt.Sprintf(
		`{"pb_name":"Order","pb_amount":%s,"transactioncurrencyid@odata.bind":"/transactioncurrencies(%s)"}`, amount, w.currency(currency)))
	if status != http.StatusCreated {
		w.t.Fatalf("creating a row: %d %v", status, made)
	}
	return made["pb_paymentid"].(string)
}

// read returns a row.
func (w *world) read(id string) map[string]any {
	w.t.Helper()
	status, row := w.crm(http.MethodGet, "pb_payments("+id+")", "")
	if status != http.StatusOK {
		w.t.Fatalf("reading row %s: %d %v", id, status, row)
	}
	return row
}

// patch changes a row as Ann.
func (w *world) patch(id, body string) {
	w.t.Helper()
	if status, answer := w.crm(http.MethodPatch, "pb_payments("+id+")", body); status != http.StatusOK {
		w.t.Fatalf("changing row %s: %d %v", id, status, answer)
	}
}

func status(row map[string]any) string { return oracle.Status(row) }

// shown is what a row shows of Stripe, empty columns left out: choices by
// their labels, amounts without trailing zeros.
func shown(row map[string]any) map[string]string { return oracle.Shown(row) }

// forget makes a row as new as if nothing had come from Stripe yet.
func (w *world) forget(id string) {
	w.t.Helper()
	blank := map[string]any{}
	for name := range shown(w.read(id)) {
		blank[name] = nil
	}
	if len(blank) > 0 {
		body, err := json.Marshal(blank)
		if err != nil {
			w.t.Fatal(err)
		}
		w.patch(id, string(body))
	}
	for _, event := range w.list("pb_paymentevents?$select=pb_paymenteventid") {
		if status, answer := w.crm(http.MethodDelete, fmt.Sprintf("pb_paymentevents(%s)", event["pb_paymenteventid"]), ""); status != http.StatusNoContent {
			w.t.Fatalf("deleting an event: %d %v", status, answer)
		}
	}
}

// timeline returns how each event ended that the CRM knows of, by the event's
// id. No event may be there twice.
func (w *world) timeline() map[string]string {
	w.t.Helper()
	outcomes := map[string]string{}
	for _, event := range w.list("pb_paymentevents") {
		id, _ := event["pb_stripeeventid"].(string)
		if _, twice := outcomes[id]; twice {
			w.t.Errorf("event %s is in the timeline twice", id)
		}
		outcomes[id], _ = event["pb_outcome"+label].(string)
	}
	return outcomes
}

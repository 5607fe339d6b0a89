package provision_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"paybridge/cmd/paybridge/environment"
	"paybridge/cmd/paybridge/provision"
	"paybridge/internal/crm"
	"paybridge/internal/secret"
	cloud "paybridge/standin/dataverse"
)

func errorContains(err error, texts ...string) bool {
	return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(err.Error(), text) })
}

// column finds a column of the tables of the stand-in.
func column(tables []cloud.Table, table, name string) *cloud.Column {
	for i := range tables {
		for j := range tables[i].Columns {
			if tables[i].LogicalName == table && tables[i].Columns[j].LogicalName == name {
				return &tables[i].Columns[j]
			}
		}
	}
	return nil
}

// broken opens an environment whose tables are not quite right.
func broken(t *testing.T, change func([]cloud.Table), more ...func(*cloud.Config)) *world {
	t.Helper()
	return newWorld(t, func(cfg *cloud.Config) {
		cfg.Tables = cloud.PayBridgeTables()
		change(cfg.Tables)
		for _, f := range more {
			f(cfg)
		}
	})
}

func publishing(cfg *cloud.Config) { cfg.Metadata.Publishing = true }

// outdated makes of the tables what an older version may have left.
func outdated(tables []cloud.Table) {
	column(tables, "pb_payment", "pb_checkouturl").MaxLength = 100
	column(tables, "pb_payment", "pb_lasterror").MaxLength = 100
	column(tables, "pb_payment", "pb_amount").CurrencyPrecision = true
	column(tables, "pb_payment", "pb_refundamount").Precision = 2
	status := column(tables, "pb_payment", "pb_status")
	status.Options = status.Options[:3]
	tables[0].Columns = slices.DeleteFunc(tables[0].Columns, func(c cloud.Column) bool {
		return c.LogicalName == "pb_handledrequest" || c.LogicalName == "pb_request"
	})
	tables[0].Keys = tables[0].Keys[:1]
	tables[1].Columns = slices.DeleteFunc(tables[1].Columns, func(c cloud.Column) bool { return c.LogicalName == "pb_paymentid" })
}

func TestWhatDiffersIsCorrected(t *testing.T) {
	w := broken(t, outdated, publishing)
	_, events := w.done(plan())
	for _, want := range []string{
		"column pb_payment.pb_checkouturl: corrected, because it holds 100 characters, not 2000",
		"column pb_payment.pb_lasterror: corrected, because it holds 100 characters, not 2000",
		"column pb_payment.pb_amount: corrected, because it keeps the decimals of the row's currency, not 4 of its own",
		"column pb_payment.pb_refundamount: corrected, because it keeps 2 decimals, not 4 of its own",
		"choice pb_payment.pb_status: given the value 884200003 (Processing)",
		"column pb_payment.pb_handledrequest: made",
		"choice pb_payment.pb_request: made",
		"table pb_payment: published",
		"alternate key pb_checkoutsessionidkey: made",
		"column pb_paymentevent.pb_paymentid: made with the relationship pb_payment_paymentevents",
	} {
		if !strings.Contains(lines(events), want) {
			t.Errorf("it does not say %q:\n%s", want, lines(events))
		}
	}
	w.complete()
}

func TestWhatMustNotBeChangedIsLeftAndSaid(t *testing.T) {
	w := broken(t, func(tables []cloud.Table) {
		column(tables, "pb_payment", "pb_livemode").Type = cloud.String
		column(tables, "pb_payment", "pb_paidon").DateOnly = true
		column(tables, "pb_paymentevent", "pb_paymentid").Targets = []cloud.Target{{Table: "account", Navigation: "pb_PaymentId"}}
		status := column(tables, "pb_payment", "pb_request")
		status.Options[1].Value = 884200009
		tables[0].Keys[0].Columns = []string{"pb_chargeid"}
	})
	result, events := w.done(plan())
	for _, want := range []string{
		"column pb_payment.pb_livemode is of the type String, not Boolean",
		"column pb_payment.pb_paidon holds days without the time",
		"column pb_paymentevent.pb_paymentid points to account, not to pb_payment",
		`choice pb_payment.pb_request calls 884200009 "Pay", which is 884200001`,
		"pb_paymentintentidkey is on pb_chargeid, not on pb_paymentintentid",
	} {
		if !strings.Contains(lines(events), want) {
			t.Errorf("it does not say %q:\n%s", want, lines(events))
		}
	}
	if result.Left != 5 {
		t.Errorf("%d differences were left", result.Left)
	}
	// The rest is made all the same, the missing value of the choice too.
	if again, _ := w.done(plan()); again.Changes != 0 || again.Left != 5 {
		t.Errorf("the second run: %+v", again)
	}
}

// ann sends a request as the administrator.
func (w *world) ann(method, path string, body map[string]any) map[string]any {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.front.URL+"/api/data/v9.2/"+path, bytes.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header = http.Header{"Authorization": {"Bearer user:Ann"}, "Content-Type": {"application/json"}, "Prefer": {"return=representation"}}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer map[string]any
	_ = json.NewDecoder(resp.Body).Decode(&answer)
	if resp.StatusCode > 299 {
		w.t.Fatalf("%s %s: %s %v", method, path, resp.Status, answer)
	}
	return answer
}

// step finds the one step on a message.
func (w *world) step(message string) cloud.Row {
	w.t.Helper()
	rows, err := w.server.Rows("sdkmessageprocessingstep")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, row := range rows {
		if name, _ := row.Values["name"].(string); strings.Contains(name, message) {
			return row
		}
	}
	w.t.Fatalf("no step on %s", message)
	return cloud.Row{}
}

func TestStepsAndEndpointAreCorrected(t *testing.T) {
	w := newWorld(t, nil)
	w.done(plan())
	w.ann(http.MethodPatch, "sdkmessageprocessingsteps("+w.step("Update").ID+")", map[string]any{"filteringattributes": "pb_amount,pb_status", "asyncautodelete": false})
	w.ann(http.MethodPatch, "sdkmessageprocessingsteps("+w.step("Create").ID+")", map[string]any{"statecode": 1, "statuscode": 2})
	moved := plan()
	moved.WebhookURL = "https://other.example/api/crm/webhook"
	moved.WebhookKey = nil // it has one
	_, events := w.done(moved)
	for _, want := range []string{
		"step on Create of pb_payment: corrected, because it is disabled",
		"step on Update of pb_payment: corrected, because it does not listen to transactioncurrencyid, pb_customeremail, pb_collectby, pb_request, pb_refundamount and listens to pb_status as well and leaves a system job behind for each change",
		"service endpoint PayBridge: changed to post to https://other.example/api/crm/webhook instead of https://pay.example/api/crm/webhook",
	} {
		if !strings.Contains(lines(events), want) {
			t.Errorf("it does not say %q:\n%s", want, lines(events))
		}
	}
	if again, _ := w.done(moved); again.Changes != 0 {
		t.Errorf("the second run: %+v", again)
	}
	w.ann(http.MethodPatch, "sdkmessageprocessingsteps("+w.step("Update").ID+")", map[string]any{"filteringattributes": nil})
	if _, events := w.done(moved); !strings.Contains(lines(events), "listens to all columns, so that PayBridge wakes itself") {
		t.Errorf("a step without a filter: %s", lines(events))
	}
}

// authValue is the key that the endpoint sends, which only the stand-in knows.
func (w *world) authValue() any {
	w.t.Helper()
	rows, err := w.server.Rows("serviceendpoint")
	if err != nil || len(rows) != 1 {
		w.t.Fatalf("%d endpoints, %v", len(rows), err)
	}
	return rows[0].Values["authvalue"]
}

func TestTheFunctionKeyIsGivenOnceAndRotatedOnDemand(t *testing.T) {
	w := newWorld(t, nil)
	without := plan()
	without.WebhookKey = nil
	_, _, err := w.setup(without)
	refused, ok := errors.AsType[*provision.Refused](err)
	if !ok || !strings.Contains(refused.Hint(), "--function-key-file") {
		t.Fatalf("without a key: %v", err)
	}
	w.done(plan())
	if w.authValue() != webhookKey {
		t.Error("the endpoint does not send the key")
	}
	other := plan()
	other.WebhookKey = func() (secret.Secret, error) { return secret.New("another-" + webhookKey), nil }
	if result, _ := w.done(other); result.Changes != 0 || w.authValue() != webhookKey {
		t.Errorf("a key that is there was replaced: %+v", result)
	}
	other.RotateKey = true
	if result, _ := w.done(other); result.Changes != 1 || w.authValue() != "another-"+webhookKey {
		t.Errorf("the key was not replaced: %+v", result)
	}
}

func TestAKeyThatFailedIsExplainedAndBuiltAgain(t *testing.T) {
	w := newWorld(t, func(cfg *cloud.Config) {
		cfg.Tables = cloud.PayBridgeTables()
		cfg.Tables[0].Keys = nil
	})
	first := w.ann(http.MethodPost, "pb_payments", map[string]any{"pb_name": "one", "pb_paymentintentid": "pi_1"})["pb_paymentid"].(string)
	second := w.ann(http.MethodPost, "pb_payments", map[string]any{"pb_name": "two", "pb_paymentintentid": "PI_1"})["pb_paymentid"].(string)
	_, events, err := w.setup(plan())
	if err == nil || !errorContains(err, "alternate key pb_paymentintentidkey failed", "the same pb_paymentintentid", first, second) {
		t.Fatalf("the error is %v\n%s", err, lines(events))
	}
	w.ann(http.MethodPatch, "pb_payments("+second+")", map[string]any{"pb_paymentintentid": nil})
	if _, events := w.done(plan()); !strings.Contains(lines(events), "alternate key pb_paymentintentidkey: built again, because it had failed") {
		t.Errorf("the second run: %s", lines(events))
	}
	w.complete()
}

// TestOtherTablesGetWhatPayBridgeAdds: the orders of Sales are the CRM's own
// table, and a table of a mapping file is its maker's.
func TestOtherTablesGetWhatPayBridgeAdds(t *testing.T) {
	orders := crm.SalesOrderMapping()
	p := plan()
	p.Mapping = orders
	if _, _, err := newWorld(t, nil).setup(p); err == nil || !errorContains(err, "table salesorder", "is not there") {
		t.Errorf("without Sales: %v", err)
	}
	w := newWorld(t, func(cfg *cloud.Config) {
		cfg.Tables = cloud.MappedTables(orders)[:1]
		cfg.Tables[0].Keys = nil
		cfg.Tables[0].Columns = slices.DeleteFunc(cfg.Tables[0].Columns, func(c cloud.Column) bool { return strings.HasPrefix(c.LogicalName, "pb_") })
	})
	w.done(p)
	for _, want := range orders.Tables() {
		have, err := environment.New(w.client).Table(t.Context(), want.Name)
		if err != nil {
			t.Fatal(err)
		}
		if d := environment.Compare(want, have); len(d) > 0 {
			t.Errorf("after setup: %+v", d)
		}
	}
	if again, _ := w.done(p); again.Changes != 0 {
		t.Errorf("the second run: %+v", again)
	}
}

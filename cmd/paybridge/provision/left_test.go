package provision_test

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"paybridge/cmd/paybridge/provision"
	"paybridge/internal/crm"
	cloud "paybridge/standin/dataverse"
)

const invoices = `{"table": "xy_invoice", "set": "xy_invoices", "id": "xy_invoiceid", "eventLookup": "pb_InvoiceId",
  "columns": {"amount": "xy_total", "status": "xy_status", "paymentIntent": "xy_intent", "livemode": "xy_live", "lastError": "xy_error"},
  "choices": {"status": {"Requested": 1, "Pending": 2, "Requires action": 3, "Processing": 4, "Authorized": 5, "Completed": 6, "Failed": 7,
    "Canceled": 8, "Partially refunded": 9, "Refunded": 10, "Disputed": 11, "Charged back": 12}}}`

// TestATableOfAMappingFileIsItsMakers: PayBridge adds nothing to it but what
// points to it.
func TestATableOfAMappingFileIsItsMakers(t *testing.T) {
	mapping, err := crm.ReadMapping("invoices.json", fstest.MapFS{"invoices.json": {Data: []byte(invoices)}})
	if err != nil {
		t.Fatal(err)
	}
	p := plan()
	p.Mapping = mapping
	w := newWorld(t, nil)
	if _, _, err := w.setup(p); err == nil || !errorContains(err, "table xy_invoice: it is not there") {
		t.Errorf("without the table: %v", err)
	}
	w = newWorld(t, func(cfg *cloud.Config) { cfg.Tables = cloud.BareTables(mapping) })
	_, events := w.done(p)
	for _, want := range []string{
		"table xy_invoice: is there as the mapping file says",
		"column pb_paymentevent.pb_invoiceid: made with the relationship pb_xy_invoice_paymentevents",
		"granted Read, Write, AppendTo on all rows of xy_invoice;",
		"step on Update of xy_invoice: made: listens to xy_total",
	} {
		if !strings.Contains(lines(events), want) {
			t.Errorf("it does not say %q:\n%s", want, lines(events))
		}
	}
	if again, _ := w.done(p); again.Changes != 0 {
		t.Errorf("the second run: %+v", again)
	}
	w = newWorld(t, func(cfg *cloud.Config) {
		cfg.Tables = cloud.BareTables(mapping)
		column(cfg.Tables, "xy_invoice", "xy_live").Type = cloud.String
		column(cfg.Tables, "xy_invoice", "xy_status").Options[0].Value = 77
		cfg.Tables[0].Keys = nil
	})
	result, events := w.done(p)
	for _, want := range []string{
		"column xy_invoice.xy_live is of the type String, not Boolean", "choice xy_invoice.xy_status has no value 1 (Requested)",
		"column xy_invoice.xy_intent has no alternate key that is active",
	} {
		if !strings.Contains(lines(events), want) {
			t.Errorf("it does not say %q:\n%s", want, lines(events))
		}
	}
	if result.Left != 3 {
		t.Errorf("%d differences were left", result.Left)
	}
	other := p
	other.Mapping.SetName = "xy_invoiceset"
	if _, _, err := w.setup(other); err == nil || !errorContains(err, "it has the set name xy_invoices, not xy_invoiceset") {
		t.Errorf("with another set name: %v", err)
	}
}

// TestWhatIsThereTwiceIsSaid: names of endpoints and steps are not unique, and
// which of two came first says nothing. Dataverse knows no fractions of seconds
// either, so that two that were made at once come in any order.
func TestWhatIsThereTwiceIsSaid(t *testing.T) {
	for name, age := range map[string]time.Duration{"younger": -time.Hour, "as old": 0, "older": time.Hour} {
		t.Run(name, func(t *testing.T) {
			var back atomic.Int64
			w := newWorld(t, func(cfg *cloud.Config) {
				cfg.Now = func() time.Time { return time.Now().Add(-time.Duration(back.Load())) }
			})
			w.done(plan())
			step := w.step("Update")
			ref := func(column string) string { return step.Values[column].(cloud.Ref).ID }
			back.Store(int64(age))
			w.ann(http.MethodPost, "serviceendpoints", map[string]any{"name": "PayBridge", "url": "https://old.example/", "contract": 8, "authtype": 4, "authvalue": "x"})
			w.ann(http.MethodPost, "sdkmessageprocessingsteps", map[string]any{
				"name": "by hand", "stage": 40, "mode": 1,
				"sdkmessageid@odata.bind":                 "/sdkmessages(" + ref("sdkmessageid") + ")",
				"sdkmessagefilterid@odata.bind":           "/sdkmessagefilters(" + ref("sdkmessagefilterid") + ")",
				"eventhandler_serviceendpoint@odata.bind": "/serviceendpoints(" + ref("eventhandler") + ")",
			})
			back.Store(0)
			result, events := w.done(plan())
			said := lines(events)
			if result.Left != 2 || result.Changes != 0 || !strings.Contains(said, "posts to https://old.example/: delete it") || !strings.Contains(said, `there is another one, "by hand"`) {
				t.Errorf("%+v\n%s", result, said)
			}
		})
	}
}

func TestTheApplicationUserIsLookedAt(t *testing.T) {
	w := newWorld(t, nil)
	w.done(plan())
	role := w.ann(http.MethodPost, "roles", map[string]any{"name": "Everything", "businessunitid@odata.bind": "/businessunits(" + w.unit() + ")"})["roleid"].(string)
	w.ann(http.MethodPost, "systemusers("+w.server.UserID()+")/systemuserroles_association/$ref", map[string]any{"@odata.id": w.front.URL + "/api/data/v9.2/roles(" + role + ")"})
	w.ann(http.MethodPatch, "systemusers("+w.server.UserID()+")", map[string]any{"isdisabled": true})
	result, events := w.done(plan())
	if said := lines(events); result != (provision.Result{Left: 1}) || !strings.Contains(said, "# PayBridge is disabled: activate it") || !strings.Contains(said, "also has the security roles Everything; PayBridge alone is enough") {
		t.Errorf("%+v\n%s", result, said)
	}
}

// unit is the root business unit.
func (w *world) unit() string {
	w.t.Helper()
	rows, err := w.server.Rows("businessunit")
	if err != nil || len(rows) != 1 {
		w.t.Fatal(rows, err)
	}
	return rows[0].ID
}

// TestWhatSetupCannotGoOnFromIsSaid: nothing is written beside what somebody
// else has under the same name, and a refused function key is repeated nowhere.
func TestWhatSetupCannotGoOnFromIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		before        func(*world)
		problem, hint string
		writes        int
	}{
		"a publisher of that name": {func(w *world) {
			w.ann(http.MethodPost, "publishers", map[string]any{
				"uniquename": "paybridge", "friendlyname": "Pay Bridge", "customizationprefix": "pay", "customizationoptionvalueprefix": 10000,
			})
		}, "publisher paybridge: it has the prefix pay and choice values from 100000000, not pb and 884200000", "somebody else's publisher", 0},
		"a function key that is none": {func(w *world) {
			w.faults = func(_ int, r *http.Request) *cloud.Fault {
				if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/serviceendpoints") {
					return &cloud.Fault{Status: http.StatusBadRequest, Code: "0x80040203", Message: "The value " + webhookKey + " of authvalue is not valid."}
				}
				return nil
			}
		}, "service endpoint PayBridge: Dataverse refused the function key", "the key of the function crmwebhook", len(everything()) - 2},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			c.before(w)
			_, events, err := w.setup(plan())
			refused, ok := errors.AsType[*provision.Refused](err)
			if !ok || !errorContains(err, c.problem) || !strings.Contains(refused.Hint(), c.hint) {
				t.Errorf("the error is %v\n%s", err, lines(events))
			}
			if written := w.written(); len(written) != c.writes {
				t.Errorf("it wrote %v", written)
			}
		})
	}
}

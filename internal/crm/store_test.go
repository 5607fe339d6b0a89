package crm_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/go-cmp/cmp"

	"paybridge/internal/crm"
	"paybridge/internal/dataverse"
	"paybridge/internal/payment"
	cloud "paybridge/standin/dataverse"
)

// environment is a Dataverse on this machine with a store over it.
type environment struct {
	t     *testing.T
	cloud *cloud.Server
	url   string
	store *crm.Store
}

func open(t *testing.T, change func(*cloud.Config)) *environment {
	t.Helper()
	config := cloud.Config{Dir: t.TempDir(), Tables: cloud.PayBridgeTables()}
	if change != nil {
		change(&config)
	}
	server, err := cloud.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		web.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	client, err := dataverse.New(web.URL, nil, &dataverse.Options{Retry: policy.RetryOptions{MaxRetries: -1}})
	if err != nil {
		t.Fatal(err)
	}
	return &environment{t: t, cloud: server, url: web.URL, store: crm.New(client, crm.PaymentMapping())}
}

// ask asks the CRM something as the person Ann.
func (e *environment) ask(method, path, body string) string {
	e.t.Helper()
	req, err := http.NewRequestWithContext(e.t.Context(), method, e.url+"/api/data/v9.2/"+path, strings.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer user:Ann")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		e.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode > 299 {
		e.t.Fatalf("%s %s: %s %s %v", method, path, resp.Status, text, err)
	}
	return string(text)
}

// row makes a row of 12.50 EUR with further columns.
func (e *environment) row(n int, more string) payment.RowID {
	e.t.Helper()
	id := payment.RowID(fmt.Sprintf("00000000-0000-4000-8000-%012d", n))
	e.ask(http.MethodPost, "pb_payments", fmt.Sprintf(`{"pb_paymentid":%q,"pb_amount":12.50,"transactioncurrencyid@odata.bind":"/transactioncurrencies(%s)"%s}`,
		id, cloud.CurrencyID("EUR"), more))
	return id
}

func (e *environment) load(events []string, lookups ...crm.By) crm.Loaded {
	e.t.Helper()
	loaded, err := e.store.Load(e.t.Context(), lookups, events)
	if err != nil {
		e.t.Fatal(err)
	}
	return loaded
}

func TestRowsAreFoundByEveryWay(t *testing.T) {
	e := open(t, nil)
	first := e.row(1, `,"pb_paymentintentid":"pi_1"`)
	second := e.row(2, `,"pb_checkoutsessionid":"cs_test_2","pb_lasterror":"hm","pb_livemode":true,"pb_status":884200001`)
	before := e.cloud.Counts()["batch"]
	loaded := e.load([]string{"evt_1"},
		crm.By{ID: first}, crm.By{PaymentIntent: "pi_1"}, crm.By{CheckoutSession: "cs_test_2"},
		crm.By{PaymentIntent: "pi_none", CheckoutSession: "cs_test_2"}, crm.By{ID: second, PaymentIntent: "pi_1"},
		crm.By{ID: "00000000-0000-4000-8000-000000000009"}, crm.By{PaymentIntent: "pi_none"}, crm.By{})
	want := []payment.RowID{first, first, second, second, second, "", "", ""}
	for i, found := range loaded.Found {
		var id payment.RowID
		if found.Row != nil {
			id = found.Row.ID
		}
		if found.Err != nil || id != want[i] {
			t.Errorf("lookup %d: %q %v, want %q", i, id, found.Err, want[i])
		}
	}
	if n := e.cloud.Counts()["batch"] - before; n != 1 {
		t.Errorf("%d round trips, want 1", n)
	}
	if len(loaded.Events) != 0 {
		t.Errorf("events that are not there: %v", loaded.Events)
	}
	row := loaded.Found[2].Row
	recorded := payment.Payment{Status: payment.Pending, CheckoutSessionID: "cs_test_2", Livemode: true}
	if diff := cmp.Diff(recorded, row.Recorded); diff != "" || row.Currency != "eur" || row.Amount == nil || row.Amount.String() != "12.5" || row.LastError != "hm" {
		t.Errorf("the row was read as %+v\n%s", row.Row, diff)
	}
}

func TestSavedRowIsFoundUnchanged(t *testing.T) {
	e := open(t, nil)
	id := e.row(1, "")
	p := payment.Payment{
		Status: payment.Failed, PaymentIntentID: "pi_1", ChargeID: "ch_1", Currency: "eur", Method: "card",
		FailureCode: "card_declined", FailureMessage: "Ihre Karte wurde abgelehnt: „Größe“ 😀 <b>&amp;</b>",
	}
	event := crm.Event{ID: "evt_1", Type: "payment_intent.payment_failed", Occurred: time.Unix(1769000001, 0).UTC(), Outcome: crm.Applied, Detail: "Failed."}
	row := e.load(nil, crm.By{ID: id}).Found[0].Row
	values, err := row.Values(p)
	if err != nil {
		t.Fatal(err)
	}
	if errs := e.store.Save(t.Context(), []crm.Change{{Row: row, Values: values, Events: []crm.Event{event}}}); errs[0] != nil {
		t.Fatal(errs[0])
	}
	loaded := e.load([]string{"evt_1", "evt_2"}, crm.By{ID: id})
	again, err := loaded.Found[0].Row.Values(p)
	if err != nil || len(again) != 0 {
		t.Errorf("what was written would be written again: %v %v", again, err)
	}
	if diff := cmp.Diff(map[string]crm.Event{"evt_1": {Outcome: crm.Applied, Detail: "Failed."}}, loaded.Events); diff != "" {
		t.Error(diff)
	}
	text := e.ask(http.MethodGet, "pb_paymentevents?$select=pb_type,pb_occurredon,_pb_paymentid_value", "")
	for _, want := range []string{"payment_intent.payment_failed", "2026-01-21T12:53:21Z", string(id)} {
		if !strings.Contains(text, want) {
			t.Errorf("the timeline has no %s: %s", want, text)
		}
	}
}

// TestSaveTellsRacesApart writes four changes of which only one can be made.
func TestSaveTellsRacesApart(t *testing.T) {
	e := open(t, nil)
	moved, taken, deleted, fine := e.row(1, ""), e.row(2, ""), e.row(3, ""), e.row(4, `,"pb_paymentintentid":"pi_4"`)
	loaded := e.load(nil, crm.By{ID: moved}, crm.By{ID: taken}, crm.By{ID: deleted}, crm.By{ID: fine})
	e.ask(http.MethodPatch, "pb_payments("+string(moved)+")", `{"pb_name":"by Ann"}`)
	e.ask(http.MethodDelete, "pb_payments("+string(deleted)+")", "")
	var changes []crm.Change
	for i, values := range []dataverse.Values{{"pb_chargeid": "ch_1"}, {"pb_paymentintentid": "pi_4"}, {"pb_chargeid": "ch_3"}, {"pb_chargeid": "ch_4"}} {
		changes = append(changes, crm.Change{
			Row: loaded.Found[i].Row, Values: values, Events: []crm.Event{{ID: fmt.Sprintf("evt_%d", i), Outcome: crm.Applied}},
		})
	}
	errs := e.store.Save(t.Context(), changes)
	for i, want := range []error{crm.ErrChanged, crm.ErrTaken, crm.ErrChanged, nil} {
		if !errors.Is(errs[i], want) {
			t.Errorf("change %d: %v, want %v", i, errs[i], want)
		}
	}
	// A change is made as a whole or not at all.
	events := e.load([]string{"evt_0", "evt_1", "evt_2", "evt_3"}).Events
	if diff := cmp.Diff(map[string]crm.Event{"evt_3": {Outcome: crm.Applied}}, events); diff != "" {
		t.Error(diff)
	}
}

func TestEventsWithoutARowAreSaved(t *testing.T) {
	e := open(t, nil)
	change := crm.Change{Events: []crm.Event{{ID: "evt_1", Type: "charge.refunded", Outcome: crm.NeedsReview, Detail: strings.Repeat("ü", 3000)}}}
	for range 2 {
		if errs := e.store.Save(t.Context(), []crm.Change{change, {}}); errs[0] != nil || errs[1] != nil {
			t.Fatal(errs)
		}
	}
	got := e.load([]string{"evt_1"}).Events["evt_1"]
	if got.Outcome != crm.NeedsReview || got.Detail != strings.Repeat("ü", 2000) {
		t.Errorf("%v, %d bytes of detail", got.Outcome, len(got.Detail))
	}
}

func TestNothingToDoAsksNobody(t *testing.T) {
	e := open(t, nil)
	if errs := e.store.Save(t.Context(), []crm.Change{{}, {}}); errs[0] != nil || errs[1] != nil {
		t.Error(errs)
	}
	e.load(nil, crm.By{})
	if counts := e.cloud.Counts(); counts["batch"] != 0 {
		t.Errorf("the CRM was asked: %v", counts)
	}
}

func TestOutageIsEverybodys(t *testing.T) {
	e := open(t, func(c *cloud.Config) {
		c.Faults = func(r *http.Request) *cloud.Fault {
			if r.Header.Get("Authorization") == "Bearer user:Ann" {
				return nil
			}
			return &cloud.Fault{Status: http.StatusServiceUnavailable}
		}
	})
	id := e.row(1, "")
	if _, err := e.store.Load(t.Context(), []crm.By{{ID: id}}, nil); err == nil {
		t.Error("reading: no error")
	}
	event := []crm.Event{{ID: "evt_1", Outcome: crm.Applied}}
	for i, err := range e.store.Save(t.Context(), []crm.Change{{Events: event}, {Events: event}}) {
		if err == nil || errors.Is(err, crm.ErrChanged) {
			t.Errorf("change %d: %v", i, err)
		}
	}
}

// TestIdsFromOutsideDoNotReachTheURL looks for rows by what is no id.
func TestIdsFromOutsideDoNotReachTheURL(t *testing.T) {
	e := open(t, nil)
	e.row(1, `,"pb_paymentintentid":"pi_1"`)
	for _, by := range []crm.By{{ID: "1)/pb_name?x=("}, {PaymentIntent: "pi_1')/$ref?a=('"}, {CheckoutSession: "cs_1\r\nIf-Match: *"}} {
		if found := e.load(nil, by).Found[0]; found.Row != nil {
			t.Errorf("%+v found row %s", by, found.Row.ID)
		}
	}
}

package paymentrequest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"paybridge/functions/paymentrequest"
	"paybridge/internal/backoff"
	"paybridge/internal/crm"
	"paybridge/internal/customhandler"
	"paybridge/internal/dataverse"
	"paybridge/internal/payment"
	"paybridge/internal/secret"
	"paybridge/internal/stripeapi"
	standindataverse "paybridge/standin/dataverse"
	standinstripe "paybridge/standin/stripe"
)

const org = "contoso.crm.dynamics.com"

// world is both ends, real HTTP between, with a clock that tests turn.
type world struct {
	t      *testing.T
	crm    *standindataverse.Server
	stripe *standinstripe.Server
	crmURL string
	apiURL string
	config paymentrequest.Config
	log    *bytes.Buffer

	mu    sync.Mutex
	ahead time.Duration
	fault func(*http.Request) *standinstripe.Fault
	// refused is what Dataverse has against a part of a batch.
	refused func(method, path string) *standindataverse.Fault
}

// values of the choices, as the CRM has them.
var (
	requests  = crm.PaymentMapping().RequestValues
	collectBy = crm.PaymentMapping().CollectByValues
)

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, log: &bytes.Buffer{}}
	var err error
	w.crm, err = standindataverse.Open(standindataverse.Config{Dir: t.TempDir(), Tables: standindataverse.PayBridgeTables(), Now: w.now, PartFaults: w.partFault})
	if err != nil {
		t.Fatal(err)
	}
	w.stripe, err = standinstripe.Open(standinstripe.Config{Dir: t.TempDir(), Now: w.now, SettleAfter: -1, Faults: func(r *http.Request) *standinstripe.Fault {
		w.mu.Lock()
		fault := w.fault
		w.mu.Unlock()
		if fault == nil {
			return nil
		}
		return fault(r)
	}})
	if err != nil {
		t.Fatal(err)
	}
	crmServer, apiServer := httptest.NewServer(w.crm), httptest.NewServer(w.stripe)
	t.Cleanup(func() {
		crmServer.Close()
		apiServer.Close()
		if err := w.crm.Close(); err != nil {
			t.Error(err)
		}
		if err := w.stripe.Close(); err != nil {
			t.Error(err)
		}
	})
	w.crmURL, w.apiURL = crmServer.URL, apiServer.URL
	client, err := dataverse.New(w.crmURL, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.config = paymentrequest.Config{
		Rows:   crm.New(client, crm.PaymentMapping()),
		Stripe: stripeapi.New(stripeapi.Config{Key: secret.New(w.stripe.SecretKey()), BaseURL: w.apiURL}),
		Org:    org, SuccessURL: "https://shop.example/thanks", CancelURL: "https://shop.example/cart",
		Budget: 5 * time.Second, Backoff: backoff.Policy{Base: time.Millisecond, Cap: 20 * time.Millisecond},
		Logger: slog.New(slog.NewJSONHandler(w.log, nil)), Now: w.now,
	}
	return w
}

// rows returns the CRM side with other metadata columns.
func (w *world) rows(metadata func([]string) []string) paymentrequest.Rows {
	w.t.Helper()
	client, err := dataverse.New(w.crmURL, nil, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	mapping := crm.PaymentMapping()
	mapping.Metadata = metadata(nil)
	return crm.New(client, mapping)
}

// part lets Dataverse refuse parts of batches from now on.
func (w *world) part(refused func(method, path string) *standindataverse.Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused = refused
}

func (w *world) partFault(method, path string, _ http.Header) *standindataverse.Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refused == nil {
		return nil
	}
	return w.refused(method, path)
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.ahead)
}

// later turns the clock of everybody.
func (w *world) later(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead += d
}

// carryOut delivers a change of the row, as the host does.
func (w *world) carryOut(ctx context.Context, config paymentrequest.Config, row string) error {
	w.t.Helper()
	body, err := payment.RowChange{Payment: payment.RowID(row), Message: "Update"}.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = paymentrequest.Function(config).Handle(ctx, customhandler.Batch{Messages: []customhandler.Message{{Body: body, DeliveryCount: 1}}})
	return err
}

// run delivers a change and expects it to be carried out, or told on the row.
func (w *world) run(row string) map[string]any {
	w.t.Helper()
	if err := w.carryOut(w.t.Context(), w.config, row); err != nil {
		w.t.Fatalf("carrying out: %v", err)
	}
	return w.row(row)
}

func (w *world) odata(method, path, body string) (int, map[string]any) {
	w.t.Helper()
	return w.call(method, w.crmURL+"/api/data/v9.2/"+path, http.Header{
		"Authorization": {"Bearer user:Ann"}, "Content-Type": {"application/json"},
		"Prefer": {`return=representation,odata.include-annotations="OData.Community.Display.V1.FormattedValue"`},
	}, body)
}

// make saves a new row as a person does. Columns of the ask come as JSON.
func (w *world) make(amount, currency, columns string) string {
	w.t.Helper()
	body := fmt.Sprintf(`{"pb_name":"Order 7","pb_customeremail":"ann@example.com","transactioncurrencyid@odata.bind":"/transactioncurrencies(%s)"`, standindataverse.CurrencyID(currency))
	if amount != "" {
		body += `,"pb_amount":` + amount
	}
	if columns != "" {
		body += "," + columns
	}
	status, made := w.odata(http.MethodPost, "pb_payments", body+"}")
	if status != http.StatusCreated {
		w.t.Fatalf("making a row: %d %v", status, made)
	}
	return made["pb_paymentid"].(string)
}

// edit changes a row as a person does.
func (w *world) edit(row, columns string) {
	w.t.Helper()
	if status, answer := w.odata(http.MethodPatch, "pb_payments("+row+")", "{"+columns+"}"); status != http.StatusOK {
		w.t.Fatalf("editing the row: %d %v", status, answer)
	}
}

func (w *world) row(id string) map[string]any {
	w.t.Helper()
	status, row := w.odata(http.MethodGet, "pb_payments("+id+")", "")
	if status != http.StatusOK {
		w.t.Fatalf("reading the row: %d %v", status, row)
	}
	return row
}

func label(row map[string]any) string {
	text, _ := row["pb_status@OData.Community.Display.V1.FormattedValue"].(string)
	return text
}

func text(row map[string]any, column string) string {
	s, _ := row[column].(string)
	return s
}

func ask(request payment.Request) string { return fmt.Sprintf(`"pb_request":%d`, requests[request]) }

func by(c payment.CollectBy) string { return fmt.Sprintf(`"pb_collectby":%d`, collectBy[c]) }

// api calls Stripe as its Dashboard or a shop would.
func (w *world) api(method, path string, form ...string) map[string]any {
	w.t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	body := values.Encode()
	if method == http.MethodGet && body != "" {
		path, body = path+"?"+body, ""
	}
	_, answer := w.call(method, w.apiURL+path, http.Header{
		"Authorization": {"Bearer " + w.stripe.SecretKey()}, "Content-Type": {"application/x-www-form-urlencoded"},
	}, body)
	return answer
}

// objects lists what Stripe has of a kind, such as payment_intents.
func (w *world) objects(kind string) []map[string]any {
	w.t.Helper()
	var list []map[string]any
	data, _ := w.api(http.MethodGet, "/v1/"+kind, "limit", "100")["data"].([]any)
	for _, o := range data {
		list = append(list, o.(map[string]any))
	}
	return list
}

func (w *world) call(method, url string, header http.Header, body string) (int, map[string]any) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(raw, &answer); err != nil {
		w.t.Fatalf("%s %s: %s", method, url, raw)
	}
	return resp.StatusCode, answer
}

// writes counts the calls that changed something at Stripe.
func (w *world) writes() int {
	n := 0
	for pattern, count := range w.stripe.Counts().Requests {
		if strings.HasPrefix(pattern, "POST /v1/") {
			n += count
		}
	}
	return n
}

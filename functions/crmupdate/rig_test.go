package crmupdate_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"paybridge/functions/crmupdate"
	"paybridge/internal/backoff"
	"paybridge/internal/crm"
	"paybridge/internal/customhandler"
	"paybridge/internal/dataverse"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	cloud "paybridge/standin/dataverse"
)

// rig is the function between a CRM in this process, which it reaches without
// a network so that time may stand still, and a Stripe that says what a test
// wants.
type rig struct {
	t      *testing.T
	cloud  *cloud.Server
	rows   *rows
	stripe *stripe
	config crmupdate.Config
	log    *bytes.Buffer
	sent   customhandler.Outputs
}

// direct is a transport that serves a request by itself.
type direct struct{ handler http.Handler }

func (d direct) Do(req *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	d.handler.ServeHTTP(answer, req)
	return answer.Result(), nil
}

func newRig(t *testing.T, changes ...func(*cloud.Config)) *rig {
	t.Helper()
	config := cloud.Config{Dir: t.TempDir(), Tables: cloud.PayBridgeTables()}
	for _, change := range changes {
		change(&config)
	}
	server, err := cloud.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	client, err := dataverse.New("http://127.0.0.1:1", nil, &dataverse.Options{
		Transport: direct{server}, Retry: policy.RetryOptions{MaxRetries: -1},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{
		t: t, cloud: server, log: &bytes.Buffer{},
		rows:   &rows{Store: crm.New(client, crm.PaymentMapping())},
		stripe: &stripe{intents: map[string]payment.Intent{}, sessions: map[string]payment.Session{}, charges: map[string]string{}},
	}
	r.config = crmupdate.Config{
		Rows: r.rows, Stripe: r.stripe, Org: "127.0.0.1:1",
		Logger: slog.New(slog.NewJSONHandler(r.log, nil)),
	}
	return r
}

func (r *rig) close() {
	if err := r.cloud.Close(); err != nil {
		r.t.Error(err)
	}
}

// run hands the function one batch of messages that come for the first time.
func (r *rig) run(bodies ...string) error {
	r.t.Helper()
	var messages []customhandler.Message
	for _, body := range bodies {
		messages = append(messages, customhandler.Message{Body: []byte(body), DeliveryCount: 1})
	}
	return r.deliver(messages...)
}

// deliver hands the function one batch and keeps what it sends.
func (r *rig) deliver(messages ...customhandler.Message) error {
	r.t.Helper()
	var err error
	r.sent, err = crmupdate.Function(r.config).Handle(r.t.Context(), customhandler.Batch{Messages: messages})
	return err
}

// unfinished are the hints that went back to the queue.
func (r *rig) unfinished() []string {
	var bodies []string
	for _, body := range r.sent["unfinished"] {
		bodies = append(bodies, string(body))
	}
	return bodies
}

// crm asks the CRM something as a person.
func (r *rig) crm(method, path, body string) string {
	r.t.Helper()
	req := httptest.NewRequest(method, "http://127.0.0.1:1/api/data/v9.2/"+path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer user:Ann")
	req.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	r.cloud.ServeHTTP(answer, req)
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.Code > 299 {
		r.t.Fatalf("%s %s: %d %s %v", method, path, answer.Code, text, err)
	}
	return string(text)
}

// row makes a payment row of 12.50 EUR, and a PaymentIntent that pays for it.
func (r *rig) row(n int) (id, intent string) {
	r.t.Helper()
	id, intent = fmt.Sprintf("00000000-0000-4000-8000-%012d", n), fmt.Sprintf("pi_%d", n)
	r.crm(http.MethodPost, "pb_payments", fmt.Sprintf(`{"pb_paymentid":%q,"pb_amount":12.50,"transactioncurrencyid@odata.bind":"/transactioncurrencies(%s)"}`,
		id, cloud.CurrencyID("EUR")))
	r.stripe.put(succeeded(intent, id))
	return id, intent
}

// succeeded is a PaymentIntent over 12.50 EUR that was paid.
func succeeded(id, row string) payment.Intent {
	return payment.Intent{
		ID: id, Status: payment.IntentSucceeded, Amount: 1250, AmountReceived: 1250, Currency: "eur",
		Link: payment.Link{CRMPaymentID: row},
		Charge: &payment.Charge{
			ID: "ch_of_" + id, Paid: true, Captured: true, Amount: 1250, Currency: "eur", Method: "card",
			Created: time.Unix(1769000000, 0).UTC(),
		},
	}
}

// hint is a message about a PaymentIntent and a row.
func hint(event, intent, row string) string {
	return fmt.Sprintf(`{"v":1,"event":%q,"type":"payment_intent.succeeded","created":1769000001,"livemode":false,"paymentIntent":%q,"crmPaymentId":%q}`,
		event, intent, row)
}

// delivered is a hint that goes back to the queue after so many deliveries.
func delivered(hint string, n int) string {
	return fmt.Sprintf(`%s,"deliveries":%d}`, strings.TrimSuffix(hint, "}"), n)
}

// written is how many rows of any table were written over the API in batches.
func (r *rig) written() int { return r.cloud.Counts()["part PATCH"] }

// shows checks that a row shows a status, or none.
func (r *rig) shows(row string, want payment.Status) {
	r.t.Helper()
	text := r.crm(http.MethodGet, "pb_payments("+row+")?$select=pb_status", "")
	value := `"pb_status":null`
	if want != 0 {
		value = fmt.Sprintf(`"pb_status":%d`, crm.PaymentMapping().StatusValues[want])
	}
	if !strings.Contains(strings.ReplaceAll(text, " ", ""), value) {
		r.t.Errorf("row %s does not show %v: %s", row, want, text)
	}
}

// lastError is what a row tells a person, as JSON.
func (r *rig) lastError(row string) string {
	r.t.Helper()
	return r.crm(http.MethodGet, "pb_payments("+row+")?$select=pb_lasterror", "")
}

// rows is the real store with doors for a test.
type rows struct {
	*crm.Store
	mu         sync.Mutex
	loads      []time.Time
	failLoad   func(n int) error
	beforeSave func(n int)
	saves      int
	// most is the greatest number of events that were saved in one change.
	most int
}

func (r *rows) Load(ctx context.Context, lookups []crm.By, events []string) (crm.Loaded, error) {
	r.mu.Lock()
	r.loads = append(r.loads, time.Now())
	n, fail := len(r.loads), r.failLoad
	r.mu.Unlock()
	if fail != nil {
		if err := fail(n); err != nil {
			return crm.Loaded{}, err
		}
	}
	return r.Store.Load(ctx, lookups, events)
}

func (r *rows) Save(ctx context.Context, changes []crm.Change) []error {
	r.mu.Lock()
	r.saves++
	n := r.saves
	for _, change := range changes {
		r.most = max(r.most, len(change.Events))
	}
	r.mu.Unlock()
	if r.beforeSave != nil {
		r.beforeSave(n)
	}
	return r.Store.Save(ctx, changes)
}

// stripe says what a test wants.
type stripe struct {
	mu       sync.Mutex
	intents  map[string]payment.Intent
	sessions map[string]payment.Session
	charges  map[string]string
	fail     func(id string) error
	reads    []string
}

func (s *stripe) put(in payment.Intent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.intents[in.ID] = in
}

func (s *stripe) read(id string) error {
	s.mu.Lock()
	s.reads = append(s.reads, id)
	fail := s.fail
	s.mu.Unlock()
	if fail != nil {
		return fail(id)
	}
	return nil
}

// get answers as Stripe does for what it does not have.
func get[T any](s *stripe, things map[string]T, id string) (T, error) {
	err := s.read(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	thing, ok := things[id]
	if err == nil && !ok {
		err = outcome.Reviewf("Stripe has no %s", id)
	}
	return thing, err
}

func (s *stripe) Intent(_ context.Context, _, id string) (payment.Intent, error) {
	return get(s, s.intents, id)
}

func (s *stripe) Session(_ context.Context, _, id string) (payment.Session, error) {
	return get(s, s.sessions, id)
}

func (s *stripe) Charge(_ context.Context, _, id string) (string, error) {
	return get(s, s.charges, id)
}

// quick is a backoff without waits worth mentioning.
var quick = backoff.Policy{Base: time.Microsecond, Cap: time.Microsecond}

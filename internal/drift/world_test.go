package drift_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"paybridge/internal/crm"
	"paybridge/internal/dataverse"
	"paybridge/internal/drift"
	"paybridge/internal/payment"
	"paybridge/internal/secret"
	"paybridge/internal/stripeapi"
	cloud "paybridge/standin/dataverse"
	"paybridge/standin/stripe"
)

const org = "contoso.crm4.dynamics.com"

// world is both ends on one clock, which stands until the test moves it. There
// are no consumers: what is found stays out of step until the test heals it.
type world struct {
	t *testing.T
	// now is in nanoseconds: the ends read it while the test moves it.
	now    atomic.Int64
	stripe *stripe.Server
	urls   struct{ stripe, crm string }
	config drift.Config
	rows   *crm.Store
	count  int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t}
	w.now.Store(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC).UnixNano())
	clock := func() time.Time { return time.Unix(0, w.now.Load()).UTC() }
	var err error
	w.stripe, err = stripe.Open(stripe.Config{Dir: t.TempDir(), Now: clock, SettleAfter: -1, Delivery: stripe.Delivery{Backoff: []time.Duration{}, Orderly: true}})
	if err != nil {
		t.Fatal(err)
	}
	server, err := cloud.Open(cloud.Config{Dir: t.TempDir(), Tables: cloud.PayBridgeTables(), Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	atStripe, atCRM := httptest.NewServer(w.stripe), httptest.NewServer(server)
	t.Cleanup(func() {
		atStripe.Close()
		atCRM.Close()
		if err := w.stripe.Close(); err != nil {
			t.Error(err)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	w.urls.stripe, w.urls.crm = atStripe.URL, atCRM.URL
	client, err := dataverse.New(atCRM.URL, nil, &dataverse.Options{Retry: policy.RetryOptions{MaxRetries: -1}})
	if err != nil {
		t.Fatal(err)
	}
	w.rows = crm.New(client, crm.PaymentMapping())
	w.config = drift.Config{
		Stripe: stripeapi.New(stripeapi.Config{Key: secret.New(w.stripe.SecretKey()), BaseURL: atStripe.URL}), Rows: w.rows, Org: org,
		After: 10 * time.Minute, SweepAfter: time.Hour, Window: 72 * time.Hour, Limit: 1000, Rate: 10_000, Now: clock,
	}
	return w
}

// deaf registers a webhook endpoint that never answers.
func (w *world) deaf() {
	w.t.Helper()
	nobody := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	w.t.Cleanup(nobody.Close)
	if _, err := w.stripe.Register(nobody.URL, nil); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) pass(d time.Duration) { w.now.Add(int64(d)) }

// run is one run of a new process.
func (w *world) run() *drift.Report {
	w.t.Helper()
	finder := drift.New(w.config)
	report, err := finder.Find(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := finder.Save(w.t.Context(), report); err != nil {
		w.t.Fatal(err)
	}
	return report
}

// call sends a request as somebody else and returns the answer.
func (w *world) call(method, address, token, contentType, body string) map[string]any {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, address, bytes.NewReader([]byte(body)))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Prefer", "return=representation")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode > 299 {
		w.t.Fatalf("%s %s: %s %s %v", method, address, resp.Status, text, err)
	}
	var answer map[string]any
	if len(text) > 0 {
		if err := json.Unmarshal(text, &answer); err != nil {
			w.t.Fatal(err)
		}
	}
	return answer
}

func (w *world) atStripe(path string, form ...string) map[string]any {
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	return w.call(http.MethodPost, w.urls.stripe+path, w.stripe.SecretKey(), "application/x-www-form-urlencoded", values.Encode())
}

// row makes a row of 12.50 EUR with further columns.
func (w *world) row(more string) payment.RowID {
	w.t.Helper()
	w.count++
	id := payment.RowID(fmt.Sprintf("00000000-0000-4000-8000-%012d", w.count))
	w.call(http.MethodPost, w.urls.crm+"/api/data/v9.2/pb_payments", "user:Ann", "application/json",
		fmt.Sprintf(`{"pb_paymentid":%q,"pb_amount":12.50,"transactioncurrencyid@odata.bind":"/transactioncurrencies(%s)"%s}`, id, cloud.CurrencyID("EUR"), more))
	return id
}

func (w *world) patch(id payment.RowID, body string) {
	w.t.Helper()
	w.call(http.MethodPatch, fmt.Sprintf("%s/api/data/v9.2/pb_payments(%s)", w.urls.crm, id), "user:Ann", "application/json", body)
}

// paid makes and pays a PaymentIntent that names a row.
func (w *world) paid(row payment.RowID, more ...string) string {
	w.t.Helper()
	made := w.atStripe("/v1/payment_intents", append([]string{
		"amount", "1250", "currency", "eur", "payment_method_types[]", "card", "payment_method", "pm_card_visa", "confirm", "true",
		"metadata[CRM_PaymentId]", string(row), "metadata[CRM_Org]", org,
	}, more...)...)
	id, _ := made["id"].(string)
	return id
}

// heal does what the consumers do: it writes what Stripe says of a PaymentIntent
// to its row, and the events that were found to the timeline.
func (w *world) heal(findings ...drift.Finding) {
	w.t.Helper()
	for _, f := range findings {
		if f.Hint == nil {
			continue
		}
		in, err := w.config.Stripe.(*stripeapi.Client).Intent(w.t.Context(), "", f.Hint.PaymentIntent)
		if err != nil {
			w.t.Fatal(err)
		}
		loaded, err := w.rows.Load(w.t.Context(), []crm.By{{ID: f.Payment}}, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		row := loaded.Found[0].Row
		p, err := payment.Project(row.Row, payment.Facts{Intents: []payment.Intent{in}})
		if err != nil {
			w.t.Fatal(err)
		}
		change := crm.Change{Row: row}
		if change.Values, err = row.Values(p); err != nil {
			w.t.Fatal(err)
		}
		if f.Hint.EventID != "" {
			change.Events = []crm.Event{{ID: f.Hint.EventID, Type: f.Hint.Type, Outcome: crm.Applied}}
		}
		if err := w.rows.Save(w.t.Context(), []crm.Change{change})[0]; err != nil {
			w.t.Fatal(err)
		}
	}
}

// kinds lists the findings as kind and row number, in order.
func kinds(r *drift.Report) string {
	var all []string
	for _, f := range r.Findings {
		all = append(all, fmt.Sprintf("%s %s", f.Kind, strings.TrimLeft(string(f.Payment), "0-48")))
	}
	return strings.Join(all, ", ")
}

// rated lets requests of a Finder fail.
type rated struct {
	drift.Stripe
	failing func(q stripeapi.PageQuery) error
}

func (r *rated) Page(ctx context.Context, q stripeapi.PageQuery) ([]stripeapi.Listed, bool, error) {
	if err := r.failing(q); err != nil {
		return nil, false, err
	}
	return r.Stripe.Page(ctx, q)
}

package judge_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"paybridge/internal/crm"
	"paybridge/internal/dataverse"
	"paybridge/internal/judge"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	cloud "paybridge/standin/dataverse"
)

const (
	org     = "contoso.crm4.dynamics.com"
	foreign = "fabrikam.crm4.dynamics.com"

	mine   payment.RowID = "00000000-0000-4000-8000-000000000001"
	theirs payment.RowID = "00000000-0000-4000-8000-000000000002"
)

// names is how an object names a row of this CRM.
func names(row payment.RowID) payment.Link {
	return payment.Link{CRMPaymentID: string(row), CRMOrg: org}
}

// errGone is what Stripe answers about what it does not have.
var errGone = outcome.Reviewf("Stripe has no such object.")

// stripe has what it was given in one account, and notes what it was asked for.
type stripe struct {
	account  string
	intents  []payment.Intent
	sessions []payment.Session
	// charges are the PaymentIntents that made them.
	charges map[string]string

	mu    sync.Mutex
	asked []string
}

// ask notes an id and returns where it is in a list, negative where it is not.
func ask[T any](s *stripe, account, id string, in []T, idOf func(T) string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, id)
	if account != s.account {
		return -1
	}
	return slices.IndexFunc(in, func(one T) bool { return idOf(one) == id })
}

func intentID(in payment.Intent) string { return in.ID }

func sessionID(s payment.Session) string { return s.ID }

func (s *stripe) Intent(_ context.Context, account, id string) (payment.Intent, error) {
	i := ask(s, account, id, s.intents, intentID)
	if i < 0 {
		return payment.Intent{}, errGone
	}
	return s.intents[i], nil
}

func (s *stripe) Session(_ context.Context, account, id string) (payment.Session, error) {
	i := ask(s, account, id, s.sessions, sessionID)
	if i < 0 {
		return payment.Session{}, errGone
	}
	return s.sessions[i], nil
}

func (s *stripe) Charge(_ context.Context, account, id string) (string, error) {
	ids := slices.Collect(maps.Keys(s.charges))
	if ask(s, account, id, ids, strings.Clone) < 0 {
		return "", errGone
	}
	return s.charges[id], nil
}

func rules(s *stripe) judge.Judge { return judge.Judge{Stripe: s, Org: org} }

// received is a PaymentIntent of which 12.50 EUR came in and some went back.
func received(id string, refunded int64) payment.Intent {
	return payment.Intent{
		ID: id, Status: payment.IntentSucceeded, Amount: 1250, AmountReceived: 1250, Currency: "eur", Link: names(mine),
		Charge: &payment.Charge{
			ID: "ch_" + id, Paid: true, Captured: true, Amount: 1250, AmountCaptured: 1250, AmountRefunded: refunded, Currency: "eur",
			Created: time.Date(2026, 1, 21, 12, 53, 20, 0, time.UTC), Method: "card",
		},
	}
}

// table is the table of payments, in a Dataverse on this machine.
type table struct {
	t     *testing.T
	url   string
	store *crm.Store
	count int
}

func newTable(t *testing.T, mapping crm.Mapping) *table {
	t.Helper()
	server, err := cloud.Open(cloud.Config{Dir: t.TempDir(), Tables: cloud.PayBridgeTables()})
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
	return &table{t: t, url: web.URL, store: crm.New(client, mapping)}
}

// row makes a row of 12.50 EUR with further columns and reads it.
func (b *table) row(more string) *crm.Row {
	b.t.Helper()
	b.count++
	id := payment.RowID(fmt.Sprintf("00000000-0000-4000-8000-%012d", b.count))
	body := fmt.Sprintf(`{"pb_paymentid":%q,"pb_amount":12.50,"transactioncurrencyid@odata.bind":"/transactioncurrencies(%s)"%s}`, id, cloud.CurrencyID("EUR"), more)
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+"/api/data/v9.2/pb_payments", strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer user:Ann")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	if resp.Body.Close(); resp.StatusCode > 299 {
		b.t.Fatalf("making a row: %s", resp.Status)
	}
	return b.read(id)
}

func (b *table) read(id payment.RowID) *crm.Row {
	b.t.Helper()
	loaded, err := b.store.Load(b.t.Context(), []crm.By{{ID: id}}, nil)
	if err != nil || loaded.Found[0].Row == nil {
		b.t.Fatalf("reading row %s: %v %v", id, loaded.Found, err)
	}
	return loaded.Found[0].Row
}

// write writes columns of a row and reads it again.
func (b *table) write(row *crm.Row, values dataverse.Values) *crm.Row {
	b.t.Helper()
	if err := b.store.Save(b.t.Context(), []crm.Change{{Row: row, Values: values}})[0]; err != nil {
		b.t.Fatal(err)
	}
	return b.read(row.ID)
}

package stripeapi_test

import (
	"errors"
	"maps"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/secret"
	"paybridge/internal/stripeapi"
	"paybridge/standin/stripe"

	stripego "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"
)

const (
	organisation = "northwind.crm11.dynamics.com"
	connected    = "acct_1Connected"
)

var rowLink = payment.Link{CRMPaymentID: row, CRMOrg: organisation}

// till is a Stripe on a clock of its own with the client under test, and a
// merchant's client to see what was made.
type till struct {
	*stripeapi.Client
	server   *stripe.Server
	merchant *client.API

	mu  sync.Mutex
	now time.Time
}

func openTill(t *testing.T, lag time.Duration) *till {
	t.Helper()
	s := &till{now: time.Date(2026, time.March, 2, 9, 30, 0, 0, time.UTC)}
	server, err := stripe.Open(stripe.Config{
		Dir: t.TempDir(), Delivery: stripe.Delivery{Orderly: true}, SettleAfter: -1, SearchLag: lag,
		ConnectedAccounts: []string{connected}, Now: s.time,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	backend := stripego.GetBackendWithConfig(stripego.APIBackend, &stripego.BackendConfig{
		URL: stripego.String(web.URL), MaxNetworkRetries: stripego.Int64(0), LeveledLogger: &stripego.LeveledLogger{},
	})
	s.server = server
	s.merchant = client.New(server.SecretKey(), &stripego.Backends{API: backend, Connect: backend, Uploads: backend})
	s.Client = stripeapi.New(stripeapi.Config{Key: secret.New(server.SecretKey()), BaseURL: web.URL})
	return s
}

func (s *till) time() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *till) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func intentRequest() stripeapi.IntentRequest {
	return stripeapi.IntentRequest{
		Key: "row-1", Amount: 4990, Currency: "eur", Description: "Order 42", Email: "ana@fabrikam.example", Link: rowLink,
		Metadata: map[string]string{"order": "42", "nothing": ""},
	}
}

func (s *till) create(t *testing.T, change func(*stripeapi.IntentRequest)) payment.Intent {
	t.Helper()
	r := intentRequest()
	if change != nil {
		change(&r)
	}
	in, err := s.CreateIntent(t.Context(), "", r)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// pay pays an intent with one of Stripe's test methods.
func (s *till) pay(t *testing.T, id, method string) {
	t.Helper()
	_, err := s.merchant.PaymentIntents.Confirm(id, &stripego.PaymentIntentConfirmParams{
		PaymentMethod: stripego.String(method), ReturnURL: stripego.String("https://northwind.example/thanks"),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// intents counts what was made.
func (s *till) intents(t *testing.T) int {
	t.Helper()
	n := 0
	all := s.merchant.PaymentIntents.List(&stripego.PaymentIntentListParams{})
	for all.Next() {
		n++
	}
	if err := all.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

func wantMetadata(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("%s has the metadata %v, want %v", what, got, want)
	}
}

// wantClass checks an error's class, and that it tells no secret.
func wantClass(t *testing.T, err error, class outcome.Class) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one of class %s", class)
	}
	if got := outcome.Of(err); got != class {
		t.Errorf("class %s, want %s: %v", got, class, err)
	}
	for _, s := range []string{"_secret_", "sk_test_", "@"} {
		if strings.Contains(err.Error(), s) {
			t.Errorf("error %q tells %q", err, s)
		}
	}
}

// answerOf returns what Stripe answered.
func answerOf(t *testing.T, err error) *stripeapi.Error {
	t.Helper()
	e, ok := errors.AsType[*stripeapi.Error](err)
	if !ok {
		t.Fatalf("%v is no answer of Stripe's", err)
	}
	return e
}

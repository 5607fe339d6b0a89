package stripe_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	stripego "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"
	"github.com/stripe/stripe-go/v76/webhook"

	"paybridge/standin/stripe"
)

// shop is a stand-in on a real port with the official client before it and a webhook endpoint behind it.
type shop struct {
	*client.API
	server *stripe.Server
	url    string
	hooks  *hooks
}

// hooks is a webhook endpoint that remembers what it was sent.
type hooks struct {
	mu       sync.Mutex
	requests []hook
	status   func(n int) int
}

type hook struct {
	header http.Header
	body   []byte
}

func (h *hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.requests = append(h.requests, hook{header: r.Header.Clone(), body: body})
	if h.status != nil {
		w.WriteHeader(h.status(len(h.requests)))
	}
}

func (h *hooks) all() []hook {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]hook(nil), h.requests...)
}

func open(t *testing.T, cfg stripe.Config) *shop {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	server, err := stripe.Open(cfg)
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
	return &shop{API: sdk(web.URL, server.SecretKey()), server: server, url: web.URL}
}

func sdk(url, key string) *client.API {
	backend := stripego.GetBackendWithConfig(stripego.APIBackend, &stripego.BackendConfig{
		URL: stripego.String(url), MaxNetworkRetries: stripego.Int64(0), LeveledLogger: &stripego.LeveledLogger{},
	})
	return client.New(key, &stripego.Backends{API: backend, Connect: backend, Uploads: backend})
}

// listen registers an endpoint for all events.
func (s *shop) listen(t *testing.T) stripe.Endpoint {
	t.Helper()
	s.hooks = &hooks{}
	web := httptest.NewServer(s.hooks)
	t.Cleanup(web.Close)
	endpoint, err := s.server.Register(web.URL+"/hook", nil)
	if err != nil {
		t.Fatal(err)
	}
	return endpoint
}

func (s *shop) idle(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := s.server.WaitIdle(ctx); err != nil {
		t.Fatal(err)
	}
}

// sent are the types of the events that the endpoint got, each checked by stripe-go's own reading of the signature.
func (s *shop) sent(t *testing.T, secret string) []string {
	t.Helper()
	s.idle(t)
	var types []string
	for _, h := range s.hooks.all() {
		event, err := webhook.ConstructEvent(h.body, h.header.Get("Stripe-Signature"), secret)
		if err != nil {
			t.Fatalf("%v\n%s", err, h.body)
		}
		types = append(types, string(event.Type))
	}
	return types
}

func paying(amount int64, method string) *stripego.PaymentIntentParams {
	return &stripego.PaymentIntentParams{
		Amount: stripego.Int64(amount), Currency: stripego.String("usd"), PaymentMethod: stripego.String(method), Confirm: stripego.Bool(true),
		AutomaticPaymentMethods: &stripego.PaymentIntentAutomaticPaymentMethodsParams{
			Enabled: stripego.Bool(true), AllowRedirects: stripego.String("never"),
		},
		Params: stripego.Params{Metadata: map[string]string{"CRM_PaymentId": "3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01"}},
	}
}

// clock is a clock that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// refusal is the error that the official client made of the answer.
func refusal(t *testing.T, err error) *stripego.Error {
	t.Helper()
	bad, ok := errors.AsType[*stripego.Error](err)
	if !ok {
		t.Fatalf("want an error of Stripe's, got %v", err)
	}
	return bad
}

// typesOf lists the events there are, oldest first.
func (s *shop) typesOf(t *testing.T) []string {
	t.Helper()
	var types []string
	list := s.Events.List(&stripego.EventListParams{})
	for list.Next() {
		types = append([]string{string(list.Event().Type)}, types...)
	}
	if list.Err() != nil {
		t.Fatal(list.Err())
	}
	return types
}

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

package stripeapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/payment"
	"paybridge/internal/secret"
	"paybridge/internal/stripeapi"
	"paybridge/standin/stripe"
)

const hookURL = "https://pay.example/api/stripe/webhook?code=k3y-of-the-function"

// An endpoint is made as asked, pinned, and found again; its URL is shown
// without the function key.
func TestEndpoint(t *testing.T) {
	s := openShop(t)
	ctx := t.Context()
	made, signing, err := s.reader.CreateEndpoint(ctx, stripeapi.EndpointParams{
		URL: secret.New(hookURL), Events: stripeapi.EventTypes(), Description: "PayBridge", Metadata: map[string]string{"a": "1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(signing.Reveal(), "whsec_") {
		t.Error("the signing secret is not told")
	}
	if made.Address != "https://pay.example/api/stripe/webhook" || made.URL.Reveal() != hookURL {
		t.Errorf("address %q", made.Address)
	}
	if made.APIVersion != stripeapi.APIVersion || !made.Enabled || made.Livemode {
		t.Errorf("made %+v", made)
	}
	if diff := cmp.Diff(stripeapi.EventTypes(), made.Events); diff != "" {
		t.Error(diff)
	}
	changed, err := s.reader.UpdateEndpoint(ctx, made.ID, stripeapi.EndpointParams{Events: []string{"payment_intent.succeeded"}, Metadata: map[string]string{"b": "2"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a": "1", "b": "2"}, changed.Metadata); diff != "" {
		t.Error(diff)
	}
	all, err := s.reader.Endpoints(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].ID != made.ID || len(all[0].Events) != 1 {
		t.Errorf("listed %+v", all)
	}
	for range 2 { // What is gone stays gone.
		if err := s.reader.DeleteEndpoint(ctx, made.ID); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.reader.UpdateEndpoint(ctx, "../accounts", stripeapi.EndpointParams{Enable: true}); err == nil {
		t.Error("an id that is none reached Stripe")
	}
}

// A refusal that repeats the URL does not tell the function key.
func TestEndpointRefused(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":{"type":"invalid_request_error","message":"Invalid URL: ` + hookURL + `"}}`))
	}))
	defer web.Close()
	c := stripeapi.New(stripeapi.Config{Key: secret.New("sk_test_made_up"), BaseURL: web.URL})
	_, _, err := c.CreateEndpoint(t.Context(), stripeapi.EndpointParams{URL: secret.New(hookURL), Events: []string{"*"}})
	if err == nil || strings.Contains(err.Error(), "k3y") || !strings.Contains(err.Error(), "pay.example") {
		t.Errorf("error %v", err)
	}
}

// The stand-in knows every type that PayBridge acts on, and not the one that
// guides invent.
func TestEventTypes(t *testing.T) {
	server, err := stripe.Open(stripe.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if _, err := server.Register("https://pay.example/", stripeapi.EventTypes()); err != nil {
		t.Error(err)
	}
	if _, err := server.Register("https://pay.example/", []string{"payment_intent.failed"}); err == nil {
		t.Error("there is a payment_intent.failed")
	}
	if n := len(stripeapi.EventTypes()); n != 21 {
		t.Errorf("%d types", n)
	}
}

// Events that an endpoint has not taken are counted, over pages.
func TestUndelivered(t *testing.T) {
	t.Parallel()
	server, err := stripe.Open(stripe.Config{Dir: t.TempDir(), Delivery: stripe.Delivery{Backoff: []time.Duration{}}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	web := httptest.NewServer(server)
	defer web.Close()
	c := stripeapi.New(stripeapi.Config{Key: secret.New(server.SecretKey()), BaseURL: web.URL})
	deaf := httptest.NewServer(http.NotFoundHandler())
	defer deaf.Close()
	euro, err := payment.ParseCurrency("eur")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now().Add(-time.Second)
	made := 0
	another := func() {
		t.Helper()
		made++
		pi, err := c.CreateIntent(t.Context(), "", stripeapi.IntentRequest{
			Key: fmt.Sprintf("intent-%d", made), Amount: 1250, Currency: euro, Link: payment.Link{CRMPaymentID: row},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.CancelIntent(t.Context(), "", pi.ID); err != nil {
			t.Fatal(err)
		}
	}
	another() // Nobody listens yet.
	if _, err := server.Register(deaf.URL, nil); err != nil {
		t.Fatal(err)
	}
	for range stripeapi.PageSize + 1 {
		another()
	}
	u, err := c.Undelivered(t.Context(), began, time.Now().Add(time.Second))
	if err != nil || u.Count != stripeapi.PageSize+1 || u.More || u.Oldest.Before(began.Add(-time.Second)) {
		t.Errorf("undelivered %+v, %v", u, err)
	}
	if u, err = c.Undelivered(t.Context(), began.Add(-time.Hour), began.Add(-time.Minute)); err != nil || u.Count != 0 {
		t.Errorf("an hour ago: %+v, %v", u, err)
	}
}

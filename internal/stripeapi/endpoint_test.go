package stripeapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

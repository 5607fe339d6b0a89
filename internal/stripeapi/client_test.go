package stripeapi

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"paybridge/internal/outcome"
	"paybridge/internal/secret"
	"paybridge/internal/secret/leak"

	"github.com/stripe/stripe-go/v76"
)

func TestRequest(t *testing.T) {
	s := newStripe(t, map[string]answer{"/v1/payment_intents/pi_1Aa": {body: intentJSON("succeeded", "null", "")}})
	c := s.client()
	for range 2 { // telemetry would go with the second
		if _, err := c.Intent(t.Context(), "", "pi_1Aa"); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range s.requests() {
		for name, want := range map[string]string{
			"Authorization": "Bearer " + testKey, "Stripe-Version": "2023-10-16",
			"Stripe-Account": "", "X-Stripe-Client-Telemetry": "", "Idempotency-Key": "",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if got := r.Header.Get("User-Agent"); !strings.HasPrefix(got, "Stripe/v1 GoBindings/") || !strings.HasSuffix(got, " PayBridge/1.2.3") {
			t.Errorf("User-Agent %q does not name stripe-go and PayBridge", got)
		}
		if got := r.URL.Query()["expand[0]"]; len(got) != 1 || got[0] != "latest_charge" {
			t.Errorf("query %q does not expand the latest charge", r.URL.RawQuery)
		}
	}
	if stripe.Key != "" || stripe.EnableTelemetry == false {
		t.Error("the client changed a setting of the whole process")
	}
}

func TestPing(t *testing.T) {
	s := newStripe(t, map[string]answer{"/v1/payment_intents": {body: `{"object":"list","has_more":true,"data":[` + intentJSON("succeeded", "null", "") + `]}`}})
	if err := s.client().Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if r := s.requests(); len(r) != 1 || r[0].URL.Query().Get("limit") != "1" {
		t.Errorf("%d requests, want one for one object", len(r))
	}
}

func TestMode(t *testing.T) {
	for key, want := range map[string]Mode{
		"sk_test_1": ModeTest, "rk_test_1": ModeTest, "sk_live_1": ModeLive, "rk_live_1": ModeLive,
		"pk_live_1": ModeUnknown, "whsec_1": ModeUnknown, "": ModeUnknown,
	} {
		c := New(Config{Key: secret.New(key)})
		if c.Mode() != want || c.Livemode() != (want == ModeLive) {
			t.Errorf("%q has mode %q, live %t, want %q", key, c.Mode(), c.Livemode(), want)
		}
	}
}

func TestErrors(t *testing.T) {
	stripeError := func(fields string) string { return `{"error":{` + fields + `}}` }
	for _, c := range []struct {
		name     string
		answer   answer
		class    outcome.Class
		notFound bool
		retry    time.Duration
		text     string
	}{
		{
			name: "unknown intent", class: outcome.Review, notFound: true,
			answer: answer{status: 404, body: stripeError(`"type":"invalid_request_error","code":"resource_missing","param":"intent","message":"No such payment_intent: 'pi_1Aa'"`)},
			text:   "reading PaymentIntent pi_1Aa: Stripe answered 404 resource_missing: No such payment_intent: 'pi_1Aa' (req_MadeUp1)",
		},
		{
			name: "wrong key", class: outcome.Again,
			answer: answer{status: 401, body: stripeError(`"type":"invalid_request_error","message":"Invalid API Key provided: sk_test_********Only, or ` + testKey + `"`)},
			text:   "Stripe answered 401 invalid_request_error: Invalid API Key provided: [secret], or [secret]",
		},
		{
			name: "message with secrets and a card", class: outcome.Review,
			answer: answer{status: 400, body: stripeError(`"type":"invalid_request_error","message":"pi_1Aa_secret_MadeUp\nand whsec_abc, rk_live_abc, 4242 4242 4242 4242"`)},
			text:   "[secret] and [secret], [secret], [number]",
		},
		{
			name: "long message", class: outcome.Review,
			answer: answer{status: 400, body: stripeError(`"type":"invalid_request_error","message":"` + strings.Repeat("ü", 5000) + `"`)},
			text:   strings.Repeat("ü", 300) + "…",
		},
		{
			name: "throttled", class: outcome.Again, retry: 7 * time.Second,
			answer: answer{status: 429, header: http.Header{"Retry-After": {"7"}}, body: stripeError(`"type":"invalid_request_error","code":"rate_limit","message":"Too many requests"`)},
			text:   "429 rate_limit",
		},
		{
			name: "asked to wait for a year", class: outcome.Again, retry: time.Hour,
			answer: answer{status: 503, header: http.Header{"Retry-After": {"31536000"}}, body: stripeError(`"type":"api_error"`)},
		},
		{
			name: "asked to wait until a date that is past", class: outcome.Again,
			answer: answer{status: 503, header: http.Header{"Retry-After": {"Fri, 31 Dec 1999 23:59:59 GMT"}}, body: stripeError(`"type":"api_error"`)},
		},
		{
			name: "a proxy asks to wait until a date", class: outcome.Again, retry: time.Hour,
			answer: answer{status: 503, header: http.Header{"Retry-After": {"Fri, 31 Dec 2599 23:59:59 GMT"}}, body: "<html>"},
		},
		{
			name: "advised to ask again", class: outcome.Again,
			answer: answer{status: 400, header: http.Header{"Stripe-Should-Retry": {"true"}}, body: stripeError(`"type":"invalid_request_error","code":"code_of_tomorrow"`)},
		},
		{
			name: "advised not to ask again for what is for a person", class: outcome.Review,
			answer: answer{status: 400, header: http.Header{"Stripe-Should-Retry": {"false"}}, body: stripeError(`"type":"invalid_request_error","code":"code_of_tomorrow"`)},
		},
		{
			name: "advised not to ask the same again", class: outcome.Again,
			answer: answer{status: 500, header: http.Header{"Stripe-Should-Retry": {"false"}}, body: stripeError(`"type":"api_error"`)},
		},
		{name: "server error", class: outcome.Again, answer: answer{status: 500, body: stripeError(`"type":"api_error","message":"oops"`)}},
		{name: "permission", class: outcome.Again, answer: answer{status: 403, body: stripeError(`"type":"invalid_request_error","code":"more_permissions_required"`)}},
		{
			name: "proxy speaks HTML", class: outcome.Again,
			answer: answer{status: 502, body: "<html>ana@fabrikam.example</html>"}, text: "Stripe answered 502 api_error: the answer is not one of Stripe's",
		},
		{name: "proxy speaks JSON", class: outcome.Again, answer: answer{status: 504, body: `{"error":"upstream"}`}, text: "not one of Stripe's"},
		{name: "nothing there", class: outcome.Again, notFound: true, answer: answer{status: 404}, text: "not one of Stripe's"},
		{name: "error is too large", class: outcome.Again, answer: answer{status: 400, body: strings.Repeat(" ", maxAnswer+1)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStripe(t, map[string]answer{"/v1/payment_intents/pi_1Aa": c.answer})
			_, err := s.client().Intent(t.Context(), "", "pi_1Aa")
			if err == nil {
				t.Fatal("no error")
			}
			if got := outcome.Of(err); got != c.class {
				t.Errorf("class %s, want %s: %v", got, c.class, err)
			}
			if got := outcome.RetryAfter(err); got != c.retry {
				t.Errorf("retry after %s, want %s", got, c.retry)
			}
			if got := errors.Is(err, ErrNotFound); got != c.notFound {
				t.Errorf("not found is %t, want %t", got, c.notFound)
			}
			if !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %q does not say %q", err, c.text)
			}
			leaksNothing(t, err)
			if n := len(s.requests()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestOnTheWay(t *testing.T) {
	hung := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-hung:
		}
	}))
	defer server.Close()
	defer close(hung)
	key := secret.New(testKey)

	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name   string
		ctx    context.Context
		config Config
		want   error
	}{
		{"canceled", canceled, Config{Key: key, BaseURL: server.URL}, context.Canceled},
		{"timeout", t.Context(), Config{Key: key, BaseURL: server.URL, Timeout: 20 * time.Millisecond}, context.DeadlineExceeded},
		{"timeout of the given client", t.Context(), Config{Key: key, BaseURL: server.URL, HTTPClient: &http.Client{Timeout: 20 * time.Millisecond}}, context.DeadlineExceeded},
		{"nobody listens", t.Context(), Config{Key: key, BaseURL: "http://127.0.0.1:1"}, nil},
		{"not a URL", t.Context(), Config{Key: key, BaseURL: "stripe"}, nil},
		{"not a URL at all", t.Context(), Config{Key: key, BaseURL: "http://\x00" + testKey}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := New(c.config).Ping(c.ctx)
			if outcome.Of(err) != outcome.Again {
				t.Fatalf("%v, want an error that says again", err)
			}
			if c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%v is not %v", err, c.want)
			}
			leaksNothing(t, err)
		})
	}
}

// TestKeyOfAnotherForm has a key that looks like nothing known to clean.
func TestKeyOfAnotherForm(t *testing.T) {
	const odd = "hunter2 hunter2"
	s := newStripe(t, map[string]answer{"/v1/payment_intents": {status: 401, body: `{"error":{"type":"invalid_request_error","message":"Invalid API Key provided: ` + odd + `"}}`}})
	err := New(Config{Key: secret.New(odd), BaseURL: s.URL}).Ping(t.Context())
	if err == nil {
		t.Fatal("a refused key is no error")
	}
	leak.New("hunter2").Assert(t, "the error", err.Error())
}

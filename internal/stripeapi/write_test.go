package stripeapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/secret"
	"paybridge/internal/secret/leak"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"
)

// script is a Stripe that gives its answers one after the other, the last of
// them for ever, and cuts the connection where an answer has the status -1.
type script struct {
	*Client
	mu      sync.Mutex
	answers []answer
	asked   []asked
}

type asked struct {
	path, key, account string
	form               url.Values
}

func play(t *testing.T, answers ...answer) *script {
	t.Helper()
	s := &script{answers: answers}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.Client = New(Config{Key: secret.New(testKey), BaseURL: server.URL})
	return s
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		panic(err)
	}
	s.asked = append(s.asked, asked{r.Method + " " + r.URL.Path, r.Header.Get("Idempotency-Key"), r.Header.Get("Stripe-Account"), r.Form})
	a := s.answers[0]
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	if a.status < 0 {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), a.header)
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = w.Write([]byte(a.body))
}

func (s *script) requests() []asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func refusal(status int, fields string) answer {
	return answer{status: status, body: `{"error":{"payment_intent":` + intentJSON("succeeded", "null", "") + `,` + fields + `}}`}
}

var (
	link       = payment.Link{CRMPaymentID: rowID, CRMOrg: org}
	anIntent   = IntentRequest{Key: "k-1", Amount: 4990, Currency: "gbp", Link: link}
	aSession   = SessionRequest{Key: "k-1", Amount: 4990, Currency: "gbp", Link: link, SuccessURL: "https://northwind.example/"}
	aRefund    = RefundRequest{Key: "k-1", Intent: "pi_1Aa", Amount: 1500, Total: 2500, Link: link}
	refundJSON = `{"id":"re_1Aa","object":"refund","amount":1500,"created":1771499200,"currency":"GBP","payment_intent":"pi_1Aa","status":"pending",
		"metadata":{"CRM_RefundTotal":"2500"}}`
	openSession = sessionJSON("null", `"status":"open","payment_status":"unpaid"`)
)

// writes are all requests that change something at Stripe.
var writes = map[string]func(context.Context, *Client) error{
	"CreateIntent": func(ctx context.Context, c *Client) error { return second(c.CreateIntent(ctx, "", anIntent)) },
	"UpdateIntent": func(ctx context.Context, c *Client) error {
		return second(c.UpdateIntent(ctx, "", "pi_1Aa", 4990, "gbp"))
	},
	"CancelIntent":  func(ctx context.Context, c *Client) error { return second(c.CancelIntent(ctx, "", "pi_1Aa")) },
	"CreateSession": func(ctx context.Context, c *Client) error { return second(c.CreateSession(ctx, "", aSession)) },
	"ExpireSession": func(ctx context.Context, c *Client) error { return second(c.ExpireSession(ctx, "", "cs_test_1Aa")) },
	"CreateRefund":  func(ctx context.Context, c *Client) error { return second(c.CreateRefund(ctx, "", aRefund)) },
}

func second[T any](_ T, err error) error { return err }

// tellsNothing fails the test when an error, printed in any way, tells what it
// must not, or carries stripe-go's error, which holds the whole intent.
func tellsNothing(t *testing.T, err error) {
	t.Helper()
	leaksNothing(t, err)
	for e := err; e != nil; e = errors.Unwrap(e) {
		leak.New(testKey).Assert(t, fmt.Sprintf("%T", e), fmt.Sprintf("%+v %#v", e, e))
	}
	if e, ok := errors.AsType[*stripe.Error](err); ok {
		t.Errorf("the error holds %T", e)
	}
}

func TestWriteRefused(t *testing.T) {
	const invalid = `"type":"invalid_request_error",`
	for _, c := range []struct {
		name            string
		answer          answer
		class           outcome.Class
		stale, conflict bool
		retry           time.Duration
	}{
		{name: "an error that Stripe kept", class: outcome.Again,
			answer: answer{status: 500, header: http.Header{"Idempotent-Replayed": {"true"}}, body: `{"error":{"type":"api_error","message":"oops pi_1Aa_secret_MadeUp"}}`}},
		{name: "cut connection", class: outcome.Again, answer: answer{status: -1}},
		{name: "no answer", class: outcome.Again, answer: answer{}},
		{name: "answer about something else", class: outcome.Again, answer: answer{body: `{"id":"ch_1Aa","object":"charge"}`}},
		{name: "key in use", class: outcome.Again, answer: refusal(409, invalid+`"code":"idempotency_key_in_use","message":"busy"`)},
		{name: "object locked", class: outcome.Again, answer: refusal(429, invalid+`"code":"lock_timeout","message":"busy"`)},
		{name: "object locked, as a conflict", class: outcome.Again, answer: refusal(409, invalid+`"code":"lock_timeout","message":"busy"`)},
		{name: "too many", class: outcome.Again, retry: 3 * time.Second, answer: answer{status: 429, header: http.Header{"Retry-After": {"3"}},
			body: `{"error":{"type":"invalid_request_error","code":"rate_limit"}}`}},
		{name: "key with other parameters", class: outcome.Again, conflict: true,
			answer: refusal(400, `"type":"idempotency_error","message":"Keys for idempotent requests can only be used with the same parameters"`)},
		{name: "state", class: outcome.Again, stale: true, answer: refusal(400, invalid+`"code":"payment_intent_unexpected_state","message":"It has a status of succeeded."`)},
		{name: "state in other words", class: outcome.Again, stale: true, answer: refusal(400, invalid+`"code":"intent_invalid_state","message":"no"`)},
		{name: "refunded already", class: outcome.Again, stale: true, answer: refusal(400, invalid+`"code":"charge_already_refunded","message":"no"`)},
		{name: "too small", class: outcome.Review, answer: refusal(400, invalid+`"code":"amount_too_small","param":"amount","message":"Amount must be at least £0.30 gbp"`)},
		{name: "address", class: outcome.Review, answer: refusal(400, invalid+`"code":"email_invalid","param":"receipt_email","message":"Invalid email address: ana"`)},
		{name: "value", class: outcome.Review, answer: refusal(400, invalid+`"code":"parameter_invalid_integer","param":"amount","message":"Invalid integer"`)},
		{name: "method", class: outcome.Review, answer: refusal(400, invalid+`"code":"payment_intent_incompatible_payment_method","message":"no"`)},
		{name: "unknown", class: outcome.Review, answer: refusal(404, invalid+`"code":"resource_missing","message":"No such thing"`)},
		{name: "permission", class: outcome.Again, answer: refusal(403, invalid+`"code":"more_permissions_required","message":"no"`)},
	} {
		for name, write := range writes {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				s := play(t, c.answer)
				err := write(t.Context(), s.Client)
				if err == nil {
					t.Fatal("no error")
				}
				if got := outcome.Of(err); got != c.class {
					t.Errorf("class %s, want %s: %v", got, c.class, err)
				}
				if IsStale(err) != c.stale || IsIdempotencyConflict(err) != c.conflict {
					t.Errorf("stale %t, want %t; conflict %t, want %t: %v", IsStale(err), c.stale, IsIdempotencyConflict(err), c.conflict, err)
				}
				if got := outcome.RetryAfter(err); got != c.retry {
					t.Errorf("retry after %s, want %s", got, c.retry)
				}
				if e, ok := errors.AsType[*Error](err); c.class == outcome.Review && (!ok || e.Message == "") {
					t.Errorf("%v has no sentence of Stripe's", err)
				}
				tellsNothing(t, err)
				if n := len(s.requests()); n != 1 {
					t.Errorf("%d requests, want 1", n)
				}
			})
		}
	}
}

// TestStaleWithoutCode has what Stripe says in a sentence alone.
func TestStaleWithoutCode(t *testing.T) {
	for _, c := range []struct {
		write, fields string
		stale         bool
	}{
		{"ExpireSession", `"message":"Only Checkout Sessions with a status in [\"open\"] can be expired."`, true},
		{"CreateRefund", `"param":"amount","message":"Refund amount (£49.90) is greater than unrefunded amount on charge (£19.90)"`, true},
		{"CreateRefund", `"param":"amount","code":"amount_too_large","message":"no"`, true},
		{"CreateRefund", `"param":"amount","message":"Invalid amount: must be evenly divisible by 100 for the currency isk."`, false},
		{"CreateIntent", `"param":"amount","code":"amount_too_large","message":"no"`, false},
		{"CreateSession", `"message":"You must set an account or business name"`, false},
		{"UpdateIntent", `"param":"currency","message":"Invalid currency: xxx."`, false},
	} {
		s := play(t, refusal(400, `"type":"invalid_request_error",`+c.fields))
		err := writes[c.write](t.Context(), s.Client)
		class := outcome.Review
		if c.stale {
			class = outcome.Again
		}
		if IsStale(err) != c.stale || outcome.Of(err) != class {
			t.Errorf("%s: stale %t, want %t, class %s: %v", c.write, IsStale(err), c.stale, outcome.Of(err), err)
		}
		tellsNothing(t, err)
	}
}

// TestWriteCanceled has no request once its context is over.
func TestWriteCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, write := range writes {
		s := play(t, answer{status: 500})
		if err := write(ctx, s.Client); outcome.Of(err) != outcome.Again || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want that it was canceled", name, err)
		}
	}
}

func TestWriteRequests(t *testing.T) {
	s := play(t, answer{body: intentJSON("requires_payment_method", "null", "")})
	if _, err := s.CreateIntent(t.Context(), "acct_1Con", anIntent); err != nil {
		t.Fatal(err)
	}
	want := []asked{{"POST /v1/payment_intents", "k-1", "acct_1Con", url.Values{
		"amount": {"4990"}, "currency": {"gbp"}, "automatic_payment_methods[enabled]": {"true"}, "expand[0]": {"latest_charge"},
		"metadata[CRM_PaymentId]": {rowID}, "metadata[CRM_Org]": {org},
	}}}
	if diff := cmp.Diff(want, s.requests(), cmp.AllowUnexported(asked{})); diff != "" {
		t.Errorf("CreateIntent asks (-want +got):\n%s", diff)
	}

	s = play(t, answer{body: refundJSON})
	if _, err := s.CreateRefund(t.Context(), "", aRefund); err != nil {
		t.Fatal(err)
	}
	want = []asked{{"POST /v1/refunds", "k-1", "", url.Values{
		"payment_intent": {"pi_1Aa"}, "amount": {"1500"},
		"metadata[CRM_PaymentId]": {rowID}, "metadata[CRM_Org]": {org}, "metadata[CRM_RefundTotal]": {"2500"},
	}}}
	if diff := cmp.Diff(want, s.requests(), cmp.AllowUnexported(asked{})); diff != "" {
		t.Errorf("CreateRefund asks (-want +got):\n%s", diff)
	}
}

// TestReplay has an answer that Stripe kept, and what is true by now.
func TestReplay(t *testing.T) {
	kept := func(body string) answer {
		return answer{header: http.Header{"Idempotent-Replayed": {"true"}}, body: body}
	}
	s := play(t, kept(intentJSON("requires_payment_method", "null", "")), answer{body: intentJSON("succeeded", paidCharge(""), `"amount":2500`)})
	if in, err := s.CreateIntent(t.Context(), "", anIntent); err != nil || in.Status != payment.IntentSucceeded || in.Amount != 2500 || in.Charge == nil {
		t.Errorf("CreateIntent = %+v, %v", in, err)
	}
	s = play(t, kept(openSession), answer{body: sessionJSON(intentJSON("succeeded", paidCharge(""), ""), "")})
	if out, err := s.CreateSession(t.Context(), "", aSession); err != nil || out.Status != payment.SessionComplete || out.Intent == nil {
		t.Errorf("CreateSession = %+v, %v", out, err)
	}
	s = play(t, kept(refundJSON), answer{body: with(refundJSON, `"status":"succeeded"`)})
	if r, err := s.CreateRefund(t.Context(), "", aRefund); err != nil || r.Status != "succeeded" || r.Currency != "gbp" {
		t.Errorf("CreateRefund = %+v, %v", r, err)
	}
	for _, body := range []string{`{}`, with(refundJSON, `"id":"re_2Bb"`)} {
		s = play(t, kept(refundJSON), answer{body: body})
		if r, err := s.CreateRefund(t.Context(), "", aRefund); outcome.Of(err) != outcome.Again {
			t.Errorf("CreateRefund = %+v, %v, want an error that says again", r, err)
		}
	}
}

// TestWriteRefusesAnswers has answers in the right form about the wrong thing.
func TestWriteRefusesAnswers(t *testing.T) {
	for _, c := range []struct{ write, body string }{
		{"CreateIntent", intentJSON("requires_payment_method", "null", `"amount":4991`)},
		{"CreateIntent", intentJSON("requires_payment_method", "null", `"currency":"eur"`)},
		{"CreateIntent", intentJSON("requires_payment_method", `"ch_1Aa"`, "")},
		{"CreateIntent", intentJSON("requires_payment_method", "null", `"id":"sk_live_1"`)},
		{"UpdateIntent", intentJSON("requires_payment_method", "null", `"id":"pi_2Bb"`)},
		{"UpdateIntent", intentJSON("requires_payment_method", "null", `"amount":1`)},
		{"CancelIntent", intentJSON("canceled", "null", `"id":"pi_2Bb"`)},
		{"CancelIntent", intentJSON("canceled", `"ch_1Aa"`, "")},
		{"CreateSession", with(openSession, `"amount_total":1`)},
		{"CreateSession", with(openSession, `"currency":"eur"`)},
		{"CreateSession", with(openSession, `"payment_intent":"pi_1Aa"`)},
		{"CreateSession", with(openSession, `"id":"pi_1Aa"`)},
		{"ExpireSession", with(openSession, `"id":"cs_test_2Bb"`)},
		{"CreateRefund", with(refundJSON, `"amount":1`)},
		{"CreateRefund", with(refundJSON, `"payment_intent":"pi_2Bb"`)},
		{"CreateRefund", with(refundJSON, `"id":""`)},
	} {
		s := play(t, answer{body: c.body})
		err := writes[c.write](t.Context(), s.Client)
		if outcome.Of(err) != outcome.Again {
			t.Errorf("%s took %s: %v", c.write, c.body, err)
			continue
		}
		tellsNothing(t, err)
	}
}

// TestBounds has lists that never end.
func TestBounds(t *testing.T) {
	list := func(object, item string, n int) answer {
		items := make([]string, n)
		for i := range items {
			items[i] = item
		}
		return answer{body: `{"object":"` + object + `","has_more":true,"next_page":"x","url":"/v1/x","data":[` + strings.Join(items, ",") + `]}`}
	}
	for name, c := range map[string]struct {
		answer   answer
		ask      func(*Client) error
		requests int
	}{
		"refunds": {list("list", refundJSON, 100), func(c *Client) error { return second(c.Refunds(t.Context(), "", "pi_1Aa")) }, maxRefunds/100 + 1},
		"intents": {list("search_result", intentJSON("succeeded", "null", ""), 100),
			func(c *Client) error { return second(c.FindIntents(t.Context(), "", rowID)) }, maxFoundIntents/100 + 1},
		"sessions": {list("list", with(openSession, `"client_reference_id":"x"`), 100),
			func(c *Client) error { return second(c.FindSessions(t.Context(), "", rowID, time.Unix(1, 0))) }, maxLookedSessions/100 + 1},
		"endpoints": {list("list", `{"id":"we_1","object":"webhook_endpoint"}`, 100),
			func(c *Client) error { return second(c.Endpoints(t.Context())) }, maxEndpoints/100 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := play(t, c.answer)
			if err := c.ask(s.Client); outcome.Of(err) != outcome.Review {
				t.Errorf("%v, want an error for review", err)
			}
			if n := len(s.requests()); n != c.requests {
				t.Errorf("%d requests, want %d", n, c.requests)
			}
		})
	}
}

// TestListsFail has a first page and an error in place of the second.
func TestListsFail(t *testing.T) {
	page := func(item string) answer {
		return answer{body: `{"object":"list","has_more":true,"next_page":"x","data":[` + item + `]}`}
	}
	broken := answer{status: 500, body: `{"error":{"type":"api_error","message":"oops"}}`}
	s := play(t, page(refundJSON), broken)
	if all, err := s.Refunds(t.Context(), "", "pi_1Aa"); outcome.Of(err) != outcome.Again || all != nil {
		t.Errorf("Refunds = %+v, %v", all, err)
	}
	s = play(t, page(with(refundJSON, `"payment_intent":"pi_2Bb"`)), broken)
	if all, err := s.Refunds(t.Context(), "", "pi_1Aa"); outcome.Of(err) != outcome.Again || all != nil || len(s.requests()) != 1 {
		t.Errorf("Refunds of another intent = %+v, %v", all, err)
	}
	s = play(t, page(intentJSON("succeeded", "null", "")), broken)
	if all, err := s.FindIntents(t.Context(), "", rowID); outcome.Of(err) != outcome.Again || all != nil {
		t.Errorf("FindIntents = %+v, %v", all, err)
	}
	s = play(t, page(with(openSession, meta)), broken)
	if all, err := s.FindSessions(t.Context(), "", rowID, time.Unix(1, 0)); outcome.Of(err) != outcome.Again || all != nil {
		t.Errorf("FindSessions = %+v, %v", all, err)
	}
}

func TestFindIntentsAsks(t *testing.T) {
	s := play(t, answer{body: `{"object":"search_result","has_more":false,"data":[` + intentJSON("succeeded", "null", `"metadata":{"CRM_PaymentId":"x"}`) + `]}`})
	if found, err := s.FindIntents(t.Context(), "acct_1Con", rowID); err != nil || len(found) != 0 {
		t.Errorf("FindIntents = %+v, %v, want none of another row", found, err)
	}
	want := []asked{{"GET /v1/payment_intents/search", "", "acct_1Con", url.Values{
		"query": {"metadata['CRM_PaymentId']:'" + rowID + "'"}, "limit": {"100"}, "expand[0]": {"data.latest_charge"},
	}}}
	if diff := cmp.Diff(want, s.requests(), cmp.AllowUnexported(asked{})); diff != "" {
		t.Errorf("FindIntents asks (-want +got):\n%s", diff)
	}
}

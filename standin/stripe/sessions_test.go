package stripe_test

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	stripego "github.com/stripe/stripe-go/v76"

	"paybridge/standin/stripe"
)

func selling(amount int64) *stripego.CheckoutSessionParams {
	return &stripego.CheckoutSessionParams{
		Mode: stripego.String("payment"), SuccessURL: stripego.String("https://shop.example/ok?session={CHECKOUT_SESSION_ID}"),
		CancelURL: stripego.String("https://shop.example/back"), ClientReferenceID: stripego.String("3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01"),
		LineItems: []*stripego.CheckoutSessionLineItemParams{{
			Quantity: stripego.Int64(2),
			PriceData: &stripego.CheckoutSessionLineItemPriceDataParams{
				Currency: stripego.String("usd"), UnitAmount: &amount,
				ProductData: &stripego.CheckoutSessionLineItemPriceDataProductDataParams{Name: stripego.String("Chair & table")},
			},
		}},
		PaymentIntentData: &stripego.CheckoutSessionPaymentIntentDataParams{Metadata: map[string]string{"CRM_PaymentId": "intent's"}},
		Params:            stripego.Params{Metadata: map[string]string{"CRM_PaymentId": "session's"}},
	}
}

func (s *shop) session(t *testing.T, id string) *stripego.CheckoutSession {
	t.Helper()
	params := &stripego.CheckoutSessionParams{}
	params.AddExpand("payment_intent.latest_charge")
	return must[*stripego.CheckoutSession](t)(s.CheckoutSessions.Get(id, params))
}

func (s *shop) sell(t *testing.T, amount int64) *stripego.CheckoutSession {
	t.Helper()
	return must[*stripego.CheckoutSession](t)(s.CheckoutSessions.New(selling(amount)))
}

func TestSessionIsPaid(t *testing.T) {
	s := open(t, stripe.Config{})
	made := s.sell(t, 600)
	if made.PaymentIntent != nil || made.Status != "open" || made.PaymentStatus != "unpaid" || made.AmountTotal != 1200 ||
		!strings.HasPrefix(made.URL, s.url+"/c/pay/cs_test_") || made.ExpiresAt-made.Created != 24*3600 {
		t.Fatalf("%+v", made)
	}
	if err := s.server.PaySession(made.ID, stripe.Payer{Email: "ana@example.com", Name: "Ana"}); err != nil {
		t.Fatal(err)
	}
	got := s.session(t, made.ID)
	if got.Status != "complete" || got.PaymentStatus != "paid" || got.URL != "" || got.CustomerDetails.Email != "ana@example.com" ||
		got.PaymentIntent.Status != "succeeded" || got.PaymentIntent.Metadata["CRM_PaymentId"] != "intent's" ||
		got.Metadata["CRM_PaymentId"] != "session's" || got.PaymentIntent.LatestCharge.BillingDetails.Email != "ana@example.com" {
		t.Errorf("%+v", got)
	}
	list := s.CheckoutSessions.List(&stripego.CheckoutSessionListParams{PaymentIntent: &got.PaymentIntent.ID})
	if !list.Next() || list.CheckoutSession().ID != made.ID || list.Next() {
		t.Error("the session is not found by its intent")
	}
	items := s.CheckoutSessions.ListLineItems(&stripego.CheckoutSessionListLineItemsParams{Session: &made.ID})
	if !items.Next() || items.LineItem().Description != "Chair & table" || items.LineItem().AmountTotal != 1200 || items.LineItem().Price.UnitAmount != 600 {
		t.Errorf("%+v", items.LineItem())
	}
	want := []string{"payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"}
	if diff := cmp.Diff(want, s.typesOf(t)); diff != "" {
		t.Error(diff)
	}
	if err := s.server.PaySession(made.ID, stripe.Payer{}); err == nil {
		t.Error("a complete session was paid again")
	}
}

func TestSessionOfADelayedMethod(t *testing.T) {
	for _, tt := range []struct {
		end    func(*shop, string) error
		event  string
		status stripego.CheckoutSessionPaymentStatus
	}{
		{func(s *shop, id string) error { return s.server.Settle(id) }, "checkout.session.async_payment_succeeded", "paid"},
		{func(s *shop, id string) error { return s.server.Bounce(id, "") }, "checkout.session.async_payment_failed", "unpaid"},
	} {
		s := open(t, stripe.Config{SettleAfter: -1})
		made := s.sell(t, 600)
		if err := s.server.PaySession(made.ID, stripe.Payer{Method: "pm_usBankAccount_success"}); err != nil {
			t.Fatal(err)
		}
		got := s.session(t, made.ID)
		if got.Status != "complete" || got.PaymentStatus != "unpaid" || got.PaymentIntent.Status != "processing" {
			t.Fatalf("%+v", got)
		}
		if err := tt.end(s, got.PaymentIntent.ID); err != nil {
			t.Fatal(err)
		}
		types := s.typesOf(t)
		if got = s.session(t, made.ID); got.PaymentStatus != tt.status || types[len(types)-1] != tt.event {
			t.Errorf("%s %v", got.PaymentStatus, types)
		}
	}
}

func TestSessionWithNothingToPay(t *testing.T) {
	s := open(t, stripe.Config{})
	made := s.sell(t, 0)
	if made.PaymentStatus != "no_payment_required" {
		t.Fatalf("%+v", made)
	}
	if err := s.server.PaySession(made.ID, stripe.Payer{}); err != nil {
		t.Fatal(err)
	}
	got := s.session(t, made.ID)
	if got.Status != "complete" || got.PaymentStatus != "no_payment_required" || got.PaymentIntent != nil {
		t.Errorf("%+v", got)
	}
}

func TestSessionsExpire(t *testing.T) {
	at := newClock()
	s := open(t, stripe.Config{Now: at.now})
	params := selling(600)
	params.ExpiresAt = stripego.Int64(at.now().Add(31 * time.Minute).Unix())
	byTime := must[*stripego.CheckoutSession](t)(s.CheckoutSessions.New(params))
	byCall, tried := s.sell(t, 600), s.sell(t, 600)
	if got := must[*stripego.CheckoutSession](t)(s.CheckoutSessions.Expire(byCall.ID, nil)); got.Status != "expired" {
		t.Errorf("%+v", got)
	}
	if _, err := s.CheckoutSessions.Expire(byCall.ID, nil); err == nil {
		t.Error("a session was expired twice")
	}
	if err := s.server.PaySession(tried.ID, stripe.Payer{Method: "pm_card_chargeDeclined"}); err != nil {
		t.Fatal(err)
	}
	got := s.session(t, tried.ID)
	if got.Status != "open" || got.PaymentIntent.Status != "requires_payment_method" {
		t.Fatalf("%+v", got)
	}
	if _, err := s.PaymentIntents.Cancel(got.PaymentIntent.ID, nil); err == nil {
		t.Error("the intent of an open session was canceled")
	}
	at.pass(31 * time.Minute)
	if got := s.session(t, byTime.ID); got.Status != "expired" || got.URL != "" {
		t.Errorf("%+v", got)
	}
	at.pass(24 * time.Hour)
	if got := s.session(t, tried.ID); got.Status != "expired" || got.PaymentIntent.Status != "canceled" {
		t.Errorf("%+v", got)
	}
	for _, wait := range []time.Duration{20 * time.Minute, 25 * time.Hour} {
		params.ExpiresAt = stripego.Int64(at.now().Add(wait).Unix())
		if _, err := s.CheckoutSessions.New(params); refusal(t, err).Param != "expires_at" {
			t.Errorf("%s: %v", wait, err)
		}
	}
}

// A person uses the page: what it shows is read as a browser without JavaScript would.
func TestCheckoutPage(t *testing.T) {
	s := open(t, stripe.Config{SettleAfter: -1})
	browser := &http.Client{CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		if req.URL.Host == "shop.example" {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	submit := func(target string, fields url.Values) (int, string, string) {
		t.Helper()
		resp, err := browser.PostForm(target, fields)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body := must[[]byte](t)(io.ReadAll(resp.Body))
		return resp.StatusCode, resp.Header.Get("Location"), string(body)
	}
	made := s.sell(t, 600)
	resp, err := browser.Get(made.URL)
	if err != nil {
		t.Fatal(err)
	}
	page := string(must[[]byte](t)(io.ReadAll(resp.Body)))
	resp.Body.Close()
	for _, want := range []string{"$12.00 usd", "Chair &amp; table", `value="declined"`, `value="authentication"`, `value="pm_usBankAccount_success"`, `action="/c/pay/` + made.ID} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if status, _, body := submit(made.URL, url.Values{"choice": {"declined"}, "do": {"pay"}}); status != 402 || !strings.Contains(body, "Your card was declined.") {
		t.Errorf("%d %s", status, body)
	}
	if status, to, _ := submit(made.URL, url.Values{"do": {"cancel"}}); status != 303 || to != "https://shop.example/back" {
		t.Errorf("%d %s", status, to)
	}
	_, _, body := submit(made.URL, url.Values{"choice": {"authentication"}, "do": {"pay"}})
	action := regexp.MustCompile(`action="(/authenticate/[^"]+)"`).FindStringSubmatch(body)
	if action == nil {
		t.Fatalf("no authentication: %s", body)
	}
	if _, _, body := submit(s.url+action[1], url.Values{"result": {"failed"}}); !strings.Contains(body, "Pay $12.00") {
		t.Errorf("after a failed authentication: %s", body)
	}
	if status, to, _ := submit(made.URL, url.Values{"choice": {"ok"}, "do": {"pay"}, "email": {"bo@example.com"}}); status != 303 || to != "https://shop.example/ok?session="+made.ID {
		t.Errorf("%d %s", status, to)
	}
	if got := s.session(t, made.ID); got.PaymentStatus != "paid" || got.CustomerDetails.Email != "bo@example.com" {
		t.Errorf("%+v", got)
	}
	if status, to, _ := submit(made.URL, url.Values{"choice": {"ok"}}); status != 303 || to == "" {
		t.Errorf("a paid session: %d %s", status, to)
	}
	other := s.sell(t, 600)
	_, _, body = submit(other.URL, url.Values{"choice": {"authentication"}})
	action = regexp.MustCompile(`action="(/authenticate/[^"]+)"`).FindStringSubmatch(body)
	if status, to, _ := submit(s.url+action[1], url.Values{"result": {"succeeded"}}); status != 303 || !strings.Contains(to, other.ID) || s.session(t, other.ID).PaymentStatus != "paid" {
		t.Errorf("%d %s", status, to)
	}
}

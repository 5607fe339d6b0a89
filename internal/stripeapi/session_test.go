package stripeapi_test

import (
	"strings"
	"testing"
	"time"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/stripeapi"
	"paybridge/standin/stripe"

	"github.com/google/go-cmp/cmp"
	stripego "github.com/stripe/stripe-go/v76"
)

func sessionRequest() stripeapi.SessionRequest {
	return stripeapi.SessionRequest{
		Key: "link-1", Amount: 4990, Currency: "eur", Description: "Order 42", Email: "ana@fabrikam.example", Link: rowLink,
		SuccessURL: "https://northwind.example/thanks?session={CHECKOUT_SESSION_ID}", CancelURL: "https://northwind.example/basket",
		Metadata: map[string]string{"order": "42"},
	}
}

func (s *till) createSession(t *testing.T, change func(*stripeapi.SessionRequest)) payment.Session {
	t.Helper()
	r := sessionRequest()
	if change != nil {
		change(&r)
	}
	out, err := s.CreateSession(t.Context(), "", r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCreateSession(t *testing.T) {
	s := openTill(t, -1)
	out := s.createSession(t, nil)
	want := payment.Session{
		ID: out.ID, Status: payment.SessionOpen, PaymentStatus: "unpaid", AmountTotal: 4990, Currency: "eur",
		Created: s.time(), ExpiresAt: s.time().Add(24 * time.Hour), URL: out.URL, Link: rowLink,
	}
	if diff := cmp.Diff(want, out); diff != "" || !strings.HasPrefix(out.URL, "http") {
		t.Errorf("CreateSession (-want +got):\n%s url %q", diff, out.URL)
	}
	params := &stripego.CheckoutSessionParams{}
	params.AddExpand("line_items")
	got, err := s.merchant.CheckoutSessions.Get(out.ID, params)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"CRM_PaymentId": row, "CRM_Org": organisation, "order": "42"}
	wantMetadata(t, "the session", got.Metadata, all)
	if got.ClientReferenceID != row || got.CustomerEmail != "ana@fabrikam.example" || got.SuccessURL != sessionRequest().SuccessURL ||
		got.CancelURL != sessionRequest().CancelURL || got.Mode != "payment" {
		t.Errorf("made: reference %q, e-mail %q, urls %q %q, mode %q", got.ClientReferenceID, got.CustomerEmail, got.SuccessURL, got.CancelURL, got.Mode)
	}
	if lines := got.LineItems.Data; len(lines) != 1 || lines[0].Description != "Order 42" || lines[0].Quantity != 1 || lines[0].Price.UnitAmount != 4990 {
		t.Errorf("sold: %+v", lines)
	}

	if err := s.server.PaySession(out.ID, stripe.Payer{}); err != nil {
		t.Fatal(err)
	}
	paid, err := s.Session(t.Context(), "", out.ID)
	if err != nil || paid.Intent == nil {
		t.Fatalf("paid: %+v, %v", paid, err)
	}
	intent, err := s.merchant.PaymentIntents.Get(paid.Intent.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantMetadata(t, "the session's intent", intent.Metadata, all)
	if intent.Description != "Order 42" || intent.ReceiptEmail != "ana@fabrikam.example" {
		t.Errorf("the session's intent: description %q, receipt to %q", intent.Description, intent.ReceiptEmail)
	}
}

func TestCreateSessionPlain(t *testing.T) {
	s := openTill(t, -1)
	until := s.time().Add(time.Hour)
	out := s.createSession(t, func(r *stripeapi.SessionRequest) {
		r.Amount, r.Currency, r.Description, r.Email, r.CancelURL, r.Metadata = 12340, "kwd", "", "", "", nil
		r.Methods, r.ExpiresAt = []string{"card"}, until
	})
	if !out.ExpiresAt.Equal(until) || out.AmountTotal != 12340 || out.Currency != "kwd" {
		t.Errorf("CreateSession = %+v, want 12.340 KWD until %s", out, until)
	}
	params := &stripego.CheckoutSessionParams{}
	params.AddExpand("line_items")
	got, err := s.merchant.CheckoutSessions.Get(out.ID, params)
	if err != nil {
		t.Fatal(err)
	}
	if got.LineItems.Data[0].Description != "Payment" || got.CustomerEmail != "" || got.CancelURL != "" || cmp.Diff([]string{"card"}, got.PaymentMethodTypes) != "" {
		t.Errorf("made: sold %q to %q, back to %q, by %q", got.LineItems.Data[0].Description, got.CustomerEmail, got.CancelURL, got.PaymentMethodTypes)
	}
}

func TestCreateSessionLongDescription(t *testing.T) {
	s := openTill(t, -1)
	text := strings.Repeat("ü", 1000)
	out := s.createSession(t, func(r *stripeapi.SessionRequest) { r.Description = text })
	params := &stripego.CheckoutSessionParams{}
	params.AddExpand("line_items")
	got, err := s.merchant.CheckoutSessions.Get(out.ID, params)
	if err != nil {
		t.Fatal(err)
	}
	if name := got.LineItems.Data[0].Description; name != strings.Repeat("ü", 249)+"…" {
		t.Errorf("sold as %q", name)
	}
}

func TestCreateSessionRefused(t *testing.T) {
	s := openTill(t, -1)
	for name, change := range map[string]func(*stripeapi.SessionRequest){
		"below the minimum":   func(r *stripeapi.SessionRequest) { r.Amount = 49 },
		"unknown currency":    func(r *stripeapi.SessionRequest) { r.Currency = "xxx" },
		"ends too soon":       func(r *stripeapi.SessionRequest) { r.ExpiresAt = s.time().Add(time.Minute) },
		"ends too late":       func(r *stripeapi.SessionRequest) { r.ExpiresAt = s.time().Add(48 * time.Hour) },
		"no URL of success":   func(r *stripeapi.SessionRequest) { r.SuccessURL = "" },
		"URL that is none":    func(r *stripeapi.SessionRequest) { r.CancelURL = "basket" },
		"ISK with two digits": func(r *stripeapi.SessionRequest) { r.Currency, r.Amount = "isk", 50050 },
	} {
		t.Run(name, func(t *testing.T) {
			r := sessionRequest()
			r.Key = name[:2]
			change(&r)
			_, err := s.CreateSession(t.Context(), "", r)
			wantClass(t, err, outcome.Review)
			if answerOf(t, err).Message == "" || stripeapi.IsStale(err) {
				t.Errorf("%v is not Stripe's sentence about a value", err)
			}
		})
	}
}

func TestCreateSessionOnce(t *testing.T) {
	s := openTill(t, -1)
	first := s.createSession(t, nil)
	s.pass(time.Hour)
	if again := s.createSession(t, nil); cmp.Diff(first, again) != "" {
		t.Errorf("the same key made %+v beside %+v", again, first)
	}
	r := sessionRequest()
	r.SuccessURL += "&new"
	_, err := s.CreateSession(t.Context(), "", r)
	wantClass(t, err, outcome.Again)
	if !stripeapi.IsIdempotencyConflict(err) {
		t.Errorf("%v is no conflict of keys", err)
	}
	// The answer that Stripe kept says that the session is open.
	if err := s.server.PaySession(first.ID, stripe.Payer{}); err != nil {
		t.Fatal(err)
	}
	again := s.createSession(t, nil)
	if again.ID != first.ID || again.Status != payment.SessionComplete || again.Intent == nil || again.Intent.Charge == nil || again.URL != "" {
		t.Errorf("tried again after it was paid: %+v", again)
	}
}

func TestExpireSession(t *testing.T) {
	s := openTill(t, -1)
	open := s.createSession(t, nil)
	out, err := s.ExpireSession(t.Context(), "", open.ID)
	if err != nil || out.ID != open.ID || out.Status != payment.SessionExpired || out.Link != rowLink || out.URL != "" {
		t.Fatalf("ExpireSession = %+v, %v", out, err)
	}
	complete := s.createSession(t, func(r *stripeapi.SessionRequest) { r.Key = "link-2" })
	if err := s.server.PaySession(complete.ID, stripe.Payer{}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{open.ID, complete.ID} {
		_, err := s.ExpireSession(t.Context(), "", id)
		wantClass(t, err, outcome.Again)
		if !stripeapi.IsStale(err) || answerOf(t, err).Status != 400 {
			t.Errorf("%v does not say that the state changed", err)
		}
	}
	_, err = s.ExpireSession(t.Context(), "", "cs_test_Unknown")
	wantClass(t, err, outcome.Review)
	if stripeapi.IsStale(err) {
		t.Errorf("%v passes for a change of state", err)
	}
}

func TestExpireSessionAfterDecline(t *testing.T) {
	s := openTill(t, -1)
	open := s.createSession(t, nil)
	if err := s.server.PaySession(open.ID, stripe.Payer{Method: "pm_card_chargeDeclined"}); err != nil {
		t.Fatal(err)
	}
	out, err := s.ExpireSession(t.Context(), "", open.ID)
	if err != nil || out.Intent == nil || out.Intent.Status != payment.IntentCanceled || out.Intent.Charge == nil || out.Intent.Charge.Paid {
		t.Errorf("ExpireSession = %+v, %v, want its intent canceled, with the failed charge", out, err)
	}
}

func TestSessionConnected(t *testing.T) {
	s := openTill(t, -1)
	out, err := s.CreateSession(t.Context(), connected, sessionRequest())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ExpireSession(t.Context(), "", out.ID); err == nil {
		t.Error("the session is on one's own account")
	}
	if found, err := s.FindSessions(t.Context(), connected, row, s.time()); err != nil || len(found) != 1 {
		t.Errorf("FindSessions = %+v, %v", found, err)
	}
	if got, err := s.ExpireSession(t.Context(), connected, out.ID); err != nil || got.Status != payment.SessionExpired {
		t.Errorf("ExpireSession = %+v, %v", got, err)
	}
}

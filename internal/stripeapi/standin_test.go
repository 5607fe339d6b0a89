package stripeapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"paybridge/internal/payment"
	"paybridge/internal/secret"
	"paybridge/internal/stripeapi"
	"paybridge/standin/stripe"

	stripego "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"
)

const row = "a1c4e7f0-52b9-4d3e-8f61-0b9d7c2e4a58"

// shop is a Stripe with a merchant's client to make payments with, the client
// under test to read them, and an endpoint that reads what is delivered.
type shop struct {
	merchant *client.API
	server   *stripe.Server
	reader   *stripeapi.Client
	secret   secret.Secret

	mu     sync.Mutex
	events []stripeapi.Event
}

func openShop(t *testing.T) *shop {
	t.Helper()
	server, err := stripe.Open(stripe.Config{Dir: t.TempDir(), Delivery: stripe.Delivery{Orderly: true}, SettleAfter: -1})
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
	s := &shop{
		server:   server,
		merchant: client.New(server.SecretKey(), &stripego.Backends{API: backend, Connect: backend, Uploads: backend}),
		reader:   stripeapi.New(stripeapi.Config{Key: secret.New(server.SecretKey()), BaseURL: web.URL}),
	}
	endpoint := httptest.NewServer(s.endpoint(t))
	t.Cleanup(endpoint.Close)
	registered, err := server.Register(endpoint.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.secret = secret.New(registered.Secret)
	s.mu.Unlock()
	return s
}

// endpoint takes webhooks as the deployed function does.
func (s *shop) endpoint(t *testing.T) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if _, err := stripeapi.Verify(body, r.Header.Get("Stripe-Signature"), []secret.Secret{s.secret}, time.Now()); err != nil {
			t.Errorf("%v: %s", err, body)
		}
		event, err := stripeapi.ReadEvent(body)
		if err != nil {
			t.Errorf("%v: %s", err, body)
		}
		s.events = append(s.events, event)
	})
}

// hint returns the newest hint of the type, once everything is delivered.
func (s *shop) hint(t *testing.T, eventType string) payment.Hint {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := s.server.WaitIdle(ctx); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range slices.Backward(s.events) {
		if e := v; e.Acted && e.Hint.Type == eventType {
			return e.Hint
		}
	}
	t.Fatalf("no %s among %d events", eventType, len(s.events))
	return payment.Hint{}
}

// pay makes an intent for the row and tries to pay it.
func (s *shop) pay(t *testing.T, method string) *stripego.PaymentIntent {
	t.Helper()
	made, err := s.merchant.PaymentIntents.New(&stripego.PaymentIntentParams{
		Amount: stripego.Int64(4990), Currency: stripego.String("gbp"),
		Metadata: map[string]string{stripeapi.MetadataPaymentID: row, stripeapi.MetadataOrg: "northwind.crm11.dynamics.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.merchant.PaymentIntents.Confirm(made.ID, &stripego.PaymentIntentConfirmParams{
		PaymentMethod: stripego.String(method), ReturnURL: stripego.String("https://northwind.example/thanks"),
	})
	if declined, ok := errors.AsType[*stripego.Error](err); err != nil && (!ok || declined.Type != stripego.ErrorTypeCard) {
		t.Fatal(err)
	}
	return made
}

func (s *shop) read(t *testing.T, id string) payment.Intent {
	t.Helper()
	in, err := s.reader.Intent(t.Context(), "", id)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestStandinPaidThenRefunded(t *testing.T) {
	s := openShop(t)
	made := s.pay(t, "pm_card_visa")
	in := s.read(t, made.ID)
	if in.Status != payment.IntentSucceeded || in.AmountReceived != 4990 || in.Currency != "gbp" || in.Link.CRMPaymentID != row ||
		in.Created.IsZero() || in.Charge == nil || !in.Charge.Paid || !in.Charge.Captured || in.Charge.Method != "card" || in.Charge.ReceiptURL == "" {
		t.Fatalf("paid: %+v, charge %+v", in, in.Charge)
	}
	h := s.hint(t, "payment_intent.succeeded")
	if h.PaymentIntent != made.ID || h.Charge != in.Charge.ID || h.CRMPaymentID != row || h.CRMOrg != "northwind.crm11.dynamics.com" {
		t.Errorf("hint %+v does not name intent %s, charge %s and the row", h, made.ID, in.Charge.ID)
	}
	if id, err := s.reader.Charge(t.Context(), "", in.Charge.ID); err != nil || id != made.ID {
		t.Errorf("Charge = %q, %v, want %q", id, err, made.ID)
	}

	refund, err := s.merchant.Refunds.New(&stripego.RefundParams{PaymentIntent: &made.ID, Amount: stripego.Int64(1500)})
	if err != nil {
		t.Fatal(err)
	}
	if in := s.read(t, made.ID); in.Charge.AmountRefunded != 1500 {
		t.Errorf("%d refunded, want 1500", in.Charge.AmountRefunded)
	}
	if h := s.hint(t, "charge.refunded"); h.Charge != in.Charge.ID || h.PaymentIntent != made.ID {
		t.Errorf("hint %+v of refund %s does not name charge and intent", h, refund.ID)
	}
}

func TestStandinDeclined(t *testing.T) {
	s := openShop(t)
	made := s.pay(t, "pm_card_chargeDeclinedInsufficientFunds")
	in := s.read(t, made.ID)
	if in.Status != payment.IntentRequiresPaymentMethod || in.LastError == nil || in.LastError.Code != "card_declined" ||
		in.LastError.DeclineCode != "insufficient_funds" || in.LastError.Message == "" || in.Charge == nil || in.Charge.Paid {
		t.Fatalf("declined: %+v, error %+v, charge %+v", in, in.LastError, in.Charge)
	}
	if h := s.hint(t, "payment_intent.payment_failed"); h.PaymentIntent != made.ID || h.Charge != in.Charge.ID {
		t.Errorf("hint %+v does not name the intent and its failed charge", h)
	}
}

func TestStandinDisputed(t *testing.T) {
	s := openShop(t)
	made := s.pay(t, "pm_card_createDispute")
	h := s.hint(t, "charge.dispute.created")
	in := s.read(t, made.ID)
	if !in.Charge.Disputed || in.Charge.Dispute == nil || in.Charge.Dispute.Status != payment.DisputeNeedsResponse ||
		in.Charge.Dispute.Reason != "fraudulent" || in.Charge.Dispute.Amount != 4990 {
		t.Fatalf("disputed: charge %+v, dispute %+v", in.Charge, in.Charge.Dispute)
	}
	if h.PaymentIntent != made.ID || h.Charge != in.Charge.ID || h.Dispute != in.Charge.Dispute.ID || h.CRMPaymentID != "" {
		t.Errorf("hint %+v does not name intent, charge and dispute alone", h)
	}
}

func TestStandinSession(t *testing.T) {
	s := openShop(t)
	made, err := s.merchant.CheckoutSessions.New(&stripego.CheckoutSessionParams{
		Mode: stripego.String("payment"), SuccessURL: stripego.String("https://northwind.example/thanks"), ClientReferenceID: stripego.String(row),
		LineItems: []*stripego.CheckoutSessionLineItemParams{{Quantity: stripego.Int64(2), PriceData: &stripego.CheckoutSessionLineItemPriceDataParams{
			Currency: stripego.String("jpy"), UnitAmount: stripego.Int64(750),
			ProductData: &stripego.CheckoutSessionLineItemPriceDataProductDataParams{Name: stripego.String("Green coffee")},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.reader.Session(t.Context(), "", made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != payment.SessionOpen || got.PaymentStatus != "unpaid" || got.AmountTotal != 1500 || got.Currency != "jpy" ||
		got.URL == "" || got.Link.CRMPaymentID != row || got.Intent != nil || !got.ExpiresAt.After(got.Created) {
		t.Errorf("open: %+v", got)
	}
	if _, err := s.merchant.CheckoutSessions.Expire(made.ID, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := s.reader.Session(t.Context(), "", made.ID); err != nil || got.Status != payment.SessionExpired {
		t.Errorf("expired: %+v, %v", got, err)
	}
	if h := s.hint(t, "checkout.session.expired"); h.CheckoutSession != made.ID || h.CRMPaymentID != row {
		t.Errorf("hint %+v does not name the session and the row", h)
	}
}

func TestStandinUnknown(t *testing.T) {
	s := openShop(t)
	if err := s.reader.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if s.reader.Mode() != stripeapi.ModeTest {
		t.Errorf("mode %q of a test key", s.reader.Mode())
	}
	_, intentErr := s.reader.Intent(t.Context(), "", "pi_3Unknown")
	_, sessionErr := s.reader.Session(t.Context(), "", "cs_test_Unknown")
	_, chargeErr := s.reader.Charge(t.Context(), "", "ch_3Unknown")
	for _, err := range []error{intentErr, sessionErr, chargeErr} {
		if !errors.Is(err, stripeapi.ErrNotFound) {
			t.Errorf("%v, want one that says unknown", err)
		}
	}
}

package stripeapi_test

import (
	"fmt"
	"testing"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/stripeapi"

	"github.com/google/go-cmp/cmp"
	stripego "github.com/stripe/stripe-go/v76"
)

func TestCreateIntent(t *testing.T) {
	s := openTill(t, -1)
	in := s.create(t, nil)
	want := payment.Intent{
		ID: in.ID, Status: payment.IntentRequiresPaymentMethod, Amount: 4990, Currency: "eur", Created: s.time(), Link: rowLink,
	}
	if diff := cmp.Diff(want, in); diff != "" {
		t.Errorf("CreateIntent (-want +got):\n%s", diff)
	}
	got, err := s.merchant.PaymentIntents.Get(in.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantMetadata(t, "the intent", got.Metadata, map[string]string{"CRM_PaymentId": row, "CRM_Org": organisation, "order": "42"})
	if got.Description != "Order 42" || got.ReceiptEmail != "ana@fabrikam.example" || got.AutomaticPaymentMethods == nil || !got.AutomaticPaymentMethods.Enabled {
		t.Errorf("made: description %q, receipt to %q, automatic methods %+v", got.Description, got.ReceiptEmail, got.AutomaticPaymentMethods)
	}
}

func TestCreateIntentMethods(t *testing.T) {
	s := openTill(t, -1)
	in := s.create(t, func(r *stripeapi.IntentRequest) { r.Methods = []string{"card", "sepa_debit"} })
	got, err := s.merchant.PaymentIntents.Get(in.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"card", "sepa_debit"}, got.PaymentMethodTypes); diff != "" || got.AutomaticPaymentMethods != nil {
		t.Errorf("methods (-want +got):\n%s automatic: %+v", diff, got.AutomaticPaymentMethods)
	}
}

func TestCreateIntentCurrencies(t *testing.T) {
	s := openTill(t, -1)
	for _, c := range []struct {
		amount   int64
		currency payment.Currency
		class    outcome.Class
		code     string
	}{
		{500, "jpy", outcome.Done, ""},
		{12340, "kwd", outcome.Done, ""},
		{12345, "kwd", outcome.Review, ""},
		{50000, "isk", outcome.Done, ""},
		{50050, "isk", outcome.Review, ""},
		{17500, "huf", outcome.Done, ""},
		{49, "eur", outcome.Review, "amount_too_small"},
		{100_000_000, "eur", outcome.Review, "amount_too_large"},
		{0, "eur", outcome.Review, "parameter_invalid_integer"},
		{500, "xxx", outcome.Review, ""},
	} {
		r := intentRequest()
		r.Key, r.Amount, r.Currency = fmt.Sprintf("%d-%s", c.amount, c.currency), c.amount, c.currency
		in, err := s.CreateIntent(t.Context(), "", r)
		if c.class == outcome.Done {
			if err != nil || in.Amount != c.amount || in.Currency != string(c.currency) {
				t.Errorf("%d %s made %+v, %v", c.amount, c.currency, in, err)
			}
			continue
		}
		wantClass(t, err, c.class)
		if e := answerOf(t, err); e.Code != c.code || e.Message == "" || stripeapi.IsStale(err) || stripeapi.IsIdempotencyConflict(err) {
			t.Errorf("%d %s: code %q, want %q, with Stripe's sentence: %v", c.amount, c.currency, e.Code, c.code, err)
		}
	}
}

func TestCreateIntentOnce(t *testing.T) {
	s := openTill(t, -1)
	first := s.create(t, nil)
	for range 3 {
		if again := s.create(t, nil); again.ID != first.ID {
			t.Errorf("the same key made %s beside %s", again.ID, first.ID)
		}
	}
	r := intentRequest()
	r.Amount++
	_, err := s.CreateIntent(t.Context(), "", r)
	wantClass(t, err, outcome.Again)
	if !stripeapi.IsIdempotencyConflict(err) || stripeapi.IsStale(err) {
		t.Errorf("%v is no conflict of keys", err)
	}
	if n := s.intents(t); n != 1 {
		t.Errorf("%d intents, want 1", n)
	}
	if other := s.create(t, func(r *stripeapi.IntentRequest) { r.Key = "row-2" }); other.ID == first.ID {
		t.Error("another key made no other intent")
	}
}

func TestCreateIntentConnected(t *testing.T) {
	s := openTill(t, -1)
	in, err := s.CreateIntent(t.Context(), connected, intentRequest())
	if err != nil {
		t.Fatal(err)
	}
	if n := s.intents(t); n != 0 {
		t.Errorf("%d intents on one's own account, want none", n)
	}
	if got, err := s.Intent(t.Context(), connected, in.ID); err != nil || got.Link != rowLink {
		t.Errorf("on the connected account: %+v, %v", got, err)
	}
	// A key belongs to an account.
	if own := s.create(t, nil); own.ID == in.ID {
		t.Error("the key was shared by two accounts")
	}
}

func TestUpdateIntent(t *testing.T) {
	s := openTill(t, -1)
	made := s.create(t, nil)
	in, err := s.UpdateIntent(t.Context(), "", made.ID, 2500, "gbp")
	if err != nil || in.ID != made.ID || in.Amount != 2500 || in.Currency != "gbp" || in.Link != rowLink {
		t.Fatalf("UpdateIntent = %+v, %v", in, err)
	}
	_, err = s.UpdateIntent(t.Context(), "", made.ID, 29, "gbp")
	wantClass(t, err, outcome.Review)
	s.pay(t, made.ID, "pm_card_visa")
	_, err = s.UpdateIntent(t.Context(), "", made.ID, 2600, "gbp")
	wantClass(t, err, outcome.Again)
	if !stripeapi.IsStale(err) || stripeapi.IsIdempotencyConflict(err) {
		t.Errorf("%v does not say that the state changed", err)
	}
	if in, err := s.Intent(t.Context(), "", made.ID); err != nil || in.AmountReceived != 2500 {
		t.Errorf("received %d, %v, want 2500", in.AmountReceived, err)
	}
	_, err = s.UpdateIntent(t.Context(), "", "pi_3Unknown", 2600, "gbp")
	wantClass(t, err, outcome.Review)
}

func TestUpdateIntentAfterDecline(t *testing.T) {
	s := openTill(t, -1)
	made := s.create(t, nil)
	if _, err := s.merchant.PaymentIntents.Confirm(made.ID, &stripego.PaymentIntentConfirmParams{
		PaymentMethod: stripego.String("pm_card_chargeDeclined"), ReturnURL: stripego.String("https://northwind.example/thanks"),
	}); err == nil {
		t.Fatal("the card was not declined")
	}
	in, err := s.UpdateIntent(t.Context(), "", made.ID, 2500, "eur")
	if err != nil || in.Amount != 2500 || in.LastError == nil || in.Charge == nil || in.Charge.Paid {
		t.Errorf("UpdateIntent = %+v, %v, want the failed charge with it", in, err)
	}
}

func TestCancelIntent(t *testing.T) {
	s := openTill(t, -1)
	made := s.create(t, nil)
	if in, err := s.CancelIntent(t.Context(), "", made.ID); err != nil || in.ID != made.ID || in.Status != payment.IntentCanceled {
		t.Fatalf("CancelIntent = %+v, %v", in, err)
	}
	paid := s.create(t, func(r *stripeapi.IntentRequest) { r.Key = "row-2" })
	s.pay(t, paid.ID, "pm_card_visa")
	for _, id := range []string{made.ID, paid.ID} {
		_, err := s.CancelIntent(t.Context(), "", id)
		wantClass(t, err, outcome.Again)
		if !stripeapi.IsStale(err) {
			t.Errorf("%v does not say that the state changed", err)
		}
	}
}

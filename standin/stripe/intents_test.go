package stripe_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	stripego "github.com/stripe/stripe-go/v76"

	"paybridge/standin/stripe"
)

func TestPaymentSucceeds(t *testing.T) {
	s := open(t, stripe.Config{Delivery: stripe.Delivery{Orderly: true}})
	endpoint := s.listen(t)
	made, err := s.PaymentIntents.New(&stripego.PaymentIntentParams{
		Amount: stripego.Int64(1250), Currency: stripego.String("usd"),
		Params: stripego.Params{Metadata: map[string]string{"CRM_PaymentId": "x"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if made.Status != stripego.PaymentIntentStatusRequiresPaymentMethod || made.ClientSecret == "" || made.LatestCharge != nil {
		t.Fatalf("created: %+v", made)
	}
	done, err := s.PaymentIntents.Confirm(made.ID, &stripego.PaymentIntentConfirmParams{
		PaymentMethod: stripego.String("pm_card_visa"), ReturnURL: stripego.String("https://example.com/back"),
		Params: stripego.Params{Expand: []*string{stripego.String("latest_charge.balance_transaction")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if done.Status != stripego.PaymentIntentStatusSucceeded || done.AmountReceived != 1250 {
		t.Fatalf("confirmed: %+v", done)
	}
	if got := done.LatestCharge; got.Amount != 1250 || got.PaymentMethodDetails.Card.Last4 != "4242" || got.Metadata["CRM_PaymentId"] != "x" ||
		got.BalanceTransaction.Amount != 1250 || got.Outcome.Type != "authorized" || got.Refunds != nil {
		t.Fatalf("charge: %+v", got)
	}
	want := []string{"payment_intent.created", "charge.succeeded", "payment_intent.succeeded"}
	if diff := cmp.Diff(want, s.sent(t, endpoint.Secret)); diff != "" {
		t.Error(diff)
	}
}

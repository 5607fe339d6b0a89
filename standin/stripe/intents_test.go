package stripe_test

import (
	"strings"
	"testing"
	"time"

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

func TestDeclinedPaymentsTellTheReason(t *testing.T) {
	s := open(t, stripe.Config{})
	for method, want := range map[string][2]string{
		"pm_card_visa_chargeDeclined":                  {"card_declined", "generic_decline"},
		"pm_card_chargeDeclined":                       {"card_declined", "generic_decline"},
		"pm_card_visa_chargeDeclinedInsufficientFunds": {"card_declined", "insufficient_funds"},
		"pm_card_visa_chargeDeclinedLostCard":          {"card_declined", "lost_card"},
		"pm_card_chargeDeclinedExpiredCard":            {"expired_card", ""},
		"pm_card_chargeDeclinedIncorrectCvc":           {"incorrect_cvc", ""},
		"pm_card_chargeDeclinedProcessingError":        {"processing_error", ""},
	} {
		_, err := s.PaymentIntents.New(paying(900, method))
		bad := refusal(t, err)
		if bad.HTTPStatusCode != 402 || bad.Type != stripego.ErrorTypeCard || string(bad.Code) != want[0] || string(bad.DeclineCode) != want[1] {
			t.Errorf("%s: %+v", method, bad)
		}
		if bad.PaymentIntent == nil || bad.ChargeID == "" || bad.RequestID == "" {
			t.Fatalf("%s: the error does not carry the intent, charge and request: %+v", method, bad)
		}
		i := must[*stripego.PaymentIntent](t)(s.PaymentIntents.Get(bad.PaymentIntent.ID, &stripego.PaymentIntentParams{
			Params: stripego.Params{Expand: []*string{stripego.String("latest_charge")}},
		}))
		if i.Status != stripego.PaymentIntentStatusRequiresPaymentMethod || i.PaymentMethod != nil || string(i.LastPaymentError.Code) != want[0] ||
			string(i.LastPaymentError.DeclineCode) != want[1] || i.LastPaymentError.Msg == "" {
			t.Errorf("%s: intent %+v", method, i)
		}
		if ch := i.LatestCharge; ch.Status != stripego.ChargeStatusFailed || ch.Paid || ch.FailureCode != want[0] || ch.Outcome.Type != "issuer_declined" {
			t.Errorf("%s: charge %+v", method, ch)
		}
	}
	types := s.typesOf(t)
	if diff := cmp.Diff([]string{"payment_intent.created", "charge.failed", "payment_intent.payment_failed"}, types[:3]); diff != "" {
		t.Error(diff)
	}
}

func TestADeclinedIntentCanBePaidLater(t *testing.T) {
	s := open(t, stripe.Config{})
	_, err := s.PaymentIntents.New(paying(900, "pm_card_chargeDeclined"))
	i := must[*stripego.PaymentIntent](t)(s.PaymentIntents.Confirm(refusal(t, err).PaymentIntent.ID,
		&stripego.PaymentIntentConfirmParams{PaymentMethod: stripego.String("pm_card_mastercard")}))
	if i.Status != stripego.PaymentIntentStatusSucceeded || i.LastPaymentError != nil {
		t.Errorf("%+v", i)
	}
	_, err = s.PaymentIntents.Confirm(i.ID, &stripego.PaymentIntentConfirmParams{PaymentMethod: stripego.String("pm_card_visa")})
	if bad := refusal(t, err); bad.Code != stripego.ErrorCodePaymentIntentUnexpectedState || bad.PaymentIntent == nil {
		t.Errorf("%+v", bad)
	}
}

func TestAuthentication(t *testing.T) {
	s := open(t, stripe.Config{PublicURL: "https://pay.example"})
	first := must[*stripego.PaymentIntent](t)(s.PaymentIntents.New(paying(900, "pm_card_authenticationRequired")))
	if first.Status != stripego.PaymentIntentStatusRequiresAction || first.NextAction.Type != "use_stripe_sdk" {
		t.Fatalf("%+v", first)
	}
	if err := s.server.Authenticate(first.ID, false); err != nil {
		t.Fatal(err)
	}
	first = must[*stripego.PaymentIntent](t)(s.PaymentIntents.Get(first.ID, nil))
	if first.Status != stripego.PaymentIntentStatusRequiresPaymentMethod || first.LastPaymentError.Code != "payment_intent_authentication_failure" {
		t.Errorf("%+v", first)
	}
	params := paying(900, "pm_card_threeDSecure2Required")
	params.AutomaticPaymentMethods, params.ReturnURL = nil, stripego.String("https://shop.example/back")
	second := must[*stripego.PaymentIntent](t)(s.PaymentIntents.New(params))
	if second.NextAction.RedirectToURL.URL != "https://pay.example/authenticate/"+second.ID {
		t.Errorf("%+v", second.NextAction)
	}
	if err := s.server.Authenticate(second.ID, true); err != nil {
		t.Fatal(err)
	}
	second = must[*stripego.PaymentIntent](t)(s.PaymentIntents.Get(second.ID, nil))
	if second.Status != stripego.PaymentIntentStatusSucceeded || second.NextAction != nil {
		t.Errorf("%+v", second)
	}
	params = paying(900, "pm_card_authenticationRequired")
	params.OffSession = stripego.Bool(true)
	_, err := s.PaymentIntents.New(params)
	if bad := refusal(t, err); bad.Code != "authentication_required" || bad.HTTPStatusCode != 402 {
		t.Errorf("%+v", bad)
	}
	if err := s.server.Authenticate(second.ID, true); err == nil {
		t.Error("a succeeded intent was authenticated")
	}
}

func TestManualCapture(t *testing.T) {
	s := open(t, stripe.Config{})
	params := paying(1000, "pm_card_visa")
	params.CaptureMethod = stripego.String("manual")
	held := must[*stripego.PaymentIntent](t)(s.PaymentIntents.New(params))
	if held.Status != stripego.PaymentIntentStatusRequiresCapture || held.AmountCapturable != 1000 || held.AmountReceived != 0 {
		t.Fatalf("%+v", held)
	}
	_, err := s.PaymentIntents.Capture(held.ID, &stripego.PaymentIntentCaptureParams{AmountToCapture: stripego.Int64(1001)})
	if bad := refusal(t, err); bad.Code != "amount_too_large" {
		t.Errorf("%+v", bad)
	}
	expand := stripego.Params{Expand: []*string{stripego.String("latest_charge")}}
	taken := must[*stripego.PaymentIntent](t)(s.PaymentIntents.Capture(held.ID, &stripego.PaymentIntentCaptureParams{
		AmountToCapture: stripego.Int64(700), Params: expand,
	}))
	if ch := taken.LatestCharge; taken.AmountReceived != 700 || taken.AmountCapturable != 0 || ch.AmountCaptured != 700 || ch.AmountRefunded != 300 || !ch.Captured || ch.Refunded {
		t.Errorf("%+v %+v", taken, taken.LatestCharge)
	}
	other := must[*stripego.PaymentIntent](t)(s.PaymentIntents.New(params))
	gone := must[*stripego.PaymentIntent](t)(s.PaymentIntents.Cancel(other.ID, &stripego.PaymentIntentCancelParams{
		CancellationReason: stripego.String("requested_by_customer"), Params: expand,
	}))
	if gone.Status != stripego.PaymentIntentStatusCanceled || gone.CanceledAt == 0 || !gone.LatestCharge.Refunded {
		t.Errorf("%+v", gone)
	}
	want := []string{
		"payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated", "charge.captured", "payment_intent.succeeded",
		"payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated", "charge.refunded", "payment_intent.canceled",
	}
	if diff := cmp.Diff(want, s.typesOf(t)); diff != "" {
		t.Error(diff)
	}
}

func TestDelayedPayments(t *testing.T) {
	at := newClock()
	s := open(t, stripe.Config{Now: at.now, SettleAfter: time.Hour})
	get := func(id string) *stripego.PaymentIntent {
		return must[*stripego.PaymentIntent](t)(s.PaymentIntents.Get(id, nil))
	}
	good := must[*stripego.PaymentIntent](t)(s.PaymentIntents.New(paying(900, "pm_usBankAccount_success")))
	bad := must[*stripego.PaymentIntent](t)(s.PaymentIntents.New(paying(900, "pm_usBankAccount_insufficientFunds")))
	soon := must[*stripego.PaymentIntent](t)(s.PaymentIntents.New(paying(900, "pm_usBankAccount_success")))
	if good.Status != stripego.PaymentIntentStatusProcessing || good.LatestCharge == nil || good.AmountReceived != 0 {
		t.Fatalf("%+v", good)
	}
	if err := s.server.Bounce(soon.ID, "account_closed"); err != nil {
		t.Fatal(err)
	}
	if soon = get(soon.ID); soon.LastPaymentError.DeclineCode != "account_closed" || soon.Status != stripego.PaymentIntentStatusRequiresPaymentMethod {
		t.Errorf("%+v", soon)
	}
	if get(good.ID).Status != stripego.PaymentIntentStatusProcessing {
		t.Error("settled before its time")
	}
	at.pass(time.Hour)
	if good = get(good.ID); good.Status != stripego.PaymentIntentStatusSucceeded || good.AmountReceived != 900 {
		t.Errorf("%+v", good)
	}
	if bad = get(bad.ID); bad.Status != stripego.PaymentIntentStatusRequiresPaymentMethod || bad.LastPaymentError == nil {
		t.Errorf("%+v", bad)
	}
}

func TestUpdatingAnIntent(t *testing.T) {
	s := open(t, stripe.Config{})
	i := must[*stripego.PaymentIntent](t)(s.PaymentIntents.New(&stripego.PaymentIntentParams{
		Amount: stripego.Int64(500), Currency: stripego.String("EUR"),
		Params: stripego.Params{Metadata: map[string]string{"a": "1", "b": "2"}},
	}))
	i = must[*stripego.PaymentIntent](t)(s.PaymentIntents.Update(i.ID, &stripego.PaymentIntentParams{
		Amount: stripego.Int64(750), Description: stripego.String("Order 7"), ReceiptEmail: stripego.String("ana@example.com"),
		Params: stripego.Params{Metadata: map[string]string{"a": "", "c": "3"}},
	}))
	if diff := cmp.Diff(map[string]string{"b": "2", "c": "3"}, i.Metadata); diff != "" || i.Amount != 750 || i.Currency != "eur" ||
		i.Description != "Order 7" || i.ReceiptEmail != "ana@example.com" {
		t.Errorf("%+v %s", i, diff)
	}
	if err := s.server.Pay(i.ID, "pm_card_visa"); err != nil {
		t.Fatal(err)
	}
	_, err := s.PaymentIntents.Update(i.ID, &stripego.PaymentIntentParams{Amount: stripego.Int64(800)})
	if bad := refusal(t, err); bad.Code != stripego.ErrorCodePaymentIntentUnexpectedState {
		t.Errorf("%+v", bad)
	}
	if _, err := s.PaymentIntents.Update(i.ID, &stripego.PaymentIntentParams{Params: stripego.Params{Metadata: map[string]string{"d": "4"}}}); err != nil {
		t.Errorf("metadata of a succeeded intent: %v", err)
	}
	_, err = s.PaymentIntents.Cancel(i.ID, nil)
	if bad := refusal(t, err); bad.Code != stripego.ErrorCodePaymentIntentUnexpectedState {
		t.Errorf("%+v", bad)
	}
}

func TestAmountsFollowStripesTable(t *testing.T) {
	s := open(t, stripe.Config{})
	for _, tt := range []struct {
		amount   int64
		currency string
		code     string // empty: taken; "-": refused without a code
	}{
		{50, "usd", ""}, {49, "usd", "amount_too_small"}, {50, "jpy", ""}, {49, "jpy", "amount_too_small"}, {0, "usd", "parameter_invalid_integer"},
		{100, "isk", ""}, {150, "isk", "-"}, {500, "ugx", ""}, {501, "ugx", "-"}, {1230, "kwd", ""}, {1234, "kwd", "-"}, {1230, "bhd", ""},
		{17500, "huf", ""}, {17499, "huf", "amount_too_small"}, {30, "gbp", ""}, {99999999, "usd", ""}, {100000000, "usd", "amount_too_large"},
		{100, "zzz", "-"}, {100, "twd", ""}, {-5, "usd", "parameter_invalid_integer"},
	} {
		_, err := s.PaymentIntents.New(&stripego.PaymentIntentParams{Amount: &tt.amount, Currency: &tt.currency})
		if tt.code == "" {
			if err != nil {
				t.Errorf("%d %s: %v", tt.amount, tt.currency, err)
			}
			continue
		}
		if bad := refusal(t, err); bad.HTTPStatusCode != 400 || string(bad.Code) != strings.Trim(tt.code, "-") {
			t.Errorf("%d %s: %+v", tt.amount, tt.currency, bad)
		}
	}
}

func TestPaymentMethodsAreMadeOfTestCards(t *testing.T) {
	s := open(t, stripe.Config{})
	for number, code := range map[string]string{"4242424242424242": "", "4000000000009995": "card_declined", "tok_chargeDeclinedExpiredCard": "expired_card"} {
		card := &stripego.PaymentMethodCardParams{Number: &number}
		if strings.HasPrefix(number, "tok_") {
			card = &stripego.PaymentMethodCardParams{Token: &number}
		}
		m := must[*stripego.PaymentMethod](t)(s.PaymentMethods.New(&stripego.PaymentMethodParams{Type: stripego.String("card"), Card: card}))
		_, err := s.PaymentIntents.New(paying(900, m.ID))
		if code == "" && err != nil || code != "" && string(refusal(t, err).Code) != code {
			t.Errorf("%s: %v", number, err)
		}
	}
}

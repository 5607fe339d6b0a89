package stripe_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	stripego "github.com/stripe/stripe-go/v76"

	"paybridge/standin/stripe"
)

func (s *shop) paid(t *testing.T, method string) *stripego.PaymentIntent {
	t.Helper()
	return must[*stripego.PaymentIntent](t)(s.PaymentIntents.New(paying(1000, method)))
}

func (s *shop) charge(t *testing.T, id string) *stripego.Charge {
	t.Helper()
	return must[*stripego.Charge](t)(s.Charges.Get(id, &stripego.ChargeParams{Params: stripego.Params{Expand: []*string{stripego.String("refunds")}}}))
}

func TestRefunds(t *testing.T) {
	s := open(t, stripe.Config{})
	i := s.paid(t, "pm_card_visa")
	part := must[*stripego.Refund](t)(s.Refunds.New(&stripego.RefundParams{
		PaymentIntent: &i.ID, Amount: stripego.Int64(400), Reason: stripego.String("duplicate"),
	}))
	if part.Status != stripego.RefundStatusSucceeded || part.Charge.ID != i.LatestCharge.ID || part.PaymentIntent.ID != i.ID {
		t.Fatalf("%+v", part)
	}
	if ch := s.charge(t, i.LatestCharge.ID); ch.AmountRefunded != 400 || ch.Refunded || len(ch.Refunds.Data) != 1 {
		t.Errorf("%+v", ch)
	}
	_, err := s.Refunds.New(&stripego.RefundParams{Charge: &i.LatestCharge.ID, Amount: stripego.Int64(601)})
	if bad := refusal(t, err); bad.HTTPStatusCode != 400 || bad.Param != "amount" {
		t.Errorf("%+v", bad)
	}
	must[*stripego.Refund](t)(s.Refunds.New(&stripego.RefundParams{Charge: &i.LatestCharge.ID}))
	if ch := s.charge(t, i.LatestCharge.ID); ch.AmountRefunded != 1000 || !ch.Refunded {
		t.Errorf("%+v", ch)
	}
	_, err = s.Refunds.New(&stripego.RefundParams{Charge: &i.LatestCharge.ID})
	if bad := refusal(t, err); bad.Code != stripego.ErrorCodeChargeAlreadyRefunded {
		t.Errorf("%+v", bad)
	}
	params := &stripego.RefundListParams{PaymentIntent: &i.ID}
	params.AddExpand("data.charge")
	count := 0
	for list := s.Refunds.List(params); list.Next(); count++ {
		if list.Refund().Charge.Amount != 1000 {
			t.Error("charge is not expanded")
		}
	}
	if count != 2 {
		t.Errorf("%d refunds", count)
	}
	events := s.Events.List(&stripego.EventListParams{Type: stripego.String("charge.refunded")})
	events.Next()
	events.Next()
	if diff := cmp.Diff(map[string]any{"amount_refunded": float64(0)}, events.Event().Data.PreviousAttributes); diff != "" {
		t.Error(diff)
	}
	none := must[*stripego.PaymentIntent](t)(s.PaymentIntents.New(&stripego.PaymentIntentParams{Amount: stripego.Int64(500), Currency: stripego.String("usd")}))
	if _, err := s.Refunds.New(&stripego.RefundParams{PaymentIntent: &none.ID}); err == nil {
		t.Error("an unpaid intent was refunded")
	}
}

func TestARefundThatFailsGivesTheAmountBack(t *testing.T) {
	at := newClock()
	s := open(t, stripe.Config{Now: at.now, SettleAfter: time.Minute})
	i := s.paid(t, "pm_card_refundFail")
	r := must[*stripego.Refund](t)(s.Refunds.New(&stripego.RefundParams{PaymentIntent: &i.ID}))
	if r.Status != stripego.RefundStatusSucceeded || !s.charge(t, r.Charge.ID).Refunded {
		t.Fatalf("%+v", r)
	}
	at.pass(time.Minute)
	r = must[*stripego.Refund](t)(s.Refunds.Get(r.ID, nil))
	if ch := s.charge(t, r.Charge.ID); r.Status != stripego.RefundStatusFailed || r.FailureReason == "" || ch.Refunded || ch.AmountRefunded != 0 {
		t.Errorf("%+v %+v", r, ch)
	}
	list := s.Events.List(&stripego.EventListParams{Type: stripego.String("charge.refund.updated")})
	if !list.Next() || list.Event().Data.PreviousAttributes["status"] != "succeeded" {
		t.Errorf("%+v", list.Event())
	}
	var shown stripego.Refund
	if err := json.Unmarshal(list.Event().Data.Raw, &shown); err != nil || shown.Status != stripego.RefundStatusFailed {
		t.Errorf("%v %+v", err, shown)
	}
}

func TestAPendingRefund(t *testing.T) {
	s := open(t, stripe.Config{SettleAfter: -1})
	i := s.paid(t, "pm_card_pendingRefund")
	r := must[*stripego.Refund](t)(s.Refunds.New(&stripego.RefundParams{PaymentIntent: &i.ID, Amount: stripego.Int64(300)}))
	if r.Status != stripego.RefundStatusPending {
		t.Fatalf("%+v", r)
	}
	other := must[*stripego.Refund](t)(s.Refunds.New(&stripego.RefundParams{PaymentIntent: &i.ID, Amount: stripego.Int64(200)}))
	if err := s.server.SettleRefund(r.ID); err != nil {
		t.Fatal(err)
	}
	if r = must[*stripego.Refund](t)(s.Refunds.Get(r.ID, nil)); r.Status != stripego.RefundStatusSucceeded {
		t.Errorf("%+v", r)
	}
	other = must[*stripego.Refund](t)(s.Refunds.Cancel(other.ID, nil))
	if ch := s.charge(t, i.LatestCharge.ID); other.Status != stripego.RefundStatusCanceled || ch.AmountRefunded != 300 {
		t.Errorf("%+v %+v", other, ch)
	}
	r = must[*stripego.Refund](t)(s.Refunds.Update(r.ID, &stripego.RefundParams{Params: stripego.Params{Metadata: map[string]string{"a": "b"}}}))
	if r.Metadata["a"] != "b" {
		t.Errorf("%+v", r)
	}
}

// Only endpoints of a version that knows them get refund.* events.
func TestRefundEventsFollowTheVersion(t *testing.T) {
	s := open(t, stripe.Config{Delivery: stripe.Delivery{Orderly: true}})
	older := s.listen(t)
	oldHooks := s.hooks
	i := s.paid(t, "pm_card_visa")
	must[*stripego.Refund](t)(s.Refunds.New(&stripego.RefundParams{PaymentIntent: &i.ID, Amount: stripego.Int64(100)}))
	if types := s.sent(t, older.Secret); types[len(types)-1] != "charge.refunded" {
		t.Errorf("%v", types)
	}
	newer := s.listen(t)
	if _, err := s.WebhookEndpoints.Del(newer.ID, nil); err != nil {
		t.Fatal(err)
	}
	must[*stripego.WebhookEndpoint](t)(s.WebhookEndpoints.New(&stripego.WebhookEndpointParams{
		URL: &newer.URL, APIVersion: stripego.String("2025-03-31.basil"), EnabledEvents: stripego.StringSlice([]string{"refund.created"}),
	}))
	must[*stripego.Refund](t)(s.Refunds.New(&stripego.RefundParams{PaymentIntent: &i.ID, Amount: stripego.Int64(100)}))
	s.idle(t)
	got := s.hooks.all()
	if len(got) != 1 {
		t.Fatalf("%d deliveries", len(got))
	}
	var event stripego.Event
	if err := json.Unmarshal(got[0].body, &event); err != nil || event.Type != "refund.created" || event.APIVersion != "2025-03-31.basil" {
		t.Errorf("%v %+v", err, event)
	}
	s.hooks = oldHooks
	for _, kind := range s.sent(t, older.Secret) {
		if kind == "refund.created" {
			t.Error("an endpoint of 2023-10-16 got refund.created")
		}
	}
}

package stripeapi_test

import (
	"fmt"
	"slices"
	"testing"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/stripeapi"

	"github.com/google/go-cmp/cmp"
	stripego "github.com/stripe/stripe-go/v76"
)

// sold is an intent that was paid with the test method.
func (s *till) sold(t *testing.T, method string) payment.Intent {
	t.Helper()
	in := s.create(t, nil)
	s.pay(t, in.ID, method)
	return in
}

func (s *till) refunds(t *testing.T, id string) []payment.IssuedRefund {
	t.Helper()
	all, err := s.Refunds(t.Context(), "", id)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRefundInParts(t *testing.T) {
	s := openTill(t, -1)
	in := s.sold(t, "pm_card_visa")
	if all := s.refunds(t, in.ID); len(all) != 0 {
		t.Errorf("%+v before the first", all)
	}
	var want []payment.IssuedRefund
	for _, step := range []struct{ amount, total int64 }{{1500, 1500}, {1000, 2500}, {2490, 4990}} {
		got, err := s.CreateRefund(t.Context(), "", stripeapi.RefundRequest{
			Key: fmt.Sprintf("refund-%d", step.total), Intent: in.ID, Amount: step.amount, Total: step.total, Link: rowLink,
		})
		if err != nil {
			t.Fatal(err)
		}
		made := payment.IssuedRefund{ID: got.ID, Status: "succeeded", Amount: step.amount, Currency: "eur", Created: s.time(), Total: step.total}
		if diff := cmp.Diff(made, got); diff != "" {
			t.Errorf("CreateRefund (-want +got):\n%s", diff)
		}
		want = append(want, made)
	}
	slices.Reverse(want)
	if diff := cmp.Diff(want, s.refunds(t, in.ID)); diff != "" {
		t.Errorf("Refunds (-want +got):\n%s", diff)
	}
	first, err := s.merchant.Refunds.Get(want[2].ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantMetadata(t, "the refund", first.Metadata, map[string]string{"CRM_PaymentId": row, "CRM_Org": organisation, "CRM_RefundTotal": "1500"})

	_, err = s.CreateRefund(t.Context(), "", stripeapi.RefundRequest{Key: "more", Intent: in.ID, Amount: 1, Total: 4991, Link: rowLink})
	wantClass(t, err, outcome.Again)
	if !stripeapi.IsStale(err) || answerOf(t, err).Code != "charge_already_refunded" {
		t.Errorf("%v does not say that the state changed", err)
	}
}

func TestRefundBeyond(t *testing.T) {
	s := openTill(t, -1)
	in := s.sold(t, "pm_card_visa")
	if _, err := s.merchant.Refunds.New(&stripego.RefundParams{PaymentIntent: &in.ID, Amount: stripego.Int64(3000)}); err != nil {
		t.Fatal(err)
	}
	_, err := s.CreateRefund(t.Context(), "", stripeapi.RefundRequest{Key: "all", Intent: in.ID, Amount: 4990, Total: 4990, Link: rowLink})
	wantClass(t, err, outcome.Again)
	if !stripeapi.IsStale(err) || answerOf(t, err).Message == "" {
		t.Errorf("%v does not say that the state changed", err)
	}
	all := s.refunds(t, in.ID)
	if len(all) != 1 || all[0].Amount != 3000 || all[0].Total != 0 {
		t.Errorf("refunds %+v, want the one that somebody else made", all)
	}
}

func TestRefundOnce(t *testing.T) {
	s := openTill(t, -1)
	in := s.sold(t, "pm_card_pendingRefund")
	r := stripeapi.RefundRequest{Key: "refund-1500", Intent: in.ID, Amount: 1500, Total: 1500, Link: rowLink}
	first, err := s.CreateRefund(t.Context(), "", r)
	if err != nil || first.Status != "pending" {
		t.Fatalf("CreateRefund = %+v, %v", first, err)
	}
	if err := s.server.FailRefund(first.ID, "declined"); err != nil {
		t.Fatal(err)
	}
	again, err := s.CreateRefund(t.Context(), "", r)
	if err != nil || again.ID != first.ID || again.Status != "failed" || again.FailureReason != "declined" || again.Total != 1500 {
		t.Errorf("tried again: %+v, %v, want the first one as it is by now", again, err)
	}
	r.Amount = 1000
	_, err = s.CreateRefund(t.Context(), "", r)
	wantClass(t, err, outcome.Again)
	if !stripeapi.IsIdempotencyConflict(err) || stripeapi.IsStale(err) {
		t.Errorf("%v is no conflict of keys", err)
	}
	if all := s.refunds(t, in.ID); len(all) != 1 {
		t.Errorf("%d refunds, want 1", len(all))
	}
}

func TestRefundOfNothing(t *testing.T) {
	s := openTill(t, -1)
	in := s.create(t, nil)
	_, err := s.CreateRefund(t.Context(), "", stripeapi.RefundRequest{Key: "1", Intent: in.ID, Amount: 1, Total: 1, Link: rowLink})
	wantClass(t, err, outcome.Review)
	_, err = s.CreateRefund(t.Context(), "", stripeapi.RefundRequest{Key: "2", Intent: "pi_3Unknown", Amount: 1, Total: 1, Link: rowLink})
	wantClass(t, err, outcome.Review)
}

func TestRefundsPages(t *testing.T) {
	s := openTill(t, -1)
	in, other := s.sold(t, "pm_card_visa"), s.create(t, func(r *stripeapi.IntentRequest) { r.Key = "row-2" })
	s.pay(t, other.ID, "pm_card_visa")
	const n = 130
	for i := range n {
		id := in.ID
		if i == 7 {
			id = other.ID
		}
		if _, err := s.merchant.Refunds.New(&stripego.RefundParams{PaymentIntent: &id, Amount: stripego.Int64(1)}); err != nil {
			t.Fatal(err)
		}
	}
	if all := s.refunds(t, in.ID); len(all) != n-1 {
		t.Errorf("%d refunds, want %d", len(all), n-1)
	}
}

func TestRefundConnected(t *testing.T) {
	s := openTill(t, -1)
	in, err := s.CreateIntent(t.Context(), connected, intentRequest())
	if err != nil {
		t.Fatal(err)
	}
	confirm := &stripego.PaymentIntentConfirmParams{PaymentMethod: stripego.String("pm_card_visa"), ReturnURL: stripego.String("https://northwind.example/")}
	confirm.SetStripeAccount(connected)
	if _, err := s.merchant.PaymentIntents.Confirm(in.ID, confirm); err != nil {
		t.Fatal(err)
	}
	r := stripeapi.RefundRequest{Key: "all", Intent: in.ID, Amount: 4990, Total: 4990, Link: rowLink}
	if _, err := s.CreateRefund(t.Context(), "", r); err == nil {
		t.Error("the payment was refunded from one's own account")
	}
	for range 2 {
		if _, err := s.CreateRefund(t.Context(), connected, r); err != nil {
			t.Error(err)
		}
	}
	if all, err := s.Refunds(t.Context(), connected, in.ID); err != nil || len(all) != 1 || all[0].Total != 4990 {
		t.Errorf("Refunds = %+v, %v", all, err)
	}
}

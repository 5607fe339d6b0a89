package stripe_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	stripego "github.com/stripe/stripe-go/v76"

	"paybridge/standin/stripe"
)

func (s *shop) disputeOf(t *testing.T, intent string) *stripego.Dispute {
	t.Helper()
	list := s.Disputes.List(&stripego.DisputeListParams{PaymentIntent: &intent})
	if !list.Next() {
		t.Fatal("no dispute", list.Err())
	}
	return list.Dispute()
}

func evidence(text string) *stripego.DisputeParams {
	return &stripego.DisputeParams{Evidence: &stripego.DisputeEvidenceParams{UncategorizedText: &text}}
}

func TestDisputes(t *testing.T) {
	tail := func(types []string) []string { return types[3:] }
	for _, tt := range []struct {
		name, method, reason string
		act                  func(*shop, string) error
		open, status         stripego.DisputeStatus
		events               []string
	}{
		{
			"won by evidence", "pm_card_createDispute", "fraudulent",
			func(s *shop, id string) error {
				_, err := s.Disputes.Update(id, evidence("winning_evidence"))
				return err
			},
			"needs_response", "won",
			[]string{
				"charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.updated", "charge.dispute.closed",
				"charge.dispute.funds_reinstated",
			},
		},
		{
			"lost by evidence", "pm_card_createDisputeProductNotReceived", "product_not_received",
			func(s *shop, id string) error {
				_, err := s.Disputes.Update(id, evidence("losing_evidence"))
				return err
			},
			"needs_response", "lost",
			[]string{"charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.updated", "charge.dispute.closed"},
		},
		{
			"accepted", "pm_card_createDispute", "fraudulent",
			func(s *shop, id string) error { _, err := s.Disputes.Close(id, nil); return err },
			"needs_response", "lost",
			[]string{"charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.closed"},
		},
		{
			"under review", "pm_card_createDispute", "fraudulent",
			func(s *shop, id string) error {
				_, err := s.Disputes.Update(id, evidence("the parcel slip"))
				return err
			},
			"needs_response", "under_review",
			[]string{"charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.updated"},
		},
		{
			"inquiry closed", "pm_card_createDisputeInquiry", "fraudulent",
			func(s *shop, id string) error { return s.server.CloseDispute(id, true) },
			"warning_needs_response", "warning_closed", []string{"charge.dispute.created", "charge.dispute.closed"},
		},
		{
			"inquiry escalated", "pm_card_createDisputeInquiry", "fraudulent",
			func(s *shop, id string) error { return s.server.EscalateDispute(id) },
			"warning_needs_response", "needs_response",
			[]string{"charge.dispute.created", "charge.dispute.updated", "charge.dispute.funds_withdrawn"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, stripe.Config{})
			i := s.paid(t, tt.method)
			d := s.disputeOf(t, i.ID)
			if d.Status != tt.open || string(d.Reason) != tt.reason || d.Amount != 1000 || d.Charge.ID != i.LatestCharge.ID || d.EvidenceDetails.DueBy == 0 {
				t.Fatalf("%+v", d)
			}
			if !s.charge(t, i.LatestCharge.ID).Disputed {
				t.Error("the charge is not disputed")
			}
			if err := tt.act(s, d.ID); err != nil {
				t.Fatal(err)
			}
			if d = s.disputeOf(t, i.ID); d.Status != tt.status {
				t.Errorf("%s", d.Status)
			}
			if diff := cmp.Diff(tt.events, tail(s.typesOf(t))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDisputedChargesAreNotRefunded(t *testing.T) {
	s := open(t, stripe.Config{})
	i := s.paid(t, "pm_card_visa")
	id := must[string](t)(s.server.Dispute(i.ID, stripe.Complaint{Amount: 250, Reason: "duplicate"}))
	d := must[*stripego.Dispute](t)(s.Disputes.Get(id, nil))
	if d.Amount != 250 || d.Reason != "duplicate" || len(d.BalanceTransactions) != 1 || d.BalanceTransactions[0].Amount != -250 {
		t.Errorf("%+v", d)
	}
	_, err := s.Refunds.New(&stripego.RefundParams{PaymentIntent: &i.ID})
	if bad := refusal(t, err); bad.Code != "charge_disputed" {
		t.Errorf("%+v", bad)
	}
	if _, err := s.server.Dispute(i.ID, stripe.Complaint{}); err == nil {
		t.Error("a charge was disputed twice")
	}
}

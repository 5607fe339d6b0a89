package paymentrequest_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"paybridge/functions/paymentrequest"
	"paybridge/internal/crm"
	"paybridge/internal/payment"
	"paybridge/internal/stripeapi"
)

// stubborn is a Stripe with a PaymentIntent that looks as if it could be
// canceled, and never can.
type stubborn struct {
	paymentrequest.Stripe
	asked int
}

func (s *stubborn) CancelIntent(context.Context, string, string) (payment.Intent, error) {
	s.asked++
	return payment.Intent{}, &stripeapi.Error{Status: 400, Code: "payment_intent_unexpected_state"}
}

// observed calls begun when a round begins.
type observed struct {
	paymentrequest.Rows
	begun func()
}

func (o observed) Load(ctx context.Context, lookups []crm.By, events []string) (crm.Loaded, error) {
	o.begun()
	return o.Rows.Load(ctx, lookups, events)
}

// TestStepsOfARoundAreBounded: two ends that never agree are given up for the
// round, and looked at again in the next.
func TestStepsOfARoundAreBounded(t *testing.T) {
	w := newWorld(t)
	row := w.make("12.50", "EUR", ask(payment.RequestPay))
	w.run(row)
	w.edit(row, ask(payment.RequestCancel))
	ctx, enough := context.WithCancel(t.Context())
	defer enough()
	never := &stubborn{Stripe: w.config.Stripe}
	var asked []int
	w.config.Stripe, w.config.Budget = never, time.Minute
	w.config.Rows = observed{w.config.Rows, func() {
		if asked = append(asked, never.asked); len(asked) == 3 {
			enough()
		}
	}}
	if err := w.carryOut(ctx, w.config, row); err == nil {
		t.Error("carried out")
	}
	if !slices.Equal(asked, []int{0, 8, 16}) {
		t.Errorf("when a round began Stripe had been asked %v times", asked)
	}
}

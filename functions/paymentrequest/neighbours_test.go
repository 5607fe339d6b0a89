package paymentrequest_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"paybridge/functions/paymentrequest"
	"paybridge/internal/customhandler"
	"paybridge/internal/payment"
	standinstripe "paybridge/standin/stripe"
)

// deliver hands the function one batch of changes.
func (w *world) deliver(rows ...string) (customhandler.Outputs, error) {
	w.t.Helper()
	var batch customhandler.Batch
	for _, row := range rows {
		body, err := payment.RowChange{Payment: payment.RowID(row), Message: "Update"}.Encode()
		if err != nil {
			w.t.Fatal(err)
		}
		batch.Messages = append(batch.Messages, customhandler.Message{Body: body, DeliveryCount: 1})
	}
	return paymentrequest.Function(w.config).Handle(w.t.Context(), batch)
}

// held lets one row's PaymentIntent be made only when the test says so.
type held struct {
	paymentrequest.Stripe
	row     string
	release <-chan struct{}
}

func (h held) FindIntents(ctx context.Context, account string, row payment.RowID) ([]payment.Intent, error) {
	if string(row) == h.row {
		select {
		case <-h.release:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return h.Stripe.FindIntents(ctx, account, row)
}

// TestASlowRowDoesNotHoldUpItsNeighbours: the neighbours show their payments
// while Stripe still keeps one row waiting.
func TestASlowRowDoesNotHoldUpItsNeighbours(t *testing.T) {
	w := newWorld(t)
	w.config.Budget = 2 * time.Minute
	slow, first, second := w.make("12.50", "EUR", ask(payment.RequestPay)), w.make("13", "EUR", ask(payment.RequestPay)), w.make("14", "EUR", ask(payment.RequestPay))
	w.later(24 * time.Hour) // so that Stripe is searched first
	release := make(chan struct{})
	w.config.Stripe = held{Stripe: w.config.Stripe, row: slow, release: release}
	ended := make(chan error)
	go func() {
		_, err := w.deliver(slow, first, second)
		ended <- err
	}()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for text(w.row(first), "pb_paymentintentid") == "" || text(w.row(second), "pb_paymentintentid") == "" {
		select {
		case err := <-ended:
			t.Fatalf("the invocation ended with %v", err)
		case <-look.C:
		}
	}
	if made := text(w.row(slow), "pb_paymentintentid"); made != "" {
		t.Errorf("the slow row has %s already", made)
	}
	close(release)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if text(w.row(slow), "pb_paymentintentid") == "" {
		t.Error("the slow row was not carried out")
	}
}

// TestARowInTroubleGoesBackByItself: its neighbours' messages are completed.
func TestARowInTroubleGoesBackByItself(t *testing.T) {
	w := newWorld(t)
	w.config.Patience = 50 * time.Millisecond
	bad, good := w.make("12.50", "EUR", ask(payment.RequestPay)), w.make("13", "EUR", ask(payment.RequestPay))
	w.fault = func(r *http.Request) *standinstripe.Fault {
		if r.Method == http.MethodPost && strings.Contains(r.Header.Get("Idempotency-Key"), bad) {
			return &standinstripe.Fault{Status: http.StatusServiceUnavailable}
		}
		return nil
	}
	out, err := w.deliver(bad, bad, good)
	if err != nil {
		t.Fatal(err)
	}
	back := out["unfinished"]
	if len(back) != 2 || !strings.Contains(string(back[0]), bad) || !strings.Contains(string(back[1]), bad) {
		t.Errorf("back on the queue: %q", back)
	}
	if text(w.row(good), "pb_paymentintentid") == "" {
		t.Error("the neighbour was not carried out")
	}
	w.mu.Lock()
	w.fault = nil
	w.mu.Unlock()
	if out, err := w.deliver(bad); err != nil || len(out["unfinished"]) != 0 {
		t.Errorf("%v %q", err, out)
	}
	if text(w.row(bad), "pb_paymentintentid") == "" || len(w.objects("payment_intents")) != 2 {
		t.Errorf("the row has %q", text(w.row(bad), "pb_paymentintentid"))
	}
}

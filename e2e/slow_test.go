package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"paybridge/cmd/paybridge/local"
	domain "paybridge/internal/payment"
	"paybridge/standin/servicebus"
	"paybridge/standin/stripe"
)

// hanging is a Stripe that keeps the requests about one payment waiting until it
// is let go. The app gives one up after 20 seconds and asks again.
type hanging struct {
	about atomic.Pointer[string]
	let   chan struct{}
	// held and gone count the requests that waited, and of these the ones that
	// the app gave up.
	held, gone atomic.Int32
}

func (h *hanging) fault(r *http.Request) *stripe.Fault {
	about := h.about.Load()
	if about == nil || !strings.Contains(r.URL.Path, *about) && !strings.Contains(r.Header.Get("Idempotency-Key"), *about) {
		return nil
	}
	h.held.Add(1)
	select {
	case <-h.let:
	case <-r.Context().Done():
		h.gone.Add(1)
	}
	return nil
}

func startHanging(t *testing.T) (*world, *hanging) {
	t.Helper()
	h := &hanging{let: make(chan struct{})}
	return start(t, func(c *local.Config) {
		c.Stripe = func(s *stripe.Config) { s.Faults = h.fault }
	}), h
}

// send puts one batch on a queue.
func (w *world) send(name string, bodies ...string) {
	w.t.Helper()
	messages := make([]servicebus.Message, len(bodies))
	for i, body := range bodies {
		messages[i] = servicebus.Message{Body: []byte(body)}
	}
	queue, err := w.Queues.Queue(name)
	w.must(err)
	w.must(queue.Send(w.t.Context(), messages...))
}

// TestASlowPaymentHoldsUpNoNews: the neighbours of its batch show what Stripe
// says while Stripe is still silent about it.
func TestASlowPaymentHoldsUpNoNews(t *testing.T) {
	t.Parallel()
	w, h := startHanging(t)
	w.Stripe.HoldDeliveries()
	var paid []*payment
	var batch []string
	for n := range 3 {
		p := scenarios[0].lead(w)
		paid = append(paid, p)
		batch = append(batch, fmt.Sprintf(`{"v":1,"event":"evt_by%d","type":"payment_intent.succeeded","created":1769000001,"livemode":false,"paymentIntent":%q,"crmPaymentId":%q}`,
			n, p.intentID, p.row))
	}
	slow := paid[1]
	h.about.Store(&slow.intentID)
	w.send(local.EventsQueue, batch...)
	w.until("the neighbours are completed", func() bool {
		return status(w.read(paid[0].row)) == "Completed" && status(w.read(paid[2].row)) == "Completed"
	})
	if h.held.Load() != 1 || h.gone.Load() != 0 {
		t.Errorf("Stripe kept %d requests waiting, of which %d were given up", h.held.Load(), h.gone.Load())
	}
	close(h.let)
	w.drain()
	w.isTrue(slow.row, slow.intentID)
}

// TestASlowRequestHoldsUpNoOther: the same for what rows ask for.
func TestASlowRequestHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w, h := startHanging(t)
	w.Dataverse.HoldSteps() // so that all three are in one batch
	rows := []string{w.row("12.50", "EUR"), w.row("13", "EUR"), w.row("14", "EUR")}
	slow := rows[1]
	h.about.Store(&slow)
	var batch []string
	for _, row := range rows {
		w.ask(row, request(domain.RequestPay))
		body, err := domain.RowChange{Payment: domain.RowID(row), Message: "Update"}.Encode()
		w.must(err)
		batch = append(batch, string(body))
	}
	w.send(local.RequestsQueue, batch...)
	made := func(row string) bool { return w.read(row)["pb_paymentintentid"] != nil }
	w.until("the neighbours have their PaymentIntents", func() bool { return made(rows[0]) && made(rows[2]) })
	if h.held.Load() != 1 || h.gone.Load() != 0 {
		t.Errorf("Stripe kept %d requests waiting, of which %d were given up", h.held.Load(), h.gone.Load())
	}
	close(h.let)
	w.Dataverse.ReleaseSteps()
	w.settle()
	if !made(slow) || len(w.objects("payment_intents")) != 3 {
		t.Errorf("the slow row has %v, and there are %d PaymentIntents", w.read(slow)["pb_paymentintentid"], len(w.objects("payment_intents")))
	}
}

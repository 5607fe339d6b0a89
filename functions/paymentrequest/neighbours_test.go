package paymentrequest_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"paybridge/functions/paymentrequest"
	"paybridge/internal/customhandler"
	"paybridge/internal/payment"
	standindataverse "paybridge/standin/dataverse"
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

// TestARowWhoseTroubleDoesNotEndIsShownToAPerson: its message takes along how
// often it was delivered beside others that went well.
func TestARowWhoseTroubleDoesNotEndIsShownToAPerson(t *testing.T) {
	const vain = "PayBridge has tried 500 times to carry out what the row asks for, in vain, while it did so with others: "
	for name, c := range map[string]struct {
		refused string // the part of a batch that Dataverse refuses for the row
		entry   bool   // the timeline tells it, and not the row
	}{
		"Stripe fails for it":       {},
		"its row cannot be read":    {refused: http.MethodGet, entry: true},
		"its row cannot be written": {refused: http.MethodPatch, entry: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.config.Patience = 20 * time.Millisecond
			bad, good := w.make("12.50", "EUR", ask(payment.RequestPay)), w.make("13", "EUR", ask(payment.RequestPay))
			w.part(func(method, path string) *standindataverse.Fault {
				if method != c.refused || !strings.HasPrefix(path, "pb_payments("+bad) {
					return nil
				}
				return &standindataverse.Fault{Status: http.StatusServiceUnavailable, Code: "0x80044150", Message: "Generic SQL error."}
			})
			fault := func(r *http.Request) *standinstripe.Fault {
				if c.refused == "" && r.Method == http.MethodPost && strings.Contains(r.Header.Get("Idempotency-Key"), bad) {
					return &standinstripe.Fault{Status: http.StatusServiceUnavailable, Message: "Not now"}
				}
				return nil
			}
			w.stripeFaults(fault)
			for _, step := range []struct{ before, count, after int }{{0, 1, 1}, {1, 99, 100}, {498, 1, 499}} {
				out := w.deliverCounted(bad, good, step.before, step.count)
				if len(out) != 1 || !strings.HasSuffix(out[0], fmt.Sprintf(`"deliveries":%d}`, step.after)) {
					t.Errorf("back on the queue: %q", out)
				}
			}
			if out := w.deliverCounted(bad, good, 499, 1); len(out) > 0 {
				t.Errorf("back on the queue: %q", out)
			}
			if !strings.Contains(w.log.String(), `"outcome":"review"`) {
				t.Errorf("the log is %s", w.log)
			}
			w.part(nil)
			w.stripeFaults(nil)
			if told := text(w.row(bad), "pb_lasterror"); strings.HasPrefix(told, payment.ReviewPrefix+vain) == c.entry || c.entry && told != "" {
				t.Errorf("the row says %q", told)
			}
			if _, entry := w.odata(http.MethodGet, "pb_paymentevents(pb_stripeeventid='request-"+bad+"')", ""); strings.HasPrefix(text(entry, "pb_detail"), vain) != c.entry {
				t.Errorf("the timeline says %v", entry)
			}
			// When the cause is mended and the row saved again, it is carried out.
			row := w.run(bad)
			if text(row, "pb_paymentintentid") == "" || text(row, "pb_lasterror") != "" || len(w.objects("payment_intents")) != 2 {
				t.Errorf("the row is %v", row)
			}
		})
	}
}

// deliverCounted delivers a row's change for the count-th time, after so many
// deliveries of earlier messages, beside a row that goes well. It returns what
// goes back to the queue.
func (w *world) deliverCounted(bad, good string, before, count int) []string {
	w.t.Helper()
	var batch customhandler.Batch
	for _, change := range []payment.RowChange{{Payment: payment.RowID(bad), Deliveries: before}, {Payment: payment.RowID(good)}} {
		body, err := change.Encode()
		if err != nil {
			w.t.Fatal(err)
		}
		batch.Messages = append(batch.Messages, customhandler.Message{Body: body, DeliveryCount: count})
	}
	out, err := paymentrequest.Function(w.config).Handle(w.t.Context(), batch)
	if err != nil {
		w.t.Fatal(err)
	}
	var back []string
	for _, body := range out["unfinished"] {
		back = append(back, string(body))
	}
	return back
}

// stripeFaults lets Stripe fail from now on.
func (w *world) stripeFaults(fault func(*http.Request) *standinstripe.Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = fault
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
	w.stripeFaults(nil)
	if out, err := w.deliver(bad); err != nil || len(out["unfinished"]) != 0 {
		t.Errorf("%v %q", err, out)
	}
	if text(w.row(bad), "pb_paymentintentid") == "" || len(w.objects("payment_intents")) != 2 {
		t.Errorf("the row has %q", text(w.row(bad), "pb_paymentintentid"))
	}
}

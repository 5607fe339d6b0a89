package paymentrequest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"paybridge/functions/paymentrequest"
	"paybridge/internal/crm"
	"paybridge/internal/payment"
	"paybridge/internal/stripeapi"
	standinstripe "paybridge/standin/stripe"
)

// mortal lets so many calls through to either end and then dies: the call
// after them does not arrive, or arrives and its answer is lost, and nothing
// after it arrives at all.
type mortal struct {
	paymentrequest.Rows
	paymentrequest.Stripe

	mu      sync.Mutex
	left    int
	answers bool // the last call arrives, its answer is lost
	dead    bool
	bury    context.CancelFunc
}

// dieAfter delivers a change to a process that dies after so many calls, and
// reports whether it came to that.
func (w *world) dieAfter(calls int, answers bool, row string) (died bool, err error) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	m := &mortal{Rows: w.config.Rows, Stripe: w.config.Stripe, left: calls, answers: answers, bury: cancel}
	config := w.config
	config.Rows, config.Stripe = m, m
	err = w.carryOut(ctx, config, row)
	return m.dead, err
}

var errDied = errors.New("the process died here")

// live does a call, or dies.
func live[T any](m *mortal, call func() (T, error)) (T, error) {
	var none T
	m.mu.Lock()
	last := m.left == 0
	m.left--
	dead := m.dead || last && !m.answers
	m.dead = m.dead || last
	m.mu.Unlock()
	if dead {
		m.bury()
		return none, errDied
	}
	result, err := call()
	if last {
		m.bury()
		return none, errDied
	}
	return result, err
}

func (m *mortal) Load(ctx context.Context, lookups []crm.By, events []string) (crm.Loaded, error) {
	return live(m, func() (crm.Loaded, error) { return m.Rows.Load(ctx, lookups, events) })
}

func (m *mortal) Save(ctx context.Context, changes []crm.Change) []error {
	errs, err := live(m, func() ([]error, error) { return m.Rows.Save(ctx, changes), nil })
	if err != nil {
		return []error{err}
	}
	return errs
}

func (m *mortal) Intent(ctx context.Context, account, id string) (payment.Intent, error) {
	return live(m, func() (payment.Intent, error) { return m.Stripe.Intent(ctx, account, id) })
}

func (m *mortal) Session(ctx context.Context, account, id string) (payment.Session, error) {
	return live(m, func() (payment.Session, error) { return m.Stripe.Session(ctx, account, id) })
}

func (m *mortal) CreateIntent(ctx context.Context, account string, r stripeapi.IntentRequest) (payment.Intent, error) {
	return live(m, func() (payment.Intent, error) { return m.Stripe.CreateIntent(ctx, account, r) })
}

func (m *mortal) UpdateIntent(ctx context.Context, account, id string, amount int64, currency payment.Currency) (payment.Intent, error) {
	return live(m, func() (payment.Intent, error) { return m.Stripe.UpdateIntent(ctx, account, id, amount, currency) })
}

func (m *mortal) CancelIntent(ctx context.Context, account, id string) (payment.Intent, error) {
	return live(m, func() (payment.Intent, error) { return m.Stripe.CancelIntent(ctx, account, id) })
}

func (m *mortal) CreateSession(ctx context.Context, account string, r stripeapi.SessionRequest) (payment.Session, error) {
	return live(m, func() (payment.Session, error) { return m.Stripe.CreateSession(ctx, account, r) })
}

func (m *mortal) ExpireSession(ctx context.Context, account, id string) (payment.Session, error) {
	return live(m, func() (payment.Session, error) { return m.Stripe.ExpireSession(ctx, account, id) })
}

func (m *mortal) Refunds(ctx context.Context, account, intent string) ([]payment.IssuedRefund, error) {
	return live(m, func() ([]payment.IssuedRefund, error) { return m.Stripe.Refunds(ctx, account, intent) })
}

func (m *mortal) CreateRefund(ctx context.Context, account string, r stripeapi.RefundRequest) (payment.IssuedRefund, error) {
	return live(m, func() (payment.IssuedRefund, error) { return m.Stripe.CreateRefund(ctx, account, r) })
}

// story is what a person does before the crash, and what must be true after
// the change was delivered again.
type story struct {
	name    string
	prepare func(w *world) (row string)
	// expires says that what was made is over after two days by itself.
	expires bool
	check   func(w *world, row map[string]any) error
}

func stories() []story {
	paid := func(w *world) string {
		id := w.make("12.50", "EUR", ask(payment.RequestPay))
		intent := text(w.run(id), "pb_paymentintentid")
		w.api(http.MethodPost, "/v1/payment_intents/"+intent+"/confirm", "payment_method", "pm_card_visa", "return_url", "https://shop.example")
		return id
	}
	one := func(w *world, kind, id string, row map[string]any, status string) error {
		if made := w.objects(kind); len(made) != 1 || made[0]["id"] != id || label(row) != status || row["pb_lasterror"] != nil {
			return fmt.Errorf("%d %s, row %v %v %v", len(made), kind, id, label(row), row["pb_lasterror"])
		}
		return nil
	}
	return []story{
		{name: "pay by intent", prepare: func(w *world) string { return w.make("12.50", "EUR", ask(payment.RequestPay)) },
			check: func(w *world, row map[string]any) error {
				return one(w, "payment_intents", text(row, "pb_paymentintentid"), row, "Pending")
			}},
		{name: "pay by link", expires: true, prepare: func(w *world) string { return w.make("12.50", "EUR", ask(payment.RequestPay)+","+by(payment.ByLink)) },
			check: func(w *world, row map[string]any) error {
				return one(w, "checkout/sessions", text(row, "pb_checkoutsessionid"), row, "Pending")
			}},
		{name: "replace a link", expires: true, prepare: func(w *world) string {
			id := w.make("12.50", "EUR", ask(payment.RequestPay)+","+by(payment.ByLink))
			w.run(id)
			w.edit(id, `"pb_amount":15`)
			return id
		}, check: func(w *world, row map[string]any) error {
			made, open := w.objects("checkout/sessions"), 0
			for _, s := range made {
				if s["status"] == "open" {
					open++
					if s["id"] != row["pb_checkoutsessionid"] || s["amount_total"] != 1500.0 {
						return fmt.Errorf("open is %v", s["id"])
					}
				}
			}
			if len(made) != 2 || open != 1 || label(row) != "Pending" {
				return fmt.Errorf("%d made, %d open, %s", len(made), open, label(row))
			}
			return nil
		}},
		{name: "change an intent", prepare: func(w *world) string {
			id := w.make("12.50", "EUR", ask(payment.RequestPay))
			w.run(id)
			w.edit(id, `"pb_amount":15`)
			return id
		}, check: func(w *world, row map[string]any) error {
			if made := w.objects("payment_intents"); made[0]["amount"] != 1500.0 {
				return fmt.Errorf("amount %v", made[0]["amount"])
			}
			return one(w, "payment_intents", text(row, "pb_paymentintentid"), row, "Pending")
		}},
		{name: "cancel", prepare: func(w *world) string {
			id := w.make("12.50", "EUR", ask(payment.RequestPay))
			w.run(id)
			w.edit(id, ask(payment.RequestCancel))
			return id
		}, check: func(w *world, row map[string]any) error {
			return one(w, "payment_intents", text(row, "pb_paymentintentid"), row, "Canceled")
		}},
		{name: "refund", prepare: func(w *world) string {
			id := paid(w)
			w.edit(id, ask(payment.RequestRefund)+`,"pb_refundamount":2.50`)
			return id
		}, check: func(w *world, row map[string]any) error {
			if made := w.objects("refunds"); len(made) != 1 || made[0]["amount"] != 250.0 {
				return fmt.Errorf("refunds %v", made)
			}
			return one(w, "payment_intents", text(row, "pb_paymentintentid"), row, "Partially refunded")
		}},
	}
}

// TestEveryCrashPoint lets the process die before and after each call between
// reading the row and writing it, delivers the change again at once and again
// two days later, and expects one object and a right row.
func TestEveryCrashPoint(t *testing.T) {
	for _, s := range stories() {
		for _, answers := range []bool{false, true} {
			for point := 0; ; point++ {
				reached := false
				t.Run(fmt.Sprintf("%s/call %d/arrives %t", s.name, point, answers), func(t *testing.T) {
					w := newWorld(t)
					id := s.prepare(w)
					died, err := w.dieAfter(point, answers, id)
					if reached = died; died == (err == nil) {
						t.Fatalf("died %t, and the invocation ended with %v", died, err)
					}
					for _, wait := range []time.Duration{0, 48 * time.Hour} {
						w.later(wait)
						if err := s.check(w, w.run(id)); err != nil && (wait == 0 || !s.expires) {
							t.Errorf("%v later: %v", wait, err)
						}
					}
				})
				if !reached {
					break
				}
				if point > 20 {
					t.Fatal("the calls never end")
				}
			}
		}
	}
}

func TestTwoWorkersOnOneRow(t *testing.T) {
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			w := newWorld(t)
			id := s.prepare(w)
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					if err := w.carryOut(t.Context(), w.config, id); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if err := s.check(w, w.row(id)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCrashThenRedeliveryTwoDaysLater: Stripe has forgotten the idempotency
// key, the row never named the object, and the search finds it.
func TestCrashThenRedeliveryTwoDaysLater(t *testing.T) {
	w := newWorld(t)
	id := w.make("12.50", "EUR", ask(payment.RequestPay))
	if died, _ := w.dieAfter(1, true, id); !died || len(w.objects("payment_intents")) != 1 {
		t.Fatal("the crash did not come after the intent was made")
	}
	w.later(48 * time.Hour)
	row := w.run(id)
	if made := w.objects("payment_intents"); len(made) != 1 || row["pb_paymentintentid"] != made[0]["id"] {
		t.Errorf("%d intents, row %v", len(made), row["pb_paymentintentid"])
	}
}

// TestCrashThenEdit: the key meets other parameters. What was made is found
// and changed instead.
func TestCrashThenEdit(t *testing.T) {
	for _, c := range []struct {
		by         payment.CollectBy
		kind, what string
	}{{payment.ByIntent, "payment_intents", "amount"}, {payment.ByLink, "checkout/sessions", "amount_total"}} {
		t.Run(c.kind, func(t *testing.T) {
			w := newWorld(t)
			id := w.make("12.50", "EUR", ask(payment.RequestPay)+","+by(c.by))
			if died, _ := w.dieAfter(1, true, id); !died || len(w.objects(c.kind)) != 1 {
				t.Fatal("the crash did not come after the object was made")
			}
			w.edit(id, `"pb_amount":15`)
			w.later(2 * time.Minute) // the search has caught up
			row := w.run(id)
			open := 0
			for _, o := range w.objects(c.kind) {
				if o["status"] == "open" || o["status"] == "requires_payment_method" {
					open++
					if o[c.what] != 1500.0 {
						t.Errorf("%v can be paid for %v", o["id"], o[c.what])
					}
				}
			}
			if open != 1 || label(row) != "Pending" || row["pb_lasterror"] != nil {
				t.Errorf("%d can be paid, row %v %v", open, label(row), row["pb_lasterror"])
			}
		})
	}
}

// TestCustomerWasFaster: the customer pays between the look and the deed.
func TestCustomerWasFaster(t *testing.T) {
	w := newWorld(t)
	id := w.make("12.50", "EUR", ask(payment.RequestPay)+","+by(payment.ByLink))
	session := text(w.run(id), "pb_checkoutsessionid")
	w.edit(id, `"pb_amount":15`)
	paid := false
	w.mu.Lock()
	w.fault = func(r *http.Request) *standinstripe.Fault {
		if r.Method == http.MethodPost && !paid {
			paid = true
			if err := w.stripe.PaySession(session, standinstripe.Payer{Method: "pm_card_visa"}); err != nil {
				t.Error(err)
			}
		}
		return nil
	}
	w.mu.Unlock()
	row := w.run(id)
	if said := text(row, "pb_lasterror"); !paid || len(w.objects("checkout/sessions")) != 1 || said == "" {
		t.Errorf("paid %v, %d sessions, the row says %q", paid, len(w.objects("checkout/sessions")), said)
	}
	w.edit(id, `"pb_amount":12.5`)
	if row := w.run(id); label(row) != "Completed" || row["pb_lasterror"] != nil {
		t.Errorf("row %s %v", label(row), row["pb_lasterror"])
	}
}

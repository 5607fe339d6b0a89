package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"paybridge/cmd/paybridge/local"
	domain "paybridge/internal/payment"
	"paybridge/standin/dataverse"
	"paybridge/standin/stripe"
)

// assassin kills the handler when its nth call of either end has arrived: what
// the call asks for happens, and its answer finds nobody.
type assassin struct {
	mu    sync.Mutex
	armed bool
	left  int
	kill  func()
}

func (a *assassin) call(fromHandler bool) {
	a.mu.Lock()
	strike := a.armed && fromHandler && a.left == 0
	if a.armed && fromHandler {
		a.left--
	}
	a.mu.Unlock()
	if strike {
		a.kill()
	}
}

func (a *assassin) struck() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.armed && a.left < 0
}

// TestHandlerKilledAtEveryCall takes each call between reading the row and
// having written it in turn, kills the real process there and expects one
// object at Stripe and a right row.
func TestHandlerKilledAtEveryCall(t *testing.T) {
	for _, s := range []struct {
		name, kind, want string
		before           func(w *world, row string)
		ask              []string
	}{
		{"pay by intent", "payment_intents", "Pending", nil, []string{request(domain.RequestPay)}},
		{"pay by link", "checkout/sessions", "Pending", nil, []string{request(domain.RequestPay), collectBy(domain.ByLink)}},
		{"refund", "refunds", "Partially refunded", func(w *world, row string) {
			w.ask(row, request(domain.RequestPay))
			w.settle()
			w.must(w.Stripe.Pay(text(w.read(row), "pb_paymentintentid"), "pm_card_visa"))
			w.settle()
		}, []string{request(domain.RequestRefund), `"pb_refundamount":2.5`}},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for call := 0; ; call++ {
				struck := false
				t.Run(fmt.Sprintf("call %d", call), func(t *testing.T) {
					a := &assassin{left: call}
					w := start(t, func(c *local.Config) {
						c.Stripe = func(c *stripe.Config) {
							c.SettleAfter = -1
							c.Faults = func(r *http.Request) *stripe.Fault {
								a.call(strings.Contains(r.UserAgent(), "PayBridge"))
								return nil
							}
						}
						c.Dataverse = func(c *dataverse.Config) {
							c.Faults = func(r *http.Request) *dataverse.Fault {
								a.call(strings.Contains(r.UserAgent(), "PayBridge/"))
								return nil
							}
						}
					})
					a.kill = func() { w.Host().KillHandler() }
					row := w.row("12.5", "EUR")
					w.settle()
					if s.before != nil {
						s.before(w, row)
					}
					a.mu.Lock()
					a.armed = true
					a.mu.Unlock()
					w.ask(row, s.ask...)
					w.settle()
					struck = a.struck()
					got := w.read(row)
					if made := w.objects(s.kind); len(made) != 1 || status(got) != s.want || got["pb_lasterror"] != nil {
						t.Errorf("%d made, row %s %v", len(made), status(got), got["pb_lasterror"])
					}
				})
				if !struck || call > 12 {
					break
				}
			}
		})
	}
}

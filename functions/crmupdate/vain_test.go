package crmupdate_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/customhandler"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	cloud "paybridge/standin/dataverse"
)

// TestTroubleThatDoesNotEndIsShownToAPerson has a payment fail whenever it is
// delivered, always beside one that goes well. It goes back to the queue, takes
// along how often it came, and in the end a person is told.
func TestTroubleThatDoesNotEndIsShownToAPerson(t *testing.T) {
	const bad = "00000000-0000-4000-8000-000000000001"
	refuse := func(refused string, paths ...string) func(method, path string) *cloud.Fault {
		return func(method, path string) *cloud.Fault {
			if method != refused || !slices.ContainsFunc(paths, func(p string) bool { return strings.HasPrefix(path, p) }) {
				return nil
			}
			return &cloud.Fault{Status: http.StatusServiceUnavailable, Code: "0x80044150", Message: "Generic SQL error."}
		}
	}
	for name, c := range map[string]struct {
		refuse  func(method, path string) *cloud.Fault
		stripe  bool
		row     string // what the row says in the end
		entry   string // what its timeline says
		waiting bool   // nobody can be told
	}{
		"Stripe cannot be read for it": {stripe: true, row: "in vain, while it did so with others: Stripe is down for pi_1. Ask an administrator", entry: "Stripe is down for pi_1."},
		"its row cannot be read":       {refuse: refuse(http.MethodGet, "pb_payments("+bad), entry: "Generic SQL error."},
		"its row cannot be written":    {refuse: refuse(http.MethodPatch, "pb_payments("+bad), entry: "Generic SQL error."},
		"nor can its timeline":         {refuse: refuse(http.MethodPatch, "pb_payments("+bad, "pb_paymentevents(pb_stripeeventid='evt_1')"), waiting: true},
	} {
		t.Run(name, func(t *testing.T) {
			trouble := true
			r := newRig(t, func(config *cloud.Config) {
				config.PartFaults = func(method, path string, _ http.Header) *cloud.Fault {
					if c.refuse == nil || !trouble {
						return nil
					}
					return c.refuse(method, path)
				}
			})
			defer r.close()
			r.config.Backoff, r.config.Patience = quick, 20*time.Millisecond
			row, intent := r.row(1)
			neighbour, other := r.row(2)
			r.stripe.fail = func(id string) error {
				if c.stripe && trouble && id == intent {
					return outcome.Againf("Stripe is down for %s", id)
				}
				return nil
			}
			event := hint("evt_1", intent, row)
			deliver := func(body string, n int) string {
				t.Helper()
				r.log.Reset()
				if err := r.deliver(customhandler.Message{Body: []byte(body), DeliveryCount: n}, customhandler.Message{Body: []byte(hint("evt_2", other, neighbour)), DeliveryCount: 1}); err != nil {
					t.Fatal(err)
				}
				return strings.Join(r.unfinished(), " ")
			}
			// Deliveries of a batch that failed as a whole are counted by Service Bus.
			for _, step := range []struct{ before, count, after int }{{0, 1, 1}, {1, 99, 100}, {100, 1, 101}, {498, 1, 499}} {
				body := event
				if step.before > 0 {
					body = delivered(event, step.before)
				}
				if diff := cmp.Diff(delivered(event, step.after), deliver(body, step.count)); diff != "" {
					t.Error(diff)
				}
				if !strings.Contains(r.log.String(), fmt.Sprintf(`"delivery_count":%d`, step.after)) || strings.Contains(r.log.String(), `"outcome":"review"`) {
					t.Errorf("the log is %s", r.log)
				}
			}
			back := deliver(delivered(event, 499), 1)
			if !strings.Contains(r.log.String(), `"outcome":"review"`) {
				t.Errorf("the log is %s", r.log)
			}
			if c.waiting {
				if diff := cmp.Diff(delivered(event, payment.MaxDeliveries), back); diff != "" {
					t.Error(diff)
				}
			} else if back != "" {
				t.Errorf("back on the queue: %s", back)
			}
			trouble = false
			if text := r.lastError(row); !strings.Contains(text, c.row) || c.row == "" && !strings.Contains(text, `"pb_lasterror":null`) {
				t.Errorf("the row says %s", text)
			}
			if c.entry != "" {
				if text := r.crm(http.MethodGet, "pb_paymentevents(pb_stripeeventid='evt_1')", ""); !strings.Contains(text, c.entry) || !strings.Contains(text, "PayBridge has tried 500 times") {
					t.Errorf("the timeline says %s", text)
				}
			}
			r.shows(row, 0)
			// When the cause is mended, the next hint clears it.
			if left := deliver(event, 1); left != "" {
				t.Errorf("back on the queue: %s", left)
			}
			r.shows(row, payment.Completed)
			if text := r.lastError(row); strings.Contains(text, "in vain") {
				t.Errorf("the row still says %s", text)
			}
		})
	}
}

// TestTroubleOfABatchIsCountedByServiceBus: where nothing could be finished it
// is an end that is down, and nobody is told of each of its payments.
func TestTroubleOfABatchIsCountedByServiceBus(t *testing.T) {
	r := newRig(t)
	defer r.close()
	r.config.Budget = 100 * time.Millisecond
	row, intent := r.row(1)
	r.stripe.fail = func(string) error { return errDown }
	if err := r.run(delivered(hint("evt_1", intent, row), payment.MaxDeliveries)); err == nil || len(r.unfinished()) > 0 {
		t.Errorf("%v, back on the queue: %q", err, r.unfinished())
	}
	if text := r.lastError(row); !strings.Contains(text, `"pb_lasterror":null`) || strings.Contains(r.log.String(), `"outcome":"review"`) {
		t.Errorf("the row says %s, the log %s", text, r.log)
	}
}

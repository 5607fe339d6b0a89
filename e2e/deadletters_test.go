package e2e

import (
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"paybridge/cmd/paybridge/local"
	"paybridge/standin/dataverse"
	"paybridge/standin/servicebus"
)

// deadletters runs the operator's command against a running PayBridge.
func (w *world) deadletters(c *command, args ...string) string {
	w.t.Helper()
	run := exec.CommandContext(w.t.Context(), c.binary, append(append([]string{"deadletters"}, args...), "--local", "--data", w.config.Data)...)
	var said, complained strings.Builder
	run.Stdout, run.Stderr = &said, &complained
	if err := run.Run(); err != nil {
		w.t.Fatalf("deadletters %v: %v\n%s%s", args, err, said.String(), complained.String())
	}
	return said.String()
}

// TestDeadLettersOfAnOutage has the CRM down for longer than the queue is
// patient. Two payments end in the dead letters; one of them is healed by
// another event once the CRM is back, the other by the operator.
func TestDeadLettersOfAnOutage(t *testing.T) {
	t.Parallel()
	c := build(t)
	var down atomic.Bool
	w := start(t, func(config *local.Config) {
		config.Settings = map[string]string{"InvocationTimeout": "1s"}
		config.Queue = func(p *servicebus.QueueProperties) { p.MaxDeliveryCount = 2 }
		config.Dataverse = func(d *dataverse.Config) {
			d.Faults = func(r *http.Request) *dataverse.Fault {
				if strings.HasPrefix(r.Header.Get("Authorization"), "Bearer user:") || !down.Load() {
					return nil
				}
				return &dataverse.Fault{Status: http.StatusServiceUnavailable}
			}
		}
	})
	healed, lost := &payment{world: w, row: w.row("12.50", "EUR")}, &payment{world: w, row: w.row("12.50", "EUR")}
	down.Store(true)
	healed.byIntent("pm_card_visa")
	lost.byIntent("pm_card_visa")
	w.settle()
	dead, err := w.Queues.Queue(local.EventsQueue)
	w.must(err)
	counts, err := dead.Counts(t.Context())
	w.must(err)
	if counts.DeadLetter == 0 {
		t.Fatal("the outage left no dead letters")
	}

	down.Store(false)
	healed.refund("250")
	w.settle()
	listed := w.deadletters(c, "list")
	for row, state := range map[string]string{healed.row: "Partially refunded +in step already", lost.row: `\S.* +still out of step`} {
		if !regexp.MustCompile(`(?m)^ .* 2 +MaxDeliveryCountExceeded +\S+ +` + row + ` +` + state + `$`).MatchString(listed) {
			t.Errorf("%s is not listed as %s:\n%s", row, state, listed)
		}
	}
	w.deadletters(c, "drop", "--yes", "--only", "in-step")
	w.deadletters(c, "resubmit", "--yes", "--only", "out-of-step")
	w.settle()
	w.isTrue(lost.row, lost.intentID)
	w.isTrue(healed.row, healed.intentID)
	if left := w.deadletters(c, "list"); !strings.Contains(left, local.EventsQueue+": no dead letters") {
		t.Errorf("still there:\n%s", left)
	}
}

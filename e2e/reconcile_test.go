package e2e

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"paybridge/cmd/paybridge/local"
)

// impatient takes whatever did not arrive at once for lost, so that a test
// need not wait for it to come of age. The timer itself does not fire.
func impatient(c *local.Config) {
	if c.Settings == nil {
		c.Settings = map[string]string{}
	}
	maps.Copy(c.Settings, map[string]string{
		"ReconcileSchedule": never, "ReconcileAfter": "0s", "ReconcileSweep": "0s",
	})
}

// driftReport is what a run of reconcile says of itself in its log line.
type driftReport struct {
	Function, Outcome, Error, Result                                   string
	Undelivered, Missed, Stale, Unlinked, Unanswered, Waiting, Deleted int
	Held                                                               int
	GivenUp                                                            int    `json:"given_up"`
	StripeRequests                                                     int    `json:"stripe_requests"`
	CRMRequests                                                        int    `json:"crm_requests"`
	CutShort                                                           string `json:"cut_short"`
	Slow                                                               bool
}

// found is how many things were out of step.
func (d driftReport) found() int {
	return d.Undelivered + d.Missed + d.Stale + d.Unlinked + d.Unanswered + d.Waiting + d.Deleted
}

// reconcile runs the function once, as an operator would from the portal, and
// waits for its end.
func (w *world) reconcile() driftReport {
	w.t.Helper()
	before, runs := len(w.driftReports()), w.Host().Stats().Functions["reconcile"].Invocations
	status, answer := w.call(http.MethodPost, w.Endpoints().Functions+"/admin/functions/reconcile",
		http.Header{"Content-Type": {"application/json"}}, []byte(`{}`))
	if status != http.StatusAccepted {
		w.t.Fatalf("starting reconcile: %d %v", status, answer)
	}
	// A run may take as long as its budget, which is half of InvocationTimeout.
	w.within(5*patience, "reconcile has ended", func() bool {
		f := w.Host().Stats().Functions["reconcile"]
		return f.Invocations > runs && f.Running == 0
	})
	w.until("reconcile has run", func() bool { return len(w.driftReports()) > before })
	reports := w.driftReports()
	return reports[len(reports)-1]
}

// driftReports are the log lines of all runs so far.
func (w *world) driftReports() []driftReport {
	var list []driftReport
	for line := range strings.Lines(w.output.String()) {
		var d driftReport
		if strings.Contains(line, `"function":"reconcile"`) && json.Unmarshal([]byte(line), &d) == nil {
			list = append(list, d)
		}
	}
	return list
}

// TestLostWebhooksAreHealed loses every webhook of a few payments.
func TestLostWebhooksAreHealed(t *testing.T) {
	t.Parallel()
	w := start(t, impatient, awkward)
	w.Stripe.HoldDeliveries()
	var lives []*payment
	for _, s := range scenarios {
		lives = append(lives, s.lead(w))
	}
	for range 2 {
		w.reconcile()
		w.drain()
	}
	for i, p := range lives {
		scenarios[i].check(p)
	}
	// Rows that wait are looked at once more, at their first age.
	if last := w.reconcile(); last.found()-last.Waiting+last.Held > 0 || last.CutShort != "" {
		t.Errorf("a run after that found %+v", last)
	}
}

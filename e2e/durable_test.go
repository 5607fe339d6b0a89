package e2e

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/local"
	domain "paybridge/internal/payment"
	"paybridge/standin/dataverse"
)

// TestMessagesOutliveEverything ends everything while the CRM is down and the
// queue is full, and starts it again on the same data. Function keys are asked
// for, as in Azure.
func TestMessagesOutliveEverything(t *testing.T) {
	t.Parallel()
	const key = "aZ9-function-key-of-this-test"
	down := func(r *http.Request) *dataverse.Fault {
		if r.Header.Get("Authorization") == "Bearer user:Ann" {
			return nil
		}
		return &dataverse.Fault{Status: http.StatusServiceUnavailable}
	}
	w := start(t, awkward, func(c *local.Config) {
		c.RequireKeys, c.FunctionKeys = true, map[string]string{"default": key, "_master": key + "-master"}
		c.Dataverse = func(d *dataverse.Config) { d.Faults = down }
	})
	var lives []*payment
	for _, s := range scenarios {
		lives = append(lives, s.lead(w))
	}
	w.must(w.Stripe.WaitIdle(t.Context()))
	if status, answer := w.post([]byte("{}"), ""); status != http.StatusUnauthorized {
		t.Errorf("a request without a key: %d %v", status, answer)
	}
	if w.messages() < len(lives) {
		t.Fatalf("only %d messages are on the queue", w.messages())
	}
	// Whatever waits on the queue, and what the handler says in its need, is
	// free of secrets.
	w.keepsSecrets()
	w.config.Dataverse = nil
	w.reopen()
	w.settle()
	for i, p := range lives {
		if diff := cmp.Diff(p.truth(p.intentID, p.sessionID), shown(w.read(p.row))); diff != "" {
			t.Errorf("%s: Stripe says (-), the row shows (+):\n%s", scenarios[i].name, diff)
		}
	}
	w.timeline()
}

// TestWebhooksOutliveTheHost lets payments happen while the functions are down
// altogether: Stripe delivers again once they are back.
func TestWebhooksOutliveTheHost(t *testing.T) {
	t.Parallel()
	w := start(t, awkward, func(c *local.Config) { c.NoRestart = true })
	w.Host().Close()
	p := scenarios[0].lead(w)
	w.until("Stripe has failed to deliver", func() bool { return w.Stripe.Counts().Undelivered > 0 })
	w.config.NoRestart = false
	w.reopen()
	w.settle()
	scenarios[0].check(p)
}

// TestChangesOutliveEverything saves rows whose posts are still to be made when
// everything ends. After the start the CRM must not make them before somebody
// listens: Dataverse tries a post that nobody takes no second time.
func TestChangesOutliveEverything(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.Dataverse.HoldSteps()
	var rows []string
	for range 20 {
		row := w.row("12.50", "EUR")
		w.ask(row, request(domain.RequestPay))
		rows = append(rows, row)
	}
	w.reopen()
	w.settle()
	if failed := w.Dataverse.Counts()["step failed"]; failed > 0 {
		t.Errorf("%d posts were made to nobody", failed)
	}
	for _, row := range rows {
		if shows := w.read(row); shows["pb_paymentintentid"] == nil {
			t.Errorf("the row %s waits in vain: %v", row, shows)
		}
	}
}

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"paybridge/cmd/paybridge/local"
	"paybridge/cmd/paybridge/soak/oracle"
	"paybridge/internal/crm"
	domain "paybridge/internal/payment"
	"paybridge/standin/dataverse"
	"paybridge/standin/stripe"
)

// orderly makes both ends deliver once and in order, for tests that count.
func orderly(c *local.Config) {
	c.Stripe = func(c *stripe.Config) { c.Delivery.Orderly = true }
	c.Dataverse = func(c *dataverse.Config) { c.Steps.Orderly = true }
}

func request(r domain.Request) string {
	return fmt.Sprintf(`"pb_request":%d`, crm.PaymentMapping().RequestValues[r])
}

func collectBy(c domain.CollectBy) string {
	return fmt.Sprintf(`"pb_collectby":%d`, crm.PaymentMapping().CollectByValues[c])
}

// ask changes what a row asks for, as the person Ann.
func (w *world) ask(row string, columns ...string) {
	w.t.Helper()
	w.patch(row, "{"+strings.Join(columns, ",")+"}")
}

// objects returns what Stripe has of a kind.
func (w *world) objects(kind string) []map[string]any {
	w.t.Helper()
	answer := w.fetch("/v1/" + kind + "?limit=100")
	var all []map[string]any
	data, _ := answer["data"].([]any)
	for _, o := range data {
		all = append(all, o.(map[string]any))
	}
	return all
}

// TestRowAsksAndStripeAnswers is the scenario of the guides, from the row on:
// saved, declined, paid, refunded.
func TestRowAsksAndStripeAnswers(t *testing.T) {
	t.Parallel()
	w := start(t)
	row := w.row("12.50", "EUR")
	w.ask(row, request(domain.RequestPay))
	w.settle()
	got := w.read(row)
	intents := w.objects("payment_intents")
	if len(intents) != 1 || status(got) != "Pending" || got["pb_paymentintentid"] != intents[0]["id"] {
		t.Fatalf("%d PaymentIntents, row %v", len(intents), got)
	}
	if metadata := intents[0]["metadata"].(map[string]any); fmt.Sprint(intents[0]["amount"]) != "1250" || intents[0]["currency"] != "eur" ||
		metadata["CRM_PaymentId"] != row || "http://"+metadata["CRM_Org"].(string) != w.Endpoints().Dataverse {
		t.Errorf("made %v", intents[0])
	}
	id := intents[0]["id"].(string)
	pay := func(method string) map[string]any {
		w.stripe("/v1/payment_intents/"+id+"/confirm", "payment_method", method, "return_url", "https://shop.example")
		w.settle()
		return w.read(row)
	}
	if got := pay("pm_card_visa_chargeDeclinedInsufficientFunds"); status(got) != "Failed" || got["pb_failurecode"] != "card_declined" || got["pb_failuremessage"] == nil {
		t.Errorf("declined: %v %v %v", status(got), got["pb_failurecode"], got["pb_failuremessage"])
	}
	if got := pay("pm_card_visa"); status(got) != "Completed" || got["pb_failurecode"] != nil || shown(got)["pb_amountreceived"] != "12.5" {
		t.Errorf("paid: %v", got)
	}
	w.ask(row, request(domain.RequestRefund), `"pb_refundamount":2.5`)
	w.settle()
	if got := w.read(row); status(got) != "Partially refunded" || shown(got)["pb_amountrefunded"] != "2.5" || len(w.objects("refunds")) != 1 {
		t.Errorf("refunded: %v, %d refunds", status(got), len(w.objects("refunds")))
	}
}

func TestLinkFromRowToCompleted(t *testing.T) {
	t.Parallel()
	w := start(t)
	row := w.row("1500", "JPY")
	w.ask(row, request(domain.RequestPay), collectBy(domain.ByLink))
	w.settle()
	got := w.read(row)
	url, _ := got["pb_checkouturl"].(string)
	session, _ := got["pb_checkoutsessionid"].(string)
	if !strings.HasPrefix(url, w.Endpoints().Stripe) || status(got) != "Pending" {
		t.Fatalf("row %v", got)
	}
	if err := w.Stripe.PaySession(session, stripe.Payer{Method: "pm_card_visa", Email: "ann@example.com"}); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if got := w.read(row); status(got) != "Completed" || shown(got)["pb_amountreceived"] != "1500" || got["pb_checkouturl"] != nil || got["pb_paymentintentid"] == nil {
		t.Errorf("row %v", got)
	}
}

// TestOneChangeCausesFewCalls counts what one change by a person sets off, and
// that PayBridge's own writes set off nothing.
func TestOneChangeCausesFewCalls(t *testing.T) {
	t.Parallel()
	w := start(t, orderly)
	row := w.row("12.50", "EUR")
	w.settle()
	counts := func() (stripeCalls, posts, invocations int) {
		for pattern, n := range w.Stripe.Counts().Requests {
			if strings.Contains(pattern, " /v1/") {
				stripeCalls += n
			}
		}
		return stripeCalls, w.Dataverse.Counts()["step ok"], w.Host().Stats().Functions["paymentrequest"].Invocations
	}
	stripeBefore, postsBefore, invocationsBefore := counts()
	w.ask(row, request(domain.RequestPay))
	w.settle()
	stripeAfter, postsAfter, invocationsAfter := counts()
	// The step posts once, for Ann's change. paymentrequest makes the intent;
	// the event payment_intent.created makes crmupdate read it once.
	if n := postsAfter - postsBefore; n != 1 {
		t.Errorf("%d posts of the step for one change by a person", n)
	}
	if n := invocationsAfter - invocationsBefore; n != 1 {
		t.Errorf("%d invocations of paymentrequest", n)
	}
	// One more read where the event was faster than the row's own write.
	if n := stripeAfter - stripeBefore; n > 3 {
		t.Errorf("%d calls of Stripe: %v", n, w.Stripe.Counts().Requests)
	}
	if got := w.read(row); status(got) != "Pending" {
		t.Errorf("row %v", got)
	}
}

// TestSecondAttemptIsClosedOnceMoneyWasReceived lets a shop be paid for a row
// while somebody in the CRM, to whom nobody has told it yet, asks for the
// payment too.
func TestSecondAttemptIsClosedOnceMoneyWasReceived(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]domain.CollectBy{"an intent": domain.ByIntent, "a link": domain.ByLink} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t)
			w.Stripe.HoldDeliveries()
			row := w.row("12.50", "EUR")
			paid := w.paid(w.intent(row, "1250", "eur"))
			w.ask(row, request(domain.RequestPay), collectBy(by))
			w.drain()
			if got := w.read(row); text(got, "pb_paymentintentid") == paid {
				t.Fatal("the row knows of the payment already")
			}
			w.Stripe.ReleaseDeliveries()
			w.settle()
			if got := w.read(row); text(got, "pb_paymentintentid") != paid {
				t.Errorf("the row names %v", got["pb_paymentintentid"])
			}
			for _, complaint := range oracle.Complaints(w.read(row), w.ledger()) {
				t.Error(complaint)
			}
		})
	}
}

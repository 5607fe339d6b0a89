package e2e

import (
	"bytes"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"paybridge/cmd/paybridge/local"
	"paybridge/standin/stripe"
)

// untouched checks that nothing came of what happened at Stripe.
func (w *world) untouched() {
	w.t.Helper()
	if events := w.timeline(); len(events) > 0 {
		w.t.Errorf("the timeline has %v", slices.Collect(maps.Keys(events)))
	}
	for _, row := range w.list("pb_payments") {
		if got := shown(row); len(got) > 0 {
			w.t.Errorf("a row shows %v", got)
		}
	}
	if bodies := w.peek(local.EventsQueue + "/$DeadLetterQueue"); len(bodies) > 0 {
		w.t.Errorf("dead letters: %q", bodies)
	}
}

func TestPaymentsThatAreNotForTheCRMLeaveNoTrace(t *testing.T) {
	t.Parallel()
	w := start(t, awkward)
	w.row("12.50", "EUR")
	intent := w.bareIntent("1250", "eur")
	w.confirm(intent, "pm_card_visa")
	w.stripe("/v1/refunds", "payment_intent", intent, "amount", "100")
	_, err := w.Stripe.Dispute(w.paid(w.bareIntent("2000", "usd")), stripe.Complaint{})
	w.must(err)
	w.must(w.Stripe.PaySession(w.session("1250", "eur", "client_reference_id", "cart-17"), stripe.Payer{}))
	w.settle()
	w.untouched()
}

// paid pays a PaymentIntent and returns its id.
func (w *world) paid(intent string) string {
	w.t.Helper()
	w.confirm(intent, "pm_card_visa")
	return intent
}

func TestAnotherOrganisationsPaymentsAreLeftAlone(t *testing.T) {
	t.Parallel()
	w := start(t, awkward)
	row := w.row("12.50", "EUR")
	intent := w.bareIntent("1250", "eur", "metadata[CRM_PaymentId]", row, "metadata[CRM_Org]", "fabrikam.crm.dynamics.com")
	w.confirm(intent, "pm_card_visa")
	w.stripe("/v1/refunds", "payment_intent", intent, "amount", "100")
	w.settle()
	w.untouched()
}

func TestOrganisationMayBeMissingOrWrittenAsURL(t *testing.T) {
	t.Parallel()
	for name, marks := range map[string]func(w *world) []string{
		"missing": func(*world) []string { return nil },
		"a URL": func(w *world) []string {
			return []string{"metadata[CRM_Org]", strings.ToUpper(w.Endpoints().Dataverse) + "/"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, awkward)
			row := w.row("12.50", "EUR")
			intent := w.paid(w.bareIntent("1250", "eur", append(marks(w), "metadata[CRM_PaymentId]", row)...))
			w.settle()
			w.isTrue(row, intent)
		})
	}
}

func TestLiveEventIsAcknowledgedAndLeftAlone(t *testing.T) {
	t.Parallel()
	w, e := held(t)
	live := bytes.ReplaceAll(e.body, []byte(`"livemode": false,`), []byte(`"livemode": true,`))
	if bytes.Equal(live, e.body) {
		t.Fatal("the event does not say its mode")
	}
	status, answer := w.post(live, sign(w.Endpoints().StripeWebhookSecret, time.Now(), live))
	if reason, _ := answer["reason"].(string); status != http.StatusOK || !strings.Contains(reason, "test mode") {
		t.Errorf("%d %v", status, answer)
	}
	w.drain()
	w.untouched()
}

// TestConnectedAccountsAreReadFromTheirAccount lets a connected account take
// the payment: only with its Stripe-Account header can it be read.
func TestConnectedAccountsAreReadFromTheirAccount(t *testing.T) {
	t.Parallel()
	const account = "acct_1Connected"
	w := start(t, awkward, func(c *local.Config) {
		set := c.Stripe
		c.Stripe = func(s *stripe.Config) {
			set(s)
			s.ConnectedAccounts = []string{account}
		}
	})
	row := w.row("12.50", "EUR")
	w.account = account
	intent := w.paid(w.intent(row, "1250", "eur"))
	w.stripe("/v1/refunds", "payment_intent", intent, "amount", "100")
	for _, e := range w.events() {
		w.deliver(e)
	}
	w.drain()
	w.isTrue(row, intent)
}

// TestRowIsFoundByTheIdsThatItStores pays an intent without any marks that the
// row records, as one that was made by hand.
func TestRowIsFoundByTheIdsThatItStores(t *testing.T) {
	t.Parallel()
	w := start(t, awkward)
	row := w.row("12.50", "EUR")
	intent := w.bareIntent("1250", "eur")
	w.patch(row, `{"pb_paymentintentid":"`+intent+`"}`)
	w.confirm(intent, "pm_card_visa")
	w.settle()
	w.isTrue(row, intent)
	dispute, err := w.Stripe.Dispute(intent, stripe.Complaint{})
	w.must(err)
	w.must(w.Stripe.CloseDispute(dispute, false))
	w.settle()
	w.isTrue(row, intent)
}

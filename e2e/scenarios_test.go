package e2e

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/standin/stripe"
)

// payment is one payment of a scenario: its row and what Stripe has for it.
type payment struct {
	*world
	row, intentID, sessionID string
}

// scenario is the life of a payment at Stripe and what its row has to show
// in the end. The columns that are not named have to agree with Stripe's API.
type scenario struct {
	name string
	// amount and currency are the row's, 12.50 EUR when empty.
	amount, currency string
	life             func(p *payment)
	want             map[string]string
}

// byIntent makes the payment's PaymentIntent and pays it.
func (p *payment) byIntent(method string, more ...string) {
	p.t.Helper()
	p.intentID = p.intent(p.row, "1250", "eur", more...)
	if method != "" {
		p.confirm(p.intentID, method)
	}
}

// bySession makes the payment's Checkout Session, with its marks on the intent
// too, and pays it.
func (p *payment) bySession(method string, more ...string) {
	p.t.Helper()
	marks := append(p.link("", p.row), marksOfIntent(p.link("", p.row))...)
	p.openSession(method, append(marks, more...)...)
}

func marksOfIntent(marks []string) []string {
	var moved []string
	for i := 0; i < len(marks); i += 2 {
		moved = append(moved, "payment_intent_data["+strings.Replace(marks[i], "[", "][", 1), marks[i+1])
	}
	return moved
}

func (p *payment) openSession(method string, marks ...string) {
	p.t.Helper()
	p.sessionID = p.session("1250", "eur", marks...)
	if method != "" {
		p.must(p.Stripe.PaySession(p.sessionID, stripe.Payer{Method: method}))
		p.intentID, _ = p.fetch("/v1/checkout/sessions/" + p.sessionID)["payment_intent"].(string)
	}
}

func (p *payment) refund(minor string) string {
	p.t.Helper()
	return p.id(p.world.stripe("/v1/refunds", "payment_intent", p.intentID, "amount", minor))
}

func (p *payment) dispute(inquiry bool) string {
	p.t.Helper()
	id, err := p.Stripe.Dispute(p.intentID, stripe.Complaint{Inquiry: inquiry})
	p.must(err)
	return id
}

var declined = map[string]string{"pb_status": "Failed", "pb_failurecode": "card_declined", "pb_failuremessage": "Your card was declined."}

// scenarios are the promises of the guides and what else happens to payments.
var scenarios = []scenario{
	{name: "succeeded", life: func(p *payment) { p.byIntent("pm_card_visa") },
		want: map[string]string{"pb_status": "Completed", "pb_amountreceived": "12.5", "pb_paymentmethod": "card"}},
	{name: "failed", life: func(p *payment) { p.byIntent("pm_card_chargeDeclined") }, want: declined},
	{name: "failed, then paid", life: func(p *payment) {
		p.byIntent("pm_card_chargeDeclined")
		p.confirm(p.intentID, "pm_card_visa")
	}, want: map[string]string{"pb_status": "Completed", "pb_failurecode": "", "pb_failuremessage": ""}},
	{name: "session paid", life: func(p *payment) { p.bySession("pm_card_visa") },
		want: map[string]string{"pb_status": "Completed", "pb_amountreceived": "12.5"}},
	{name: "session unpaid", life: func(p *payment) { p.bySession("pm_sepaDebit_success") },
		want: map[string]string{"pb_status": "Processing", "pb_amountreceived": "0", "pb_paidon": ""}},
	{name: "session unpaid, later succeeded", life: func(p *payment) {
		p.bySession("pm_sepaDebit_success")
		p.must(p.Stripe.Settle(p.intentID))
	}, want: map[string]string{"pb_status": "Completed", "pb_amountreceived": "12.5", "pb_paymentmethod": "sepa_debit"}},
	{name: "session unpaid, later failed", life: func(p *payment) {
		p.bySession("pm_sepaDebit_success")
		p.must(p.Stripe.Bounce(p.intentID, "insufficient_funds"))
	}, want: map[string]string{"pb_status": "Failed", "pb_amountreceived": "0"}},
	{name: "session expired", life: func(p *payment) {
		p.bySession("")
		p.must(p.Stripe.ExpireSession(p.sessionID))
	}, want: map[string]string{"pb_status": "Canceled", "pb_paymentintentid": ""}},
	{name: "session declined, then expired", life: func(p *payment) {
		p.bySession("pm_card_chargeDeclined")
		p.must(p.Stripe.ExpireSession(p.sessionID))
	}, want: map[string]string{"pb_status": "Canceled", "pb_failurecode": "card_declined"}},
	{name: "session with nothing to pay", amount: "0.00", life: func(p *payment) {
		p.sessionID = p.session("0", "eur", p.link("", p.row)...)
		p.must(p.Stripe.PaySession(p.sessionID, stripe.Payer{}))
	}, want: map[string]string{"pb_status": "Completed", "pb_amountreceived": "0", "pb_paymentintentid": ""}},
	{name: "session with a reference only", life: func(p *payment) {
		p.openSession("pm_card_visa", "client_reference_id", p.row)
	}, want: map[string]string{"pb_status": "Completed"}},
	{name: "canceled", life: func(p *payment) {
		p.byIntent("")
		p.world.stripe("/v1/payment_intents/" + p.intentID + "/cancel")
	}, want: map[string]string{"pb_status": "Canceled"}},
	{name: "requires action", life: func(p *payment) { p.byIntent("pm_card_authenticationRequired") },
		want: map[string]string{"pb_status": "Requires action", "pb_amountreceived": "0"}},
	{name: "requires action, then paid", life: func(p *payment) {
		p.byIntent("pm_card_authenticationRequired")
		p.must(p.Stripe.Authenticate(p.intentID, true))
	}, want: map[string]string{"pb_status": "Completed"}},
	{name: "requires action, not authenticated", life: func(p *payment) {
		p.byIntent("pm_card_authenticationRequired")
		p.must(p.Stripe.Authenticate(p.intentID, false))
	}, want: map[string]string{"pb_status": "Failed", "pb_failurecode": "payment_intent_authentication_failure"}},
	{name: "authorized", life: func(p *payment) { p.byIntent("pm_card_visa", "capture_method", "manual") },
		want: map[string]string{"pb_status": "Authorized", "pb_amountreceived": "0", "pb_paidon": ""}},
	{name: "authorized, then captured", life: func(p *payment) {
		p.byIntent("pm_card_visa", "capture_method", "manual")
		p.world.stripe("/v1/payment_intents/" + p.intentID + "/capture")
	}, want: map[string]string{"pb_status": "Completed", "pb_amountreceived": "12.5"}},
	{name: "refunded in part", life: func(p *payment) {
		p.byIntent("pm_card_visa")
		p.refund("500")
	}, want: map[string]string{"pb_status": "Partially refunded", "pb_amountreceived": "12.5", "pb_amountrefunded": "5"}},
	{name: "refunded in two parts", life: func(p *payment) {
		p.byIntent("pm_card_visa")
		p.refund("500")
		p.refund("750")
	}, want: map[string]string{"pb_status": "Refunded", "pb_amountrefunded": "12.5"}},
	{name: "refunded", life: func(p *payment) {
		p.byIntent("pm_card_visa")
		p.refund("1250")
	}, want: map[string]string{"pb_status": "Refunded", "pb_amountreceived": "12.5", "pb_amountrefunded": "12.5"}},
	{name: "refund that fails later", life: func(p *payment) {
		p.byIntent("pm_card_visa")
		p.must(p.Stripe.FailRefund(p.refund("1250"), ""))
	}, want: map[string]string{"pb_status": "Completed", "pb_amountrefunded": "0"}},
	{name: "disputed", life: func(p *payment) {
		p.byIntent("pm_card_visa")
		p.dispute(false)
	}, want: map[string]string{"pb_status": "Disputed", "pb_disputestatus": "needs_response", "pb_disputereason": "fraudulent"}},
	{name: "dispute won", life: func(p *payment) {
		p.byIntent("pm_card_visa")
		p.must(p.Stripe.CloseDispute(p.dispute(false), true))
	}, want: map[string]string{"pb_status": "Completed", "pb_disputestatus": "won"}},
	{name: "dispute lost", life: func(p *payment) {
		p.byIntent("pm_card_visa")
		p.must(p.Stripe.CloseDispute(p.dispute(false), false))
	}, want: map[string]string{"pb_status": "Charged back", "pb_disputestatus": "lost"}},
	{name: "inquiry", life: func(p *payment) {
		p.byIntent("pm_card_visa")
		p.dispute(true)
	}, want: map[string]string{"pb_status": "Completed", "pb_disputestatus": "warning_needs_response"}},
	{name: "inquiry that becomes a dispute", life: func(p *payment) {
		p.byIntent("pm_card_visa")
		p.must(p.Stripe.EscalateDispute(p.dispute(true)))
	}, want: map[string]string{"pb_status": "Disputed"}},
	{name: "yen", amount: "1250", currency: "JPY", life: money("1250", "jpy"), want: map[string]string{"pb_amountreceived": "1250"}},
	{name: "dinar", amount: "12.340", currency: "KWD", life: money("12340", "kwd"), want: map[string]string{"pb_amountreceived": "12.34"}},
	{name: "krona", amount: "1250", currency: "ISK", life: money("125000", "isk"), want: map[string]string{"pb_amountreceived": "1250"}},
	{name: "shilling", amount: "45000", currency: "UGX", life: money("4500000", "ugx"), want: map[string]string{"pb_amountreceived": "45000"}},
	{name: "euro and cents", amount: "1234.56", life: money("123456", "eur"), want: map[string]string{"pb_amountreceived": "1234.56"}},
	{name: "row in upper case with braces", life: func(p *payment) {
		p.intentID = p.intent("{"+strings.ToUpper(p.row)+"}", "1250", "eur")
		p.confirm(p.intentID, "pm_card_visa")
	}, want: map[string]string{"pb_status": "Completed"}},
}

func money(minor, currency string) func(*payment) {
	return func(p *payment) {
		p.intentID = p.intent(p.row, minor, currency)
		p.confirm(p.intentID, "pm_card_visa")
	}
}

// lead makes the scenario's row and lets the payment live.
func (s scenario) lead(w *world) *payment {
	w.t.Helper()
	p := &payment{world: w, row: w.row(or(s.amount, "12.50"), or(s.currency, "EUR"))}
	s.life(p)
	return p
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// check compares the row with the scenario's promise and with Stripe's API.
func (s scenario) check(p *payment) {
	p.t.Helper()
	got := shown(p.read(p.row))
	for column, want := range s.want {
		if got[column] != want {
			p.t.Errorf("%s is %q, want %q", column, got[column], want)
		}
	}
	if diff := cmp.Diff(p.truth(p.intentID, p.sessionID), got); diff != "" {
		p.t.Errorf("Stripe says (-), the row shows (+):\n%s", diff)
	}
}

func TestRowEndsAsStripeSays(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := start(t, awkward)
			p := s.lead(w)
			w.settle()
			s.check(p)
			for event, outcome := range w.timeline() {
				if outcome == "Needs review" {
					t.Errorf("event %s needs review", event)
				}
			}
		})
	}
}

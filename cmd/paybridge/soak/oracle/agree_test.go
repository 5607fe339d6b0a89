package oracle_test

import (
	"maps"
	"strings"
	"testing"

	"paybridge/cmd/paybridge/soak/oracle"
)

// state is a row with what Stripe has.
type state struct {
	row                                  map[string]any
	intents, sessions, refunds, disputes []oracle.Object
}

const label = "@OData.Community.Display.V1.FormattedValue"

// shown is a row that shows what Stripe says of pi_1 and cs_1, and columns
// besides.
func (s state) shown(intent, session string, columns map[string]any) state {
	s.row = map[string]any{"pb_paymentid": row}
	for name, value := range oracle.Truth(s.ledger(), intent, session) {
		if name == "pb_status" {
			name += label
		}
		s.row[name] = value
	}
	maps.Copy(s.row, columns)
	return s
}

func (s state) ledger() *oracle.Ledger {
	return oracle.NewLedger(s.intents, s.sessions, s.refunds, s.disputes)
}

func asks(request string) map[string]any { return map[string]any{"pb_request" + label: request} }

// and puts columns together.
func and(columns ...map[string]any) map[string]any {
	all := map[string]any{}
	for _, c := range columns {
		maps.Copy(all, c)
	}
	return all
}

func refund(id, status, amount, total string) oracle.Object {
	return oracle.Object{"id": id, "payment_intent": "pi_1", "status": status, "amount": number(amount), "metadata": oracle.Object{"CRM_RefundTotal": total}}
}

var (
	second   = with(paid, oracle.Object{"id": "pi_2"})
	open     = with(waiting, oracle.Object{"id": "pi_2"})
	link     = map[string]any{"pb_checkouturl": "https://checkout.example/cs_1"}
	reviewed = map[string]any{"pb_lasterror": "Needs review: somebody has to look."}
	refused  = map[string]any{"pb_lasterror": "Request refused: it cannot be done."}
)

// TestAgreementIsLeftAlone: a judge who finds fault everywhere is not believed.
func TestAgreementIsLeftAlone(t *testing.T) {
	for name, s := range map[string]state{
		"nothing":                     state{}.shown("", "", nil),
		"paid":                        state{intents: []oracle.Object{paid}}.shown("pi_1", "", asks("Pay")),
		"waits for the customer":      state{intents: []oracle.Object{waiting}}.shown("pi_1", "", asks("Pay")),
		"link waits for the customer": state{sessions: []oracle.Object{session}}.shown("", "cs_1", and(asks("Pay"), link)),
		"session of a shop":           state{sessions: []oracle.Object{session}}.shown("", "", nil),
		"canceled":                    state{intents: []oracle.Object{with(waiting, oracle.Object{"status": "canceled"})}}.shown("pi_1", "", asks("Cancel")),
		"refunded":                    state{intents: []oracle.Object{charged(paid, oracle.Object{"amount_refunded": number("1250")})}, refunds: []oracle.Object{refund("re_1", "succeeded", "1250", "12.5")}}.shown("pi_1", "", asks("Refund")),
		"refund failed, tried again": state{
			intents: []oracle.Object{charged(paid, oracle.Object{"amount_refunded": number("1250")})},
			refunds: []oracle.Object{refund("re_2", "succeeded", "1250", "12.5"), refund("re_1", "failed", "1250", "12.5")},
		}.shown("pi_1", "", asks("Refund")),
		"refund that was refused": state{intents: []oracle.Object{paid}}.shown("pi_1", "", and(asks("Refund"), refused)),
		"for review":              state{intents: []oracle.Object{paid}}.shown("", "", reviewed),
		"paid twice and told": state{intents: []oracle.Object{paid, second}}.shown("pi_1", "",
			map[string]any{"pb_lasterror": "Needs review: Paid twice, by pi_1 and pi_2."}),
		"paid twice, one gave it back": state{
			intents: []oracle.Object{charged(paid, nil), second}, refunds: []oracle.Object{with(refund("re_1", "succeeded", "1250", ""), oracle.Object{"payment_intent": "pi_2"})},
		}.shown("pi_1", "", asks("Pay")),
	} {
		for _, c := range oracle.Complaints(s.row, s.ledger()) {
			t.Errorf("%s: %s", name, c)
		}
	}
}

// TestEveryComplaintCanBeRaised has for each thing that can be wrong a row in
// which it is.
func TestEveryComplaintCanBeRaised(t *testing.T) {
	for name, c := range map[string]struct {
		state state
		want  string
	}{
		"column that differs":                {state{intents: []oracle.Object{paid}}.shown("pi_1", "", map[string]any{"pb_amountreceived": number("12")}), "Stripe says (-), the row shows (+)"},
		"column too many":                    {state{intents: []oracle.Object{paid}}.shown("pi_1", "", map[string]any{"pb_failurecode": "card_declined"}), "pb_failurecode"},
		"column that is empty":               {state{intents: []oracle.Object{paid}}.shown("pi_1", "", map[string]any{"pb_chargeid": nil}), "pb_chargeid"},
		"refused, and a column that differs": {state{intents: []oracle.Object{paid}}.shown("pi_1", "", and(refused, map[string]any{"pb_status" + label: "Pending"})), "Pending"},
		"error of nobody's":                  {state{}.shown("", "", map[string]any{"pb_lasterror": "Oops."}), `"Oops." has no known beginning`},
		"unknown intent":                     {state{}.shown("", "", map[string]any{"pb_paymentintentid": "pi_9"}), "names pi_9, which Stripe does not have"},
		"unknown session":                    {state{}.shown("", "", map[string]any{"pb_checkoutsessionid": "cs_9"}), "names cs_9, which Stripe does not have"},
		"nothing named, an intent is there":  {state{intents: []oracle.Object{waiting}}.shown("", "", nil), "names nothing of 1 PaymentIntents"},
		"nothing named, asked for a link":    {state{sessions: []oracle.Object{session}}.shown("", "", asks("Pay")), "names nothing of 0 PaymentIntents and 1 Checkout Sessions"},
		"nothing named, a session is over":   {state{sessions: []oracle.Object{with(session, oracle.Object{"status": "expired"})}}.shown("", "", nil), "and 1 Checkout Sessions"},
		"link missing":                       {state{sessions: []oracle.Object{session}}.shown("", "cs_1", asks("Pay")), `shows the link "", Stripe has "https://checkout.example/cs_1"`},
		"link of the past":                   {state{sessions: []oracle.Object{with(session, oracle.Object{"status": "expired"})}}.shown("", "cs_1", link), `Stripe has ""`},
		"refunded twice":                     {state{intents: []oracle.Object{paid}, refunds: []oracle.Object{refund("re_2", "pending", "100", "1"), refund("re_1", "succeeded", "100", "1")}}.shown("pi_1", "", nil), "pi_1 was refunded twice for the total 1"},
		"refunded too much":                  {state{intents: []oracle.Object{paid}, refunds: []oracle.Object{refund("re_2", "succeeded", "1250", "13"), refund("re_1", "succeeded", "100", "1")}}.shown("pi_1", "", nil), "pi_1 got 1350 back of 1250"},
		"paid twice, untold":                 {state{intents: []oracle.Object{paid, second}}.shown("pi_1", "", nil), "paid 2 times and nobody is told"},
		"paid twice, told something else":    {state{intents: []oracle.Object{paid, second}}.shown("pi_1", "", reviewed), "paid 2 times and nobody is told"},
		"money on another":                   {state{intents: []oracle.Object{waiting, second}}.shown("pi_1", "", nil), `it names "pi_1", and the money was received on another`},
		"two can be paid":                    {state{intents: []oracle.Object{waiting, open}}.shown("pi_1", "", asks("Pay")), "asks for one payment: 2 can be paid, received false"},
		"paid, and can be paid again":        {state{intents: []oracle.Object{paid, open}}.shown("pi_1", "", asks("Pay")), "asks for one payment: 1 can be paid, received true"},
		"link beside an intent":              {state{intents: []oracle.Object{waiting}, sessions: []oracle.Object{session}}.shown("", "cs_1", and(asks("Pay"), link)), "asks for one payment: 2 can be paid"},
		"nothing can be paid":                {state{}.shown("", "", asks("Pay")), "asks for a payment and nothing can be paid"},
		"canceled in the row only":           {state{intents: []oracle.Object{waiting}}.shown("pi_1", "", asks("Cancel")), "it is canceled and 1 can be paid"},
		"refund never made":                  {state{intents: []oracle.Object{paid}}.shown("pi_1", "", asks("Refund")), "0 was refunded, 12.5 was asked for"},
		"refund of another amount": {state{
			intents: []oracle.Object{charged(paid, oracle.Object{"amount_refunded": number("200")})}, refunds: []oracle.Object{refund("re_1", "succeeded", "200", "2")},
		}.shown("pi_1", "", and(asks("Refund"), map[string]any{"pb_refundamount": number("3.00")})), "2 was refunded, 3 was asked for"},
	} {
		said := strings.Join(oracle.Complaints(c.state.row, c.state.ledger()), "\n")
		if !strings.Contains(said, c.want) {
			t.Errorf("%s: said %q, want %q", name, said, c.want)
		}
	}
}

func TestNeedsReview(t *testing.T) {
	for text, want := range map[string]bool{"": false, "Needs review: why.": true, "Request refused: why.": false, "It says Needs review: why.": false} {
		if got := oracle.NeedsReview(map[string]any{"pb_lasterror": text}); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

func TestLedgerFindsWhatBelongsTogether(t *testing.T) {
	l := oracle.NewLedger(
		[]oracle.Object{paid, with(open, oracle.Object{"metadata": oracle.Object{"CRM_PaymentId": "{" + strings.ToUpper(row) + "}"}}), {"id": "pi_foreign"}},
		[]oracle.Object{session, {"id": "cs_foreign"}},
		[]oracle.Object{with(refund("re_1", "succeeded", "100", "1"), oracle.Object{"charge": "ch_0"})},
		[]oracle.Object{{"id": "dp_2", "payment_intent": "pi_1", "charge": "ch_2"}, {"id": "dp_1", "payment_intent": "pi_1"}})
	of := l.Of(strings.ToUpper(row))
	if len(of.Intents) != 2 || len(of.Sessions) != 1 {
		t.Errorf("of the row are %v", of)
	}
	if got := l.Of("another"); len(got.Intents)+len(got.Sessions) != 0 {
		t.Errorf("of another row are %v", got)
	}
	if got := oracle.Text(l.Dispute("pi_1"), "id"); got != "dp_2" || l.Dispute("pi_2") != nil {
		t.Errorf("the latest dispute is %q, and of another %v", got, l.Dispute("pi_2"))
	}
	for id, want := range map[string]string{"ch_1": "pi_1", "ch_0": "pi_1", "ch_2": "pi_1", "re_1": "pi_1", "dp_1": "pi_1", "dp_2": "pi_1", "ch_9": "", "": ""} {
		if got := l.PaidBy(id); got != want {
			t.Errorf("%q was paid by %q, want %q", id, got, want)
		}
	}
}

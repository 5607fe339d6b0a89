package judge_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/judge"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
)

// TestNameIntent: only a charge that stands alone is asked for, and once.
func TestNameIntent(t *testing.T) {
	for name, c := range map[string]struct {
		hint   payment.Hint
		found  bool
		intent string
		class  outcome.Class
		asked  []string
	}{
		"an intent":             {payment.Hint{PaymentIntent: "pi_1", Charge: "ch_1"}, false, "pi_1", outcome.Done, nil},
		"a session":             {payment.Hint{CheckoutSession: "cs_1", Charge: "ch_1"}, false, "", outcome.Done, nil},
		"nothing":               {payment.Hint{}, false, "", outcome.Done, nil},
		"a charge of an intent": {payment.Hint{Charge: "ch_1"}, true, "pi_1", outcome.Done, []string{"ch_1"}},
		"a charge of none":      {payment.Hint{Charge: "ch_alone"}, false, "", outcome.Done, []string{"ch_alone"}},
		"no charge of Stripe's": {payment.Hint{Charge: "ch_gone"}, false, "", outcome.Review, []string{"ch_gone"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &stripe{account: "acct_1", charges: map[string]string{"ch_1": "pi_1", "ch_alone": ""}}
			c.hint.Account = s.account
			found, err := rules(s).NameIntent(t.Context(), &c.hint)
			if found != c.found || c.hint.PaymentIntent != c.intent || outcome.Of(err) != c.class {
				t.Errorf("%v %q %v", found, c.hint.PaymentIntent, err)
			}
			if diff := cmp.Diff(c.asked, s.asked); diff != "" {
				t.Errorf("asked for, -want +got:\n%s", diff)
			}
		})
	}
}

// TestWhose: the hint's own word comes first, then that of the PaymentIntent, then
// that of the Checkout Session, and what comes first is not asked past.
func TestWhose(t *testing.T) {
	const notOurs = "the payment was not made for the CRM"
	hint := func(link payment.Link, intent, session string) payment.Hint {
		return payment.Hint{PaymentIntent: intent, CheckoutSession: session, CRMPaymentID: link.CRMPaymentID, CRMOrg: link.CRMOrg}
	}
	nothing := payment.Link{}
	for name, c := range map[string]struct {
		hint  payment.Hint
		row   payment.RowID
		why   string
		says  string
		asked []string
	}{
		"the hint names it":            {hint(names(mine), "pi_theirs", ""), mine, "", "", nil},
		"as a person writes it":        {hint(payment.Link{CRMPaymentID: "{" + strings.ToUpper(string(mine)) + "}"}, "", ""), mine, "", "", nil},
		"in another CRM":               {hint(payment.Link{CRMPaymentID: string(mine), CRMOrg: foreign}, "pi_theirs", ""), "", judge.Foreign, "", nil},
		"another CRM and no row":       {hint(payment.Link{CRMOrg: foreign}, "", ""), "", judge.Foreign, "", nil},
		"this CRM and no row":          {hint(payment.Link{CRMOrg: org}, "", ""), "", notOurs, "", nil},
		"misspelt for this CRM":        {hint(payment.Link{CRMPaymentID: "order 7", CRMOrg: org}, "pi_theirs", ""), "", "", "Stripe's pi_theirs names this CRM but no payment in it", nil},
		"no id, and for no CRM":        {hint(payment.Link{CRMPaymentID: "order 7"}, "", "cs_theirs"), "", notOurs, "", nil},
		"the intent names it":          {hint(nothing, "pi_theirs", "cs_mine"), theirs, "", "", []string{"pi_theirs"}},
		"the session names it":         {hint(nothing, "", "cs_mine"), mine, "", "", []string{"cs_mine"}},
		"the intent names none":        {hint(nothing, "pi_none", "cs_mine"), "", notOurs, "", []string{"pi_none"}},
		"the intent is another CRM's":  {hint(nothing, "pi_foreign", ""), "", judge.Foreign, "", []string{"pi_foreign"}},
		"the session misspells it":     {hint(nothing, "", "cs_misspelt"), "", "", "Stripe's cs_misspelt names this CRM but no payment in it", []string{"cs_misspelt"}},
		"nothing is named":             {payment.Hint{}, "", notOurs, "", nil},
		"Stripe does not have intent":  {hint(nothing, "pi_gone", ""), "", "", errGone.Error(), []string{"pi_gone"}},
		"Stripe does not have session": {hint(nothing, "", "cs_gone"), "", "", errGone.Error(), []string{"cs_gone"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &stripe{
				account: "acct_1",
				intents: []payment.Intent{
					{ID: "pi_theirs", Link: names(theirs)}, {ID: "pi_none"}, {ID: "pi_foreign", Link: payment.Link{CRMPaymentID: string(mine), CRMOrg: foreign}},
				},
				sessions: []payment.Session{{ID: "cs_mine", Link: names(mine)}, {ID: "cs_misspelt", Link: payment.Link{CRMPaymentID: "order 7", CRMOrg: org}}},
			}
			c.hint.Account = s.account
			row, why, err := rules(s).Whose(t.Context(), c.hint)
			if row != c.row || why != c.why {
				t.Errorf("row %q, because %q", row, why)
			}
			if (err == nil) != (c.says == "") || err != nil && (!strings.Contains(err.Error(), c.says) || outcome.Of(err) != outcome.Review) {
				t.Errorf("%v, want something about %q", err, c.says)
			}
			if diff := cmp.Diff(c.asked, s.asked); diff != "" {
				t.Errorf("asked for, -want +got:\n%s", diff)
			}
		})
	}
}

// TestObject: a person is told of what can be looked up in the Dashboard.
func TestObject(t *testing.T) {
	h := payment.Hint{PaymentIntent: "pi_1", CheckoutSession: "cs_1", Charge: "ch_1", EventID: "evt_1", Refund: "re_1"}
	for _, c := range []struct {
		want  string
		clear *string
	}{{"pi_1", &h.PaymentIntent}, {"cs_1", &h.CheckoutSession}, {"ch_1", &h.Charge}, {"evt_1", &h.EventID}, {"object", &h.Refund}} {
		if got := judge.Object(h); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		*c.clear = ""
	}
}

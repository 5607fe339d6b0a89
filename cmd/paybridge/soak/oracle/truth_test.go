package oracle_test

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/soak/oracle"
)

const row = "11111111-1111-4111-8111-111111111111"

// with is an object with members changed; nil takes one away.
func with(o oracle.Object, changes oracle.Object) oracle.Object {
	changed := maps.Clone(o)
	for name, value := range changes {
		if value == nil {
			delete(changed, name)
			continue
		}
		changed[name] = value
	}
	return changed
}

func number(text string) json.Number { return json.Number(text) }

// charge is one of 12.50 EUR that went through.
var charge = oracle.Object{
	"id": "ch_1", "receipt_url": "https://pay.example/ch_1", "created": number("1795000000"), "amount_refunded": number("0"),
	"disputed": false, "payment_method_details": oracle.Object{"type": "card"},
}

// paid is a PaymentIntent that received 12.50 EUR for the row.
var paid = oracle.Object{
	"id": "pi_1", "status": "succeeded", "currency": "eur", "amount": number("1250"), "amount_received": number("1250"),
	"metadata": oracle.Object{"CRM_PaymentId": row}, "latest_charge": charge,
}

// waiting is one that nobody has paid yet.
var waiting = with(paid, oracle.Object{"status": "requires_payment_method", "amount_received": number("0"), "latest_charge": nil})

// session is an open Checkout Session for the row.
var session = oracle.Object{
	"id": "cs_1", "status": "open", "payment_status": "unpaid", "url": "https://checkout.example/cs_1", "metadata": oracle.Object{"CRM_PaymentId": row},
}

func declined(in oracle.Object) oracle.Object {
	return with(in, oracle.Object{"last_payment_error": oracle.Object{"code": "card_declined", "message": "Your card was declined."}})
}

func charged(in, changes oracle.Object) oracle.Object {
	return with(in, oracle.Object{"latest_charge": with(charge, changes)})
}

// TestTruth is Stripe's documentation, state by state.
func TestTruth(t *testing.T) {
	nothing := map[string]string{"pb_amountreceived": "0", "pb_amountrefunded": "0", "pb_livemode": "false"}
	shows := func(columns ...string) map[string]string {
		want := maps.Clone(nothing)
		for i := 0; i < len(columns); i += 2 {
			want[columns[i]] = columns[i+1]
		}
		return want
	}
	completed := func(columns ...string) map[string]string {
		return shows(append([]string{
			"pb_paymentintentid", "pi_1", "pb_status", "Completed", "pb_amountreceived", "12.5", "pb_chargeid", "ch_1",
			"pb_receipturl", "https://pay.example/ch_1", "pb_paymentmethod", "card", "pb_paidon", "2026-11-18T11:06:40Z",
		}, columns...)...)
	}
	status := func(s string) oracle.Object { return with(waiting, oracle.Object{"status": s}) }
	disputed := func(s string) ([]oracle.Object, []oracle.Object) {
		return []oracle.Object{charged(paid, oracle.Object{"disputed": true})},
			[]oracle.Object{{"id": "dp_1", "payment_intent": "pi_1", "status": s, "reason": "fraudulent"}}
	}
	for name, c := range map[string]struct {
		intent, session oracle.Object
		dispute         string
		want            map[string]string
	}{
		"nothing":                   {want: nothing},
		"made":                      {intent: waiting, want: shows("pb_paymentintentid", "pi_1", "pb_status", "Pending")},
		"to be confirmed":           {intent: status("requires_confirmation"), want: shows("pb_paymentintentid", "pi_1", "pb_status", "Pending")},
		"to be authenticated":       {intent: status("requires_action"), want: shows("pb_paymentintentid", "pi_1", "pb_status", "Requires action")},
		"on its way":                {intent: status("processing"), want: shows("pb_paymentintentid", "pi_1", "pb_status", "Processing")},
		"authorized":                {intent: status("requires_capture"), want: shows("pb_paymentintentid", "pi_1", "pb_status", "Authorized")},
		"canceled":                  {intent: status("canceled"), want: shows("pb_paymentintentid", "pi_1", "pb_status", "Canceled")},
		"declined":                  {intent: declined(waiting), want: shows("pb_paymentintentid", "pi_1", "pb_status", "Failed", "pb_failurecode", "card_declined", "pb_failuremessage", "Your card was declined.")},
		"declined, then canceled":   {intent: declined(status("canceled")), want: shows("pb_paymentintentid", "pi_1", "pb_status", "Canceled", "pb_failurecode", "card_declined", "pb_failuremessage", "Your card was declined.")},
		"declined, charge kept":     {intent: charged(declined(waiting), nil), want: shows("pb_paymentintentid", "pi_1", "pb_status", "Failed", "pb_failurecode", "card_declined", "pb_failuremessage", "Your card was declined.", "pb_chargeid", "ch_1", "pb_receipturl", "https://pay.example/ch_1", "pb_paymentmethod", "card")},
		"paid":                      {intent: paid, want: completed()},
		"partially refunded":        {intent: charged(paid, oracle.Object{"amount_refunded": number("250")}), want: completed("pb_status", "Partially refunded", "pb_amountrefunded", "2.5")},
		"refunded":                  {intent: charged(paid, oracle.Object{"amount_refunded": number("1250")}), want: completed("pb_status", "Refunded", "pb_amountrefunded", "12.5")},
		"disputed":                  {intent: paid, dispute: "needs_response", want: completed("pb_status", "Disputed", "pb_disputestatus", "needs_response", "pb_disputereason", "fraudulent")},
		"dispute under review":      {intent: paid, dispute: "under_review", want: completed("pb_status", "Disputed", "pb_disputestatus", "under_review", "pb_disputereason", "fraudulent")},
		"dispute lost":              {intent: paid, dispute: "lost", want: completed("pb_status", "Charged back", "pb_disputestatus", "lost", "pb_disputereason", "fraudulent")},
		"dispute won":               {intent: paid, dispute: "won", want: completed("pb_disputestatus", "won", "pb_disputereason", "fraudulent")},
		"inquiry":                   {intent: paid, dispute: "warning_needs_response", want: completed("pb_disputestatus", "warning_needs_response", "pb_disputereason", "fraudulent")},
		"yen":                       {intent: with(paid, oracle.Object{"currency": "jpy"}), want: completed("pb_amountreceived", "1250")},
		"dinar":                     {intent: with(paid, oracle.Object{"currency": "kwd"}), want: completed("pb_amountreceived", "1.25")},
		"unknown currency":          {intent: with(paid, oracle.Object{"currency": "xxx"}), want: completed("pb_amountreceived", `an amount in "xxx"`, "pb_amountrefunded", `an amount in "xxx"`)},
		"link":                      {session: session, want: shows("pb_checkoutsessionid", "cs_1", "pb_status", "Pending")},
		"link expired":              {session: with(session, oracle.Object{"status": "expired"}), want: shows("pb_checkoutsessionid", "cs_1", "pb_status", "Canceled")},
		"link used, money to come":  {session: with(session, oracle.Object{"status": "complete"}), want: shows("pb_checkoutsessionid", "cs_1", "pb_status", "Processing")},
		"link used, nothing to pay": {session: with(session, oracle.Object{"status": "complete", "payment_status": "no_payment_required"}), want: shows("pb_checkoutsessionid", "cs_1", "pb_status", "Completed")},
		"link paid":                 {intent: paid, session: with(session, oracle.Object{"status": "complete", "payment_status": "paid", "payment_intent": "pi_1"}), want: completed("pb_checkoutsessionid", "cs_1")},
		"link expired after a try":  {intent: declined(waiting), session: with(session, oracle.Object{"status": "expired", "payment_intent": "pi_1"}), want: shows("pb_checkoutsessionid", "cs_1", "pb_paymentintentid", "pi_1", "pb_status", "Canceled", "pb_failurecode", "card_declined", "pb_failuremessage", "Your card was declined.")},
		"link expired and was paid": {intent: paid, session: with(session, oracle.Object{"status": "expired", "payment_intent": "pi_1"}), want: completed("pb_checkoutsessionid", "cs_1")},
	} {
		var intents, sessions, disputes []oracle.Object
		intentID, sessionID := "", ""
		if c.intent != nil {
			intents, intentID = []oracle.Object{c.intent}, "pi_1"
		}
		if c.dispute != "" {
			intents, disputes = disputed(c.dispute)
		}
		if c.session != nil {
			sessions, sessionID = []oracle.Object{c.session}, "cs_1"
		}
		got := oracle.Truth(oracle.NewLedger(intents, sessions, nil, disputes), intentID, sessionID)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: want (-), got (+):\n%s", name, diff)
		}
	}
}

func TestShownLeavesOutWhatTheCRMAsks(t *testing.T) {
	got := oracle.Shown(map[string]any{
		"pb_paymentid": row, "pb_name": "Order", "pb_amount": number("12.50"), "pb_amount_base": number("12.50"), "pb_checkouturl": "https://checkout.example",
		"pb_amountreceived": number("12.5000"), "pb_livemode": false, "pb_status": number("884200005"), "pb_status@OData.Community.Display.V1.FormattedValue": "Completed",
		"pb_chargeid": "ch_1", "pb_failurecode": nil, "createdon": "2026-11-25T00:00:00Z",
	})
	want := map[string]string{"pb_amountreceived": "12.5", "pb_livemode": "false", "pb_status": "Completed", "pb_chargeid": "ch_1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

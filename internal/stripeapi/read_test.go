package stripeapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"

	"github.com/google/go-cmp/cmp"
)

const (
	rowID = "a1c4e7f0-52b9-4d3e-8f61-0b9d7c2e4a58"
	org   = "northwind.crm11.dynamics.com"
	meta  = `"metadata":{"CRM_PaymentId":"{A1C4E7F0-52B9-4D3E-8F61-0B9D7C2E4A58}","CRM_Org":"Northwind.crm11.dynamics.com","order":"42"}`
)

// with returns a JSON object with fields added or replaced.
func with(object, fields string) string {
	merged := map[string]json.RawMessage{}
	if err := errors.Join(json.Unmarshal([]byte(object), &merged), json.Unmarshal([]byte("{"+fields+"}"), &merged)); err != nil {
		panic(err)
	}
	body, err := json.Marshal(merged)
	if err != nil {
		panic(err)
	}
	return string(body)
}

func paidCharge(fields string) string {
	return with(`{"id":"ch_1Aa","object":"charge","amount":4990,"amount_captured":4990,"amount_refunded":0,"captured":true,"created":1771499100,
		"currency":"gbp","disputed":false,"paid":true,"payment_intent":"pi_1Aa","payment_method_details":{"type":"card","card":{"brand":"visa","last4":"4242"}},
		"receipt_url":"https://pay.stripe.com/receipts/1","refunded":false,"status":"succeeded",`+meta+`}`, fields)
}

func intentJSON(status, latestCharge, fields string) string {
	return with(`{"id":"pi_1Aa","object":"payment_intent","amount":4990,"amount_received":4990,"client_secret":"pi_1Aa_secret_MadeUp",
		"created":1771499000,"currency":"gbp","latest_charge":`+latestCharge+`,"livemode":false,"status":"`+status+`",`+meta+`}`, fields)
}

func sessionJSON(intent, fields string) string {
	return with(`{"id":"cs_test_1Aa","object":"checkout.session","amount_total":4990,"created":1771498000,"currency":"gbp","expires_at":1771585400,
		"livemode":false,"payment_intent":`+intent+`,"payment_status":"paid","status":"complete","url":null}`, fields)
}

func wantCharge() *payment.Charge {
	return &payment.Charge{
		ID: "ch_1Aa", Paid: true, Captured: true, Amount: 4990, AmountCaptured: 4990, Currency: "gbp", Created: time.Unix(1771499100, 0).UTC(),
		Method: "card", ReceiptURL: "https://pay.stripe.com/receipts/1",
	}
}

func wantIntent(status payment.IntentStatus, ch *payment.Charge) payment.Intent {
	return payment.Intent{
		ID: "pi_1Aa", Status: status, Amount: 4990, AmountReceived: 4990, Currency: "gbp",
		Created: time.Unix(1771499000, 0).UTC(), Link: payment.Link{CRMPaymentID: rowID, CRMOrg: org}, Charge: ch,
	}
}

func disputed(ch *payment.Charge, d *payment.Dispute) *payment.Charge {
	ch.Disputed, ch.Dispute = true, d
	return ch
}

func TestIntent(t *testing.T) {
	const disputeList = `{"object":"list","has_more":false,"url":"/v1/disputes","data":[
		{"id":"du_new","object":"dispute","amount":4990,"charge":"ch_1Aa","created":1771700000,"currency":"gbp","reason":"fraudulent","status":"under_review"},
		{"id":"du_same","object":"dispute","amount":1,"charge":"ch_1Aa","created":1771700000,"status":"won"},
		{"id":"du_old","object":"dispute","amount":4990,"charge":"ch_1Aa","created":1771600000,"reason":"fraudulent","status":"warning_closed"},
		{"id":"du_other","object":"dispute","amount":4990,"charge":"ch_other","created":1771800000,"reason":"fraudulent","status":"lost"}]}`
	for _, c := range []struct {
		name, body, disputes string
		want                 payment.Intent
	}{
		{name: "no attempt yet", body: intentJSON("requires_payment_method", "null", `"amount_received":0`), want: func() payment.Intent {
			in := wantIntent(payment.IntentRequiresPaymentMethod, nil)
			in.AmountReceived = 0
			return in
		}()},
		{name: "succeeded", body: intentJSON("succeeded", paidCharge(""), ""), want: wantIntent(payment.IntentSucceeded, wantCharge())},
		{name: "attempt failed", body: intentJSON("requires_payment_method", paidCharge(`"paid":false,"captured":false,"status":"failed"`),
			`"last_payment_error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds","charge":"ch_1Aa",
			"message":"Your card has insufficient funds. pi_1Aa_secret_MadeUp","payment_method":{"id":"pm_1","object":"payment_method"}}`), want: func() payment.Intent {
			ch := wantCharge()
			ch.Paid, ch.Captured = false, false
			in := wantIntent(payment.IntentRequiresPaymentMethod, ch)
			in.LastError = &payment.AttemptError{Code: "card_declined", DeclineCode: "insufficient_funds", Message: "Your card has insufficient funds. [secret]"}
			return in
		}()},
		{name: "canceled", body: intentJSON("canceled", "null", `"cancellation_reason":"abandoned"`), want: func() payment.Intent {
			in := wantIntent(payment.IntentCanceled, nil)
			in.CancellationReason = "abandoned"
			return in
		}()},
		{name: "partly refunded", body: intentJSON("succeeded", paidCharge(`"amount_refunded":1500`), ""), want: func() payment.Intent {
			ch := wantCharge()
			ch.AmountRefunded = 1500
			return wantIntent(payment.IntentSucceeded, ch)
		}()},
		{name: "bank debit", body: intentJSON("processing", paidCharge(`"id":"py_1Aa","payment_method_details":null,"receipt_url":null`), ""), want: func() payment.Intent {
			ch := wantCharge()
			ch.ID, ch.Method, ch.ReceiptURL = "py_1Aa", "", ""
			return wantIntent(payment.IntentProcessing, ch)
		}()},
		{name: "exact beyond 2^53", body: intentJSON("succeeded", "null", `"amount":9007199254740993,"amount_received":9007199254740993,"currency":"IDR"`), want: func() payment.Intent {
			in := wantIntent(payment.IntentSucceeded, nil)
			in.Amount, in.AmountReceived, in.Currency = 9007199254740993, 9007199254740993, "idr"
			return in
		}()},
		{name: "a status of a later version", body: intentJSON("requires_patience", "null", ""), want: wantIntent("requires_patience", nil)},
		{name: "no metadata, live", body: intentJSON("succeeded", "null", `"metadata":{},"livemode":true`), want: func() payment.Intent {
			in := wantIntent(payment.IntentSucceeded, nil)
			in.Link, in.Livemode = payment.Link{}, true
			return in
		}()},
		{name: "disputed", disputes: disputeList, body: intentJSON("succeeded", paidCharge(`"disputed":true`), ""),
			want: wantIntent(payment.IntentSucceeded, disputed(wantCharge(), &payment.Dispute{
				ID: "du_new", Status: payment.DisputeUnderReview, Reason: "fraudulent", Amount: 4990, Created: time.Unix(1771700000, 0).UTC(),
			}))},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStripe(t, map[string]answer{"/v1/payment_intents/pi_1Aa": {body: c.body}, "/v1/disputes": {body: c.disputes}})
			got, err := s.client().Intent(t.Context(), "", "pi_1Aa")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Intent (-want +got):\n%s", diff)
			}
			requests := 1
			if c.disputes != "" {
				requests = 2
			}
			if n := len(s.requests()); n != requests {
				t.Errorf("%d requests, want %d", n, requests)
			}
		})
	}
}

func TestSession(t *testing.T) {
	base := payment.Session{
		ID: "cs_test_1Aa", Status: payment.SessionComplete, PaymentStatus: "paid", AmountTotal: 4990, Currency: "gbp",
		Created: time.Unix(1771498000, 0).UTC(), ExpiresAt: time.Unix(1771585400, 0).UTC(),
	}
	paid := wantIntent(payment.IntentSucceeded, wantCharge())
	for _, c := range []struct {
		name, body string
		want       func(*payment.Session)
	}{
		{"paid", sessionJSON(intentJSON("succeeded", paidCharge(""), ""), meta), func(s *payment.Session) {
			s.Intent, s.Link = &paid, payment.Link{CRMPaymentID: rowID, CRMOrg: org}
		}},
		{"open, no intent", sessionJSON("null", `"status":"open","payment_status":"unpaid","url":"https://checkout.stripe.com/c/pay/1"`), func(s *payment.Session) {
			s.Status, s.PaymentStatus, s.URL = payment.SessionOpen, "unpaid", "https://checkout.stripe.com/c/pay/1"
		}},
		{"expired", sessionJSON("null", `"status":"expired","payment_status":"unpaid"`), func(s *payment.Session) {
			s.Status, s.PaymentStatus = payment.SessionExpired, "unpaid"
		}},
		{"reference", sessionJSON("null", `"metadata":{},"client_reference_id":" `+strings.ToUpper(rowID)+`"`), func(s *payment.Session) {
			s.Link.CRMPaymentID = rowID
		}},
		{"reference that is no row", sessionJSON("null", `"metadata":{},"client_reference_id":"basket-77"`), func(s *payment.Session) {
			s.Link.CRMPaymentID = "basket-77"
		}},
		{"metadata over reference", sessionJSON("null", meta+`,"client_reference_id":"basket-77"`), func(s *payment.Session) {
			s.Link = payment.Link{CRMPaymentID: rowID, CRMOrg: org}
		}},
		{"nothing to pay", sessionJSON("null", `"payment_status":"no_payment_required","amount_total":0`), func(s *payment.Session) {
			s.PaymentStatus, s.AmountTotal = "no_payment_required", 0
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStripe(t, map[string]answer{"/v1/checkout/sessions/cs_test_1Aa": {body: c.body}})
			got, err := s.client().Session(t.Context(), "", "cs_test_1Aa")
			if err != nil {
				t.Fatal(err)
			}
			want := base
			c.want(&want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Session (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSessionDisputed(t *testing.T) {
	s := newStripe(t, map[string]answer{
		"/v1/checkout/sessions/cs_test_1Aa": {body: sessionJSON(intentJSON("succeeded", paidCharge(`"disputed":true`), ""), "")},
		"/v1/disputes":                      {body: `{"object":"list","data":[{"id":"dp_1","object":"dispute","charge":{"id":"ch_1Aa","object":"charge"},"created":5,"status":"lost"}]}`},
	})
	got, err := s.client().Session(t.Context(), "acct_1Con", "cs_test_1Aa")
	if err != nil {
		t.Fatal(err)
	}
	if d := got.Intent.Charge.Dispute; d == nil || d.ID != "dp_1" || d.Status != payment.DisputeLost {
		t.Errorf("dispute %+v, want dp_1 lost", d)
	}
	for _, r := range s.requests() {
		if r.Header.Get("Stripe-Account") != "acct_1Con" {
			t.Errorf("%s was asked without the account", r.URL.Path)
		}
	}
}

func TestCharge(t *testing.T) {
	s := newStripe(t, map[string]answer{
		"/v1/charges/ch_1Aa": {body: paidCharge("")},
		"/v1/charges/py_2Bb": {body: paidCharge(`"id":"py_2Bb","payment_intent":null`)},
	})
	for id, want := range map[string]string{"ch_1Aa": "pi_1Aa", "py_2Bb": ""} {
		if got, err := s.client().Charge(t.Context(), "", id); err != nil || got != want {
			t.Errorf("Charge(%s) = %q, %v, want %q", id, got, err, want)
		}
	}
}

func TestReadRefusesIDs(t *testing.T) {
	s := newStripe(t, nil)
	c := s.client()
	for _, id := range []string{"", "pi_", "pi_1/../../charges", "pi_1?expand[]=x", "cs_test_1", "sk_test_51MadeUpForTestsOnly", "pi_1\n"} {
		_, err := c.Intent(t.Context(), "", id)
		if outcome.Of(err) != outcome.Review {
			t.Errorf("Intent(%q): %v, want an error for review", id, err)
			continue
		}
		leaksNothing(t, err)
	}
	_, intentErr := c.Intent(t.Context(), "pi_1Aa", "pi_1Aa")
	_, sessionErr := c.Session(t.Context(), "", "pi_1Aa")
	_, chargeErr := c.Charge(t.Context(), "", "re_1Aa")
	for _, err := range []error{intentErr, sessionErr, chargeErr} {
		if outcome.Of(err) != outcome.Review {
			t.Errorf("%v, want an error for review", err)
		}
	}
	if n := len(s.requests()); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	body := intentJSON("succeeded", "null", "")
	body += strings.Repeat(" ", maxAnswer-len(body))
	for extra, want := range map[string]outcome.Class{"": outcome.Done, " ": outcome.Again} {
		s := newStripe(t, map[string]answer{"/v1/payment_intents/pi_1Aa": {body: body + extra}})
		if _, err := s.client().Intent(t.Context(), "", "pi_1Aa"); outcome.Of(err) != want {
			t.Errorf("%d bytes: %v", len(body)+len(extra), err)
		}
	}
}

func TestReadRefusesAnswers(t *testing.T) {
	for name, a := range map[string]answer{
		"another intent":         {body: intentJSON("succeeded", "null", `"id":"pi_2Bb"`)},
		"empty object":           {body: `{}`},
		"null":                   {body: `null`},
		"empty":                  {},
		"not JSON":               {body: `<p>ana@fabrikam.example pi_1Aa_secret_MadeUp</p>`},
		"a string as amount":     {body: intentJSON("succeeded", "null", `"amount":"4990"`)},
		"charge not expanded":    {body: intentJSON("succeeded", `"ch_1Aa"`, "")},
		"larger than the bound":  {body: `{"id":"pi_1Aa","description":"` + strings.Repeat("x", maxAnswer) + `"}`},
		"redirect":               {status: http.StatusFound, header: http.Header{"Location": {"/v1/payment_intents/pi_2Bb"}}},
		"disputes not there yet": {body: intentJSON("succeeded", paidCharge(`"disputed":true`), "")},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStripe(t, map[string]answer{"/v1/payment_intents/pi_1Aa": a, "/v1/disputes": {body: `{"object":"list","data":[]}`}})
			got, err := s.client().Intent(t.Context(), "", "pi_1Aa")
			if outcome.Of(err) != outcome.Again || got != (payment.Intent{}) {
				t.Fatalf("Intent = %+v, %v, want an error that says again", got, err)
			}
			leaksNothing(t, err)
			if errors.Is(err, ErrNotFound) {
				t.Errorf("%v passes for unknown", err)
			}
		})
	}
}

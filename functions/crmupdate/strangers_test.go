package crmupdate_test

import (
	"fmt"
	"strings"
	"testing"

	"paybridge/internal/payment"
)

// TestAnObjectSpeaksForTheRowThatItNames: a hint may say what it likes.
func TestAnObjectSpeaksForTheRowThatItNames(t *testing.T) {
	r := newRig(t)
	defer r.close()
	row, intent := r.row(1)
	other, otherIntent := r.row(2)
	stranger := hint("evt_2", otherIntent, row)
	if err := r.run(hint("evt_1", intent, row), stranger); err != nil {
		t.Fatal(err)
	}
	r.shows(row, payment.Completed)
	r.shows(other, 0)
	if text := r.crm("GET", "pb_payments("+row+")?$select=pb_paymentintentid,pb_lasterror", ""); !strings.Contains(text, intent) || strings.Contains(text, "Needs review") {
		t.Errorf("the row says %s", text)
	}
	if len(r.unfinished()) != 1 || !strings.Contains(r.unfinished()[0], other) || !strings.Contains(r.unfinished()[0], "evt_2") {
		t.Fatalf("going on is %v", r.unfinished())
	}
	if !strings.Contains(r.log.String(), "to which the hint goes on") {
		t.Errorf("the log is %s", r.log)
	}
	if err := r.run(r.unfinished()...); err != nil {
		t.Fatal(err)
	}
	r.shows(other, payment.Completed)
	if left := r.unfinished(); len(left) != 0 {
		t.Errorf("going on is %v", left)
	}
}

// TestStrangersChangeNothing: an object that names no row, or another CRM's, is
// no payment of the row that a hint names; one that the row records is.
func TestStrangersChangeNothing(t *testing.T) {
	elsewhere := payment.Link{CRMPaymentID: "00000000-0000-4000-8000-000000000001", CRMOrg: "fabrikam.crm.dynamics.com"}
	for name, c := range map[string]struct {
		link     payment.Link
		recorded string
		want     payment.Status
	}{
		"names no row":            {payment.Link{}, "", 0},
		"names no GUID":           {payment.Link{CRMPaymentID: "order 7"}, "", 0},
		"names another CRM's row": {elsewhere, "", 0},
		"recorded by the row":     {payment.Link{}, `{"pb_paymentintentid":"pi_stranger"}`, payment.Completed},
		"told of on the row":      {payment.Link{}, `{"pb_lasterror":"Needs review: Paid twice, with pi_stranger and pi_1."}`, payment.Completed},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			defer r.close()
			row, _ := r.row(1)
			if c.recorded != "" {
				r.crm("PATCH", "pb_payments("+row+")", c.recorded)
			}
			in := succeeded("pi_stranger", "")
			in.Link = c.link
			r.stripe.put(in)
			before := r.written()
			if err := r.run(hint("evt_1", "pi_stranger", row)); err != nil {
				t.Fatal(err)
			}
			r.shows(row, c.want)
			if n := r.written() - before; (n == 0) != (c.want == 0) || len(r.unfinished()) != 0 {
				t.Errorf("%d rows were written, going on is %v", n, r.unfinished())
			}
		})
	}
}

// TestASessionVouchesForItsIntent: a link that was made elsewhere names the row
// on the session alone.
func TestASessionVouchesForItsIntent(t *testing.T) {
	r := newRig(t)
	defer r.close()
	row, _ := r.row(1)
	in := succeeded("pi_9", "")
	r.stripe.put(in)
	r.stripe.sessions["cs_9"] = payment.Session{
		ID: "cs_9", Status: payment.SessionComplete, PaymentStatus: "paid", AmountTotal: 1250, Currency: "eur",
		Link: payment.Link{CRMPaymentID: row}, Intent: &in,
	}
	if err := r.run(fmt.Sprintf(`{"v":1,"event":"evt_1","type":"checkout.session.completed","livemode":false,"checkoutSession":"cs_9","paymentIntent":"pi_9","crmPaymentId":%q}`, row)); err != nil {
		t.Fatal(err)
	}
	r.shows(row, payment.Completed)
}

// TestTwoObjectsOfOneHintDoNotSendItBackAndForth: each names another row, and
// neither knows the other.
func TestTwoObjectsOfOneHintDoNotSendItBackAndForth(t *testing.T) {
	r := newRig(t)
	defer r.close()
	first, _ := r.row(1)
	second, intent := r.row(2)
	r.stripe.sessions["cs_1"] = payment.Session{
		ID: "cs_1", Status: payment.SessionOpen, PaymentStatus: "unpaid", AmountTotal: 1250, Currency: "eur", Link: payment.Link{CRMPaymentID: first},
	}
	batch := []string{fmt.Sprintf(`{"v":1,"event":"evt_1","type":"x","livemode":false,"checkoutSession":"cs_1","paymentIntent":%q,"crmPaymentId":%q}`, intent, first)}
	for n := 0; len(batch) > 0; n++ {
		if n == 3 {
			t.Fatalf("it still goes on: %v", batch)
		}
		if err := r.run(batch...); err != nil {
			t.Fatal(err)
		}
		batch = r.unfinished()
	}
	r.shows(first, 0)
	r.shows(second, payment.Completed)
}

package crmupdate_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/stripeapi"
	cloud "paybridge/standin/dataverse"
)

func TestHintsOfOnePaymentAreOneWrite(t *testing.T) {
	r := newRig(t)
	defer r.close()
	row, intent := r.row(1)
	if err := r.run(hint("evt_1", intent, row), hint("evt_2", intent, "{"+strings.ToUpper(row)+"}"), hint("evt_1", intent, row)); err != nil {
		t.Fatal(err)
	}
	r.shows(row, payment.Completed)
	if want := []string{intent}; !slices.Equal(r.stripe.reads, want) {
		t.Errorf("Stripe was asked for %v", r.stripe.reads)
	}
	if counts := r.cloud.Counts(); r.rows.saves != 1 || counts["part PATCH"] != 3 {
		t.Errorf("%d saves wrote %d rows, want the payment and two events in one", r.rows.saves, counts["part PATCH"])
	}
}

func TestManyPaymentsAreOneReadAndOneWrite(t *testing.T) {
	r := newRig(t)
	defer r.close()
	var bodies, ids []string
	for n := range 32 {
		row, intent := r.row(n + 1)
		ids = append(ids, row)
		bodies = append(bodies, hint(fmt.Sprintf("evt_%d", n), intent, row))
	}
	before := r.cloud.Counts()["batch"]
	if err := r.run(bodies...); err != nil {
		t.Fatal(err)
	}
	for _, row := range ids {
		r.shows(row, payment.Completed)
	}
	if trips := r.cloud.Counts()["batch"] - before; trips != 2 {
		t.Errorf("%d round trips to the CRM, want 2", trips)
	}
}

// TestHintsThatNameTheRowInDifferentWaysMeet groups a hint that names the row
// with one that is found by the charge alone.
func TestHintsThatNameTheRowInDifferentWaysMeet(t *testing.T) {
	r := newRig(t)
	defer r.close()
	row, intent := r.row(1)
	r.stripe.charges["ch_1"] = intent
	if err := r.run(hint("evt_1", intent, row), `{"v":1,"event":"evt_2","type":"charge.refunded","livemode":false,"charge":"ch_1"}`); err != nil {
		t.Fatal(err)
	}
	r.shows(row, payment.Completed)
	if r.rows.saves != 1 {
		t.Errorf("%d saves, want 1", r.rows.saves)
	}
}

func TestHintsOfNothingAreDone(t *testing.T) {
	r := newRig(t)
	defer r.close()
	row, _ := r.row(1)
	r.stripe.put(succeeded("pi_foreign", ""))
	other := succeeded("pi_other", row)
	other.Link.CRMOrg = "fabrikam.crm.dynamics.com"
	r.stripe.put(other)
	r.stripe.charges["ch_none"] = ""
	err := r.run(`{"v":1,"livemode":false}`, `{"v":1,"event":"evt_1","livemode":false,"refund":"re_1"}`, "poison",
		`{"v":1,"event":"evt_2","livemode":false,"paymentIntent":"pi_foreign"}`, `{"v":1,"event":"evt_3","livemode":false,"paymentIntent":"pi_other"}`,
		`{"v":1,"event":"evt_4","livemode":false,"charge":"ch_none"}`)
	if err != nil {
		t.Fatal(err)
	}
	r.shows(row, 0)
	if n := r.written(); n != 0 {
		t.Errorf("%d rows were written", n)
	}
}

// TestChangedRowMakesBothEndsBeReadAgain lets a person write the row and Stripe
// refund the payment between the reading and the writing.
func TestChangedRowMakesBothEndsBeReadAgain(t *testing.T) {
	r := newRig(t)
	defer r.close()
	row, intent := r.row(1)
	r.rows.beforeSave = func(n int) {
		if n > 2 {
			return
		}
		r.crm(http.MethodPatch, "pb_payments("+row+")", fmt.Sprintf(`{"pb_name":"by Ann %d"}`, n))
		refunded := succeeded(intent, row)
		refunded.Charge.AmountRefunded = int64(625 * n)
		r.stripe.put(refunded)
	}
	if err := r.run(hint("evt_1", intent, row)); err != nil {
		t.Fatal(err)
	}
	r.shows(row, payment.Refunded)
	if text := r.crm(http.MethodGet, "pb_payments("+row+")?$select=pb_name", ""); !strings.Contains(text, "by Ann 2") {
		t.Errorf("Ann's change is lost: %s", text)
	}
	if len(r.stripe.reads) != 3 || len(r.rows.loads) != 3 {
		t.Errorf("Stripe was read %d times and the row %d times, want 3 and 3", len(r.stripe.reads), len(r.rows.loads))
	}
	if !strings.Contains(r.log.String(), `"conflicts":2`) {
		t.Errorf("the log does not tell of 2 conflicts: %s", r.log)
	}
}

// TestColumnsThatTheCRMRefusesNeedReview lets Dataverse refuse the columns of
// the row, but not the reason.
func TestColumnsThatTheCRMRefusesNeedReview(t *testing.T) {
	refusals := 1
	r := newRig(t, func(c *cloud.Config) {
		c.PartFaults = func(method, path string, _ http.Header) *cloud.Fault {
			if method != http.MethodPatch || !strings.HasPrefix(path, "pb_payments") || refusals == 0 {
				return nil
			}
			refusals--
			return &cloud.Fault{Status: http.StatusBadRequest, Code: "0x80044331", Message: "A validation error occurred: too long."}
		}
	})
	defer r.close()
	row, intent := r.row(1)
	if err := r.run(hint("evt_1", intent, row)); err != nil {
		t.Fatal(err)
	}
	r.shows(row, 0)
	if text := r.lastError(row); !strings.Contains(text, "Needs review") {
		t.Errorf("the row says %s", text)
	}
	// Once mended, the same event brings the row up to date and clears it.
	if err := r.run(hint("evt_1", intent, row)); err != nil {
		t.Fatal(err)
	}
	r.shows(row, payment.Completed)
	if text := r.lastError(row); strings.Contains(text, "Needs review") {
		t.Errorf("the row still says %s", text)
	}
}

func TestWhatAPersonHasToSettle(t *testing.T) {
	for name, c := range map[string]struct {
		row    string // columns that are set before
		change func(*payment.Intent)
		want   string
		mend   string // columns that a person corrects; Stripe is as it should be then
	}{
		"another amount":   {change: func(in *payment.Intent) { in.Amount = 1300 }, want: "The row asks for 12.5 EUR"},
		"another currency": {change: func(in *payment.Intent) { in.Currency = "usd" }, want: "is in USD"},
		"unknown status":   {change: func(in *payment.Intent) { in.Status = "hibernating" }, want: "hibernating"},
		"unknown dispute": {change: func(in *payment.Intent) {
			in.Charge.Disputed, in.Charge.Dispute = true, &payment.Dispute{ID: "dp_1", Status: "pondering"}
		}, want: "pondering"},
		"a payment of the other mode": {row: `{"pb_livemode":true,"pb_status":884200001,"pb_paymentintentid":"pi_live"}`, want: "live mode", mend: `{"pb_paymentintentid":null}`},
		"an id that Stripe has not":   {row: `{"pb_paymentintentid":"pi_gone"}`, want: "pi_gone", mend: `{"pb_paymentintentid":null}`},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			defer r.close()
			row, intent := r.row(1)
			if c.row != "" {
				r.crm(http.MethodPatch, "pb_payments("+row+")", c.row)
			}
			if c.change != nil {
				in := succeeded(intent, row)
				c.change(&in)
				r.stripe.put(in)
			}
			before := r.crm(http.MethodGet, "pb_payments("+row+")?$select=pb_status,pb_amountreceived", "")
			for range 2 {
				if err := r.run(hint("evt_1", intent, row)); err != nil {
					t.Fatal(err)
				}
			}
			if text := r.lastError(row); !strings.Contains(text, c.want) || !strings.Contains(text, "Needs review: ") {
				t.Errorf("the row says %s", text)
			}
			after := r.crm(http.MethodGet, "pb_payments("+row+")?$select=pb_status,pb_amountreceived", "")
			if cutETag(after) != cutETag(before) {
				t.Errorf("the row was overwritten: %s, before %s", after, before)
			}
			if n := r.written(); n != 2 {
				t.Errorf("%d rows were written, want the reason and the event once", n)
			}
			// Once a person has settled it, the next hint clears it, and the
			// event that could not be applied before is applied now.
			r.stripe.put(succeeded(intent, row))
			if c.mend != "" {
				r.crm(http.MethodPatch, "pb_payments("+row+")", c.mend)
			}
			if err := r.run(hint("evt_1", intent, row)); err != nil {
				t.Fatal(err)
			}
			r.shows(row, payment.Completed)
			if text := r.lastError(row); strings.Contains(text, "Needs review") {
				t.Errorf("settled, the row still says %s", text)
			}
			if text := r.crm(http.MethodGet, "pb_paymentevents(pb_stripeeventid='evt_1')?$select=pb_outcome", ""); !strings.Contains(text, "884200000") {
				t.Errorf("settled, the event is %s", text)
			}
		})
	}
}

// TestARefusalThatIsDeliveredAgainWritesNothing: Stripe names another request
// each time, which is no news to anybody.
func TestARefusalThatIsDeliveredAgainWritesNothing(t *testing.T) {
	r := newRig(t)
	defer r.close()
	row, intent := r.row(1)
	n := 0
	r.stripe.fail = func(string) error {
		n++
		return &outcome.Error{Class: outcome.Review, Err: &stripeapi.Error{Status: http.StatusBadRequest, Message: "Bad", RequestID: fmt.Sprintf("req_%d", n)}}
	}
	state := func() string {
		return r.lastError(row) + r.crm(http.MethodGet, "pb_paymentevents(pb_stripeeventid='evt_1')", "")
	}
	if err := r.run(hint("evt_1", intent, row)); err != nil {
		t.Fatal(err)
	}
	told := state()
	if !strings.Contains(told, "req_1") || !strings.Contains(told, "Look for the request") {
		t.Errorf("told is %s", told)
	}
	if err := r.run(hint("evt_1", intent, row)); err != nil {
		t.Fatal(err)
	}
	if now := state(); now != told || n != 2 {
		t.Errorf("after %d requests %s, before %s", n, now, told)
	}
}

// cutETag leaves the version of a row out.
func cutETag(row string) string {
	before, rest, _ := strings.Cut(row, `"@odata.etag":"`)
	_, after, _ := strings.Cut(rest, `",`)
	return before + after
}

// TestLastErrorOfOthersIsKept leaves alone what somebody else wrote there.
func TestLastErrorOfOthersIsKept(t *testing.T) {
	r := newRig(t)
	defer r.close()
	row, intent := r.row(1)
	r.crm(http.MethodPatch, "pb_payments("+row+")", `{"pb_lasterror":"The refund was refused."}`)
	if err := r.run(hint("evt_1", intent, row)); err != nil {
		t.Fatal(err)
	}
	r.shows(row, payment.Completed)
	if text := r.lastError(row); !strings.Contains(text, "The refund was refused.") {
		t.Errorf("the row says %s", text)
	}
}

func TestIdOfAnotherRowNeedsReview(t *testing.T) {
	r := newRig(t)
	defer r.close()
	r.config.Backoff = quick
	row, intent := r.row(1)
	owner, _ := r.row(2)
	r.crm(http.MethodPatch, "pb_payments("+owner+")", `{"pb_paymentintentid":"`+intent+`"}`)
	if err := r.run(hint("evt_1", intent, row)); err != nil {
		t.Fatal(err)
	}
	if text := r.lastError(row); !strings.Contains(text, intent) {
		t.Errorf("the row says %s", text)
	}
	r.shows(row, 0)
}

// TestTroubleOfOnePaymentPasses lets Stripe fail for one payment only for a
// while, so that the same invocation brings both up to date.
func TestTroubleOfOnePaymentPasses(t *testing.T) {
	r := newRig(t)
	defer r.close()
	r.config.Backoff = quick
	good, goodIntent := r.row(1)
	bad, badIntent := r.row(2)
	failures := 3
	r.stripe.fail = func(id string) error {
		if id != badIntent || failures == 0 {
			return nil
		}
		failures--
		return errors.New("something that nobody has classified")
	}
	if err := r.run(hint("evt_1", goodIntent, good), hint("evt_2", badIntent, bad)); err != nil {
		t.Fatalf("%v of class %v", err, outcome.Of(err))
	}
	r.shows(good, payment.Completed)
	r.shows(bad, payment.Completed)
	if got := slices.Sorted(slices.Values(r.stripe.reads)); !slices.Equal(got, []string{goodIntent, badIntent, badIntent, badIntent, badIntent}) {
		t.Errorf("Stripe was asked for %v", got)
	}
}

// TestHintsThatMeetLateKeepTheOlderRow: one hint names the row and is ready
// first, one finds it by the charge. Somebody writes the row between the two
// readings; then nothing may be written for what was read before that.
func TestHintsThatMeetLateKeepTheOlderRow(t *testing.T) {
	r := newRig(t)
	defer r.close()
	r.config.Backoff = quick
	row, intent := r.row(1)
	r.stripe.charges["ch_1"] = intent
	once := true
	r.stripe.fail = func(id string) error {
		if id == "ch_1" && once {
			once = false
			r.crm(http.MethodPatch, "pb_payments("+row+")", `{"pb_name":"by Ann"}`)
			refunded := succeeded(intent, row)
			refunded.Charge.AmountRefunded = 1250
			r.stripe.put(refunded)
		}
		return nil
	}
	if err := r.run(hint("evt_1", intent, row), `{"v":1,"event":"evt_2","type":"charge.refunded","livemode":false,"charge":"ch_1"}`); err != nil {
		t.Fatal(err)
	}
	r.shows(row, payment.Refunded)
	if !strings.Contains(r.log.String(), `"event":"evt_2"`) || strings.Count(r.log.String(), `"msg":"hint"`) != 2 {
		t.Errorf("the log is %s", r.log)
	}
}

// TestVeryManyHintsOfOnePayment: what does not fit into one transaction is
// written in the next, and no event is forgotten.
func TestVeryManyHintsOfOnePayment(t *testing.T) {
	for _, n := range []int{100, 101} {
		r := newRig(t)
		row, intent := r.row(1)
		var bodies []string
		for i := range n {
			bodies = append(bodies, hint(fmt.Sprintf("evt_%d", i), intent, row))
		}
		if err := r.run(bodies...); err != nil {
			t.Fatal(err)
		}
		r.shows(row, payment.Completed)
		text := r.crm(http.MethodGet, "pb_paymentevents?$select=pb_stripeeventid", "")
		if got := strings.Count(text, `"pb_stripeeventid"`); got != n {
			t.Errorf("%d of %d events are in the timeline", got, n)
		}
		if r.rows.most != 100 {
			t.Errorf("of %d events up to %d were written at once", n, r.rows.most)
		}
		r.close()
	}
}

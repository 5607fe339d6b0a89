package judge_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/crm"
	"paybridge/internal/judge"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
)

// TestShow: what a row has to show of what Stripe says, and of why it cannot.
func TestShow(t *testing.T) {
	b := newTable(t, crm.PaymentMapping())
	of := func(intents ...payment.Intent) payment.Facts { return payment.Facts{Intents: intents} }
	const told = `,"pb_lasterror":"Needs review: Stripe has no such object."`
	for name, c := range map[string]struct {
		columns string
		facts   payment.Facts
		err     error
		outcome crm.EventOutcome
		detail  string
		status  payment.Status
		// lastError is what is written there, nothing at all where it is "stays".
		lastError any
		columnsOf int
	}{
		"received":             {"", of(received("pi_1", 0)), nil, crm.Applied, "Completed: 12.50 EUR received.", payment.Completed, "stays", 8},
		"some of it went back": {"", of(received("pi_1", 250)), nil, crm.Applied, "Partially refunded: 12.50 EUR received, 2.50 EUR refunded.", payment.PartiallyRefunded, "stays", 8},
		"nothing received":     {"", of(payment.Intent{ID: "pi_1", Status: payment.IntentProcessing, Amount: 1250, Currency: "eur"}), nil, crm.Applied, "Processing.", payment.Processing, "stays", 5},
		"settled":              {told, of(received("pi_1", 0)), nil, crm.Applied, "Completed: 12.50 EUR received.", payment.Completed, nil, 9},
		"a refusal stays":      {`,"pb_lasterror":"Request refused: No."`, of(received("pi_1", 0)), nil, crm.Applied, "Completed: 12.50 EUR received.", payment.Completed, "stays", 8},
		"paid twice":           {"", of(received("pi_1", 0), received("pi_2", 0)), nil, crm.NeedsReview, "Paid twice: money was received on pi_1 and pi_2. Refund all but one of them in Stripe.", 0, "Needs review: Paid twice: money was received on pi_1 and pi_2. Refund all but one of them in Stripe.", 1},
		"cannot be read":       {"", payment.Facts{}, errGone, crm.NeedsReview, "Stripe has no such object.", 0, "Needs review: Stripe has no such object.", 1},
		"told so already":      {told, payment.Facts{}, errGone, crm.NeedsReview, "Stripe has no such object.", 0, "stays", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := judge.Show(b.row(c.columns), c.facts, c.err)
			if err != nil {
				t.Fatal(err)
			}
			if s.Outcome != c.outcome || s.Detail != c.detail || s.Status != c.status {
				t.Errorf("%v %q %v, want %v %q %v", s.Outcome, s.Detail, s.Status, c.outcome, c.detail, c.status)
			}
			var lastError any = "stays"
			if value, written := s.Values["pb_lasterror"]; written {
				lastError = value
			}
			if lastError != c.lastError || len(s.Values) != c.columnsOf {
				t.Errorf("writes %v, want %d columns and the last error %v", s.Values, c.columnsOf, c.lastError)
			}
		})
	}
}

// TestShowAgain: a row that shows it already is not written, and what may succeed
// later is not shown to a person.
func TestShowAgain(t *testing.T) {
	b := newTable(t, crm.PaymentMapping())
	row, facts := b.row(""), payment.Facts{Intents: []payment.Intent{received("pi_1", 0)}}
	first, err := judge.Show(row, facts, nil)
	if err != nil {
		t.Fatal(err)
	}
	row = b.write(row, first.Values)
	again, err := judge.Show(row, facts, nil)
	if err != nil || again.Outcome != crm.NoChange || len(again.Values) > 0 || again.Detail != first.Detail || again.Status != payment.Completed {
		t.Errorf("%+v, %v", again, err)
	}
	busy := outcome.Againf("too many requests")
	if s, err := judge.Show(row, facts, busy); !errors.Is(err, busy) || !cmp.Equal(s, judge.Showing{}) {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestShowWhatTheMappingLacks: the state is known, the row cannot show it.
func TestShowWhatTheMappingLacks(t *testing.T) {
	m := crm.PaymentMapping()
	delete(m.StatusValues, payment.Completed)
	s, err := judge.Show(newTable(t, m).row(""), payment.Facts{Intents: []payment.Intent{received("pi_1", 0)}}, nil)
	if err != nil || s.Outcome != crm.NeedsReview || s.Status != payment.Completed || !strings.Contains(s.Detail, "no value for the status Completed") {
		t.Errorf("%+v, %v", s, err)
	}
	if said := s.Values["pb_lasterror"]; said != payment.ReviewPrefix+s.Detail || len(s.Values) != 1 {
		t.Errorf("writes %v", s.Values)
	}
}

// TestReviewWithoutARow has the timeline alone to tell.
func TestReviewWithoutARow(t *testing.T) {
	if diff := cmp.Diff(judge.Showing{Outcome: crm.NeedsReview, Detail: "No."}, judge.Review(nil, "No.")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestTold: whoever was told that the row cannot show something need not be told
// again, for whatever reason it cannot.
func TestTold(t *testing.T) {
	const detail = "Completed: 12.50 EUR received."
	cannot := judge.CannotShow(detail, outcome.Reviewf("a plug-in said no"))
	if want := detail + " The row cannot show it: A plug-in said no."; cannot != want {
		t.Errorf("%q, want %q", cannot, want)
	}
	if twice := judge.CannotShow(cannot, outcome.Reviewf("another one did")); twice != cannot {
		t.Errorf("told twice it is %q", twice)
	}
	s := judge.Showing{Detail: detail}
	for text, want := range map[string]bool{
		cannot:                        true,
		payment.ReviewPrefix + cannot: true,
		judge.CannotShow(detail, outcome.Reviewf("another one did")): true,
		judge.CannotShow("Processing.", outcome.Reviewf("no")):       false,
		payment.ReviewPrefix + detail:                                false,
		payment.RefusalPrefix + cannot:                               false,
		"":                                                           false,
	} {
		if got := s.Told(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	refused := judge.Showing{Detail: "Stripe refused to tell: No (req_1)."}
	if !refused.Told(judge.CannotShow("Stripe refused to tell: No (req_2).", outcome.Reviewf("no"))) {
		t.Error("the id of a request makes it another text")
	}
}

// TestUnsatisfied: somebody has to do something, or to be told that nobody can.
func TestUnsatisfied(t *testing.T) {
	paid := payment.Facts{Intents: []payment.Intent{received("pi_1", 0)}}
	for name, c := range map[string]struct {
		request   payment.Request
		lastError string
		facts     payment.Facts
		want      bool
	}{
		"asks for nothing":          {payment.RequestNone, "", paid, false},
		"was never asked":           {0, "", paid, false},
		"to be paid, and was":       {payment.RequestPay, "", paid, false},
		"to be refunded":            {payment.RequestRefund, "", paid, true},
		"refunded":                  {payment.RequestRefund, "", payment.Facts{Intents: []payment.Intent{received("pi_1", 1250)}}, false},
		"cannot be canceled":        {payment.RequestCancel, "", paid, true},
		"cannot be, and was told":   {payment.RequestCancel, payment.RefusalPrefix + "No.", paid, false},
		"cannot be, told otherwise": {payment.RequestCancel, payment.ReviewPrefix + "No.", paid, true},
	} {
		t.Run(name, func(t *testing.T) {
			row := &crm.Row{Row: payment.Row{ID: mine, Currency: "eur", Ask: payment.Ask{Request: c.request}, LastError: c.lastError}}
			if got := judge.Unsatisfied(row, c.facts); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

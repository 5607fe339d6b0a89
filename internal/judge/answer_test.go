package judge_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"paybridge/internal/crm"
	"paybridge/internal/dataverse"
	"paybridge/internal/judge"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/truth"
)

// TestAsks: a row on which nobody chose asks for as little as one that says None.
func TestAsks(t *testing.T) {
	for _, request := range append(payment.Requests(), 0) {
		row := &crm.Row{Row: payment.Row{Ask: payment.Ask{Request: request}}}
		if got, want := judge.Asks(row), request != 0 && request != payment.RequestNone; got != want {
			t.Errorf("%v: %v, want %v", request, got, want)
		}
	}
}

// TestIdle: who asks for nothing is looked at only where something was made, or
// where a person had something to settle.
func TestIdle(t *testing.T) {
	for name, c := range map[string]struct {
		lastError string
		named     truth.Names
		want      bool
	}{
		"nothing to look for":    {"", truth.Names{}, true},
		"a refusal":              {payment.RefusalPrefix + "No.", truth.Names{}, true},
		"something to settle":    {payment.ReviewPrefix + "Paid twice.", truth.Names{}, false},
		"an intent was made":     {"", truth.Names{Intents: []string{"pi_1"}}, false},
		"a session was made too": {"", truth.Names{Sessions: []string{"cs_1"}}, false},
	} {
		if got := judge.Idle(&crm.Row{Row: payment.Row{LastError: c.lastError}}, c.named); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestLook: what a person has to settle stands where there was nothing to see.
func TestLook(t *testing.T) {
	const said = "Needs review: Paid twice."
	row := &crm.Row{Row: payment.Row{LastError: said}}
	for name, c := range map[string]struct {
		facts payment.Facts
		err   error
		want  judge.Answer
	}{
		"an intent":      {payment.Facts{Intents: make([]payment.Intent, 1)}, nil, judge.Answer{}},
		"a session":      {payment.Facts{Sessions: make([]payment.Session, 1)}, nil, judge.Answer{}},
		"nothing":        {payment.Facts{}, nil, judge.Answer{Blind: true, Reason: said}},
		"cannot be read": {payment.Facts{Intents: make([]payment.Intent, 1)}, errGone, judge.Answer{Blind: true, Reason: said}},
	} {
		var got judge.Answer
		got.Look(row, c.facts, c.err)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

// TestTell: the first reason stays, and begins with what kind it is of.
func TestTell(t *testing.T) {
	var a judge.Answer
	a.Tell(&payment.Refusal{Reason: "the row has no amount"})
	a.Tell(errors.New("too late"))
	if want := "Request refused: The row has no amount."; a.Reason != want {
		t.Errorf("%q, want %q", a.Reason, want)
	}
	a = judge.Answer{}
	a.Tell(outcome.Reviewf("no such object"))
	if want := "Needs review: No such object."; a.Reason != want {
		t.Errorf("%q, want %q", a.Reason, want)
	}
}

// TestAnswer: the columns that a row is written of what it asks for.
func TestAnswer(t *testing.T) {
	b := newTable(t, crm.PaymentMapping())
	const (
		pay, cancel = `,"pb_request":884200001`, `,"pb_request":884200002`
		refused     = `,"pb_lasterror":"Request refused: No."`
		twice       = "Needs review: Paid twice: money was received on pi_1 and pi_2. Refund all but one of them in Stripe."
		handled     = "Pay 12.5 EUR by PaymentIntent"
	)
	shown := func(s payment.Status) int64 { return int64(crm.PaymentMapping().StatusValues[s]) }
	requested, canceled, no := shown(payment.Requested), shown(payment.Canceled), &payment.Refusal{Reason: "No."}
	for name, c := range map[string]struct {
		columns string
		facts   payment.Facts
		blind   bool
		tell    error
		status  payment.Status
		want    dataverse.Values
	}{
		"it waits for Stripe":            {columns: pay, status: payment.Requested, want: dataverse.Values{"pb_status": requested, "pb_handledrequest": handled}},
		"it was refused":                 {columns: pay, tell: no, status: payment.Requested, want: dataverse.Values{"pb_status": requested, "pb_lasterror": "Request refused: No."}},
		"it was refused before":          {columns: pay + refused, status: payment.Requested, want: dataverse.Values{"pb_status": requested, "pb_handledrequest": handled, "pb_lasterror": nil}},
		"it was refused as before":       {columns: pay + refused, blind: true, tell: no},
		"Stripe cannot be read":          {columns: pay, blind: true, tell: errGone, want: dataverse.Values{"pb_lasterror": "Needs review: Stripe has no such object."}},
		"it asks for nothing":            {},
		"it asks for nothing any more":   {columns: `,"pb_handledrequest":"Cancel"`, want: dataverse.Values{"pb_handledrequest": "None"}},
		"it was canceled before":         {columns: cancel + `,"pb_handledrequest":"Cancel"`, status: payment.Canceled, want: dataverse.Values{"pb_status": canceled}},
		"a disagreement hides a refusal": {columns: cancel, facts: payment.Facts{Intents: []payment.Intent{received("pi_1", 0), received("pi_2", 0)}}, tell: no, want: dataverse.Values{"pb_lasterror": twice}},
	} {
		t.Run(name, func(t *testing.T) {
			a := judge.Answer{Blind: c.blind}
			if c.tell != nil {
				a.Tell(c.tell)
			}
			values := a.Values(b.row(c.columns), c.facts)
			for _, empty := range []string{"pb_livemode", "pb_amountreceived", "pb_amountrefunded"} {
				delete(values, empty) // A new row has neither a no nor a zero there.
			}
			if diff := cmp.Diff(c.want, values, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("writes, -want +got:\n%s", diff)
			}
			if a.Status != c.status {
				t.Errorf("status %v, want %v", a.Status, c.status)
			}
		})
	}
}

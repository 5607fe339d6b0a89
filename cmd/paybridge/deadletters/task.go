package deadletters

import (
	"fmt"
	"slices"

	"paybridge/internal/crm"
	"paybridge/internal/judge"
	"paybridge/internal/payment"
)

// task is one payment to compare, for all the letters that say the same about
// it.
type task struct {
	letters []*Letter
	// change is what the letters say of a row's change; where it is nil they say
	// hint, with what has been found out about it since.
	change *payment.RowChange
	hint   payment.Hint
	// row is the row that the payment is of, empty until known.
	row payment.RowID

	found  *crm.Row
	events map[string]crm.Event
	// showing is what the row has to show by what Stripe says.
	showing judge.Showing
	verdict Verdict
	done    bool
}

func newTask(l *Letter) *task {
	if l.Change != nil {
		return &task{change: l.Change, row: l.Change.Payment}
	}
	return &task{hint: *l.Hint, row: l.Row()}
}

// taskKey is the same for letters that say the same.
func taskKey(l *Letter) string {
	if l.Change != nil {
		return fmt.Sprint("change ", l.Change.Payment, l.Change.Attempts)
	}
	h := *l.Hint
	h.EventID, h.Type, h.Created, h.Deliveries, h.Refund, h.Dispute = "", "", 0, 0, "", ""
	return fmt.Sprintf("hint %+v", h)
}

func (t *task) finish(v Verdict) { t.verdict, t.done = v, true }

// by says how the row of the task is found.
func (t *task) by() crm.By {
	if t.change != nil {
		return crm.By{ID: t.row}
	}
	return crm.By{ID: t.row, PaymentIntent: t.hint.PaymentIntent, CheckoutSession: t.hint.CheckoutSession}
}

// deliver gives the letters their verdict, each with what its own event adds.
func (t *task) deliver() {
	for _, l := range t.letters {
		l.Verdict = t.verdict
		if l.Hint == nil || l.Hint.EventID == "" || t.events == nil {
			continue
		}
		event, recorded := t.events[l.Hint.EventID]
		l.Verdict.Untold = !recorded
		switch {
		case l.Verdict.State != OutOfStep:
		case t.found == nil && event.Tells(t.verdict.Detail):
			// Without a row the timeline is the only place to say so.
			l.Verdict.State = InStep
		case t.found != nil && event.Outcome == crm.NeedsReview && t.showing.Told(event.Detail):
			// The row takes no change, and a person knows.
			l.Verdict.State, l.Verdict.Detail, l.Verdict.Differences = InStep, event.Detail, nil
		}
	}
}

func (t *task) eventIDs() []string {
	var ids []string
	for _, l := range t.letters {
		if l.Hint != nil && l.Hint.EventID != "" && !slices.Contains(ids, l.Hint.EventID) {
			ids = append(ids, l.Hint.EventID)
		}
	}
	return ids
}

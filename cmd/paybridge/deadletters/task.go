package deadletters

import (
	"slices"

	"paybridge/internal/crm"
	"paybridge/internal/payment"
)

// task is one payment to compare, for all the letters that say the same about
// it.
type task struct {
	letters []*Letter
	account string
	// change says that the letters are changes of the row, not hints of Stripe's.
	change bool
	// row, intent and session are how the row is looked for; charge is what a
	// hint may name in their place.
	row                     payment.RowID
	intent, session, charge string
	// org is the CRM organisation that Stripe's object names.
	org string

	found   *crm.Row
	events  map[string]crm.Event
	verdict Verdict
	done    bool
}

func newTask(l *Letter) *task {
	if l.Change != nil {
		return &task{change: true, row: l.Change.Payment}
	}
	h := l.Hint
	return &task{account: h.Account, row: l.Row(), intent: h.PaymentIntent, session: h.CheckoutSession, charge: h.Charge, org: h.CRMOrg}
}

// taskKey is the same for letters that say the same.
func taskKey(l *Letter) string {
	if l.Change != nil {
		return "change " + string(l.Change.Payment)
	}
	h := l.Hint
	return "hint " + h.Account + " " + h.CRMOrg + " " + string(l.Row()) + " " + h.PaymentIntent + " " + h.CheckoutSession + " " + h.Charge
}

func (t *task) finish(v Verdict) { t.verdict, t.done = v, true }

// deliver gives the letters their verdict, each with what its own event adds.
func (t *task) deliver() {
	for _, l := range t.letters {
		l.Verdict = t.verdict
		if l.Hint == nil || l.Hint.EventID == "" || t.events == nil {
			continue
		}
		_, recorded := t.events[l.Hint.EventID]
		if l.Verdict.Untold = !recorded; recorded && t.found == nil && l.Verdict.State == OutOfStep {
			// Without a row the timeline is the only place to say so.
			l.Verdict.State = InStep
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

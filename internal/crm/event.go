package crm

import (
	"time"

	"paybridge/internal/payment"
)

// EventOutcome is what became of a Stripe event, as the timeline shows it.
type EventOutcome int

// The outcomes of an event. The zero value means that it is not recorded.
const (
	Applied EventOutcome = iota + 1
	NoChange
	NeedsReview
)

var eventOutcomeNames = [...]string{Applied: "applied", NoChange: "no change", NeedsReview: "needs review"}

// String returns the name used in logs.
func (o EventOutcome) String() string {
	if o < Applied || o > NeedsReview {
		return "not recorded"
	}
	return eventOutcomeNames[o]
}

// choice is the value of the column pb_outcome.
func (o EventOutcome) choice() int { return choiceBase + int(o) - 1 }

func eventOutcomeOf(choice int64) EventOutcome {
	for o := Applied; o <= NeedsReview; o++ {
		if int64(o.choice()) == choice {
			return o
		}
	}
	return 0
}

// Event is a row of the timeline pb_paymentevent: seeing it proves that the
// event was taken in.
type Event struct {
	// ID is the id of the Stripe Event, the alternate key of the row.
	ID, Type string
	// Occurred is the time that Stripe gives the event, UTC in whole seconds.
	Occurred time.Time
	Outcome  EventOutcome
	// Detail is one sentence for a person.
	Detail string
}

// Tells reports whether the event, as the timeline has it, tells a person this
// already.
func (e Event) Tells(detail string) bool {
	return e.Outcome == NeedsReview && payment.Alike(e.Detail, cut(detail, lengths.long))
}

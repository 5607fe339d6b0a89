package deadletters

import (
	"fmt"
	"slices"
	"strings"

	"paybridge/internal/crm"
	"paybridge/internal/dataverse"
	"paybridge/internal/payment"
)

// State says what a dead letter is still good for.
type State int

// The states of a dead letter.
const (
	// NotCompared: an end is not configured or does not answer.
	NotCompared State = iota
	// InStep: the row shows what Stripe says, or asks for nothing more. Somebody
	// else has healed it: reconcile, a later hint, a person.
	InStep
	// OutOfStep: the message would still change something.
	OutOfStep
	// LeftAlone: the message is about nothing of this CRM's. A function would
	// leave it alone.
	LeftAlone
	// Unreadable: no function can read the message, now or later.
	Unreadable
)

var stateNames = [...]string{
	NotCompared: "not compared", InStep: "in step already", OutOfStep: "still out of step", LeftAlone: "left alone", Unreadable: "unreadable",
}

// String returns what an operator reads, such as "still out of step".
func (s State) String() string {
	if s < NotCompared || s > Unreadable {
		return fmt.Sprintf("State(%d)", int(s))
	}
	return stateNames[s]
}

// Verdict is what comparing the two ends said about a dead letter.
type Verdict struct {
	State State
	// Row is the payment row, and Status what it shows; both are empty where
	// there is none.
	Row    payment.RowID
	Status string
	// Detail says in a sentence what State rests on.
	Detail string
	// Differences are the columns that would change, in alphabetical order.
	Differences []Difference
	// Untold says that the event of a hint is not in the timeline.
	Untold bool
}

// Difference is a column that would change.
type Difference struct {
	Column, Becomes string
}

// compared is a verdict about a row that is there.
func compared(row *crm.Row, mapping crm.Mapping, values dataverse.Values) Verdict {
	v := Verdict{State: InStep, Row: row.ID, Status: shown(row), Detail: "Both ends agree."}
	for column, value := range values {
		v.Differences = append(v.Differences, Difference{column, becomes(mapping, column, value)})
	}
	slices.SortFunc(v.Differences, func(a, b Difference) int { return strings.Compare(a.Column, b.Column) })
	if len(values) > 0 {
		v.State, v.Detail = OutOfStep, "The row does not show what is true at Stripe."
	}
	return v
}

// becomes writes a value for a person.
func becomes(mapping crm.Mapping, column string, value any) string {
	if column == mapping.Status {
		for status, number := range mapping.StatusValues {
			if fmt.Sprint(number) == fmt.Sprint(value) {
				return status.String()
			}
		}
	}
	if value == nil {
		return "(empty)"
	}
	return fmt.Sprint(value)
}

// shown is what the row says about itself.
func shown(row *crm.Row) string {
	text := "(no status)"
	if row.Recorded.Status != 0 {
		text = row.Recorded.Status.String()
	}
	switch {
	case strings.HasPrefix(row.LastError, payment.ReviewPrefix):
		text += ", needs review"
	case strings.HasPrefix(row.LastError, payment.RefusalPrefix):
		text += ", request refused"
	}
	return text
}

// unknown is the verdict of an end that cannot be read.
func unknown(doing string, err error) Verdict {
	return Verdict{State: NotCompared, Detail: payment.Sentence(fmt.Sprintf("%s: %v", doing, err))}
}

// unread is the verdict about a row of which Stripe cannot be read.
func unread(row *crm.Row, err error) Verdict {
	v := unknown("reading Stripe", err)
	v.Row, v.Status = row.ID, shown(row)
	return v
}

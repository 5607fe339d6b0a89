// Package deadletters looks after the messages that Service Bus gave up on: it
// reads what each was about, compares the payment's row with Stripe as the
// functions do, and so tells those that somebody else has healed meanwhile from
// those that still have something to say. Then they can be sent to their queue
// again, or dropped.
package deadletters

import (
	"context"
	"slices"
	"strconv"

	"paybridge/cmd/paybridge/queues"
	"paybridge/internal/payment"
)

// Letter is a dead letter and what can be made of it.
type Letter struct {
	queues.DeadLetter
	// Queue is the queue that the message was on.
	Queue string
	// Hint and Change are what the message says, by its queue: one of them is
	// set, or neither for a message that cannot be read; Unreadable says why.
	Hint       *payment.Hint
	Change     *payment.RowChange
	Unreadable error
	// Verdict is what Compare found.
	Verdict Verdict
}

// Kind is which direction a queue carries.
type Kind int

// The kinds of a queue.
const (
	Hints   Kind = iota + 1 // from Stripe to the CRM, PaymentEventsQueue
	Changes                 // from the CRM to Stripe, PaymentRequestsQueue
)

// Queue is a queue with what it carries.
type Queue struct {
	Name string
	Kind Kind
}

// newLetter reads a message as the function behind its queue does.
func newLetter(q Queue, dead queues.DeadLetter) *Letter {
	l := &Letter{DeadLetter: dead, Queue: q.Name}
	if q.Kind == Hints {
		hint, err := payment.DecodeHint(dead.Body)
		if l.Unreadable = err; err == nil {
			l.Hint = &hint
		}
		return l
	}
	change, err := payment.DecodeRowChange(dead.Body)
	if l.Unreadable = err; err == nil {
		l.Change = &change
	}
	return l
}

// Row returns the payment row that the message is about, empty where nobody
// knows.
func (l *Letter) Row() payment.RowID {
	switch {
	case l.Verdict.Row != "":
		return l.Verdict.Row
	case l.Change != nil:
		return l.Change.Payment
	case l.Hint != nil:
		id, _ := payment.ParseRowID(l.Hint.CRMPaymentID)
		return id
	default:
		return ""
	}
}

// earlier is how often what the message says was delivered in vain before it was
// sent.
func (l *Letter) earlier() int {
	switch {
	case l.Hint != nil:
		return l.Hint.Deliveries
	case l.Change != nil:
		return l.Change.Deliveries
	default:
		return 0
	}
}

// Names reports whether the text is one of the names of the message: its
// sequence number, its message id, its payment row, or the id of an event or of
// an object of Stripe's that it carries.
func (l *Letter) Names(text string) bool {
	if text == "" {
		return false
	}
	names := []string{l.MessageID}
	if h := l.Hint; h != nil {
		names = append(names, h.EventID, h.PaymentIntent, h.CheckoutSession, h.Charge, h.Refund, h.Dispute)
	}
	if l.numbered(text) || slices.Contains(names, text) {
		return true
	}
	id, err := payment.ParseRowID(text)
	return err == nil && id == l.Row()
}

// numbered reports whether the text is the letter's sequence number.
func (l *Letter) numbered(text string) bool { return strconv.FormatInt(l.SequenceNumber, 10) == text }

// Read returns up to limit dead letters of a queue from the sequence number on,
// and whether there are more.
func Read(ctx context.Context, ns queues.Namespace, q Queue, from int64, limit int) (letters []*Letter, more bool, err error) {
	box, err := ns.DeadLetters(q.Name)
	if err != nil {
		return nil, false, err
	}
	defer func() {
		if e := box.Close(ctx); err == nil {
			err = e
		}
	}()
	for {
		// One more than asked for tells whether there are more.
		page, err := box.Peek(ctx, from, min(limit+1-len(letters), queues.MaxPage))
		if err != nil {
			return nil, false, err
		}
		if len(page) == 0 {
			return letters, false, nil
		}
		for _, dead := range page {
			if len(letters) == limit {
				return letters, true, nil
			}
			letters = append(letters, newLetter(q, dead))
		}
		from = page[len(page)-1].SequenceNumber + 1
	}
}

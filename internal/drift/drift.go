// Package drift finds what is out of step between Stripe and the CRM: events
// that never arrived, rows that do not show what Stripe says, rows that wait
// or ask for something that nobody did. It changes nothing. Each finding comes
// with the message that makes the consumers look, and these make both ends
// agree.
//
// It asks in bulk and only about what is new. Everything that happens at
// either end is looked at a few times, when it has reached certain ages, and
// never again: a bookmark holds how far each look has come. So what a run costs
// grows with what happened since the last one, and not with what is settled.
package drift

import (
	"context"
	"time"

	"paybridge/internal/crm"
	"paybridge/internal/payment"
	"paybridge/internal/stripeapi"
)

// Stripe lists Stripe's objects; it is package stripeapi.
type Stripe interface {
	Page(ctx context.Context, q stripeapi.PageQuery) (page []stripeapi.Listed, more bool, err error)
}

// Rows asks the CRM; it is package crm over a Dataverse client.
type Rows interface {
	Match(ctx context.Context, match crm.Match) (crm.Matched, error)
	Scan(ctx context.Context, scans []crm.Scan) ([]crm.Scanned, error)
	Bookmark(ctx context.Context, name string) (crm.Bookmark, error)
	SaveBookmark(ctx context.Context, mark crm.Bookmark) error
}

// Config is what a Finder works with.
type Config struct {
	Stripe Stripe
	Rows   Rows
	// Livemode is the mode of this deployment, Org the host name of the CRM
	// organisation, in lower case.
	Livemode bool
	Org      string
	// After is how old something has to be before it counts as lost: younger
	// things are on their way. SweepAfter is the same for the slower sweeps,
	// over all events and objects.
	After, SweepAfter time.Duration
	// Window is how far back the first run looks, and the age at which a thing
	// is looked at for the last time.
	Window time.Duration
	// Limit is how many messages one run puts on each queue at most.
	Limit int
	// Budget is how long a run may look. Zero means two minutes.
	Budget time.Duration
	// Rate is how many requests a second a run makes of Stripe. Zero means 10,
	// of which Stripe allows 25 in test mode and 100 in live mode.
	Rate int
	// Now is the clock, time.Now when nil.
	Now func() time.Time

	// once leaves out all looks at a thing but the first.
	once bool
}

// Kind is the way in which something is out of step.
type Kind string

// The kinds of findings.
const (
	// Undelivered: Stripe could not deliver an event, and nobody took it in.
	Undelivered Kind = "undelivered"
	// Missed: nobody took an event in, although Stripe has delivered it or had
	// nobody to deliver it to.
	Missed Kind = "missed"
	// Stale: the row does not show what Stripe's object says.
	Stale Kind = "stale"
	// Unlinked: an object of Stripe's names a row that does not point to it.
	Unlinked Kind = "unlinked"
	// Unanswered: the row asks for something that was not carried out.
	Unanswered Kind = "unanswered"
	// Waiting: the row has waited for Stripe for a while.
	Waiting Kind = "waiting"
	// Deleted: an object of Stripe's names a row that is not there. Nothing can
	// be done about it.
	Deleted Kind = "deleted"
)

// Kinds returns all kinds in the order in which a report shows them.
func Kinds() []Kind {
	return []Kind{Undelivered, Missed, Stale, Unlinked, Unanswered, Waiting, Deleted}
}

// Finding is one thing that is out of step.
type Finding struct {
	Kind Kind
	// Object is the id of what was looked at: an event, an object of Stripe's or
	// a row. Payment is the row, empty where it is not known.
	Object  string
	Payment payment.RowID
	// Since is when it happened, UTC.
	Since time.Time
	// Detail says in a few words what is wrong.
	Detail string
	// Hint goes to the queue payment-events, or Change to payment-requests. Both
	// are nil where nothing can be done.
	Hint   *payment.Hint
	Change *payment.RowChange
}

// Queue is one of the two queues.
type Queue string

// The queues that findings go to.
const (
	Events   Queue = "payment-events"
	Requests Queue = "payment-requests"
)

// Message returns the message that makes a consumer look, and the queue that
// it goes to, which is empty where nothing can be done.
func (f Finding) Message() (Queue, []byte, error) {
	switch {
	case f.Hint != nil:
		body, err := f.Hint.Encode()
		return Events, body, err
	case f.Change != nil:
		body, err := f.Change.Encode()
		return Requests, body, err
	default:
		return "", nil, nil
	}
}

// subject is what findings about one payment have in common.
func (f Finding) subject() string {
	switch {
	case f.Payment != "":
		return string(f.Payment)
	case f.Hint != nil && f.Hint.PaymentIntent != "":
		return f.Hint.PaymentIntent
	default:
		return f.Object
	}
}

// Report is what a run found.
type Report struct {
	// Findings are in the order in which they are put on the queues: the oldest
	// payment first, what is about one payment together.
	Findings []Finding
	// Held is how many things are still out of step about which the consumers
	// were told in an earlier run. Given is how many of these were given up
	// until their next look.
	Held, Given int
	// StripeRequests and CRMRequests are what the run cost.
	StripeRequests, CRMRequests int
	// Cut says why the run ended before it had seen everything, empty when it
	// did not. The next one goes on there.
	Cut string
	// Slow says that the slower sweeps were part of the run.
	Slow bool

	bookmark crm.Bookmark
	moved    bool
}

// Count returns how many findings there are of a kind.
func (r *Report) Count(kind Kind) int {
	n := 0
	for _, f := range r.Findings {
		if f.Kind == kind {
			n++
		}
	}
	return n
}

package stripeapi

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"paybridge/internal/payment"

	"github.com/stripe/stripe-go/v76"
)

// List is one of Stripe's lists of objects.
type List string

// The lists that a sweep goes through.
const (
	// ListEvents has all events that PayBridge acts on but for those that
	// ListCreations has: Stripe takes no more than twenty types at once.
	//
	// Source: https://docs.stripe.com/api/events/list.
	ListEvents    List = "events"
	ListCreations List = "events of new PaymentIntents"
	ListIntents   List = "PaymentIntents"
	ListSessions  List = "Checkout Sessions"
	ListCharges   List = "charges"
	ListRefunds   List = "refunds"
	ListDisputes  List = "disputes"
)

// Events reports whether what is listed are events.
func (l List) Events() bool { return l == ListEvents || l == ListCreations }

// PageSize is how many objects one request lists at most. It is Stripe's limit.
const PageSize = 100

// typesOf :: a list of events → their types.
var typesOf = map[List][]string{
	ListEvents:    slices.DeleteFunc(EventTypes(), func(t string) bool { return t == creation }),
	ListCreations: {creation},
}

const creation = "payment_intent.created"

// PageQuery asks for one page of a list.
type PageQuery struct {
	List List
	// After is the id of an object of the list: the page is the one that follows
	// it in time. Before is one that the page precedes. At most one is given;
	// with neither the page is the newest one.
	After, Before string
	// From and Until bound the time at which the objects were made, both
	// inclusive, in whole seconds. Zero leaves that side open.
	From, Until time.Time
	// Size is how many objects are wanted at most; zero means PageSize.
	Size int
	// Undelivered leaves out the events that reached every webhook endpoint.
	Undelivered bool
}

// Listed is one object of a list, reduced to what it says of a payment.
type Listed struct {
	// ID and Created are those of the object itself: of the event, the charge.
	ID      string
	Created time.Time
	// Link is the row that the object or its PaymentIntent names.
	Link payment.Link
	// Hint names the objects; with an event it is what its webhook would have
	// put on the queue.
	Hint payment.Hint
	// Facts are the PaymentIntent with its latest charge, or the Checkout
	// Session with both. They are empty for an event, and for a charge that no
	// PaymentIntent made.
	Facts payment.Facts
}

// Page returns one page of a list, the oldest object first, and whether there
// are more in the direction in which it was asked. It is one request. An
// object After or Before which Stripe no longer knows is ErrNotFound.
//
// A disputed charge comes without its dispute, but in the list of disputes.
func (c *Client) Page(ctx context.Context, q PageQuery) (page []Listed, more bool, err error) {
	it := c.list(ctx, q)
	for it.Next() {
		listed, err := c.listed(it.Current())
		if err != nil {
			return nil, false, err
		}
		page = append(page, listed)
	}
	if err := it.Err(); err != nil {
		return nil, false, c.failed("listing "+string(q.List), err)
	}
	if q.After == "" {
		slices.Reverse(page)
	}
	return page, it.Meta().HasMore, nil
}

// iterator is what stripe-go's typed iterators have in common.
type iterator interface {
	Next() bool
	Current() any
	Err() error
	Meta() *stripe.ListMeta
}

// list asks for the page. stripe-go turns a page that was asked for by
// ending_before, so that it begins with the oldest.
func (c *Client) list(ctx context.Context, q PageQuery) iterator {
	params, created := q.params(ctx)
	expand := func(path string) []*string { return []*string{stripe.String(path)} }
	switch q.List {
	case ListEvents, ListCreations:
		p := &stripe.EventListParams{ListParams: params, CreatedRange: created, Types: stripe.StringSlice(typesOf[q.List])}
		if q.Undelivered {
			p.DeliverySuccess = stripe.Bool(false)
		}
		return c.api.Events.List(p)
	case ListSessions:
		return c.api.CheckoutSessions.List(&stripe.CheckoutSessionListParams{ListParams: params, CreatedRange: created, Expand: expand("data.payment_intent.latest_charge")})
	case ListCharges:
		return c.api.Charges.List(&stripe.ChargeListParams{ListParams: params, CreatedRange: created, Expand: expand("data.payment_intent.latest_charge")})
	case ListRefunds:
		return c.api.Refunds.List(&stripe.RefundListParams{ListParams: params, CreatedRange: created, Expand: expand("data.payment_intent.latest_charge")})
	case ListDisputes:
		return c.api.Disputes.List(&stripe.DisputeListParams{ListParams: params, CreatedRange: created, Expand: expand("data.payment_intent.latest_charge")})
	default:
		return c.api.PaymentIntents.List(&stripe.PaymentIntentListParams{ListParams: params, CreatedRange: created, Expand: expand("data.latest_charge")})
	}
}

func (q PageQuery) params(ctx context.Context) (stripe.ListParams, *stripe.RangeQueryParams) {
	size := q.Size
	if size == 0 {
		size = PageSize
	}
	params := stripe.ListParams{Context: ctx, Single: true, Limit: stripe.Int64(int64(size))}
	if q.After != "" {
		params.EndingBefore = stripe.String(q.After)
	}
	if q.Before != "" {
		params.StartingAfter = stripe.String(q.Before)
	}
	if q.From.IsZero() && q.Until.IsZero() {
		return params, nil
	}
	created := &stripe.RangeQueryParams{}
	if !q.From.IsZero() {
		created.GreaterThanOrEqual = q.From.Unix()
	}
	if !q.Until.IsZero() {
		created.LesserThanOrEqual = q.Until.Unix()
	}
	return params, created
}

// listed reduces an object.
func (c *Client) listed(object any) (Listed, error) {
	switch o := object.(type) {
	case *stripe.Event:
		return listedEvent(o), nil
	case *stripe.CheckoutSession:
		if !whole(o) {
			return Listed{}, unasked("listing Checkout Sessions")
		}
		s := factsOfSession(o)
		l := Listed{ID: s.ID, Created: s.Created, Link: s.Link, Hint: payment.Hint{CheckoutSession: s.ID, Livemode: s.Livemode}, Facts: payment.Facts{Sessions: []payment.Session{s}}}
		if s.Intent != nil {
			l.Hint.PaymentIntent = s.Intent.ID
		}
		return l.linked(), nil
	case *stripe.PaymentIntent:
		return listedUnder(o, o.ID, o.Created, payment.Hint{})
	case *stripe.Charge:
		return listedUnder(o.PaymentIntent, o.ID, o.Created, payment.Hint{Charge: o.ID})
	case *stripe.Refund:
		return listedUnder(o.PaymentIntent, o.ID, o.Created, payment.Hint{Refund: o.ID, Charge: chargeID(o.Charge)})
	case *stripe.Dispute:
		l, err := listedUnder(o.PaymentIntent, o.ID, o.Created, payment.Hint{Dispute: o.ID, Charge: chargeID(o.Charge)})
		for i := range l.Facts.Intents {
			if ch := l.Facts.Intents[i].Charge; ch != nil && ch.ID == chargeID(o.Charge) {
				ch.Dispute = factsOfDispute(o)
			}
		}
		return l, err
	default:
		return Listed{}, unasked("listing Stripe's objects")
	}
}

// listedUnder is an object that belongs to a PaymentIntent, which is nil for a
// charge that none made.
func listedUnder(pi *stripe.PaymentIntent, id string, created int64, hint payment.Hint) (Listed, error) {
	l := Listed{ID: id, Created: utc(created), Hint: hint}
	if pi == nil {
		return l, nil
	}
	if pi.Object == "" || !expanded(pi.LatestCharge) {
		return Listed{}, unasked("listing Stripe's objects")
	}
	in := factsOfIntent(pi)
	l.Link, l.Facts = in.Link, payment.Facts{Intents: []payment.Intent{in}}
	l.Hint.PaymentIntent, l.Hint.Livemode = in.ID, in.Livemode
	return l.linked(), nil
}

func (l Listed) linked() Listed {
	l.Hint.CRMPaymentID, l.Hint.CRMOrg = l.Link.CRMPaymentID, l.Link.CRMOrg
	return l
}

func chargeID(ch *stripe.Charge) string {
	if ch == nil {
		return ""
	}
	return ch.ID
}

// eventOf reads an event of the API, which has the form of a webhook's body.
func eventOf(e *stripe.Event) (Event, error) {
	w := wireEvent{ID: e.ID, Object: e.Object, Type: string(e.Type), Created: e.Created, Livemode: e.Livemode, Account: e.Account}
	if e.Data != nil {
		if err := json.Unmarshal(e.Data.Raw, &w.Data.Object); err != nil {
			return Event{}, readingError(err)
		}
	}
	return w.event()
}

// listedEvent reads an event as the webhook does. One that the webhook would
// have refused has no hint and no link: it must not hold up its neighbours.
func listedEvent(e *stripe.Event) Listed {
	l := Listed{ID: e.ID, Created: utc(e.Created)}
	event, err := eventOf(e)
	if err != nil {
		return l
	}
	l.Hint = event.Hint
	l.Link = payment.Link{CRMPaymentID: event.Hint.CRMPaymentID, CRMOrg: event.Hint.CRMOrg}
	return l
}

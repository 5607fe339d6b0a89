package stripeapi

import (
	"context"
	"time"

	"github.com/stripe/stripe-go/v76"
)

// Undelivered is what Stripe has not delivered everywhere.
type Undelivered struct {
	// Count is how many events of types that PayBridge acts on there are, as far
	// as was looked.
	Count int
	// Oldest is when the oldest of them came to be, zero where there is none.
	Oldest time.Time
	// More says that there were too many events to look at all.
	More bool
}

// maxUndelivered bounds how many events are looked at, in ten requests.
const maxUndelivered = 1000

// Undelivered counts the events from one time to another that at least one
// webhook endpoint has not taken yet, be it this app's or another's: Stripe does
// not say whose.
//
// Source: https://docs.stripe.com/api/events/list, delivery_success. It takes 20
// types at most, so the types are looked at here.
func (c *Client) Undelivered(ctx context.Context, from, to time.Time) (Undelivered, error) {
	params := &stripe.EventListParams{
		DeliverySuccess: stripe.Bool(false),
		CreatedRange:    &stripe.RangeQueryParams{GreaterThanOrEqual: from.Unix(), LesserThan: to.Unix()},
	}
	params.Context, params.Limit = ctx, stripe.Int64(100)
	var u Undelivered
	seen := 0
	list := c.api.Events.List(params)
	for list.Next() {
		if seen++; seen > maxUndelivered {
			u.More = true
			break
		}
		if e := list.Event(); kindOf(string(e.Type)) != kindIgnored {
			u.Count++
			u.Oldest = time.Unix(e.Created, 0).UTC()
		}
	}
	if err := list.Err(); err != nil {
		return Undelivered{}, c.failed("listing the events that are not delivered", err)
	}
	return u, nil
}

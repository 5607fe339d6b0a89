package stripeapi

import (
	"context"
	"time"
)

// Undelivered is what Stripe has not delivered everywhere.
type Undelivered struct {
	// Count is how many events there are, as far as was looked.
	Count int
	// Oldest is when the oldest of them came to be, zero where there is none.
	Oldest time.Time
	// More says that there are more than were looked at.
	More bool
}

// maxUndelivered bounds how many events are looked at, in ten requests.
const maxUndelivered = 10 * PageSize

// Undelivered counts the events from one time to another, both inclusive, that
// at least one webhook endpoint has not taken yet, be it this app's or
// another's: Stripe does not say whose. They are of the types that PayBridge
// acts on but for payment_intent.created, see ListEvents.
func (c *Client) Undelivered(ctx context.Context, from, until time.Time) (Undelivered, error) {
	var u Undelivered
	query := PageQuery{List: ListEvents, From: from, Until: until, Undelivered: true}
	for {
		page, more, err := c.Page(ctx, query)
		if err != nil {
			return Undelivered{}, err
		}
		u.Count += len(page)
		if len(page) == 0 {
			return u, nil
		}
		u.Oldest, query.Before = page[0].Created, page[0].ID
		if u.More = more; !more || u.Count >= maxUndelivered {
			return u, nil
		}
	}
}

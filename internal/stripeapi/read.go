package stripeapi

import (
	"context"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"

	"github.com/stripe/stripe-go/v76"
)

// Every method below takes the connected account (acct_…) that the object
// belongs to, empty for one's own. Every error it returns has a class of
// package outcome; one that Stripe answered with is an *Error, and is
// ErrNotFound when Stripe does not know the object.

// Intent reads a PaymentIntent with its latest charge, in one request, and in
// a second one the charge's newest dispute where it has one.
func (c *Client) Intent(ctx context.Context, account, id string) (payment.Intent, error) {
	doing := "reading PaymentIntent " + id
	if err := checkIDs(account, id, "pi"); err != nil {
		return payment.Intent{}, err
	}
	params := &stripe.PaymentIntentParams{Params: paramsFor(ctx, account)}
	params.AddExpand("latest_charge")
	pi, err := c.api.PaymentIntents.Get(id, params)
	if err != nil {
		return payment.Intent{}, c.failed(doing, err)
	}
	if pi.ID != id || !expanded(pi.LatestCharge) {
		return payment.Intent{}, outcome.Againf("%s: the answer is not what was asked for", doing)
	}
	in := factsOfIntent(pi)
	if err := c.addDispute(ctx, account, &in); err != nil {
		return payment.Intent{}, err
	}
	return in, nil
}

// Session reads a Checkout Session with its PaymentIntent and the intent's
// latest charge, in one request, and in a second one the charge's newest
// dispute where it has one.
func (c *Client) Session(ctx context.Context, account, id string) (payment.Session, error) {
	doing := "reading Checkout Session " + id
	if err := checkIDs(account, id, "cs"); err != nil {
		return payment.Session{}, err
	}
	params := &stripe.CheckoutSessionParams{Params: paramsFor(ctx, account)}
	params.AddExpand("payment_intent.latest_charge")
	s, err := c.api.CheckoutSessions.Get(id, params)
	if err != nil {
		return payment.Session{}, c.failed(doing, err)
	}
	if pi := s.PaymentIntent; s.ID != id || pi != nil && (pi.Object == "" || !expanded(pi.LatestCharge)) {
		return payment.Session{}, outcome.Againf("%s: the answer is not what was asked for", doing)
	}
	out := factsOfSession(s)
	if out.Intent != nil {
		if err := c.addDispute(ctx, account, out.Intent); err != nil {
			return payment.Session{}, err
		}
	}
	return out, nil
}

// Charge returns the id of the PaymentIntent that made a charge, for a hint
// that names the charge alone. It is empty for a charge that no PaymentIntent
// made.
func (c *Client) Charge(ctx context.Context, account, id string) (intentID string, err error) {
	doing := "reading charge " + id
	if err := checkIDs(account, id, "ch", "py"); err != nil {
		return "", err
	}
	ch, err := c.api.Charges.Get(id, &stripe.ChargeParams{Params: paramsFor(ctx, account)})
	if err != nil {
		return "", c.failed(doing, err)
	}
	if ch.ID != id {
		return "", outcome.Againf("%s: the answer is not what was asked for", doing)
	}
	if ch.PaymentIntent == nil {
		return "", nil
	}
	return ch.PaymentIntent.ID, nil
}

// Event reads an event as its webhook would have brought it. Stripe keeps
// events for 30 days.
func (c *Client) Event(ctx context.Context, id string) (Event, error) {
	doing := "reading event " + id
	if err := checkIDs("", id, "evt"); err != nil {
		return Event{}, err
	}
	e, err := c.api.Events.Get(id, &stripe.EventParams{Params: paramsFor(ctx, "")})
	if err != nil {
		return Event{}, c.failed(doing, err)
	}
	event, err := eventOf(e)
	if err != nil {
		return Event{}, outcome.Reviewf("%s: %w. Look at the event in Stripe's Dashboard.", doing, err)
	}
	return event, nil
}

// Ping asks Stripe for one PaymentIntent and looks only at whether it answers:
// the key is good, it may read PaymentIntents, and Stripe is reachable.
func (c *Client) Ping(ctx context.Context) error {
	params := &stripe.PaymentIntentListParams{}
	params.Context, params.Limit, params.Single = ctx, stripe.Int64(1), true
	if err := c.api.PaymentIntents.List(params).Err(); err != nil {
		return c.failed("asking Stripe for a PaymentIntent", err)
	}
	return nil
}

// addDispute fills in the newest dispute of the intent's charge. A charge says
// that it is disputed and not how: that is asked for separately.
func (c *Client) addDispute(ctx context.Context, account string, in *payment.Intent) error {
	if in.Charge == nil || !in.Charge.Disputed {
		return nil
	}
	doing := "reading the disputes of PaymentIntent " + in.ID
	params := &stripe.DisputeListParams{PaymentIntent: stripe.String(in.ID)}
	params.Context, params.Limit, params.Single = ctx, stripe.Int64(100), true
	if account != "" {
		params.SetStripeAccount(account)
	}
	var newest *stripe.Dispute
	all := c.api.Disputes.List(params)
	for all.Next() {
		d := all.Dispute()
		if d.Charge != nil && d.Charge.ID != in.Charge.ID {
			continue
		}
		// Stripe lists the newest first, so of two in one second the first.
		if newest == nil || d.Created > newest.Created {
			newest = d
		}
	}
	if err := all.Err(); err != nil {
		return c.failed(doing, err)
	}
	if newest == nil {
		return outcome.Againf("%s: the charge is disputed and no dispute is listed yet", doing)
	}
	in.Charge.Dispute = factsOfDispute(newest)
	return nil
}

// expanded reports whether the charge is there as an object. Where Stripe sent
// its id alone, stripe-go leaves everything else at zero, which would read as
// a charge that was not paid.
func expanded(c *stripe.Charge) bool { return c == nil || c.Object != "" }

// checkIDs refuses what must not reach a path or a header.
func checkIDs(account, id string, prefixes ...string) error {
	if !payment.ValidStripeID(id, prefixes...) {
		return outcome.Reviewf("%s is not an id of Stripe's that begins with %s_. Correct the ids on the row.", quoted(id), prefixes[0])
	}
	if account != "" && !payment.ValidStripeID(account, "acct") {
		return outcome.Reviewf("%s is not the id of a connected account. Correct the message, or take it off the queue.", quoted(account))
	}
	return nil
}

func paramsFor(ctx context.Context, account string) stripe.Params {
	p := stripe.Params{Context: ctx}
	if account != "" {
		p.StripeAccount = stripe.String(account)
	}
	return p
}

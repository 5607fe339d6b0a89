package stripeapi

import (
	"context"
	"fmt"
	"time"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"

	"github.com/stripe/stripe-go/v76"
)

// How many objects are looked at in search of those of one row.
const (
	maxFoundIntents   = 1000
	maxLookedSessions = 10_000
)

// FindIntents finds the PaymentIntents that name the row in their metadata, each
// with its latest charge and the charge's newest dispute. It asks Stripe's
// search, which lags behind by a minute and, when Stripe is in trouble, by much
// more: it finds what was left over earlier and is no lock against making one
// now. That is what idempotency keys are for. Accounts in India have no search
// and get an error of class Review.
//
// Source: https://docs.stripe.com/api/payment_intents/search; that a search
// result can be expanded is in https://docs.stripe.com/expand, "Lists".
func (c *Client) FindIntents(ctx context.Context, account string, rowID payment.RowID) ([]payment.Intent, error) {
	doing := "searching the PaymentIntents of row " + quoted(string(rowID))
	if err := checkRow(account, rowID); err != nil {
		return nil, err
	}
	params := &stripe.PaymentIntentSearchParams{SearchParams: stripe.SearchParams{
		Context: ctx,
		Limit:   stripe.Int64(100),
		Query:   fmt.Sprintf("metadata['%s']:'%s'", MetadataPaymentID, rowID),
	}}
	params.AddExpand("data.latest_charge")
	if account != "" {
		params.StripeAccount = stripe.String(account)
	}
	var out []payment.Intent
	seen := 0
	all := c.api.PaymentIntents.Search(params)
	for all.Next() {
		if seen++; seen > maxFoundIntents {
			return nil, outcome.Reviewf("%s: there are more than %d. Look for the cause in Stripe.", doing, maxFoundIntents)
		}
		pi := all.PaymentIntent()
		if !payment.ValidStripeID(pi.ID, "pi") || !expanded(pi.LatestCharge) {
			return nil, unasked(doing)
		}
		in := factsOfIntent(pi)
		if in.Link.CRMPaymentID != string(rowID) {
			continue // Stripe compares without regard to case.
		}
		if err := c.addDispute(ctx, account, &in); err != nil {
			return nil, err
		}
		out = append(out, in)
	}
	if err := all.Err(); err != nil {
		return nil, c.failed(doing, err)
	}
	return out, nil
}

// FindSessions finds the Checkout Sessions that name the row in their metadata
// or as client_reference_id and were made at or after since, the newest first,
// each as Session reads it. Stripe has no search for them, so every session
// since then is looked at: this is for the rare case that an idempotency key
// met other parameters, and since is a little before the key was first used.
// More than ten thousand sessions are an error of class Review.
func (c *Client) FindSessions(ctx context.Context, account string, rowID payment.RowID, since time.Time) ([]payment.Session, error) {
	doing := "listing the Checkout Sessions of row " + quoted(string(rowID))
	if err := checkRow(account, rowID); err != nil {
		return nil, err
	}
	params := &stripe.CheckoutSessionListParams{ListParams: listFor(ctx, account)}
	if !since.IsZero() {
		params.CreatedRange = &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()}
	}
	ids, err := c.sessionIDs(doing, params, rowID)
	if err != nil {
		return nil, err
	}
	var out []payment.Session
	for _, id := range ids {
		s, err := c.Session(ctx, account, id)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// SessionOf returns the Checkout Session that a PaymentIntent belongs to, and
// false where it belongs to none. While a session is open, Stripe lets nobody
// cancel or change its intent: the session has to be expired.
//
// Source: payment_intent in https://docs.stripe.com/api/checkout/sessions/object.
func (c *Client) SessionOf(ctx context.Context, account, intentID string) (payment.Session, bool, error) {
	doing := "looking for the Checkout Session of PaymentIntent " + intentID
	if err := checkIDs(account, intentID, "pi"); err != nil {
		return payment.Session{}, false, err
	}
	params := &stripe.CheckoutSessionListParams{ListParams: listFor(ctx, account), PaymentIntent: stripe.String(intentID)}
	all := c.api.CheckoutSessions.List(params)
	if !all.Next() {
		if err := all.Err(); err != nil {
			return payment.Session{}, false, c.failed(doing, err)
		}
		return payment.Session{}, false, nil
	}
	s, err := c.Session(ctx, account, all.CheckoutSession().ID)
	return s, err == nil, err
}

// sessionIDs lists the ids of the row's sessions.
func (c *Client) sessionIDs(doing string, params *stripe.CheckoutSessionListParams, rowID payment.RowID) ([]string, error) {
	var ids []string
	seen := 0
	all := c.api.CheckoutSessions.List(params)
	for all.Next() {
		if seen++; seen > maxLookedSessions {
			return nil, outcome.Reviewf("%s: there are more than %d to look at. Look for the session of the row in Stripe.", doing, maxLookedSessions)
		}
		s := all.CheckoutSession()
		if linkOf(s.Metadata[MetadataPaymentID], s.Metadata[MetadataOrg], s.ClientReferenceID).CRMPaymentID == string(rowID) {
			ids = append(ids, s.ID)
		}
	}
	if err := all.Err(); err != nil {
		return nil, c.failed(doing, err)
	}
	return ids, nil
}

// checkRow refuses what must not reach a query or a header.
func checkRow(account string, rowID payment.RowID) error {
	if parsed, err := payment.ParseRowID(string(rowID)); err != nil || parsed != rowID {
		return outcome.Reviewf("%s is not the id of a payment row. Correct CRM_PaymentId in Stripe's metadata.", quoted(string(rowID)))
	}
	return checkAccount(account)
}

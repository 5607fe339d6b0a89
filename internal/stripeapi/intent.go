package stripeapi

import (
	"context"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"

	"github.com/stripe/stripe-go/v76"
)

// IntentRequest is a PaymentIntent that is to be made.
type IntentRequest struct {
	// Key is the idempotency key, 1 to 255 printable ASCII characters without a
	// space. It must be set, and be the same whenever the same request is tried.
	Key string
	// Amount is in minor units of Currency, as Stripe counts them.
	Amount   int64
	Currency payment.Currency
	// Methods are Stripe's names of the payment method types to offer. Empty
	// leaves the choice to the settings of the Stripe account.
	Methods []string
	// Description is shown to the customer, in at most 1000 characters. Empty
	// means none.
	Description string
	// Email is where Stripe sends the receipt. Empty means nowhere.
	Email string
	// Link is the row that the intent is for. Its CRMPaymentID must be set.
	Link payment.Link
	// After is the id of the attempt that this one is made after for the same
	// row, empty for the first.
	After string
	// Metadata are further keys with their values.
	Metadata map[string]string
}

// CreateIntent makes a PaymentIntent. Tried again with the same key within a
// day it returns the one that was made first, as it is by now. The same key
// with anything else changed is an error for which IsIdempotencyConflict holds.
// A value that Stripe does not take, an amount that is too small or an address
// that is none, is an error of class Review with Stripe's own sentence as the
// Message of its *Error.
//
// The intent's client secret stays in this package: it lets whoever has it pay
// and read the payment.
func (c *Client) CreateIntent(ctx context.Context, account string, r IntentRequest) (payment.Intent, error) {
	doing := "creating a PaymentIntent for row " + quoted(r.Link.CRMPaymentID)
	metadata, err := checkCreation(account, r.Key, r.Description, r.Link, r.Metadata)
	if err != nil {
		return payment.Intent{}, err
	}
	if metadata, err = followed(metadata, r.After); err != nil {
		return payment.Intent{}, err
	}
	params := &stripe.PaymentIntentParams{
		Params:       paramsFor(ctx, account),
		Amount:       stripe.Int64(r.Amount),
		Currency:     stripe.String(string(r.Currency)),
		Description:  given(r.Description),
		ReceiptEmail: given(r.Email),
		Metadata:     metadata,
	}
	if len(r.Methods) > 0 {
		params.PaymentMethodTypes = stripe.StringSlice(r.Methods)
	} else {
		params.AutomaticPaymentMethods = &stripe.PaymentIntentAutomaticPaymentMethodsParams{Enabled: stripe.Bool(true)}
	}
	params.SetIdempotencyKey(r.Key)
	params.AddExpand("latest_charge")
	pi, err := c.api.PaymentIntents.New(params)
	if err != nil {
		return payment.Intent{}, c.refused(doing, err)
	}
	in, err := priced(doing, pi, r.Amount, r.Currency)
	if err == nil && replayed(pi.LastResponse) {
		return c.Intent(ctx, account, in.ID)
	}
	return in, err
}

// UpdateIntent changes the amount, in minor units, and the currency of a
// PaymentIntent. Stripe allows it until the intent is confirmed; after that it
// is an error for which IsStale holds. Done twice it changes nothing more.
func (c *Client) UpdateIntent(ctx context.Context, account, id string, amount int64, currency payment.Currency) (payment.Intent, error) {
	doing := "changing the amount of PaymentIntent " + id
	if err := checkIDs(account, id, "pi"); err != nil {
		return payment.Intent{}, err
	}
	params := &stripe.PaymentIntentParams{
		Params:   paramsFor(ctx, account),
		Amount:   stripe.Int64(amount),
		Currency: stripe.String(string(currency)),
	}
	params.AddExpand("latest_charge")
	pi, err := c.api.PaymentIntents.Update(id, params)
	if err != nil {
		return payment.Intent{}, c.refused(doing, err)
	}
	if pi.ID != id {
		return payment.Intent{}, unasked(doing)
	}
	return priced(doing, pi, amount, currency)
}

// CancelIntent cancels a PaymentIntent, after which it can no longer be paid.
// One that was paid or canceled in between is an error for which IsStale holds.
func (c *Client) CancelIntent(ctx context.Context, account, id string) (payment.Intent, error) {
	doing := "canceling PaymentIntent " + id
	if err := checkIDs(account, id, "pi"); err != nil {
		return payment.Intent{}, err
	}
	params := &stripe.PaymentIntentCancelParams{Params: paramsFor(ctx, account)}
	params.AddExpand("latest_charge")
	pi, err := c.api.PaymentIntents.Cancel(id, params)
	if err != nil {
		return payment.Intent{}, c.refused(doing, err)
	}
	if pi.ID != id || !expanded(pi.LatestCharge) {
		return payment.Intent{}, unasked(doing)
	}
	return factsOfIntent(pi), nil
}

// priced returns the facts of an intent that has to have an id and the price
// that was sent.
func priced(doing string, pi *stripe.PaymentIntent, amount int64, currency payment.Currency) (payment.Intent, error) {
	in := factsOfIntent(pi)
	if !payment.ValidStripeID(in.ID, "pi") || in.Amount != amount || in.Currency != string(currency) || !expanded(pi.LatestCharge) {
		return payment.Intent{}, unasked(doing)
	}
	return in, nil
}

// checkCreation checks what every request that makes a payment has, and returns
// the metadata of what is made.
func checkCreation(account, key, description string, link payment.Link, further map[string]string) (map[string]string, error) {
	if err := checkAccount(account); err != nil {
		return nil, err
	}
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if err := checkDescription(description); err != nil {
		return nil, err
	}
	return linked(link, further)
}

// checkAccount refuses what must not reach a header.
func checkAccount(account string) error {
	if account != "" && !payment.ValidStripeID(account, "acct") {
		return outcome.Reviewf("%s is not the id of a connected account. Correct the message, or take it off the queue.", quoted(account))
	}
	return nil
}

// unasked is the error of an answer that does not fit its question. What was
// done is found by asking again with the same key.
func unasked(doing string) error {
	return outcome.Againf("%s: the answer is not what was asked for", doing)
}

// given leaves an empty text out of the request.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return stripe.String(s)
}

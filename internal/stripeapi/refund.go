package stripeapi

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"

	"github.com/stripe/stripe-go/v76"
)

// RefundRequest is a refund that is to be made.
type RefundRequest struct {
	// Key is the idempotency key, 1 to 255 printable ASCII characters without a
	// space. It must be set, and be the same whenever the same request is tried.
	Key string
	// Intent is the id of the PaymentIntent that the money came by.
	Intent string
	// Amount is what goes back now, Total what has gone back in all with it,
	// both in minor units of the intent's currency.
	Amount, Total int64
	// Link is the row that the refund is for. Its CRMPaymentID must be set.
	Link payment.Link
}

// CreateRefund gives money back. Repetition, conflict and refusal are as with
// CreateIntent. IsStale holds when there is less left to refund than Amount,
// which was decided on older facts then: somebody else made a refund.
func (c *Client) CreateRefund(ctx context.Context, account string, r RefundRequest) (payment.IssuedRefund, error) {
	doing := "refunding PaymentIntent " + r.Intent
	if err := checkIDs(account, r.Intent, "pi"); err != nil {
		return payment.IssuedRefund{}, err
	}
	metadata, err := checkCreation(account, r.Key, "", r.Link, nil)
	if err != nil {
		return payment.IssuedRefund{}, err
	}
	if r.Amount <= 0 || r.Total < r.Amount {
		return payment.IssuedRefund{}, outcome.Reviewf("%s: %d of %d in all is no refund. Correct the refund amount of the row.", doing, r.Amount, r.Total)
	}
	metadata[MetadataRefundTotal] = strconv.FormatInt(r.Total, 10)
	params := &stripe.RefundParams{
		Params:        paramsFor(ctx, account),
		PaymentIntent: stripe.String(r.Intent),
		Amount:        stripe.Int64(r.Amount),
		Metadata:      metadata,
	}
	params.SetIdempotencyKey(r.Key)
	made, err := c.api.Refunds.New(params)
	if e, ok := errors.AsType[*stripe.Error](err); ok && moreThanIsLeft(e) {
		return payment.IssuedRefund{}, c.stale(doing, err)
	}
	if err != nil {
		return payment.IssuedRefund{}, c.refused(doing, err)
	}
	if !payment.ValidStripeID(made.ID, "re", "pyr") || made.Amount != r.Amount || made.PaymentIntent == nil || made.PaymentIntent.ID != r.Intent {
		return payment.IssuedRefund{}, unasked(doing)
	}
	if !replayed(made.LastResponse) {
		return factsOfRefund(made), nil
	}
	now, err := c.api.Refunds.Get(made.ID, &stripe.RefundParams{Params: paramsFor(ctx, account)})
	if err != nil {
		return payment.IssuedRefund{}, c.failed(doing, err)
	}
	if now.ID != made.ID {
		return payment.IssuedRefund{}, unasked(doing)
	}
	return factsOfRefund(now), nil
}

// moreThanIsLeft reports whether Stripe refused a refund because less than its
// amount is left. It has a code for an amount that is too large, but is known
// to tell of this in a sentence alone; were that another one, the refusal would
// be shown to a person.
func moreThanIsLeft(e *stripe.Error) bool {
	return e.Code == stripe.ErrorCodeAmountTooLarge ||
		e.Type == stripe.ErrorTypeInvalidRequest && e.Param == "amount" && strings.Contains(e.Msg, "greater than unrefunded amount")
}

// maxRefunds bounds how many refunds of one intent are read.
const maxRefunds = 1000

// Refunds lists all refunds of a PaymentIntent, the newest first, those that
// failed or were canceled included. More than a thousand are an error of class
// Review.
func (c *Client) Refunds(ctx context.Context, account, intentID string) ([]payment.IssuedRefund, error) {
	doing := "listing the refunds of PaymentIntent " + intentID
	if err := checkIDs(account, intentID, "pi"); err != nil {
		return nil, err
	}
	params := &stripe.RefundListParams{PaymentIntent: stripe.String(intentID), ListParams: listFor(ctx, account)}
	var out []payment.IssuedRefund
	all := c.api.Refunds.List(params)
	for all.Next() {
		r := all.Refund()
		if r.ID == "" || r.PaymentIntent == nil || r.PaymentIntent.ID != intentID {
			return nil, unasked(doing)
		}
		if len(out) == maxRefunds {
			return nil, outcome.Reviewf("%s: there are more than %d. Refund the rest in Stripe.", doing, maxRefunds)
		}
		out = append(out, factsOfRefund(r))
	}
	if err := all.Err(); err != nil {
		return nil, c.failed(doing, err)
	}
	return out, nil
}

func factsOfRefund(r *stripe.Refund) payment.IssuedRefund {
	return payment.IssuedRefund{
		ID:            r.ID,
		Status:        string(r.Status),
		Amount:        r.Amount,
		Currency:      strings.ToLower(string(r.Currency)),
		Created:       utc(r.Created),
		FailureReason: string(r.FailureReason),
		Total:         refundTotal(r.Metadata),
	}
}

// listFor asks for pages of the size that Stripe gives at most.
func listFor(ctx context.Context, account string) stripe.ListParams {
	p := stripe.ListParams{Context: ctx, Limit: stripe.Int64(100)}
	if account != "" {
		p.StripeAccount = stripe.String(account)
	}
	return p
}

package stripeapi

import (
	"cmp"
	"context"
	"time"

	"paybridge/internal/payment"

	"github.com/stripe/stripe-go/v76"
)

// SessionRequest is a Checkout Session that is to be made.
type SessionRequest struct {
	// Key is the idempotency key, 1 to 255 printable ASCII characters without a
	// space. It must be set, and be the same whenever the same request is tried.
	Key string
	// Amount is in minor units of Currency, as Stripe counts them.
	Amount   int64
	Currency payment.Currency
	// Methods are Stripe's names of the payment method types to offer. Empty
	// leaves the choice to the settings of the Stripe account.
	Methods []string
	// Description is what the customer pays for, in at most 1000 characters.
	// Empty shows as "Payment".
	Description string
	// Email is filled in on the page and gets the receipt. Empty means that the
	// customer types one, and that no receipt is sent.
	Email string
	// SuccessURL and CancelURL are where the customer goes afterwards. The
	// first must be set; without the second the page has no way back.
	SuccessURL, CancelURL string
	// ExpiresAt is when the link ends, 30 minutes to 24 hours from now, in whole
	// seconds. Zero means Stripe's 24 hours. It is one of the values that must
	// not change under one Key.
	ExpiresAt time.Time
	// Link is the row that the session is for. Its CRMPaymentID must be set.
	Link payment.Link
	// After is the id of the attempt that this one is made after for the same
	// row, empty for the first.
	After string
	// Metadata are further keys with their values.
	Metadata map[string]string
}

// CreateSession makes a Checkout Session for one payment. Repetition, conflict
// and refusal are as with CreateIntent. The session's PaymentIntent comes later,
// when the customer pays, and gets the same metadata, because Stripe does not
// copy that of the session.
func (c *Client) CreateSession(ctx context.Context, account string, r SessionRequest) (payment.Session, error) {
	doing := "creating a Checkout Session for row " + quoted(r.Link.CRMPaymentID)
	metadata, err := checkCreation(account, r.Key, r.Description, r.Link, r.Metadata)
	if err != nil {
		return payment.Session{}, err
	}
	own, err := followed(metadata, r.After)
	if err != nil {
		return payment.Session{}, err
	}
	params := &stripe.CheckoutSessionParams{
		Params:            paramsFor(ctx, account),
		Mode:              stripe.String(string(stripe.CheckoutSessionModePayment)),
		ClientReferenceID: stripe.String(metadata[MetadataPaymentID]),
		CustomerEmail:     given(r.Email),
		SuccessURL:        given(r.SuccessURL),
		CancelURL:         given(r.CancelURL),
		Metadata:          own,
		LineItems: []*stripe.CheckoutSessionLineItemParams{{
			Quantity: stripe.Int64(1),
			PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
				Currency:   stripe.String(string(r.Currency)),
				UnitAmount: stripe.Int64(r.Amount),
				ProductData: &stripe.CheckoutSessionLineItemPriceDataProductDataParams{
					Name: stripe.String(cmp.Or(clip(r.Description, maxName), "Payment")),
				},
			},
		}},
		PaymentIntentData: &stripe.CheckoutSessionPaymentIntentDataParams{
			Metadata:     metadata,
			Description:  given(r.Description),
			ReceiptEmail: given(r.Email),
		},
	}
	if len(r.Methods) > 0 {
		params.PaymentMethodTypes = stripe.StringSlice(r.Methods)
	}
	if !r.ExpiresAt.IsZero() {
		params.ExpiresAt = stripe.Int64(r.ExpiresAt.Unix())
	}
	params.SetIdempotencyKey(r.Key)
	params.AddExpand("payment_intent.latest_charge")
	s, err := c.api.CheckoutSessions.New(params)
	if err != nil {
		return payment.Session{}, c.refused(doing, err)
	}
	out := factsOfSession(s)
	if !payment.ValidStripeID(out.ID, "cs") || out.AmountTotal != r.Amount || out.Currency != string(r.Currency) || !whole(s) {
		return payment.Session{}, unasked(doing)
	}
	if replayed(s.LastResponse) {
		return c.Session(ctx, account, out.ID)
	}
	return out, nil
}

// ExpireSession ends a Checkout Session, after which its link can no longer be
// paid. One that was completed or expired in between is an error for which
// IsStale holds.
func (c *Client) ExpireSession(ctx context.Context, account, id string) (payment.Session, error) {
	doing := "expiring Checkout Session " + id
	if err := checkIDs(account, id, "cs"); err != nil {
		return payment.Session{}, err
	}
	params := &stripe.CheckoutSessionExpireParams{Params: paramsFor(ctx, account)}
	params.AddExpand("payment_intent.latest_charge")
	s, err := c.api.CheckoutSessions.Expire(id, params)
	if _, ok := withoutCode(err); ok {
		// The request has no values that could be wrong, and Stripe gives the
		// status that a session must not have no code of its own.
		return payment.Session{}, c.stale(doing, err)
	}
	if err != nil {
		return payment.Session{}, c.refused(doing, err)
	}
	if s.ID != id || !whole(s) {
		return payment.Session{}, unasked(doing)
	}
	return factsOfSession(s), nil
}

// whole reports whether the session has its intent and charge as objects.
func whole(s *stripe.CheckoutSession) bool {
	return s.PaymentIntent == nil || s.PaymentIntent.Object != "" && expanded(s.PaymentIntent.LatestCharge)
}

// maxName is how much of a description is shown as the name of what is sold, in
// characters. The whole of it is on the PaymentIntent.
const maxName = 250

// clip cuts a text to n characters, the last of them an ellipsis where some
// were cut off.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

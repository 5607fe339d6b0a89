package stripeapi

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/stripe/stripe-go/v76"
)

// Permissions returns the permissions that a restricted key needs to run
// PayBridge, in the words in which Stripe says that one is missing.
func Permissions() []string {
	var names []string
	for _, p := range permissions() {
		names = append(names, p.name)
	}
	return names
}

// permission is one, with a request that needs it and changes nothing.
type permission struct {
	name string
	ask  func(*Client, stripe.Params, stripe.ListParams) error
}

// nothing is the part of an id that Stripe has never given to an object.
const nothing = "PayBridgeAsksForNothing"

// permissions are asked for in the order in which a person meets them. Whether
// something may be written is asked with an id that names nothing: Stripe looks
// at the permission first and then does not find the object.
func permissions() []permission {
	return []permission{
		{"rak_payment_intent_write", func(c *Client, p stripe.Params, _ stripe.ListParams) error {
			_, err := c.api.PaymentIntents.Cancel("pi_"+nothing, &stripe.PaymentIntentCancelParams{Params: p})
			return err
		}},
		{"rak_checkout_session_write", func(c *Client, p stripe.Params, _ stripe.ListParams) error {
			_, err := c.api.CheckoutSessions.Expire("cs_"+nothing, &stripe.CheckoutSessionExpireParams{Params: p})
			return err
		}},
		{"rak_charge_write", func(c *Client, p stripe.Params, _ stripe.ListParams) error {
			_, err := c.api.Refunds.New(&stripe.RefundParams{Params: p, PaymentIntent: stripe.String("pi_" + nothing)})
			return err
		}},
		{"rak_dispute_read", func(c *Client, _ stripe.Params, l stripe.ListParams) error {
			return c.api.Disputes.List(&stripe.DisputeListParams{ListParams: l}).Err()
		}},
		{"rak_event_read", func(c *Client, _ stripe.Params, l stripe.ListParams) error {
			return c.api.Events.List(&stripe.EventListParams{ListParams: l}).Err()
		}},
		{"rak_webhook_read", func(c *Client, _ stripe.Params, l stripe.ListParams) error {
			return c.api.WebhookEndpoints.List(&stripe.WebhookEndpointListParams{ListParams: l}).Err()
		}},
	}
}

// rakForm is how Stripe names a permission that is missing.
var rakForm = regexp.MustCompile(`\brak_[a-z_]+\b`)

// MissingPermissions returns those of Permissions that the key does not have. It
// makes one request for each and changes nothing at Stripe.
//
// Source: https://docs.stripe.com/keys/restricted-api-keys.
func (c *Client) MissingPermissions(ctx context.Context) ([]string, error) {
	var missing []string
	for _, p := range permissions() {
		err := p.ask(c, stripe.Params{Context: ctx}, stripe.ListParams{Context: ctx, Limit: stripe.Int64(1), Single: true})
		if err == nil {
			continue
		}
		failed := c.failed("asking for the permission "+p.name, err)
		answer, ok := errors.AsType[*Error](failed)
		switch {
		case !ok:
			return nil, failed
		case answer.Denied():
			// Stripe knows better by which name it goes.
			name := p.name
			if told := rakForm.FindString(answer.Message); told != "" {
				name = told
			}
			missing = append(missing, name)
		case answer.Status == http.StatusUnauthorized, answer.Status == http.StatusTooManyRequests, answer.Status >= http.StatusInternalServerError:
			return nil, failed
		}
		// Every other answer is about an object that is not there.
	}
	return missing, nil
}

// Denied reports whether the key, a restricted one, may not do what was asked
// for.
func (e *Error) Denied() bool {
	return e.Status == http.StatusForbidden || e.Status == http.StatusUnauthorized && strings.Contains(e.Message, "required permissions")
}

package local

import (
	"context"
	"fmt"
	"slices"

	"paybridge/cmd/paybridge/endpoint"
	"paybridge/internal/secret"
	"paybridge/internal/stripeapi"
	"paybridge/standin/stripe"
)

// registerWebhook tells the Stripe stand-in where to deliver to, as setup does
// at Stripe; only that the secret is kept in the data folder. The endpoint of an
// earlier run on the same data stays while it is what it would be now.
func (l *Local) registerWebhook(ctx context.Context) error {
	if l.Stripe == nil {
		return nil
	}
	client := stripeapi.New(stripeapi.Config{Key: secret.New(l.urls.StripeSecretKey), BaseURL: l.urls.Stripe, MaxRetries: 2})
	to := l.urls.Functions + endpoint.Path
	if key := l.cfg.FunctionKeys["default"]; l.cfg.RequireKeys && key != "" {
		to += "?code=" + key
	}
	if known := l.state.Webhook; known != nil {
		all, err := client.Endpoints(ctx)
		if err != nil {
			return err
		}
		kept := slices.ContainsFunc(all, func(e stripeapi.Endpoint) bool {
			missing, extra := endpoint.Differ(e.Events)
			return e.ID == known.ID && e.URL.Reveal() == to && len(missing)+len(extra) == 0 && e.APIVersion == stripeapi.APIVersion
		})
		if kept {
			l.urls.StripeWebhookSecret = known.Secret
			return nil
		}
		if err := client.DeleteEndpoint(ctx, known.ID); err != nil {
			return fmt.Errorf("removing the webhook endpoint of the last run: %w", err)
		}
	}
	made, signing, err := endpoint.Register(ctx, client, l.urls.Functions, secret.New(to))
	if err != nil {
		return err
	}
	l.state.Webhook = &stripe.Endpoint{ID: made.ID, URL: to, Secret: signing.Reveal()}
	l.urls.StripeWebhookSecret = signing.Reveal()
	return nil
}

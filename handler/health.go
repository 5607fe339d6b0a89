package main

import (
	"context"
	"log/slog"
	"time"

	"paybridge/functions/crmupdate"
	"paybridge/functions/health"
	"paybridge/functions/paymentrequest"
	"paybridge/functions/reconcile"
	"paybridge/functions/stripewebhook"
	"paybridge/internal/customhandler"
	"paybridge/internal/settings"
)

// healthConfig says what payments depend on. A queue cannot be asked from here:
// what is known of it is when the function behind it last ended well.
func healthConfig(s settings.Settings, c clients, mux *customhandler.Mux, logger *slog.Logger) health.Config {
	stripe := health.Stripe(func() []string { return s.Unset("StripeSecretKey") }, nil)
	if c.stripe != nil {
		stripe.Check, stripe.Seen = c.stripe.Ping, c.stripe.LastServed
	}
	crm := health.Dataverse(func() []string { return s.Unset("DataverseUrl") }, nil)
	if c.dataverse != nil {
		crm.Seen = c.dataverse.LastServed
		crm.Check = func(ctx context.Context) error {
			_, err := c.probe.WhoAmI(ctx)
			return err
		}
	}
	webhook := health.Probe{Name: "stripe webhook", Configured: func() []string { return s.Unset("StripeWebhookSecret") }}
	events := health.Queue("payment-events", func() []string { return s.Unset("ServiceBusConnection", "PaymentEventsQueue") })
	requests := health.Queue("payment-requests", func() []string { return s.Unset("ServiceBusConnection", "PaymentRequestsQueue") })
	sweep := health.Probe{Name: "reconcile", Configured: func() []string { return s.Missing(reconcile.Name) }, Optional: true}
	for probe, function := range map[*health.Probe]string{
		&webhook: stripewebhook.Name, &events: crmupdate.Name, &requests: paymentrequest.Name, &sweep: reconcile.Name,
	} {
		probe.Seen = func() time.Time { return mux.LastSuccess(function) }
	}
	return health.Config{
		Probes: []health.Probe{stripe, webhook, crm, events, requests, sweep},
		Mode:   s.Mode(), Version: version, Logger: logger,
	}
}

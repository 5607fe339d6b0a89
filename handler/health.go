package main

import (
	"context"
	"log/slog"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"paybridge/functions/health"
	"paybridge/internal/dataverse"
	"paybridge/internal/settings"
)

// healthConfig says what payments depend on.
func healthConfig(s settings.Settings, c clients, logger *slog.Logger) (health.Config, error) {
	stripe := health.Stripe(func() []string { return s.Unset("StripeSecretKey") }, nil)
	if c.stripe != nil {
		stripe.Check = c.stripe.Ping
	}
	crm := health.Dataverse(func() []string { return s.Unset("DataverseUrl") }, nil)
	if c.dataverse != nil {
		// A probe asks once: a client that waits and asks again would turn
		// "throttled" into "timed out".
		credential, err := settings.Credential(s, azcore.ClientOptions{})
		if err != nil {
			return health.Config{}, err
		}
		once, err := dataverse.New(s.DataverseURL, credential, &dataverse.Options{Retry: policy.RetryOptions{MaxRetries: -1}, UserAgent: "PayBridge-health/" + version})
		if err != nil {
			return health.Config{}, err
		}
		crm.Check = func(ctx context.Context) error {
			_, err := once.WhoAmI(ctx)
			return err
		}
	}
	webhook := health.Probe{Name: "stripe webhook", Configured: func() []string { return s.Unset("StripeWebhookSecret") }}
	events := health.Queue("payment-events", func() []string { return s.Unset("ServiceBusConnection", "PaymentEventsQueue") })
	requests := health.Queue("payment-requests", func() []string { return s.Unset("ServiceBusConnection", "PaymentRequestsQueue") })
	return health.Config{
		Probes: []health.Probe{stripe, webhook, crm, events, requests},
		Mode:   s.Mode(), Version: version, Logger: logger,
	}, nil
}

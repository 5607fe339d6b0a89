package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"paybridge/functions/crmupdate"
	"paybridge/functions/crmwebhook"
	"paybridge/functions/health"
	"paybridge/functions/paymentrequest"
	"paybridge/functions/reconcile"
	"paybridge/functions/stripewebhook"
	"paybridge/internal/crm"
	"paybridge/internal/customhandler"
	"paybridge/internal/dataverse"
	"paybridge/internal/settings"
	"paybridge/internal/stripeapi"
)

// clients are the two ends. One that is not configured is nil.
type clients struct {
	stripe    *stripeapi.Client
	dataverse *dataverse.Client
	// probe asks Dataverse for health, past what waits in line to be asked for
	// payments.
	probe *dataverse.Client
}

// tryTimeout is how long one request to Dataverse may take. A batch of an
// invocation takes a second or two; what takes this long is repeated with time
// left for it in the budget.
const tryTimeout = time.Minute

func connect(s settings.Settings, logger *slog.Logger) (clients, error) {
	var c clients
	if !s.StripeSecretKey.IsZero() {
		c.stripe = stripeapi.New(stripeapi.Config{Key: s.StripeSecretKey, BaseURL: s.StripeAPIBase, Version: version, Logger: logger})
	}
	if s.DataverseURL != "" {
		credential, err := settings.Credential(s, azcore.ClientOptions{})
		if err != nil {
			return clients{}, err
		}
		// The functions repeat the whole work of a payment, with both ends read
		// again. Were requests repeated as well, the two would multiply. And a
		// probe that waits and asks again would turn "throttled" into "timed out".
		once := policy.RetryOptions{MaxRetries: -1, TryTimeout: tryTimeout}
		c.dataverse, err = dataverse.New(s.DataverseURL, credential, &dataverse.Options{Retry: once, Logger: logger, UserAgent: "PayBridge/" + version})
		if err != nil {
			return clients{}, err
		}
		c.probe, err = dataverse.New(s.DataverseURL, credential, &dataverse.Options{Retry: once, UserAgent: "PayBridge-health/" + version})
		if err != nil {
			return clients{}, err
		}
	}
	return c, nil
}

// wire makes the functions out of the settings. A function whose settings are
// missing is there all the same and says so when it is called.
func wire(s settings.Settings, logger *slog.Logger) (*customhandler.Mux, error) {
	c, err := connect(s, logger)
	if err != nil {
		return nil, err
	}
	mux := customhandler.New(customhandler.Options{Logger: logger})
	mux.HTTP(stripewebhook.Function(stripewebhook.Config{
		Secrets:   s.StripeWebhookSecrets,
		Livemode:  s.Livemode(),
		ModeKnown: s.Mode() != "",
		Org:       s.OrgHost(),
	}))
	update := crmupdate.Config{
		Missing:  s.Missing(crmupdate.Name),
		Livemode: s.Livemode(), Org: s.OrgHost(), Budget: s.InvocationTimeout, Logger: logger,
	}
	request := paymentrequest.Config{
		Missing:  s.Missing(paymentrequest.Name),
		Livemode: s.Livemode(), Org: s.OrgHost(), Budget: s.InvocationTimeout, Logger: logger,
		Methods: s.PaymentMethodTypes, SuccessURL: s.PaymentSuccessURL, CancelURL: s.PaymentCancelURL, LinkExpiry: s.PaymentLinkExpiry,
	}
	if c.stripe != nil {
		update.Stripe, request.Stripe = c.stripe, c.stripe
	}
	mapping, err := crm.ReadMapping(s.PaymentTable, os.DirFS("."))
	if err != nil {
		return nil, err
	}
	mapping.Metadata = s.PaymentMetadataColumns
	changed := crmwebhook.Config{Missing: s.Missing(crmwebhook.Name), Table: mapping.Table, Org: s.OrgHost()}
	if c.dataverse != nil {
		changed.Self = func(ctx context.Context) (string, error) {
			who, err := c.dataverse.WhoAmI(ctx)
			return who.UserID.String(), err
		}
		rows := crm.New(c.dataverse, mapping)
		update.Rows, request.Rows = rows, rows
	}
	mux.Queue(crmupdate.Function(update))
	mux.HTTP(crmwebhook.Function(changed))
	mux.Queue(paymentrequest.Function(request))
	mux.Timer(reconcile.Function(reconcile.Config{
		Missing: s.Missing(reconcile.Name), Finder: finder(s, c, mapping), Budget: s.InvocationTimeout, Logger: logger,
	}))
	mux.HTTP(health.Function(healthConfig(s, c, mux, logger)))
	return mux, nil
}

package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"paybridge/internal/stripeapi"
)

// giveKey is what to do where there is no key.
const giveKey = "do first what is said of StripeSecretKey"

// stripeGroup looks at the account and the key.
func stripeGroup() group {
	return group{"stripe", []check{{"key", checkKey}, {"deliveries", checkDeliveries}}}
}

// checkKey looks at whether Stripe takes the key, and at what it may do.
func checkKey(ctx context.Context, s *subject, r *record) {
	const key = "key"
	if s.Target.Stripe == nil {
		r.skip(key, errNoStripe.Error(), giveKey)
		return
	}
	missing, err := s.Target.Stripe.MissingPermissions(ctx)
	if err != nil {
		r.failed(key, err, keyRemedy(err))
		return
	}
	// The app itself does not look at endpoints.
	missing = slices.DeleteFunc(missing, func(name string) bool { return name == "rak_webhook_read" })
	if len(missing) > 0 {
		r.problem("permissions", "the key lacks "+list(missing),
			"give them to the restricted key in Stripe's Dashboard, under Developers, API keys; rak_charge_write is called Charges and Refunds there, and write includes read")
		return
	}
	value := s.Target.Settings.StripeSecretKey.Reveal()
	switch {
	case strings.HasPrefix(value, "rk_"):
		r.ok(key, "Stripe takes the restricted key, and it has the permissions that PayBridge needs")
	case s.Target.Settings.Livemode():
		r.warn(key, "Stripe takes the key, which may do everything with the account",
			"make a restricted key (rk_live_…) in Stripe's Dashboard with "+list(stripeapi.Permissions())+", and store it with paybridge setup keyvault")
	default:
		r.ok(key, "Stripe takes the secret key")
	}
}

// keyRemedy says what to do when Stripe did not answer as it should.
func keyRemedy(err error) string {
	answer, ok := errors.AsType[*stripeapi.Error](err)
	switch {
	case !ok:
		return "check StripeApiBase, and that this machine reaches Stripe"
	case answer.Status == http.StatusUnauthorized:
		return "the key was rolled, has expired or is another account's: make a new one in Stripe's Dashboard and store it with paybridge setup keyvault"
	case answer.Status == http.StatusForbidden:
		return "give the restricted key the permission that Stripe names, in Stripe's Dashboard under Developers, API keys"
	default:
		return "wait a minute and run it again; see https://status.stripe.com"
	}
}

const (
	// deliveryWindow is for how long Stripe tries again.
	deliveryWindow = 3 * 24 * time.Hour
	// deliveryGrace is how old an event may be that is on its way still.
	deliveryGrace = 5 * time.Minute
)

// checkDeliveries looks for events that did not arrive.
func checkDeliveries(ctx context.Context, s *subject, r *record) {
	const deliveries = "deliveries"
	if s.Target.Stripe == nil {
		r.skip(deliveries, errNoStripe.Error(), giveKey)
		return
	}
	now := s.Now()
	u, err := s.Target.Stripe.Undelivered(ctx, now.Add(-deliveryWindow), now.Add(-deliveryGrace))
	if err != nil {
		r.failed(deliveries, err, keyRemedy(err))
		return
	}
	if u.Count == 0 && !u.More {
		r.ok(deliveries, "every event of the last three days has arrived")
		return
	}
	r.warn(deliveries, fmt.Sprintf("%d events of the last three days have not arrived at every endpoint of the account, the oldest from %s", u.Count, u.Oldest.Format(time.RFC3339)),
		"see in Stripe's Dashboard, under Developers, Webhooks, what the endpoint answered; another endpoint of the account may be the one that fails")
}

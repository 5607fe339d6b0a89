package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"paybridge/cmd/paybridge/endpoint"
	"paybridge/internal/secret"
	"paybridge/internal/stripeapi"
)

// setupStripe is the command that puts endpoints right.
const setupStripe = "run paybridge setup stripe"

// endpointGroup looks at how Stripe tells the app about payments.
func endpointGroup() group {
	return group{"webhook endpoint", []check{{"endpoint", checkEndpoint}, {"secrets", checkSecrets}}}
}

func checkEndpoint(ctx context.Context, s *subject, r *record) {
	ours, app, err := s.ours(ctx)
	switch {
	case errors.Is(err, errNoStripe):
		r.skip("endpoint", err.Error(), giveKey)
		return
	case errors.Is(err, errNoApp):
		r.problem("endpoint", "Stripe has no webhook endpoint of PayBridge's, or those of several apps", setupStripe+"; if there are several apps, name the one that is meant with --app")
		return
	case denied(err):
		r.warn("endpoint", "with this key the webhook endpoints cannot be looked at", "give the restricted key rak_webhook_read in Stripe's Dashboard, or put another key into the environment variable StripeSecretKey for this command only")
		return
	case err != nil:
		r.failed("endpoint", err, keyRemedy(err))
		return
	case len(ours) == 0:
		r.problem("endpoint", "Stripe has no webhook endpoint for "+app+", so the app hears of no payment", setupStripe)
		return
	}
	// One that does everything right is enough: others beside it only deliver
	// more.
	current := ours[0]
	r.ok("endpoint", current.ID+" delivers to "+current.Address)
	if len(ours) > 1 {
		r.warn("endpoint", fmt.Sprintf("%d endpoints deliver to the app: a secret is being rolled, or one is left over", len(ours)), "finish it with paybridge setup stripe --retire")
	}
	for _, e := range ours {
		checkOne(s, r, e, e.ID == current.ID)
	}
}

// denied reports whether the key may not do what was asked for.
func denied(err error) bool {
	answer, ok := errors.AsType[*stripeapi.Error](err)
	return ok && answer.Denied()
}

// checkOne looks at one endpoint. Those beside the current one need not be
// perfect.
func checkOne(s *subject, r *record, e stripeapi.Endpoint, current bool) {
	report := r.problem
	if !current {
		report = r.warn
	}
	if e.Enabled {
		r.ok("enabled", e.ID+" is enabled")
	} else {
		report("enabled", e.ID+" is disabled: Stripe delivers nothing there", "see in Stripe's Dashboard why its deliveries failed, then "+setupStripe)
	}
	missing, extra := endpoint.Differ(e.Events)
	if len(missing) > 0 {
		report("events", e.ID+" is not subscribed to "+list(missing), setupStripe)
	}
	if len(extra) > 0 {
		why := ", which PayBridge does not use"
		if slices.Contains(extra, "payment_intent.failed") {
			why = "; there is no payment_intent.failed, the event is called payment_intent.payment_failed"
		}
		r.warn("events", e.ID+" is subscribed to "+list(extra)+why, setupStripe)
	}
	if len(missing)+len(extra) == 0 {
		r.ok("events", fmt.Sprintf("%s is subscribed to the %d types that PayBridge acts on", e.ID, len(e.Events)))
	}
	switch e.APIVersion {
	case stripeapi.APIVersion:
		r.ok("API version", e.ID+" is pinned to "+e.APIVersion)
	case "":
		r.warn("API version", e.ID+" is not pinned: its events change with the account's API version", setupStripe)
	default:
		r.warn("API version", e.ID+" is pinned to "+e.APIVersion+" and not to "+stripeapi.APIVersion, setupStripe)
	}
	if e.Livemode != s.Target.Settings.Livemode() {
		report("mode", e.ID+" is not of the mode of the key", setupStripe)
	}
	checkURL(report, e)
}

func checkURL(report func(check, message, remedy string), e stripeapi.Endpoint) {
	u, err := url.Parse(e.URL.Reveal())
	if err != nil || u.Path != endpoint.Path {
		report("URL", e.ID+" delivers to "+e.Address+", where the app takes no events", setupStripe)
		return
	}
	if u.Scheme == "https" && u.Query().Get("code") == "" {
		report("URL", e.ID+" delivers without a function key, so the Functions host turns it away", setupStripe+" with the function key in PAYBRIDGE_FUNCTION_KEY")
	}
}

// checkSecrets compares the signing secrets of the settings with the endpoints.
func checkSecrets(ctx context.Context, s *subject, r *record) {
	secrets := s.Target.Settings.StripeWebhookSecrets
	if len(secrets) == 0 {
		r.skip("secrets", "StripeWebhookSecret is not set, or cannot be read", "do first what is said of StripeWebhookSecret")
		return
	}
	ours, _, err := s.ours(ctx)
	if err != nil || len(ours) == 0 {
		r.skip("secrets", "there is no endpoint to compare them with", "do first what is said of the endpoint")
		return
	}
	unused := slices.Clone(secrets)
	unmarked := false
	for i, e := range ours {
		mark := e.Metadata[endpoint.MetadataSecret]
		at := slices.IndexFunc(unused, func(known secret.Secret) bool { return endpoint.Fingerprint(known) == mark })
		switch {
		case mark == "":
			unmarked = true
			r.warn("secrets", "whether the signing secret of "+e.ID+" is among those of StripeWebhookSecret cannot be told: it was not stored by setup", setupStripe)
		case at >= 0:
			unused = slices.Delete(unused, at, at+1)
			r.ok("secrets", "the signing secret of "+e.ID+" is in StripeWebhookSecret")
		case i == 0:
			r.problem("secrets", "the signing secret of "+e.ID+" is not in StripeWebhookSecret: the app turns away what it delivers",
				setupStripe+" --roll; if the secret was rolled in Stripe's Dashboard, --roll and --retire bring the two together again")
		default:
			r.warn("secrets", "the signing secret of "+e.ID+" is not in StripeWebhookSecret", "finish the roll with paybridge setup stripe --retire")
		}
	}
	if len(unused) > 0 && !unmarked {
		r.warn("secrets", fmt.Sprintf("%d of %d secrets in StripeWebhookSecret are of no endpoint and not used any more", len(unused), len(secrets)), "drop them with paybridge setup stripe --retire")
	}
	if duplicates(secrets) {
		r.warn("secrets", "StripeWebhookSecret lists a secret twice", "drop it with paybridge setup stripe --retire")
	}
}

func duplicates(secrets []secret.Secret) bool {
	var seen []string
	for _, s := range secrets {
		mark := endpoint.Fingerprint(s)
		if slices.Contains(seen, mark) {
			return true
		}
		seen = append(seen, mark)
	}
	return false
}

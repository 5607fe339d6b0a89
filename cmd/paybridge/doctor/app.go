package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"paybridge/cmd/paybridge/endpoint"
	"paybridge/functions/health"
	"paybridge/internal/stripeapi"
)

// appGroup asks the app itself.
func appGroup() group {
	return group{"app", []check{{"health", checkHealth}, {"webhook", checkWebhook}}}
}

// health asks the app how it is.
func (s *subject) health(ctx context.Context) (health.Report, string, error) {
	_, app, err := s.ours(ctx)
	if app == "" {
		return health.Report{}, "", errors.Join(errNoApp, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, app+"/api/health", nil)
	if err != nil {
		return health.Report{}, app, err
	}
	res, err := s.HTTP.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return health.Report{}, app, fmt.Errorf("%s does not answer: %w", app, err)
	}
	defer func() { _ = res.Body.Close() }()
	var report health.Report
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&report); err != nil || report.Status == "" {
		return health.Report{}, app, fmt.Errorf("%s answers %s, and not as PayBridge does", app+"/api/health", res.Status)
	}
	return report, app, nil
}

const appRemedy = "check that the app is deployed and started, and look at its log in Application Insights: a setting that is wrong and a Key Vault reference that does not resolve keep it from starting"

func checkHealth(ctx context.Context, s *subject, r *record) {
	report, app, err := s.health(ctx)
	if errors.Is(err, errNoApp) {
		r.skip("health", errNoApp.Error(), "name it with --app")
		return
	}
	if err != nil {
		r.failed("health", err, appRemedy)
		return
	}
	good := true
	for _, c := range report.Checks {
		if c.OK {
			continue
		}
		good = false
		add := r.problem
		if report.Status != health.Down {
			add = r.warn
		}
		add("health", fmt.Sprintf("the app says of %s: %s", c.Name, c.Problem), c.Hint)
	}
	if good {
		r.ok("health", app+" says that payments can flow")
	}
	switch {
	case report.Version == "" || s.Version == "":
		r.skip("version", "this command or the app was built without a version", "build both from a clone: go install ./cmd/paybridge, and deploy with azd or paybridge pack")
	case report.Version != s.Version:
		r.warn("version", "the app is of version "+report.Version+" and this command of version "+s.Version, "deploy the app from the same version, or run the doctor of the app's version")
	default:
		r.ok("version", "the app and this command are of version "+s.Version)
	}
}

// checkAppMode compares the mode of the app with that of the settings here.
func checkAppMode(ctx context.Context, s *subject, r *record) {
	report, app, err := s.health(ctx)
	mode := s.Target.Settings.Mode()
	switch {
	case err != nil || report.Mode == "" || mode == "":
		r.skip("app", "the mode of the app, or that of the key, is not known", "do first what is said of the app's health and of StripeSecretKey")
	case report.Mode != mode:
		r.problem("app", fmt.Sprintf("%s is in %s mode, and the key in the settings is of %s mode", app, report.Mode, mode),
			"test and live are two deployments: examine the app with its own settings; if the settings were changed just now, restart the app")
	default:
		r.ok("app", app+" is in "+mode+" mode too")
	}
}

// checkWebhook sends the app a signed event of a type that nobody acts on, to
// where Stripe delivers.
func checkWebhook(ctx context.Context, s *subject, r *record) {
	ours, _, err := s.ours(ctx)
	secrets := s.Target.Settings.StripeWebhookSecrets
	if err != nil || len(ours) == 0 || len(secrets) == 0 {
		r.skip("webhook", "it needs the webhook endpoint and StripeWebhookSecret", setupStripe)
		return
	}
	var refused endpoint.Answer
	taken := -1
	for i, signing := range secrets {
		answer, err := endpoint.Probe(ctx, s.HTTP, ours[0].URL, signing, s.Target.Settings.Livemode(), s.Now())
		if err != nil {
			r.failed("webhook", err, appRemedy)
			return
		}
		if answer.Taken() {
			taken = i
			break
		}
		if refused.Status == 0 {
			refused = answer
		}
		if answer.Reason != stripeapi.ErrNoMatch.Error() {
			break // The next secret would meet the same.
		}
	}
	switch {
	case taken == 0:
		r.ok("webhook", "the app takes what is signed with the current secret")
	case taken > 0:
		r.warn("webhook", "the app takes what is signed with a previous secret, and not with the current one: "+refused.String(), refused.Remedy())
	default:
		r.problem("webhook", "the app does not take a signed event: "+refused.String(), refused.Remedy())
	}
}

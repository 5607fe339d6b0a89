package doctor_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/doctor"
	"paybridge/cmd/paybridge/endpoint"
	"paybridge/functions/health"
	"paybridge/internal/secret"
	"paybridge/internal/stripeapi"
	"paybridge/standin/dataverse"
)

func TestHealthy(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	report := r.examine()
	for _, f := range report.Findings {
		if f.Level != doctor.OK {
			t.Errorf("%+v", f)
		}
	}
	if report.Worst != doctor.OK || report.Mode != "test" || len(report.Findings) < 12 {
		t.Errorf("report %+v", report)
	}
	// The endpoint tells which app it is.
	r.config.App = ""
	if report := r.examine(); report.Worst != doctor.OK {
		t.Errorf("report %+v", report)
	}
}

// Neither the CRM nor the vault is written to, and at Stripe nothing changes: it
// has no event and no endpoint that it did not have. The queues are asked by GET
// alone, which is all that their stand-in serves.
func TestNothingIsChanged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.post("/v1/payment_intents", "amount=1250&currency=eur")
	r.must(r.stripe.WaitIdle(t.Context()))
	state := func() [4]string {
		return [4]string{
			r.ask(http.MethodGet, "/v1/events?limit=100", ""), r.ask(http.MethodGet, "/v1/webhook_endpoints", ""),
			fmt.Sprint(r.writes.Load(), " writes to the CRM"), fmt.Sprint(r.atVault.Writes(), " writes to the vault"),
		}
	}
	before := state()
	r.examine()
	if diff := cmp.Diff(before, state()); diff != "" {
		t.Error(diff)
	}
}

// The payments live in the table of a mapping file, and all is well.
func TestHealthyMapping(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.invoices(func([]dataverse.Table) {})
	for _, f := range r.examine().Findings {
		if f.Level != doctor.OK {
			t.Errorf("%+v", f)
		}
	}
}

// Each way to break an installation is found, as a finding of that group whose
// message and remedy say so.
func TestBroken(t *testing.T) {
	t.Parallel()
	types := strings.Join(stripeapi.EventTypes(), "&enabled_events[]=")
	for name, c := range map[string]breakage{
		"setting missing": {
			func(r *rig) { delete(r.values, "PaymentEventsQueue") },
			doctor.Problem, "settings", "without it stripewebhook", "set it in the app settings",
		},
		"setting misspelt": {
			func(r *rig) { r.values["StripeWebhookSecrets"] = "x" },
			doctor.Problem, "settings", "there is no setting of that name", "did you mean StripeWebhookSecret?",
		},
		"publishable key": {
			func(r *rig) { r.values["StripeSecretKey"] = "pk_test_hunter2" },
			doctor.Problem, "settings", "it is a publishable key", "use the secret key",
		},
		"no success page": {
			func(r *rig) { delete(r.values, "PaymentSuccessUrl") },
			doctor.Warning, "settings", "no Checkout link", "set it to the page",
		},
		"mapping file missing": {
			func(r *rig) { r.values["PaymentTable"] = "none.json" },
			doctor.Problem, "settings", "none.json", "put the file that PaymentTable names",
		},
		"reference to nothing": {
			func(r *rig) { r.values["StripeSecretKey"] = r.reference("stripe-key") },
			doctor.Problem, "key vault", "there is no such secret", "check the secret's name",
		},
		"reference malformed": {
			func(r *rig) { r.values["StripeSecretKey"] = "@Microsoft.KeyVault(VaultName=kv-pay)" },
			doctor.Problem, "key vault", "not well formed", "write @Microsoft.KeyVault(",
		},
		"reference to a version": {
			func(r *rig) {
				kept, err := r.vault.Read(r.t.Context(), "stripe-secret-key")
				r.must(err)
				r.values["StripeSecretKey"] = r.reference("stripe-secret-key/" + kept.Version)
			},
			doctor.Warning, "key vault", "one version", "leave the version out",
		},
		"secret in the settings": {
			func(r *rig) { r.values["StripeSecretKey"] = limitedKey },
			doctor.Warning, "key vault", "the secret itself", "SecretName=stripe-secret-key",
		},
		"wrong key": {
			func(r *rig) {
				r.must(r.vault.Write(r.t.Context(), "stripe-secret-key", secret.New("rk_test_of_another"), nil))
			},
			doctor.Problem, "stripe", "401", "make a new one",
		},
		"key of the other mode": {
			func(r *rig) { r.config.Mode = "live" },
			doctor.Problem, "mode", "should be in live mode, and the key is of test mode", "two deployments",
		},
		"app of the other mode": {
			func(r *rig) { r.app.report.Mode = "live" },
			doctor.Problem, "mode", "is in live mode, and the key in the settings is of test mode", "two deployments",
		},
		"rows of the other mode": {
			func(r *rig) { r.row(`{"pb_name":"x","pb_paymentintentid":"pi_1","pb_livemode":true}`) },
			doctor.Problem, "mode", "1 payments in the CRM are of live mode", "a copy of the live environment",
		},
		"key without a permission": {
			func(r *rig) {
				r.must(r.vault.Write(r.t.Context(), "stripe-secret-key", secret.New("rk_test_lesser"), nil))
			},
			doctor.Problem, "stripe", "the key lacks " + stripeapi.Permissions()[0], "in Stripe's Dashboard",
		},
		"key that may not see endpoints": {
			func(r *rig) {
				r.must(r.vault.Write(r.t.Context(), "stripe-secret-key", secret.New("rk_test_blind"), nil))
			},
			doctor.Warning, "webhook endpoint", "cannot be looked at", "StripeSecretKey",
		},
		"event not delivered": {
			func(r *rig) {
				r.app.secrets = nil
				made := r.post("/v1/payment_intents", "amount=1250&currency=eur")
				r.post("/v1/payment_intents/"+regexp.MustCompile(`pi_\w+`).FindString(made)+"/cancel", "")
				r.must(r.stripe.WaitIdle(r.t.Context()))
				r.restart()
				r.config.Now = func() time.Time { return time.Now().Add(time.Hour) }
			},
			doctor.Warning, "stripe", "1 events of the last three days", "what the endpoint answered",
		},
		"no endpoint": {
			func(r *rig) {
				all, err := r.client.Endpoints(r.t.Context())
				r.must(err)
				r.must(r.client.DeleteEndpoint(r.t.Context(), all[0].ID))
			},
			doctor.Problem, "webhook endpoint", "no webhook endpoint for", "run paybridge setup stripe",
		},
		"endpoints of two apps": {
			func(r *rig) {
				r.config.App = ""
				_, err := r.stripe.Register("https://other.example"+endpoint.Path, nil)
				r.must(err)
			},
			doctor.Problem, "webhook endpoint", "or those of several apps", "--app",
		},
		"endpoint disabled": {
			func(r *rig) { r.change("disabled=true") },
			doctor.Problem, "webhook endpoint", "is disabled", "why its deliveries failed",
		},
		"payment_failed missing": {
			func(r *rig) {
				r.change("enabled_events[]=" + strings.ReplaceAll(types, "&enabled_events[]=payment_intent.payment_failed", ""))
			},
			doctor.Problem, "webhook endpoint", "not subscribed to payment_intent.payment_failed", "run paybridge setup stripe",
		},
		"all events": {
			func(r *rig) { r.change("enabled_events[]=*") },
			doctor.Warning, "webhook endpoint", "subscribed to *", "run paybridge setup stripe",
		},
		"API version": {
			func(r *rig) { r.replace("2022-11-15") },
			doctor.Warning, "webhook endpoint", "pinned to 2022-11-15", "run paybridge setup stripe",
		},
		"API version of the account": {
			func(r *rig) { r.replace("") },
			doctor.Warning, "webhook endpoint", "is not pinned", "run paybridge setup stripe",
		},
		"endpoint without a key": {
			func(r *rig) { r.change("url=https://" + strings.TrimPrefix(r.appURL, "http://") + endpoint.Path) },
			doctor.Problem, "webhook endpoint", "delivers without a function key", "PAYBRIDGE_FUNCTION_KEY",
		},
		"endpoint elsewhere": {
			func(r *rig) { r.change("url=" + r.appURL + "/api/webhooks/stripe?code=" + functionKey) },
			doctor.Problem, "webhook endpoint", "where the app takes no events", "run paybridge setup stripe",
		},
		"secret of another endpoint": {
			func(r *rig) {
				r.must(r.vault.Write(r.t.Context(), "stripe-webhook-secret", secret.New("whsec_hunter2hunter2hunter2hunter2"), nil))
			},
			doctor.Problem, "webhook endpoint", "is not in StripeWebhookSecret", "--roll",
		},
		"secret put there by hand": {
			func(r *rig) { r.change("metadata[PayBridge_Secret]=") },
			doctor.Warning, "webhook endpoint", "cannot be told", "run paybridge setup stripe",
		},
		"old secret left": {
			func(r *rig) { r.addSecret("whsec_hunter2hunter2hunter2hunter2") },
			doctor.Warning, "webhook endpoint", "1 of 2 secrets in StripeWebhookSecret are of no endpoint", "--retire",
		},
		"secret twice": {
			func(r *rig) { r.addSecret("") },
			doctor.Warning, "webhook endpoint", "lists a secret twice", "--retire",
		},
		"malformed secret": {
			func(r *rig) { r.values["StripeWebhookSecret"] = "hunter2" },
			doctor.Problem, "settings", "not the form of a signing secret", "whsec_",
		},
		"roll unfinished": {
			func(r *rig) {
				r.setup(func(c *endpoint.Config) { c.Roll = true })
				r.restart()
			},
			doctor.Warning, "webhook endpoint", "2 endpoints deliver to the app", "--retire",
		},
		"app not restarted after a roll": {
			func(r *rig) { r.setup(func(c *endpoint.Config) { c.Roll = true }) },
			doctor.Warning, "app", "with a previous secret, and not with the current one", "restart it",
		},
		"app with another secret": {
			func(r *rig) { r.app.secrets = []secret.Secret{secret.New("whsec_hunter2hunter2hunter2hunter2")} },
			doctor.Problem, "app", "does not take a signed event: it answers 400", "restart it",
		},
		"app without a secret": {
			func(r *rig) { r.app.secrets = nil },
			doctor.Problem, "app", "no webhook signing secret is configured", "look at the app's log",
		},
		"function key changed": {
			func(r *rig) { r.app.key = "another" },
			doctor.Problem, "app", "401", "the function key in the endpoint's URL",
		},
		"app's clock wrong": {
			func(r *rig) { r.app.now = func() time.Time { return time.Now().Add(time.Hour) } },
			doctor.Problem, "app", "too old", "clock",
		},
		"app not deployed": {
			func(r *rig) { r.app.gone = true },
			doctor.Problem, "app", "404", "deployed",
		},
		"app says no": {
			func(r *rig) {
				r.app.report.Status = health.Down
				r.app.report.Checks = []health.Check{{Name: "dataverse", Problem: health.Refused, Hint: "check DataverseUrl"}}
			},
			doctor.Problem, "app", "the app says of dataverse: refused", "check DataverseUrl",
		},
		"app of another version": {
			func(r *rig) { r.app.report.Version = "2" },
			doctor.Warning, "app", "of version 2", "deploy",
		},
		"clock wrong": {
			func(r *rig) { r.config.Now = func() time.Time { return time.Now().Add(-time.Hour) } },
			doctor.Problem, "clock", "away from that of Stripe", "set the clock",
		},
		"clock a little wrong": {
			func(r *rig) { r.config.Now = func() time.Time { return time.Now().Add(2 * time.Minute) } },
			doctor.Warning, "clock", "away from that of Dataverse", "set the clock",
		},
	} {
		t.Run(name, c.isFound)
	}
}

// breakage is a way to break an installation, and the finding that has to come
// of it: its level and group, and words of its message and of its remedy.
type breakage struct {
	broken                 func(*rig)
	level                  doctor.Level
	group, message, remedy string
}

// isFound breaks an installation and looks for the finding.
func (c breakage) isFound(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c.broken(r)
	report := r.examine()
	for _, f := range report.Findings {
		if f.Level == c.level && f.Group == c.group && strings.Contains(f.Message, c.message) && strings.Contains(f.Remedy, c.remedy) {
			if f.Level == doctor.Problem && report.Worst != doctor.Problem {
				t.Errorf("the worst is %s", report.Worst)
			}
			return
		}
	}
	var shown strings.Builder
	r.must(report.Show(&shown))
	t.Errorf("not found in %s", &shown)
}

package doctor_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"paybridge/cmd/paybridge/doctor"
	"paybridge/cmd/paybridge/endpoint"
	"paybridge/cmd/paybridge/target"
	"paybridge/cmd/paybridge/vault"
	"paybridge/functions/health"
	"paybridge/internal/crm"
	"paybridge/internal/secret"
	"paybridge/internal/settings"
	"paybridge/internal/stripeapi"
	"paybridge/standin/dataverse"
	"paybridge/standin/keyvault"
	"paybridge/standin/servicebus/management"
	"paybridge/standin/stripe"
)

const (
	testKey     = "sk_test_of_the_account"
	limitedKey  = "rk_test_of_the_account"
	functionKey = "key-of-the-function"
)

// secretForm finds a key or secret of a test, whole or in part.
var secretForm = regexp.MustCompile(`(?:[psr]k_(?:test|live)|whsec)_\w+|hunter2|` + functionKey)

// rig is an installation on stand-ins: an account at Stripe with the endpoint
// that setup makes, a vault with the secrets, a CRM, and the app.
type rig struct {
	t         *testing.T
	stripe    *stripe.Server
	vault     *vault.Vault
	vaultURL  string
	atVault   *keyvault.Server
	dataverse *dataverse.Server
	crmURL    string
	writes    atomic.Int64 // Requests to the CRM that do more than read.
	client    *stripeapi.Client
	queues    *namespace
	app       *app
	appURL    string
	// values are the app settings.
	values map[string]string
	// mapping says where the payments live, and file is the mapping file that
	// says so, if one does.
	mapping crm.Mapping
	file    []byte
	config  doctor.Config
}

// app answers as the deployed functions do.
type app struct {
	secrets []secret.Secret
	report  health.Report
	gone    bool
	key     string
	now     func() time.Time
}

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case a.gone:
		w.WriteHeader(http.StatusNotFound)
	case r.URL.Path == "/api/health":
		_ = json.NewEncoder(w).Encode(a.report)
	case r.URL.Query().Get("code") != a.key:
		w.WriteHeader(http.StatusUnauthorized)
	default:
		body, _ := io.ReadAll(r.Body)
		if _, err := stripeapi.Verify(body, r.Header.Get("Stripe-Signature"), a.secrets, a.now()); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"received":false,"reason":%q}`, err)
		}
	}
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, values: map[string]string{}, mapping: crm.PaymentMapping(), app: &app{report: health.Report{Status: health.OK, Mode: "test", Version: "1"}, key: functionKey, now: time.Now}}
	var granted []string
	for _, p := range stripeapi.Permissions() {
		granted = append(granted, strings.TrimPrefix(p, "rak_"))
	}
	var err error
	r.stripe, err = stripe.Open(stripe.Config{
		Dir: t.TempDir(), SecretKey: testKey, RestrictedKeys: []string{limitedKey, "rk_test_lesser", "rk_test_blind"}, Delivery: stripe.Delivery{Orderly: true, Backoff: []time.Duration{}},
		Permissions: map[string][]string{limitedKey: granted, "rk_test_lesser": granted[1:], "rk_test_blind": granted[:len(granted)-1]},
	})
	r.must(err)
	t.Cleanup(func() { _ = r.stripe.Close() })
	stripeURL := r.serve(r.stripe)
	r.client = stripeapi.New(stripeapi.Config{Key: secret.New(testKey), BaseURL: stripeURL})
	r.environment(func(*dataverse.Config) {})
	r.azure(management.Config{})
	r.atVault = keyvault.New(keyvault.Config{})
	r.vaultURL = r.serve(r.atVault)
	at, err := vault.Parse(r.vaultURL)
	r.must(err)
	r.vault, err = vault.Open(at, nil, nil)
	r.must(err)
	r.appURL = r.serve(r.app)
	r.provision()
	r.must(r.vault.Write(t.Context(), "stripe-secret-key", secret.New(limitedKey), nil))
	r.setup()
	r.restart()
	for _, f := range settings.Fields() {
		if !f.Secret && f.Local != "" {
			r.values[f.Name] = f.Local
		}
	}
	maps.Copy(r.values, map[string]string{
		"StripeSecretKey": r.reference("stripe-secret-key"), "StripeWebhookSecret": r.reference("stripe-webhook-secret"), "StripeApiBase": stripeURL,
		"AZURE_CLIENT_ID": dataverse.ApplicationID(), "ServiceBusConnection__fullyQualifiedNamespace": "sb-pay.servicebus.windows.net",
		"PaymentSuccessUrl": "https://shop.example/thanks",
	})
	r.config = doctor.Config{App: r.appURL, Version: "1"}
	return r
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) serve(h http.Handler) string {
	web := httptest.NewServer(h)
	r.t.Cleanup(web.Close)
	return web.URL
}

func (r *rig) reference(name string) string {
	return "@Microsoft.KeyVault(SecretUri=" + r.vaultURL + "/secrets/" + name + ")"
}

func (r *rig) setup(change ...func(*endpoint.Config)) {
	r.t.Helper()
	c := endpoint.Config{Stripe: r.client, Vault: r.vault, App: r.appURL, FunctionKey: secret.New(functionKey), Say: func(string, ...any) {}}
	for _, f := range change {
		f(&c)
	}
	r.must(endpoint.Setup(r.t.Context(), c))
}

// restart lets the app read the vault.
func (r *rig) restart() {
	kept, err := r.vault.Read(r.t.Context(), "stripe-webhook-secret")
	r.must(err)
	r.app.secrets = nil
	for s := range strings.SplitSeq(kept.Value.Reveal(), ",") {
		r.app.secrets = append(r.app.secrets, secret.New(s))
	}
}

// change changes something about the endpoint, as a person does in Stripe's
// Dashboard.
func (r *rig) change(form string) {
	r.t.Helper()
	all, err := r.client.Endpoints(r.t.Context())
	r.must(err)
	r.post("/v1/webhook_endpoints/"+all[0].ID, form)
}

func (r *rig) post(path, form string) string {
	r.t.Helper()
	return r.ask(http.MethodPost, path, form)
}

// ask asks Stripe as the owner of the account.
func (r *rig) ask(method, path, form string) string {
	r.t.Helper()
	req := httptest.NewRequestWithContext(r.t.Context(), method, path, strings.NewReader(form))
	req.Header.Set("Authorization", "Bearer "+testKey)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res := httptest.NewRecorder()
	r.stripe.ServeHTTP(res, req)
	if res.Code > 299 {
		r.t.Fatalf("%s %s: %s", path, form, res.Body)
	}
	return res.Body.String()
}

// examine lets the doctor look at the installation, by the settings in a file.
func (r *rig) examine() doctor.Report {
	r.t.Helper()
	file := filepath.Join(r.t.TempDir(), "settings.json")
	text, err := json.Marshal(map[string]any{"Values": r.values})
	r.must(err)
	r.must(os.WriteFile(file, text, 0o600))
	if r.file != nil {
		r.must(os.WriteFile(filepath.Join(filepath.Dir(file), r.values["PaymentTable"]), r.file, 0o600))
	}
	nothing := func(string) (string, bool) { return "", false }
	found, problems, err := target.Flags{Settings: file}.Inspect(r.t.Context(), target.Process{Lookup: nothing, Logger: slog.New(slog.DiscardHandler)})
	r.must(err)
	if found.Queues != nil {
		r.must(found.Queues.Close(r.t.Context()))
		found.Queues = r.queues
	}
	c := r.config
	c.Target, c.Problems = found, problems
	report := doctor.Examine(r.t.Context(), c)
	r.must(found.Close(r.t.Context()))
	shown := &strings.Builder{}
	r.must(report.Show(shown))
	text, err = json.Marshal(report)
	r.must(err)
	if told := secretForm.FindString(shown.String() + string(text)); told != "" {
		r.t.Errorf("%s is shown: %s", told, shown)
	}
	for _, f := range report.Findings {
		if (f.Level != doctor.OK) != (f.Remedy != "") {
			r.t.Errorf("%+v", f)
		}
	}
	return report
}

// replace makes a new endpoint of another API version in place of the one that
// is there, with its secret where it belongs.
func (r *rig) replace(version string) {
	r.t.Helper()
	all, err := r.client.Endpoints(r.t.Context())
	r.must(err)
	r.must(r.client.DeleteEndpoint(r.t.Context(), all[0].ID))
	form := "enabled_events[]=" + strings.Join(stripeapi.EventTypes(), "&enabled_events[]=") + "&url=" + r.appURL + endpoint.Path + "?code=" + functionKey
	if version != "" {
		form += "&api_version=" + version
	}
	r.post("/v1/webhook_endpoints", form)
	made, err := r.stripe.Endpoints()
	r.must(err)
	r.must(r.vault.Write(r.t.Context(), "stripe-webhook-secret", secret.New(made[0].Secret), nil))
	r.restart()
}

// addSecret adds a signing secret to those in the vault, the one that is there
// again where none is given.
func (r *rig) addSecret(value string) {
	r.t.Helper()
	kept, err := r.vault.Read(r.t.Context(), "stripe-webhook-secret")
	r.must(err)
	if value == "" {
		value = kept.Value.Reveal()
	}
	r.must(r.vault.Write(r.t.Context(), "stripe-webhook-secret", secret.New(kept.Value.Reveal()+","+value), nil))
	r.restart()
}

// row makes a payment row.
func (r *rig) row(body string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.crmURL+"/api/data/v9.2/pb_payments", strings.NewReader(body))
	r.must(err)
	req.Header.Set("Authorization", "Bearer anybody")
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	r.must(err)
	defer res.Body.Close()
	if res.StatusCode > 299 {
		text, _ := io.ReadAll(res.Body)
		r.t.Fatalf("%s: %s", res.Status, text)
	}
}

package settings_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/secret"
	"paybridge/internal/secret/leak"
	"paybridge/internal/settings"
)

// good are settings of a deployed app with a client secret.
func good() map[string]string {
	return map[string]string{
		"StripeSecretKey":       "sk_test_hunter2",
		"StripeWebhookSecret":   "whsec_hunter2new, whsec_hunter2old,\n",
		"DataverseUrl":          "https://Contoso.crm4.dynamics.com/",
		"DataverseTenantId":     "contoso.onmicrosoft.com",
		"DataverseClientId":     "8F0B7A52-3c1d-4e6f-9a2b-5d4c3b2a1f00",
		"DataverseClientSecret": "hunter2~secret",
		"ServiceBusConnection":  "Endpoint=sb://sb-pay.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey=hunter2=",
		"PaymentEventsQueue":    "payment-events",
		"PaymentRequestsQueue":  "payment-requests",
		"ReconcileSchedule":     "0 */5 * * * *",
		"InvocationTimeout":     "90s",
		"LogLevel":              "debug",
	}
}

// with returns the good settings with some of them replaced: with("A", "1").
func with(pairs ...string) map[string]string {
	m := good()
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

// load loads from a map, as from a process that has nothing else in its
// environment.
func load(values map[string]string, resolver settings.Resolver) (settings.Settings, error) {
	var environ []string
	for name, value := range values {
		environ = append(environ, name+"="+value)
	}
	lookup := func(name string) (string, bool) { value, ok := values[name]; return value, ok }
	return settings.Load(context.Background(), lookup, environ, resolver)
}

func TestLoad(t *testing.T) {
	t.Parallel()
	got, err := load(good(), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := settings.Settings{
		StripeSecretKey:       secret.New("sk_test_hunter2"),
		StripeWebhookSecrets:  []secret.Secret{secret.New("whsec_hunter2new"), secret.New("whsec_hunter2old")},
		StripeAPIBase:         "https://api.stripe.com",
		DataverseURL:          "https://contoso.crm4.dynamics.com",
		DataverseTenantID:     "contoso.onmicrosoft.com",
		DataverseClientID:     "8f0b7a52-3c1d-4e6f-9a2b-5d4c3b2a1f00",
		DataverseClientSecret: secret.New("hunter2~secret"),
		ServiceBusConnection:  secret.New("Endpoint=sb://sb-pay.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey=hunter2="),
		PaymentEventsQueue:    "payment-events",
		PaymentRequestsQueue:  "payment-requests",
		ReconcileSchedule:     "0 */5 * * * *",
		InvocationTimeout:     90 * time.Second,
		PaymentLinkExpiry:     24 * time.Hour,
		PaymentTable:          "payment",
		ReconcileAfter:        10 * time.Minute,
		ReconcileSweep:        time.Hour,
		ReconcileWindow:       72 * time.Hour,
		ReconcileLimit:        1000,
		LogLevel:              slog.LevelDebug,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.OrgHost() != "contoso.crm4.dynamics.com" {
		t.Errorf("the organisation's host is %q", got.OrgHost())
	}
}

// TestOrganisationHasOneName: the payments that are at Stripe already stay ours
// when the setting changes to the other address of the same environment.
func TestOrganisationHasOneName(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"https://contoso.crm4.dynamics.com", "https://Contoso.api.crm4.dynamics.com/"} {
		got, err := load(map[string]string{"DataverseUrl": url}, nil)
		if err != nil || got.OrgHost() != "contoso.crm4.dynamics.com" {
			t.Errorf("%s: %q, %v", url, got.OrgHost(), err)
		}
	}
}

func TestNothingSetIsNoProblem(t *testing.T) {
	t.Parallel()
	for _, values := range []map[string]string{{}, {"StripeSecretKey": "", "DataverseUrl": " \n", "InvocationTimeout": ""}} {
		got, err := load(values, nil)
		want := settings.Settings{
			StripeAPIBase: "https://api.stripe.com", InvocationTimeout: 4 * time.Minute, PaymentLinkExpiry: 24 * time.Hour,
			ReconcileAfter: 10 * time.Minute, ReconcileSweep: time.Hour, ReconcileWindow: 72 * time.Hour, ReconcileLimit: 1000, PaymentTable: "payment",
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v: %v\n%s", values, err, diff)
		}
		if got.Mode() != "" || got.Livemode() || got.OrgHost() != "" {
			t.Errorf("mode %q, live %v, host %q", got.Mode(), got.Livemode(), got.OrgHost())
		}
	}
}

func TestMalformedSettingsAreProblems(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, want string }{
		{"StripeSecretKey", "hunter2", "begins with sk_test_"},
		{"StripeSecretKey", "sk_hunter2", "begins with sk_test_"},
		{"StripeSecretKey", "sk_test_", "begins with sk_test_"},
		{"StripeSecretKey", "sk_test_hunter2 sk_test_hunter2", "begins with sk_test_"},
		{"StripeSecretKey", "pk_test_hunter2", "publishable"},
		{"StripeSecretKey", "whsec_hunter2", "StripeWebhookSecret"},
		{"StripeWebhookSecret", "hunter2", "entry 1"},
		{"StripeWebhookSecret", "whsec_hunter2,sk_test_hunter2", "entry 2"},
		{"StripeWebhookSecret", "whsec_hunter2 whsec_hunter2", "entry 1"},
		{"StripeWebhookSecret", ", ,", "no secret"},
		{"StripeWebhookSecret", "whsec_1,whsec_2,whsec_3,whsec_4,whsec_5,whsec_6", "more than 5"},
		{"StripeWebhookSecret", "whsec_1,@Microsoft.KeyVault(VaultName=kv-pay;SecretName=n)", "whole value"},
		{"StripeApiBase", "api.stripe.com", "absolute URL"},
		{"StripeApiBase", "https://api.stripe.com/v1", "scheme and a host"},
		{"StripeApiBase", "http://api.stripe.com", "not https"},
		{"StripeApiBase", "http://localhost.example.com", "not https"},
		{"StripeApiBase", "ftp://localhost", "not https"},
		{"StripeApiBase", "https://user:hunter2@api.stripe.com", "scheme and a host"},
		{"StripeApiBase", "https://api.stripe.com:99999", "port"},
		{"DataverseUrl", "contoso.crm4.dynamics.com", "absolute URL"},
		{"DataverseUrl", "https://contoso.crm4.dynamics.com/api/data/v9.2", "scheme and a host"},
		{"DataverseUrl", "https://contoso.crm4.dynamics.com?x", "scheme and a host"},
		{"DataverseUrl", "http://contoso.crm4.dynamics.com", "not https"},
		{"DataverseUrl", "https://%zz", "absolute URL"},
		{"DataverseTenantId", "contoso", "neither"},
		{"DataverseTenantId", "https://contoso.com", "neither"},
		{"DataverseClientId", "8f0b7a52", "not a GUID"},
		{"DataverseClientId", "{8f0b7a52-3c1d-4e6f-9a2b-5d4c3b2a1f00}", "not a GUID"},
		{"DataverseClientSecret", "8f0b7a52-3c1d-4e6f-9a2b-5d4c3b2a1f00", "not its value"},
		{"ServiceBusConnection", "sb-pay.servicebus.windows.net", "Endpoint=sb://"},
		{"ServiceBusConnection", "SharedAccessKey=hunter2;Endpoint=https://x", "Endpoint=sb://"},
		{"ServiceBusConnection__fullyQualifiedNamespace", "sb://sb-pay.servicebus.windows.net/", "without sb://"},
		{"ServiceBusConnection__fullyQualifiedNamespace", "sb-pay", "without sb://"},
		{"PaymentEventsQueue", "-events", "letter or digit"},
		{"PaymentEventsQueue", "a b", "letter or digit"},
		{"PaymentRequestsQueue", strings.Repeat("q", 261), "260"},
		{"PaymentRequestsQueue", "Payment-Events", "same queue"},
		{"AZURE_CLIENT_ID", "me", "not a GUID"},
		{"AZURE_CLIENT_ID", " ", "remove it"},
		{"ReconcileSchedule", "5m", "six fields"},
		{"ReconcileSchedule", "0 */5 * * *; x", "six fields"},
		{"ReconcileAfter", "10", "10m or 72h"},
		{"ReconcileAfter", "-1s", "0s to 720h"},
		{"ReconcileWindow", "9m", "shorter than ReconcileSweep"},
		{"ReconcileWindow", "721h", "0s to 720h"},
		{"ReconcileLimit", "0", "1 to 5000"},
		{"ReconcileLimit", "many", "1 to 5000"},
		{"ReconcileLimit", "5001", "1 to 5000"},
		{"PaymentMethodTypes", listOf(21), "more than 20"},
		{"PaymentMetadataColumns", listOf(21), "more than 20"},
		{"InvocationTimeout", "4", "90s or 4m"},
		{"InvocationTimeout", "00:04:00", "90s or 4m"},
		{"InvocationTimeout", "4m30.001s", "4m30s"},
		{"InvocationTimeout", "0s", "five minutes"},
		{"InvocationTimeout", "-1s", "five minutes"},
		{"StripeWebhookSecret", strings.Repeat("whsec_hunter2,", 6), "more than 5"},
		{"LogLevel", "Information", "debug, info"},
		{"LogLevel", "INFO", "debug, info"},
		{"FUNCTIONS_CUSTOMHANDLER_PORT", "http", "not a port"},
		{"FUNCTIONS_CUSTOMHANDLER_PORT", "0", "not a port"},
		{"FUNCTIONS_CUSTOMHANDLER_PORT", "65536", "not a port"},
		{"StripeSecretKey", "@Microsoft.KeyVault(VaultName=kv-pay)", "no SecretName"},
		{"StripeSecretKey", "@Microsoft.KeyVault(VaultName=kv-pay;SecretName=n)", "nobody has resolved"},
		{"PaymentEventsQueue", "@Microsoft.KeyVault(VaultName=kv-pay;SecretName=n)", "nobody has resolved"},
	} {
		_, err := load(with(c.name, c.value), nil)
		problems := settings.Problems(err)
		if len(problems) != 1 {
			t.Errorf("%s=%s: %d problems: %v", c.name, c.value, len(problems), err)
			continue
		}
		p := problems[0]
		if p.Setting != c.name || p.Message == "" || p.Hint == "" || !strings.Contains(p.Error(), c.want) || !strings.HasPrefix(p.Error(), c.name+": ") {
			t.Errorf("%s=%s: %q, want %q in it", c.name, c.value, p, c.want)
		}
		leak.New("hunter2").Assert(t, c.name, p.Error())
	}
}

// listOf is a list of n names.
func listOf(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = "name_" + string(rune('a'+i))
	}
	return strings.Join(names, ",")
}

func TestWellFormedSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value string }{
		{"StripeSecretKey", "rk_live_51Abc_def"},
		{"StripeWebhookSecret", "whsec_1,whsec_2,whsec_3,whsec_4,whsec_5"},
		{"StripeApiBase", "http://127.0.0.1:7073"},
		{"StripeApiBase", "http://localhost:7073/"},
		{"StripeApiBase", "http://[::1]:7073"},
		{"DataverseUrl", "http://127.0.0.1:7072"},
		{"DataverseUrl", "https://contoso.crm.dynamics.com"},
		{"DataverseTenantId", "8f0b7a52-3c1d-4e6f-9a2b-5d4c3b2a1f00"},
		{"ServiceBusConnection", "Endpoint=sb://localhost;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;"},
		{"ServiceBusConnection", "SharedAccessKeyName=k;SharedAccessKey=a=;Endpoint=sb://127.0.0.1:5672/"},
		{"ServiceBusConnection__fullyQualifiedNamespace", "sb-pay.servicebus.windows.net"},
		{"ServiceBusConnection__clientId", "not ours to judge"},
		{"PaymentEventsQueue", "team/payment_events.v1"},
		{"InvocationTimeout", "4m30s"},
		{"ReconcileLimit", "5000"},
		{"ReconcileWindow", "720h"},
		{"PaymentRequestsQueue", strings.Repeat("q", 260)},
		{"PaymentMethodTypes", listOf(20)},
		{"PaymentMetadataColumns", listOf(20)},
		{"FUNCTIONS_CUSTOMHANDLER_PORT", "50331"},
		{"STRIPE_API_KEY", "somebody else's"},
	} {
		if _, err := load(with(c.name, c.value), nil); err != nil {
			t.Errorf("%s=%s: %v", c.name, c.value, err)
		}
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	got, err := load(with("StripeSecretKey", "hunter2", "DataverseUrl", "hunter2", "DataverseTenantId", "", "StripeSecret", "hunter2", "LogLevel", "@Microsoft.KeyVault(x)"), nil)
	var names []string
	for _, p := range settings.Problems(err) {
		names = append(names, p.Setting)
	}
	if diff := cmp.Diff([]string{"StripeSecretKey", "DataverseUrl", "DataverseTenantId", "LogLevel", "StripeSecret"}, names); diff != "" {
		t.Error(diff)
	}
	if _, ok := errors.AsType[*settings.Problem](err); !ok {
		t.Errorf("%v holds no Problem", err)
	}
	if !got.StripeSecretKey.IsZero() || got.DataverseURL != "" || got.PaymentEventsQueue != "payment-events" {
		t.Errorf("what could be read is not returned, or more than that: %v", got.LogValue())
	}
	if settings.Problems(nil) != nil || settings.Problems(errors.New("another")) != nil {
		t.Error("problems are found where there are none")
	}
}

func TestClientSecretNeedsAllThree(t *testing.T) {
	t.Parallel()
	trio := []string{"DataverseTenantId", "DataverseClientId", "DataverseClientSecret"}
	for set := range 8 {
		values := good()
		for i, name := range trio {
			if set&(1<<i) == 0 {
				delete(values, name)
			}
		}
		_, err := load(values, nil)
		if whole := set == 0 || set == 7; whole != (err == nil) || len(settings.Problems(err)) > 1 {
			t.Errorf("with set %03b: %v", set, err)
		}
	}
}

func TestMisspeltNamesAreProblems(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"StripeSecretkey":     "did you mean StripeSecretKey?",
		"StripeWebhookSecert": "did you mean StripeWebhookSecret?",
		"StripeAPIBase":       "did you mean StripeApiBase?",
		"DataverseURL":        "did you mean DataverseUrl?",
		"DataverseTenant":     "did you mean DataverseTenantId?",
		"PaymentEventQueue":   "did you mean PaymentEventsQueue?",
		"PayBridgeLogLevel":   "did you mean LogLevel?",
	} {
		_, err := load(with(name, "hunter2"), nil)
		if err == nil || !strings.Contains(err.Error(), name+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
		leak.New("hunter2").Assert(t, name, fmt.Sprint(err))
	}
}

// vault resolves from a map by the name of the secret.
type vault map[string]string

func (v vault) Resolve(_ context.Context, references map[string]secret.Reference) (map[string]secret.Secret, error) {
	found := map[string]secret.Secret{}
	var errs []error
	for setting, reference := range references {
		if value, ok := v[reference.Name]; ok {
			found[setting] = secret.New(value)
		} else {
			errs = append(errs, &secret.UnresolvedError{Setting: setting, Reference: reference, Message: "no such secret", Hint: "check the name", Absent: true})
		}
	}
	return found, errors.Join(errs...)
}

func TestReferencesAreResolved(t *testing.T) {
	t.Parallel()
	values := with(
		"StripeSecretKey", "@Microsoft.KeyVault(VaultName=kv-pay;SecretName=key)",
		"StripeWebhookSecret", " @microsoft.keyvault(SecretUri=https://kv-pay.vault.azure.net/secrets/whsec) ",
		"DataverseClientId", "@Microsoft.KeyVault(VaultName=kv-pay;SecretName=client)",
	)
	got, err := load(values, vault{"key": "sk_live_hunter2\n", "whsec": "whsec_1,whsec_2\r\n", "client": good()["DataverseClientId"]})
	if err != nil {
		t.Fatal(err)
	}
	if got.StripeSecretKey.Reveal() != "sk_live_hunter2" || !got.Livemode() || got.Mode() != "live" || len(got.StripeWebhookSecrets) != 2 {
		t.Errorf("resolved to %q, %v, %d", got.StripeSecretKey.Reveal(), got.Livemode(), len(got.StripeWebhookSecrets))
	}

	_, err = load(values, vault{"whsec": "hunter2", "client": "@Microsoft.KeyVault(VaultName=kv-pay;SecretName=client)"})
	said := map[string]string{}
	for _, p := range settings.Problems(err) {
		said[p.Setting] = p.Message
	}
	want := map[string]string{
		"StripeSecretKey":     "no such secret",
		"StripeWebhookSecret": "entry 1 is not the form of a signing secret",
		"DataverseClientId":   "the value is a Key Vault reference that nobody has resolved",
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
}

// TestSecretsThatAreNotThereYet: an app that was just deployed has an empty
// vault. To sign in to Dataverse as somebody else than the three settings say
// is no way to go on.
func TestSecretsThatAreNotThereYet(t *testing.T) {
	t.Parallel()
	const reference = "@Microsoft.KeyVault(VaultName=kv-pay;SecretName=later)"
	got, err := load(with("StripeSecretKey", reference, "StripeWebhookSecret", reference, "DataverseClientSecret", reference), vault{})
	absent := map[string]bool{}
	for _, p := range settings.Problems(err) {
		absent[p.Setting] = p.Absent
	}
	if diff := cmp.Diff(map[string]bool{"StripeSecretKey": true, "StripeWebhookSecret": true, "DataverseClientSecret": false}, absent); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"StripeSecretKey", "StripeWebhookSecret"}, got.Missing("stripewebhook")); diff != "" {
		t.Error(diff)
	}
}

func TestResolverIsNotAskedForNothing(t *testing.T) {
	t.Parallel()
	if _, err := load(good(), refusing{}); err != nil {
		t.Error(err)
	}
	// An error of another type must not let a literal reference through either.
	_, err := load(with("StripeSecretKey", "@Microsoft.KeyVault(VaultName=kv-pay;SecretName=n)"), refusing{})
	if problems := settings.Problems(err); len(problems) != 1 || !strings.Contains(problems[0].Error(), `"Key Vault Secrets User"`) {
		t.Errorf("the problems are %v", err)
	}
}

type refusing struct{}

func (refusing) Resolve(context.Context, map[string]secret.Reference) (map[string]secret.Secret, error) {
	return nil, errors.New("asked")
}

func TestMissing(t *testing.T) {
	t.Parallel()
	full, err := load(good(), nil)
	if err != nil {
		t.Fatal(err)
	}
	empty, err := load(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for function, want := range map[string][]string{
		"stripewebhook":  {"StripeSecretKey", "StripeWebhookSecret", "ServiceBusConnection", "PaymentEventsQueue"},
		"crmupdate":      {"StripeSecretKey", "DataverseUrl", "ServiceBusConnection", "PaymentEventsQueue", "PaymentRequestsQueue"},
		"crmwebhook":     {"DataverseUrl", "ServiceBusConnection", "PaymentRequestsQueue"},
		"paymentrequest": {"StripeSecretKey", "DataverseUrl", "ServiceBusConnection", "PaymentRequestsQueue"},
		"reconcile":      {"StripeSecretKey", "DataverseUrl", "ServiceBusConnection", "PaymentEventsQueue", "PaymentRequestsQueue", "ReconcileSchedule"},
		"health":         nil,
	} {
		if diff := cmp.Diff(want, empty.Missing(function)); diff != "" {
			t.Errorf("%s: %s", function, diff)
		}
		if missing := full.Missing(function); missing != nil {
			t.Errorf("%s misses %v of everything", function, missing)
		}
	}

	identity := maps.Clone(good())
	delete(identity, "ServiceBusConnection")
	identity["ServiceBusConnection__fullyQualifiedNamespace"] = "sb-pay.servicebus.windows.net"
	s, err := load(identity, nil)
	if unset := s.Unset("ServiceBusConnection", "PaymentEventsQueue"); unset != nil {
		t.Errorf("%v are said to be not set", unset)
	}
	want := []string{"DataverseUrl", "ServiceBusConnection"}
	if diff := cmp.Diff(want, empty.Unset("ServiceBusConnection", "DataverseUrl", "LogLevel")); diff != "" {
		t.Error(diff)
	}
	if missing := s.Missing("stripewebhook"); missing != nil || err != nil {
		t.Errorf("with a managed identity for Service Bus: %v, %v", missing, err)
	}
}

// TestPaymentSettings holds what the payment settings refuse.
func TestPaymentSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, value string
		good        bool
	}{
		{"PaymentSuccessUrl", "https://shop.example/thanks", true},
		{"PaymentSuccessUrl", "http://127.0.0.1:8080/thanks", true},
		{"PaymentSuccessUrl", "http://shop.example/thanks", false},
		{"PaymentSuccessUrl", "thanks", false},
		{"PaymentSuccessUrl", "javascript:alert(1)", false},
		{"PaymentLinkExpiry", "30m", true},
		{"PaymentLinkExpiry", "24h", true},
		{"PaymentLinkExpiry", "29m", false},
		{"PaymentLinkExpiry", "25h", false},
		{"PaymentLinkExpiry", "soon", false},
		{"PaymentTable", "payment", true},
		{"PaymentTable", "salesorder", true},
		{"PaymentTable", "invoice.json", true},
		{"PaymentTable", "host.json", false},
		{"PaymentTable", "../invoice.json", false},
		{"PaymentTable", "pb_payment", false},
		{"PaymentMethodTypes", "card, sepa_debit", true},
		{"PaymentMethodTypes", "Card", false},
		{"PaymentMethodTypes", "card,,sepa_debit", false},
		{"PaymentMetadataColumns", "pb_name", true},
		{"PaymentMetadataColumns", "pb_name')", false},
	} {
		_, err := load(map[string]string{c.name: c.value}, nil)
		if (err == nil) != c.good {
			t.Errorf("%s=%s: %v", c.name, c.value, err)
		}
	}
}

package settings_test

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/secret"
	"paybridge/internal/settings"
)

// example is the file that a developer copies to local.settings.json.
const example = "../../local.settings.json.example"

func TestEveryFieldIsDocumented(t *testing.T) {
	t.Parallel()
	functions := []string{"stripewebhook", "crmupdate", "crmwebhook", "paymentrequest", "reconcile", "health"}
	seen := map[string]bool{}
	for _, f := range settings.Fields() {
		if f.Name == "" || seen[f.Name] {
			t.Errorf("a field has the name %q, which is empty or there twice", f.Name)
		}
		seen[f.Name] = true
		if !strings.HasSuffix(f.Description, ".") {
			t.Errorf("the description of %s is %q, no sentence", f.Name, f.Description)
		}
		if f.Default == "" && f.Example == "" {
			t.Errorf("%s has neither a default nor an example", f.Name)
		}
		for _, function := range f.For {
			if !slices.Contains(functions, function) {
				t.Errorf("%s is for %s, which is no function", f.Name, function)
			}
		}
		if f.Or != "" && !slices.ContainsFunc(settings.Fields(), func(o settings.Field) bool { return o.Name == f.Or }) {
			t.Errorf("%s refers to %s, which is no setting", f.Name, f.Or)
		}
	}
}

// TestEveryFieldIsRead sets one setting at a time to a value that is good for
// it, and expects exactly its own field to change.
func TestEveryFieldIsRead(t *testing.T) {
	t.Parallel()
	values := good()
	values["StripeApiBase"] = "http://127.0.0.1:7073"
	values["ServiceBusConnection__fullyQualifiedNamespace"] = "sb-pay.servicebus.windows.net"
	values["AZURE_CLIENT_ID"] = "8f0b7a52-3c1d-4e6f-9a2b-5d4c3b2a1f00"
	values["FUNCTIONS_CUSTOMHANDLER_PORT"] = "50331"
	values["PaymentSuccessUrl"] = "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}"
	values["PaymentCancelUrl"] = "https://shop.example/cart"
	values["PaymentLinkExpiry"] = "90m"
	values["PaymentMethodTypes"] = "card,sepa_debit"
	values["PaymentTable"] = "salesorder"
	values["PaymentMetadataColumns"] = "pb_name, pb_customeremail"
	values["ReconcileSchedule"], values["ReconcileLimit"] = "0 */5 * * * *", "50"
	values["ReconcileAfter"], values["ReconcileSweep"], values["ReconcileWindow"] = "5m", "30m", "48h"
	empty, _ := load(nil, nil)
	for i, f := range settings.Fields() {
		// One of the client secret's three alone is a problem, and is read.
		s, _ := load(map[string]string{f.Name: values[f.Name]}, nil)
		for j := range reflect.TypeFor[settings.Settings]().NumField() {
			changed := !cmp.Equal(reflect.ValueOf(s).Field(j).Interface(), reflect.ValueOf(empty).Field(j).Interface())
			if changed != (i == j) {
				t.Errorf("setting %s: field %s changed: %v", f.Name, reflect.TypeFor[settings.Settings]().Field(j).Name, changed)
			}
		}
	}
}

func TestDefaultsAndLocalValuesAreGood(t *testing.T) {
	t.Parallel()
	defaults, local := map[string]string{}, map[string]string{}
	for _, f := range settings.Fields() {
		if f.Default != "" {
			defaults[f.Name] = f.Default
		}
		if !f.NotLocal {
			local[f.Name] = f.Local
		}
	}
	for _, values := range []map[string]string{defaults, local} {
		if _, err := load(values, nil); err != nil {
			t.Error(err)
		}
	}
}

func TestAllowedValuesAreTheOnesRead(t *testing.T) {
	t.Parallel()
	for _, f := range settings.Fields() {
		for _, value := range f.Values {
			if _, err := load(map[string]string{f.Name: value}, nil); err != nil {
				t.Errorf("%s does not take %s: %v", f.Name, value, err)
			}
		}
		if len(f.Values) == 0 {
			continue
		}
		_, err := load(map[string]string{f.Name: "another"}, nil)
		for _, value := range f.Values {
			if err == nil || !strings.Contains(err.Error(), value) {
				t.Errorf("%s refuses another value with %v, without naming %s", f.Name, err, value)
			}
		}
	}
}

func TestTheExampleHoldsEverySetting(t *testing.T) {
	t.Parallel()
	got, err := settings.ReadLocal(example)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"FUNCTIONS_WORKER_RUNTIME": "custom", "AzureWebJobsStorage": "UseDevelopmentStorage=true"}
	for _, f := range settings.Fields() {
		if !f.NotLocal {
			want[f.Name] = f.Local
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := load(got, nil); err != nil {
		t.Errorf("the example does not load: %v", err)
	}
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(text) {
		t.Error("the example is not JSON")
	}
	// In the order of the struct, so that it reads like the table.
	at := 0
	for _, f := range settings.Fields() {
		if f.NotLocal {
			continue
		}
		next := strings.Index(string(text), `"`+f.Name+`":`)
		if next < at {
			t.Errorf("%s is not where the struct has it", f.Name)
		}
		at = next
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSuffix(settings.Table(), "\n"), "\n")
	if len(lines) != len(settings.Fields())+2 {
		t.Fatalf("%d lines for %d settings", len(lines), len(settings.Fields()))
	}
	for i, f := range settings.Fields() {
		line := lines[i+2]
		if !strings.HasPrefix(line, "| `"+f.Name+"` | ") || strings.Contains(line, "**Secret.**") != f.Secret {
			t.Errorf("the line of %s is %s", f.Name, line)
		}
	}
	for i, line := range lines {
		if n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); n != 6 {
			t.Errorf("line %d has %d bars: %s", i+1, n, line)
		}
	}
}

// Secrets that a person hands over are kept in Key Vault, each under a name
// that Key Vault takes; the connection string of Service Bus is for places
// without a managed identity, where there is no vault.
func TestVaultSecrets(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range settings.Fields() {
		if f.Vault == "" {
			continue
		}
		if !f.Secret || seen[f.Vault] {
			t.Errorf("%s: secret %v, vault %q", f.Name, f.Secret, f.Vault)
		}
		seen[f.Vault] = true
		if _, err := secret.ParseReference("@Microsoft.KeyVault(VaultName=kv-pay;SecretName=" + f.Vault + ")"); err != nil {
			t.Error(err)
		}
		if settings.VaultSecret(f.Name) != f.Vault {
			t.Errorf("VaultSecret(%s) = %q", f.Name, settings.VaultSecret(f.Name))
		}
	}
	want := map[string]bool{"stripe-secret-key": true, "stripe-webhook-secret": true, "dataverse-client-secret": true}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
	if got := settings.VaultSecret("NoSuchSetting"); got != "" {
		t.Errorf("a setting that is none is kept as %q", got)
	}
}

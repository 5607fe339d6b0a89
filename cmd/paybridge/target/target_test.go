package target_test

import (
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/local"
	"paybridge/cmd/paybridge/target"
	"paybridge/internal/settings"
	"paybridge/standin/keyvault"
)

// process is a process with an environment of its own.
func process(environ ...string) target.Process {
	return target.Process{
		Environ: environ, Logger: slog.New(slog.DiscardHandler),
		Lookup: func(name string) (string, bool) {
			for _, entry := range environ {
				if key, value, _ := strings.Cut(entry, "="); key == name {
					return value, true
				}
			}
			return "", false
		},
	}
}

// file writes a file of settings.
func file(t *testing.T, values string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "local.settings.json")
	if err := os.WriteFile(path, []byte(`{"Values": `+values+`}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEnvironmentLiesOverTheFile(t *testing.T) {
	flags := target.Flags{Settings: file(t, `{
		"StripeSecretKey": "sk_test_file", "DataverseUrl": "http://127.0.0.1:7072", "PaymentEventsQueue": "file-events", "PaymentRequestsQueue": "file-requests",
		"ServiceBusConnection": "Endpoint=sb://localhost;SharedAccessKeyName=n;SharedAccessKey=k;UseDevelopmentEmulator=true;"}`)}
	for _, c := range []struct {
		name, events, says string
		environ            []string
	}{
		{"the file alone", "file-events", "CRM 127.0.0.1:7072, Stripe in test mode, queues of the Service Bus emulator", nil},
		{"an empty variable", "file-events", "CRM 127.0.0.1:7072, Stripe in test mode, queues of the Service Bus emulator", []string{"PaymentEventsQueue="}},
		{"another key", "file-events", "CRM 127.0.0.1:7072, Stripe in live mode, queues of the Service Bus emulator", []string{"StripeSecretKey=rk_live_environment"}},
		{"another queue", "other", "CRM 127.0.0.1:7072, Stripe in test mode, queues of the Service Bus emulator", []string{"PaymentEventsQueue=other"}},
		{"a connection string", "file-events", "CRM 127.0.0.1:7072, Stripe in test mode, queues of sb-pay.servicebus.windows.net",
			[]string{"ServiceBusConnection=Endpoint=sb://sb-pay.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=k"}},
		{"a namespace without a key", "file-events", "CRM 127.0.0.1:7072, Stripe in test mode, queues of sb-mi.servicebus.windows.net",
			[]string{"ServiceBusConnection__fullyQualifiedNamespace=sb-mi.servicebus.windows.net"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, err := flags.Open(t.Context(), process(c.environ...))
			if err != nil {
				t.Fatal(err)
			}
			if found.Settings.PaymentEventsQueue != c.events || found.String() != c.says {
				t.Errorf("queue %s, %s", found.Settings.PaymentEventsQueue, found)
			}
			if found.Stripe == nil || found.Dataverse == nil || found.Rows == nil || found.Queues == nil {
				t.Error("a client is missing")
			}
			if err := found.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestWhoTheAppIs: a client secret decides, then what the deployment has put out,
// then the app setting. A variable of that setting's name is about the operator.
func TestWhoTheAppIs(t *testing.T) {
	id := func(n string) string { return strings.Repeat(n, 8) + "-1111-4111-8111-111111111111" }
	bySecret := `"DataverseTenantId": "contoso.onmicrosoft.com", "DataverseClientId": "` + id("1") + `", "DataverseClientSecret": "s"`
	for name, c := range map[string]struct {
		file, want string
		environ    []string
	}{
		"client secret":      {`{` + bySecret + `, "AZURE_CLIENT_ID": "` + id("3") + `"}`, id("1"), []string{"IDENTITY_CLIENT_ID=" + id("2")}},
		"deployment":         {`{"AZURE_CLIENT_ID": "` + id("3") + `"}`, id("2"), []string{"IDENTITY_CLIENT_ID=" + id("2"), "AZURE_CLIENT_ID=" + id("4")}},
		"app setting":        {`{"AZURE_CLIENT_ID": "` + id("3") + `"}`, id("3"), []string{"AZURE_CLIENT_ID=" + id("4")}},
		"the operator alone": {`{}`, "", []string{"AZURE_CLIENT_ID=" + id("4")}},
	} {
		found, err := target.Flags{Settings: file(t, c.file)}.Open(t.Context(), process(c.environ...))
		if err != nil {
			t.Fatal(err)
		}
		got, known := found.ClientID()
		if known != (c.want != "") || known && got.String() != c.want {
			t.Errorf("%s: %v, %v", name, got, known)
		}
	}
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	flags := target.Flags{Settings: file(t, `{"StripeSecretKey": "pk_test_1", "DataverseURL": "https://contoso.crm4.dynamics.com"}`)}
	_, err := flags.Open(t.Context(), process("DataverseUrl=contoso", "PaymentEventQueue=x"))
	var got []string
	for _, p := range settings.Problems(err) {
		got = append(got, p.Setting)
		if p.Hint == "" {
			t.Errorf("%s has no hint", p.Setting)
		}
	}
	if diff := cmp.Diff([]string{"StripeSecretKey", "DataverseUrl", "DataverseURL", "PaymentEventQueue"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestSecretsAreNotThereYet: the CRM is set up while the vault is still empty.
func TestSecretsAreNotThereYet(t *testing.T) {
	vault := httptest.NewServer(keyvault.New(keyvault.Config{}))
	t.Cleanup(vault.Close)
	reference := "@Microsoft.KeyVault(SecretUri=" + vault.URL + "/secrets/later)"
	opened, err := target.Flags{Settings: file(t, `{"DataverseUrl": "http://127.0.0.1:7072", "StripeSecretKey": "`+reference+`", "StripeWebhookSecret": "`+reference+`"}`)}.
		Open(t.Context(), process())
	if err != nil {
		t.Fatal(err)
	}
	if opened.Dataverse == nil || opened.Stripe != nil {
		t.Errorf("the target is %+v", opened)
	}
	err = opened.Require("StripeSecretKey", "DataverseUrl")
	if err == nil || !strings.Contains(err.Error(), "StripeSecretKey is not set") {
		t.Errorf("missing: %v", err)
	}
	// Together with something that is wrong it is told as well.
	_, err = target.Flags{Settings: file(t, `{"DataverseUrl": "nonsense", "StripeSecretKey": "`+reference+`"}`)}.Open(t.Context(), process())
	if problems := settings.Problems(err); len(problems) != 2 {
		t.Errorf("the problems are %v", problems)
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	found, err := target.Flags{Settings: file(t, `{"DataverseUrl": "http://127.0.0.1:7072"}`)}.Open(t.Context(), process())
	if err != nil {
		t.Fatal(err)
	}
	if err := found.Require("DataverseUrl"); err != nil {
		t.Error(err)
	}
	err = found.Require("DataverseUrl", "StripeSecretKey", "ServiceBusConnection")
	if err == nil || err.Error() != "StripeSecretKey, ServiceBusConnection are not set" {
		t.Errorf("the error is %v", err)
	}
	hinted(t, err)
}

func TestFilesThatCannotBeRead(t *testing.T) {
	for name, path := range map[string]string{"named and not there": filepath.Join(t.TempDir(), "none.json"), "broken": file(t, `{`)} {
		_, err := target.Flags{Settings: path}.Open(t.Context(), process())
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		hinted(t, err)
	}
	t.Chdir(t.TempDir())
	found, err := target.Flags{}.Open(t.Context(), process())
	if err != nil || found.String() != "nothing: no settings were found" {
		t.Errorf("without a file: %v, %v", found, err)
	}
}

// TestLocalThatDoesNotRun has a folder without state, one whose run ended, and
// one whose port is another run's by now.
func TestLocalThatDoesNotRun(t *testing.T) {
	for name, state := range map[string]string{
		"never started":             "",
		"ended":                     `{"instance": "i", "endpoints": {"queues": "http://127.0.0.1:1"}}`,
		"of an older version":       `{"functionsPort": 1}`,
		"with no queues to look at": `{"instance": "i", "endpoints": {}}`,
	} {
		data := t.TempDir()
		if state != "" {
			if err := os.WriteFile(filepath.Join(data, "local.json"), []byte(state), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := target.Flags{Settings: file(t, `{}`), Local: true, Data: data}.Open(t.Context(), process())
		if !errors.Is(err, local.ErrNotRunning) || !strings.Contains(err.Error(), data) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		hinted(t, err)
	}
}

func hinted(t *testing.T, err error) {
	t.Helper()
	if e, ok := errors.AsType[*target.Error](err); !ok || e.Hint() == "" {
		t.Errorf("no hint: %v", err)
	}
}

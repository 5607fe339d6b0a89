package infra_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"paybridge/infra/bicep"
	"paybridge/internal/secret"
	"paybridge/internal/settings"
)

// exempt are the settings that the templates leave to their defaults or to the
// Functions host, and why.
var exempt = map[string]string{
	"StripeApiBase":                "only a stand-in has another address",
	"ServiceBusConnection":         "a connection string is a secret; the managed identity needs none",
	"InvocationTimeout":            "the default belongs to the queues' lock, which is not for an operator to change",
	"FUNCTIONS_CUSTOMHANDLER_PORT": "given by the Functions host",
}

func TestEverySettingIsSet(t *testing.T) {
	set := appSettings(t, deployed(t, environment))
	for _, f := range settings.Fields() {
		value, isSet := set[f.Name]
		reason := exempt[f.Name]
		switch {
		case !isSet && reason == "":
			t.Errorf("modules/functionapp.bicep does not set %s (%s)", f.Name, f.Description)
		case isSet && reason != "":
			t.Errorf("%s is set although it is exempt: %s", f.Name, reason)
		case isSet && f.Secret:
			// The reference is one that the process itself could resolve, to what
			// paybridge setup stores.
			reference, err := secret.ParseReference(value)
			if err != nil || reference.Version != "" || reference.Name != f.Vault || f.Vault != settings.VaultSecret(f.Name) {
				t.Errorf("%s is %q: %v; paybridge setup writes the secret %s", f.Name, value, err, settings.VaultSecret(f.Name))
			}
		case secret.IsReference(value):
			t.Errorf("%s is a Key Vault reference and no secret", f.Name)
		}
	}
	for name := range exempt {
		if !slices.ContainsFunc(settings.Fields(), func(f settings.Field) bool { return f.Name == name }) {
			t.Errorf("there is no setting %s to exempt", name)
		}
	}
}

// binding is what of a binding in function.json points to the app settings.
type binding struct{ Type, QueueName, Connection, Schedule string }

// TestBindingsResolve: a %SETTING% that is not set keeps its function from
// being indexed, and nothing but a log line says so.
func TestBindingsResolve(t *testing.T) {
	set := appSettings(t, deployed(t, environment))
	files, err := filepath.Glob("../functions/*/function.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no function.json", err)
	}
	placeholder := regexp.MustCompile(`%([^%]*)%`)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var function struct{ Bindings []binding }
		if err := json.Unmarshal(content, &function); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, found := range placeholder.FindAllSubmatch(content, -1) {
			if set[string(found[1])] == "" {
				t.Errorf("%s: %s is not set", file, found[0])
			}
		}
		for _, b := range function.Bindings {
			if b.Connection == "" {
				if strings.HasPrefix(b.Type, "serviceBus") {
					t.Errorf("%s: a binding to a queue has no connection", file)
				}
				continue
			}
			for _, part := range []string{"fullyQualifiedNamespace", "credential", "clientId"} {
				if name := b.Connection + "__" + part; set[name] == "" {
					t.Errorf("%s: the connection needs the setting %s", file, name)
				}
			}
		}
	}
}

// secretLike are names that a secret would have.
var secretLike = regexp.MustCompile(`(?i)secret|password|connectionstring|sharedaccesskey|accountkey|apikey|token$|key$`)

func TestNoSecretGoesThroughADeployment(t *testing.T) {
	for path, file := range templates(t) {
		for _, p := range file.Params {
			if secretLike.MatchString(p.Name) && p.Name != "token" || p.Decorator("secure") != nil {
				t.Errorf("%s: the parameter %s takes a secret, which would be in the deployment", path, p.Name)
			}
		}
		for _, o := range file.Outputs {
			if secretLike.MatchString(o.Name) {
				t.Errorf("%s: the output %s gives a secret away", path, o.Name)
			}
			bicep.Walk(o.Value, func(e bicep.Expr) {
				if call, ok := e.(*bicep.Call); ok && (strings.HasPrefix(call.Name, "list") || call.Name == "getSecret") {
					t.Errorf("%s: the output %s calls %s", path, o.Name, call.Name)
				}
				if m, ok := e.(*bicep.Member); ok && secretLike.MatchString(m.Name) {
					t.Errorf("%s: the output %s reads %s", path, o.Name, m.Name)
				}
			})
		}
		for _, r := range file.Resources {
			if strings.HasSuffix(r.Type, "/secrets") {
				t.Errorf("%s: line %d: a secret is written by paybridge setup, never by a deployment", path, r.Line)
			}
		}
	}
}

// TestParameterFileFits: azd replaces ${NAME} by what its environment has.
func TestParameterFileFits(t *testing.T) {
	content, err := os.ReadFile("main.parameters.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Parameters map[string]struct{ Value string }
	}
	if err := json.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	variable := regexp.MustCompile(`^\$\{([A-Z_]+)(=[^}]*)?\}$`)
	main := templates(t)["main.bicep"]
	for _, p := range main.Params {
		given, ok := file.Parameters[p.Name]
		if !ok {
			t.Errorf("main.parameters.json does not give %s, so azd env set cannot", p.Name)
			continue
		}
		delete(file.Parameters, p.Name)
		found := variable.FindStringSubmatch(given.Value)
		if found == nil {
			t.Errorf("%s is %q and no variable of the environment", p.Name, given.Value)
			continue
		}
		// Given as empty, a default of the template would not count.
		if p.Default == nil || found[1] == "AZURE_PRINCIPAL_ID" {
			continue
		}
		if want := fmt.Sprintf("=%s", text(p.Default)); found[2] != want {
			t.Errorf("%s has the default %q in main.bicep and %q here", p.Name, want, found[2])
		}
	}
	for name := range file.Parameters {
		t.Errorf("main.bicep has no parameter %s", name)
	}
}

// TestVariablesAreDocumented: what azd env set knows is in the page, with the
// default that it has.
func TestVariablesAreDocumented(t *testing.T) {
	page := read(t, "../docs/deploy.md")
	rows := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`[A-Z_`, ]+) \\|.*\\| ([^|]*) \\|$").FindAllStringSubmatch(page, -1) {
		for _, name := range regexp.MustCompile("[A-Z_]+").FindAllString(row[1], -1) {
			rows[name] = row[2]
		}
	}
	for _, found := range regexp.MustCompile(`\$\{([A-Z_]+)(?:=([^}]*))?\}`).FindAllStringSubmatch(read(t, "main.parameters.json"), -1) {
		name, value := found[1], found[2]
		// azd asks for its own, and the page sets this one.
		if strings.HasPrefix(name, "AZURE_") || strings.Contains(page, "azd env set "+name+" https://") {
			continue
		}
		said, isSaid := rows[name]
		if quoted, isValue := strings.CutPrefix(said, "`"); !isSaid || isValue && strings.TrimSuffix(quoted, "`") != value {
			t.Errorf("docs/deploy.md says of %s that its default is %q, and it is %q", name, said, value)
		}
		delete(rows, name)
	}
	for name := range rows {
		t.Errorf("docs/deploy.md says what %s is for, which nothing reads", name)
	}
}

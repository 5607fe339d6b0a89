package infra_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/infra/bicep"
	"paybridge/internal/secret"
	"paybridge/internal/settings"
)

// environment is an environment of azd in which everything is set, and nothing
// to its default.
var environment = map[string]string{
	"AZURE_ENV_NAME": "paybridge-live", "AZURE_LOCATION": "westeurope",
	"AZURE_PRINCIPAL_ID": "operators", "AZURE_PRINCIPAL_TYPE": "Group",
	"STRIPE_MODE": "live", "ALERT_EMAIL": "payments@contoso.com", "ALWAYS_READY_INSTANCES": "2",
	"DATAVERSE_URL": "https://contoso.crm4.dynamics.com", "DATAVERSE_TENANT_ID": "contoso.onmicrosoft.com",
	"DATAVERSE_CLIENT_ID": "8f0b7a52-3c1d-4e6f-9a2b-5d4c3b2a1f00",
	"PAYMENT_SUCCESS_URL": "https://shop.example/thanks", "PAYMENT_CANCEL_URL": "https://shop.example/cart",
	"PAYMENT_LINK_EXPIRY": "45m", "PAYMENT_METHOD_TYPES": "card,sepa_debit", "PAYMENT_TABLE": "salesorder",
	"PAYMENT_METADATA_COLUMNS": "pb_name", "RECONCILE_SCHEDULE": "0 */7 * * * *", "RECONCILE_AFTER": "11m",
	"RECONCILE_SWEEP": "2h", "RECONCILE_WINDOW": "96h", "RECONCILE_LIMIT": "900", "LOG_LEVEL": "debug",
}

// leastEnvironment is one in which only what azd itself asks for is set.
var leastEnvironment = map[string]string{
	"AZURE_ENV_NAME": "paybridge-test", "AZURE_LOCATION": "westeurope", "AZURE_PRINCIPAL_ID": "ann",
	"DATAVERSE_URL": "https://contoso.crm4.dynamics.com",
}

// deployed is what azd up asks of Azure in an environment.
func deployed(t *testing.T, environment map[string]string) *bicep.Deployment {
	t.Helper()
	var file struct {
		Parameters map[string]struct{ Value string }
	}
	if err := json.Unmarshal([]byte(read(t, "main.parameters.json")), &file); err != nil {
		t.Fatal(err)
	}
	params := map[string]any{}
	for name, given := range file.Parameters {
		variable := regexp.MustCompile(`^\$\{([A-Z_]+)=?([^}]*)\}$`).FindStringSubmatch(given.Value)
		if variable == nil {
			t.Fatalf("%s is %s", name, given.Value)
		}
		value, set := environment[variable[1]]
		if !set {
			value = variable[2]
		}
		params[name] = value
	}
	made, err := bicep.Deploy(templates(t), "main.bicep", params)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// resource returns the one resource of a type.
func resource(t *testing.T, made *bicep.Deployment, kind string) *bicep.Deployed {
	t.Helper()
	var found []*bicep.Deployed
	for _, r := range made.Resources {
		if r.Type == kind {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		t.Fatalf("there are %d resources of the type %s", len(found), kind)
	}
	return found[0]
}

// at goes down into objects and arrays.
func at(value any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				return nil
			}
			value = list[step]
		}
	}
	return value
}

// appSettings returns what the templates set in the function app.
func appSettings(t *testing.T, made *bicep.Deployment) map[string]string {
	t.Helper()
	all := map[string]string{}
	for name, value := range resource(t, made, "Microsoft.Web/sites/config").Body["properties"].(map[string]any) {
		text, ok := value.(string)
		if !ok {
			t.Errorf("the app setting %s is %v, and Azure takes texts only", name, value)
		}
		all[name] = text
	}
	return all
}

// TestDeployedAppTakesItsSettings loads the settings as the deployed process
// does: what azd env set was told arrives in the setting of that name, and
// nothing that a function needs is missing.
func TestDeployedAppTakesItsSettings(t *testing.T) {
	for name, env := range map[string]map[string]string{"everything is set": environment, "as little as there may be": leastEnvironment} {
		t.Run(name, func(t *testing.T) {
			made := deployed(t, env)
			app := appSettings(t, made)
			// What the platform puts in the place of references.
			for name, value := range map[string]string{
				"StripeSecretKey": "rk_test_0123456789abcdef", "StripeWebhookSecret": "whsec_0123456789abcdef0123456789abcdef",
				"DataverseClientSecret": "hunter2~hunter2",
			} {
				if secret.IsReference(app[name]) {
					app[name] = value
				}
			}
			if id := resource(t, made, "Microsoft.ManagedIdentity/userAssignedIdentities").ID; app["AZURE_CLIENT_ID"] == id+".properties.clientId" {
				app["AZURE_CLIENT_ID"] = "8f0b7a52-3c1d-4e6f-9a2b-5d4c3b2a1f00" // Azure's to say.
			}
			var environ []string
			for name, value := range app {
				environ = append(environ, name+"="+value)
			}
			loaded, err := settings.Load(t.Context(), func(name string) (string, bool) { value, ok := app[name]; return value, ok }, environ, nil)
			for _, p := range settings.Problems(err) {
				t.Errorf("%s: %s, %s", p.Setting, p.Message, p.Hint)
			}
			for _, f := range settings.Fields() {
				for _, function := range f.For {
					if missing := loaded.Missing(function); len(missing) > 0 {
						t.Errorf("%s lacks %v", function, missing)
					}
				}
			}
			arrived := 0
			for _, f := range settings.Fields() {
				variable := strings.ToUpper(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(f.Name, "${1}_$2"))
				if want, given := env[variable]; given {
					arrived++
					if app[f.Name] != want {
						t.Errorf("azd env set %s %s makes %s %q", variable, want, f.Name, app[f.Name])
					}
				}
			}
			if arrived == 0 || len(env) > 10 && arrived < 13 {
				t.Errorf("only %d variables arrive in settings", arrived)
			}
		})
	}
}

// TestEverythingGoesByTheAppsIdentity: one client id in another place, and the
// host waits for ever for a token.
func TestEverythingGoesByTheAppsIdentity(t *testing.T) {
	made := deployed(t, environment)
	identity := resource(t, made, "Microsoft.ManagedIdentity/userAssignedIdentities")
	client := identity.ID + ".properties.clientId"
	account, namespace := resource(t, made, "Microsoft.Storage/storageAccounts"), resource(t, made, "Microsoft.ServiceBus/namespaces")
	app, insights := resource(t, made, "Microsoft.Web/sites"), resource(t, made, "Microsoft.Insights/components")
	vault := resource(t, made, "Microsoft.KeyVault/vaults")

	set := appSettings(t, made)
	for name := range set {
		if own := func(f settings.Field) bool { return f.Name == name }; !strings.Contains(name, "_") && slices.ContainsFunc(settings.Fields(), own) {
			delete(set, name)
		}
	}
	want := map[string]string{
		"AzureWebJobsStorage__accountName":              account.Name,
		"AzureWebJobsStorage__credential":               "managedidentity",
		"AzureWebJobsStorage__clientId":                 client,
		"ServiceBusConnection__fullyQualifiedNamespace": namespace.Name + ".servicebus.windows.net",
		"ServiceBusConnection__credential":              "managedidentity",
		"ServiceBusConnection__clientId":                client,
		"APPLICATIONINSIGHTS_CONNECTION_STRING":         insights.ID + ".properties.ConnectionString",
		"APPLICATIONINSIGHTS_AUTHENTICATION_STRING":     "ClientId=" + client + ";Authorization=AAD",
		"AZURE_CLIENT_ID":                               client,
	}
	if diff := cmp.Diff(want, set); diff != "" {
		t.Errorf("the settings of the host: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"type": "UserAssigned", "userAssignedIdentities": map[string]any{identity.ID: map[string]any{}}}, app.Body["identity"]); diff != "" {
		t.Errorf("the app's identity: -want +got:\n%s", diff)
	}
	if got := at(app.Body, "properties", "keyVaultReferenceIdentity"); got != identity.ID {
		t.Errorf("references are read by %v", got)
	}
	for _, f := range settings.Fields() {
		if value := appSettings(t, made)[f.Name]; secret.IsReference(value) && !strings.HasPrefix(value, "@Microsoft.KeyVault(VaultName="+vault.Name+";") {
			t.Errorf("%s is in another vault: %s", f.Name, value)
		}
	}
	who := map[string]bool{}
	for _, r := range made.Resources {
		if r.Type == "Microsoft.Authorization/roleAssignments" {
			who[at(r.Body, "properties", "principalId").(string)+" "+at(r.Body, "properties", "principalType").(string)] = true
		}
	}
	if diff := cmp.Diff([]string{identity.ID + ".properties.principalId ServicePrincipal", "operators Group"}, slices.Sorted(maps.Keys(who))); diff != "" {
		t.Errorf("roles are granted to others: -want +got:\n%s", diff)
	}
}

// TestAppIsWhatFlexConsumptionTakes: the plan has rules of its own, and says so
// at deployment.
func TestAppIsWhatFlexConsumptionTakes(t *testing.T) {
	made := deployed(t, environment)
	plan, app := resource(t, made, "Microsoft.Web/serverfarms"), resource(t, made, "Microsoft.Web/sites")
	container := resource(t, made, "Microsoft.Storage/storageAccounts/blobServices/containers")
	account, identity := resource(t, made, "Microsoft.Storage/storageAccounts"), resource(t, made, "Microsoft.ManagedIdentity/userAssignedIdentities")
	for what, got := range map[string][2]any{
		"the plan":            {map[string]any{"name": "FC1", "tier": "FlexConsumption"}, plan.Body["sku"]},
		"Linux":               {true, at(plan.Body, "properties", "reserved")},
		"the app's plan":      {plan.ID, at(app.Body, "properties", "serverFarmId")},
		"the kind of the app": {"functionapp,linux", app.Body["kind"]},
		"the runtime":         {map[string]any{"name": "custom", "version": "1.0"}, at(app.Body, "properties", "functionAppConfig", "runtime")},
		"the package": {map[string]any{
			"type": "blobContainer", "value": account.ID + ".properties.primaryEndpoints.blob" + at(container.Body, "name").(string),
			"authentication": map[string]any{"type": "UserAssignedIdentity", "userAssignedIdentityResourceId": identity.ID},
		}, at(app.Body, "properties", "functionAppConfig", "deployment", "storage")},
		"the container": {"None", at(container.Body, "properties", "publicAccess")},
		"scale": {map[string]any{
			"instanceMemoryMB": int64(2048), "maximumInstanceCount": int64(40), "alwaysReady": []any{map[string]any{"name": "http", "instanceCount": int64(2)}},
		}, at(app.Body, "properties", "functionAppConfig", "scaleAndConcurrency")},
	} {
		if diff := cmp.Diff(got[0], got[1]); diff != "" {
			t.Errorf("%s: -want +got:\n%s", what, diff)
		}
	}
	// The plan decides about everything else of the site itself, and knows neither
	// alwaysOn nor linuxFxVersion.
	if diff := cmp.Diff(map[string]any{"minTlsVersion": "1.2"}, at(app.Body, "properties", "siteConfig")); diff != "" {
		t.Errorf("the site: -want +got:\n%s", diff)
	}
	for name := range appSettings(t, made) {
		for _, refused := range []string{"FUNCTIONS_", "WEBSITE_", "SCM_", "ENABLE_ORYX", "TZ"} {
			if strings.HasPrefix(name, refused) {
				t.Errorf("Flex Consumption takes no %s", name)
			}
		}
	}
	idle := resource(t, deployed(t, leastEnvironment), "Microsoft.Web/sites")
	if got := at(idle.Body, "properties", "functionAppConfig", "scaleAndConcurrency", "alwaysReady"); !cmp.Equal(got, []any{}) {
		t.Errorf("instances are kept warm that nobody asked for: %v", got)
	}
}

// limits are Azure's rules for names that are made of the environment's.
var limits = map[string]*regexp.Regexp{
	"Microsoft.Storage/storageAccounts":                regexp.MustCompile(`^[a-z0-9]{3,24}$`),
	"Microsoft.KeyVault/vaults":                        regexp.MustCompile(`^[a-zA-Z](?:-?[a-zA-Z0-9]){2,23}$`),
	"Microsoft.ServiceBus/namespaces":                  regexp.MustCompile(`^[a-zA-Z](?:-?[a-zA-Z0-9]){5,49}$`),
	"Microsoft.Web/sites":                              regexp.MustCompile(`^[a-zA-Z0-9](?:-?[a-zA-Z0-9]){1,59}$`),
	"Microsoft.Web/serverfarms":                        regexp.MustCompile(`^[a-zA-Z0-9-]{1,60}$`),
	"Microsoft.ManagedIdentity/userAssignedIdentities": regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}$`),
	"Microsoft.OperationalInsights/workspaces":         regexp.MustCompile(`^[a-zA-Z0-9](?:-?[a-zA-Z0-9]){3,62}$`),
	"Microsoft.Resources/resourceGroups":               regexp.MustCompile(`^[-\w.()]{0,89}[-\w()]$`),
}

func TestNamesFit(t *testing.T) {
	made := deployed(t, environment)
	for kind, limit := range limits {
		if r := resource(t, made, kind); !limit.MatchString(r.Name) {
			t.Errorf("Azure takes no %s of the name %s", kind, r.Name)
		}
	}
	ids := map[string]bool{}
	for _, r := range made.Resources {
		if ids[r.ID] {
			t.Errorf("%s is made twice", r.ID)
		}
		ids[r.ID] = true
	}
}

// TestOutputsAreWhereThingsAre: the hooks and commands go there.
func TestOutputsAreWhereThingsAre(t *testing.T) {
	made := deployed(t, environment)
	app := resource(t, made, "Microsoft.Web/sites")
	want := map[string]any{
		"AZURE_RESOURCE_GROUP":  "rg-paybridge-live",
		"FUNCTION_APP_NAME":     app.Name,
		"FUNCTION_APP_URL":      "https://" + app.ID + ".properties.defaultHostName",
		"AZURE_KEY_VAULT_NAME":  resource(t, made, "Microsoft.KeyVault/vaults").Name,
		"SERVICE_BUS_NAMESPACE": resource(t, made, "Microsoft.ServiceBus/namespaces").Name + ".servicebus.windows.net",
		"IDENTITY_CLIENT_ID":    resource(t, made, "Microsoft.ManagedIdentity/userAssignedIdentities").ID + ".properties.clientId",
		"STRIPE_MODE":           "live",
	}
	if diff := cmp.Diff(want, made.Outputs); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

package infra_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/local"
	"paybridge/cmd/paybridge/queues"
	"paybridge/infra/bicep"
	"paybridge/internal/settings"
)

// roles are Azure's built-in roles, by the ids that are the same everywhere.
var roles = map[string]string{
	"090c5cfd-751d-490a-894a-3ce6f1109419": "Azure Service Bus Data Owner",
	"4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0": "Azure Service Bus Data Receiver",
	"69a216fc-b8fb-44d8-bc22-1f3c2cd27a39": "Azure Service Bus Data Sender",
	"4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
	"b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
	"b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
	"ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
	"0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
	"3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
}

// TestRolesAreWhatIsNeeded: a role too few stops the app, one too many is a
// finding of the auditor.
func TestRolesAreWhatIsNeeded(t *testing.T) {
	app := []string{
		"app: Azure Service Bus Data Receiver on the queue payment-events",
		"app: Azure Service Bus Data Receiver on the queue payment-requests",
		"app: Azure Service Bus Data Sender on the queue payment-events",
		"app: Azure Service Bus Data Sender on the queue payment-requests",
		"app: Key Vault Secrets User on the vault",
		"app: Monitoring Metrics Publisher on the component",
		"app: Storage Blob Data Owner on the storageAccount",
		"app: Storage Table Data Contributor on the storageAccount",
	}
	operators := []string{
		"operators: Azure Service Bus Data Owner on the namespace",
		"operators: Key Vault Secrets Officer on the vault",
		"operators: Storage Blob Data Contributor on the container app-package",
	}
	if diff := cmp.Diff(slices.Concat(app, operators), granted(t, environment)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	nobody := maps.Clone(leastEnvironment)
	nobody["AZURE_PRINCIPAL_ID"] = ""
	if diff := cmp.Diff(app, granted(t, nobody)); diff != "" {
		t.Errorf("without an operator: -want +got:\n%s", diff)
	}
}

// granted lists what the templates grant: "who: role on what".
func granted(t *testing.T, environment map[string]string) []string {
	t.Helper()
	made := deployed(t, environment)
	identity := resource(t, made, "Microsoft.ManagedIdentity/userAssignedIdentities").ID + ".properties.principalId"
	var all []string
	for _, r := range made.Resources {
		if r.Type != "Microsoft.Authorization/roleAssignments" {
			continue
		}
		who, _ := at(r.Body, "properties", "principalId").(string)
		definition, _ := at(r.Body, "properties", "roleDefinitionId").(string)
		id, isRole := strings.CutPrefix(definition, "Microsoft.Authorization/roleDefinitions/")
		role := roles[id]
		if !isRole || role == "" {
			t.Errorf("%s is no role that is known here", definition)
		}
		on, _ := r.Body["scope"].(string)
		// Another name for every scope, person and role, or one assignment takes
		// the place of the other.
		if want := fmt.Sprintf("guid(%s, %s, %s)", on, who, id); r.Name != want {
			t.Errorf("the name of an assignment is %s, want %s", r.Name, want)
		}
		all = append(all, fmt.Sprintf("%s: %s on %s", strings.Replace(who, identity, "app", 1), role, described(made, on)))
	}
	slices.Sort(all)
	return all
}

// described says what a role is granted on, by its kind, and by its name where
// there are several or could be.
func described(made *bicep.Deployment, id string) string {
	for _, r := range made.Resources {
		if r.ID != id {
			continue
		}
		kinds := strings.Split(r.Type, "/")
		kind := "the " + strings.TrimSuffix(kinds[len(kinds)-1], "s")
		if len(kinds) > 2 {
			kind += r.Name[strings.LastIndex(r.Name, "/"):]
		}
		return strings.Replace(kind, "/", " ", 1)
	}
	return "everything"
}

// TestQueuesAreThoseOfTheCode: the templates make what the code wants of the
// queues, which is what doctor compares with and what the stand-in's are like.
func TestQueuesAreThoseOfTheCode(t *testing.T) {
	made := deployed(t, environment)
	want := queues.Wanted()
	properties := map[string]any{
		"lockDuration":                     fmt.Sprintf("PT%.0fM", want.LockDuration.Minutes()),
		"maxDeliveryCount":                 int64(want.MaxDeliveryCount),
		"defaultMessageTimeToLive":         fmt.Sprintf("P%.0fD", want.DefaultMessageTTL.Hours()/24),
		"deadLetteringOnMessageExpiration": want.DeadLetteringOnExpiration,
		"requiresDuplicateDetection":       want.DuplicateDetection,
		"requiresSession":                  want.Sessions,
		"enableBatchedOperations":          want.BatchedOperations,
		"maxSizeInMegabytes":               int64(1024),
	}
	namespace := resource(t, made, "Microsoft.ServiceBus/namespaces").Name
	got := map[string]any{}
	for _, r := range made.Resources {
		if r.Type == "Microsoft.ServiceBus/namespaces/queues" {
			got[r.Name] = r.Body["properties"]
		}
	}
	if diff := cmp.Diff(map[string]any{namespace + "/" + local.EventsQueue: properties, namespace + "/" + local.RequestsQueue: properties}, got); diff != "" {
		t.Errorf("the queues that the code wants (-) and of the templates (+) differ:\n%s", diff)
	}
	set := appSettings(t, made)
	if set["PaymentEventsQueue"] != local.EventsQueue || set["PaymentRequestsQueue"] != local.RequestsQueue {
		t.Errorf("the app takes %s and %s", set["PaymentEventsQueue"], set["PaymentRequestsQueue"])
	}
	timeout, err := time.ParseDuration(field(t, "InvocationTimeout").Default)
	if err != nil || timeout >= want.LockDuration {
		t.Errorf("an invocation may take %v, and its messages are locked for %v: %v", timeout, want.LockDuration, err)
	}
	if outlasts := time.Duration(want.MaxDeliveryCount) * timeout; outlasts < 6*time.Hour {
		t.Errorf("the deliveries outlast %v only", outlasts)
	}
}

// field is the documentation of a setting.
func field(t *testing.T, name string) settings.Field {
	t.Helper()
	for _, f := range settings.Fields() {
		if f.Name == name {
			return f
		}
	}
	t.Fatal("there is no setting " + name)
	return settings.Field{}
}

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
	"paybridge/infra/bicep"
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

// granted lists what the templates grant: "who: role on what".
func granted(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, file := range templates(t) {
		vars := map[string]bicep.Expr{}
		for _, v := range file.Vars {
			vars[v.Name] = v.Value
		}
		for _, r := range file.Resources {
			if r.Type != "Microsoft.Authorization/roleAssignments" {
				continue
			}
			who := text(r.Body.Get("properties", "principalId"))
			if who == "principalId" && r.Condition == nil {
				t.Errorf("%s: line %d: there may be no operator to grant a role to", file.Path, r.Line)
			}
			definition, _ := r.Body.Get("properties", "roleDefinitionId").(*bicep.Call)
			if definition == nil || definition.Name != "subscriptionResourceId" || len(definition.Args) != 2 {
				t.Fatalf("%s: line %d: the role is not given by its id", file.Path, r.Line)
			}
			// The role is a variable, or what a loop makes of several.
			ids := []bicep.Expr{definition.Args[1]}
			if r.Loop != nil && r.Loop.Item == text(definition.Args[1]) {
				ids = r.Loop.In.(*bicep.Array).Items
			}
			for _, id := range ids {
				name := roles[text(vars[text(id)])]
				if name == "" {
					t.Errorf("%s: line %d: %s is no role that is known here", file.Path, r.Line, text(id))
				}
				all = append(all, fmt.Sprintf("%s: %s on %s", who, name, scope(r.Body.Get("scope"))))
			}
		}
	}
	slices.Sort(all)
	return all
}

// scope writes down what a role is granted on.
func scope(e bicep.Expr) string {
	switch e := e.(type) {
	case *bicep.Name:
		return e.Name
	case *bicep.Member:
		return scope(e.Of) + "::" + e.Name
	case *bicep.Index:
		return "each of " + scope(e.Of)
	default:
		return "everything"
	}
}

// TestRolesAreWhatIsNeeded: a role too few stops the app, one too many is a
// finding of the auditor.
func TestRolesAreWhatIsNeeded(t *testing.T) {
	want := []string{
		"appPrincipalId: Azure Service Bus Data Receiver on each of queues",
		"appPrincipalId: Azure Service Bus Data Sender on each of queues",
		"appPrincipalId: Key Vault Secrets User on vault",
		"appPrincipalId: Monitoring Metrics Publisher on insights",
		"appPrincipalId: Storage Blob Data Owner on account",
		"appPrincipalId: Storage Table Data Contributor on account",
		"principalId: Azure Service Bus Data Owner on namespace",
		"principalId: Key Vault Secrets Officer on vault",
		"principalId: Storage Blob Data Contributor on account::blobs::packages",
	}
	if diff := cmp.Diff(want, granted(t)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestRoleNamesAreUnique: the name of an assignment has to be another for
// every scope, person and role, or one takes the place of the other.
func TestRoleNamesAreUnique(t *testing.T) {
	for _, file := range templates(t) {
		for _, r := range file.Resources {
			if r.Type != "Microsoft.Authorization/roleAssignments" {
				continue
			}
			name, _ := r.Body.Get("name").(*bicep.Call)
			if name == nil || name.Name != "guid" || len(name.Args) != 3 {
				t.Errorf("%s: line %d: the name is no guid of scope, principal and role", file.Path, r.Line)
				continue
			}
			definition := r.Body.Get("properties", "roleDefinitionId").(*bicep.Call)
			got := []string{scope(name.Args[0]), text(name.Args[1]), text(name.Args[2])}
			want := []string{scope(r.Body.Get("scope")) + "::id", text(r.Body.Get("properties", "principalId")), text(definition.Args[1])}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: line %d: the name is not made of what it names:\n%s", file.Path, r.Line, diff)
			}
		}
	}
}

// TestQueuesAreThoseOfTheCode: the stand-in has to be as patient as Azure, and
// the other way round.
func TestQueuesAreThoseOfTheCode(t *testing.T) {
	file := templates(t)[filepathOf("servicebus")]
	var names []string
	for _, v := range file.Vars {
		if list, ok := v.Value.(*bicep.Array); ok {
			for _, item := range list.Items {
				names = append(names, text(item))
			}
		}
	}
	if diff := cmp.Diff([]string{local.EventsQueue, local.RequestsQueue}, names); diff != "" {
		t.Errorf("the queues of the code (-) and of the template (+) differ:\n%s", diff)
	}
	outputs := map[string]string{}
	for _, o := range file.Outputs {
		if index, ok := o.Value.(*bicep.Index); ok {
			outputs[o.Name] = names[index.Key.(bicep.Number)]
		}
	}
	if diff := cmp.Diff(map[string]string{"eventsQueue": local.EventsQueue, "requestsQueue": local.RequestsQueue}, outputs); diff != "" {
		t.Errorf("the outputs name the wrong queues:\n%s", diff)
	}
	queues := find(t, "Microsoft.ServiceBus/namespaces/queues")
	if queues.Loop == nil || text(queues.Loop.In) != "queueNames" || text(queues.Body.Get("name")) != queues.Loop.Item {
		t.Error("not every queue is made")
	}
	want := local.QueueProperties()
	properties, _ := queues.Body.Get("properties").(*bicep.Object)
	got := map[string]bicep.Expr{
		"lockDuration":                     text(properties.Get("lockDuration")),
		"maxDeliveryCount":                 properties.Get("maxDeliveryCount"),
		"defaultMessageTimeToLive":         text(properties.Get("defaultMessageTimeToLive")),
		"deadLetteringOnMessageExpiration": properties.Get("deadLetteringOnMessageExpiration"),
		"requiresDuplicateDetection":       properties.Get("requiresDuplicateDetection"),
		"requiresSession":                  properties.Get("requiresSession"),
	}
	if diff := cmp.Diff(map[string]bicep.Expr{
		"lockDuration":                     fmt.Sprintf("PT%.0fM", want.LockDuration.Minutes()),
		"maxDeliveryCount":                 bicep.Number(want.MaxDeliveryCount),
		"defaultMessageTimeToLive":         fmt.Sprintf("P%.0fD", want.DefaultMessageTTL.Hours()/24),
		"deadLetteringOnMessageExpiration": bicep.Bool(want.DeadLetteringOnExpiration),
		"requiresDuplicateDetection":       bicep.Bool(want.DuplicateDetectionWindow > 0),
		"requiresSession":                  bicep.Bool(false),
	}, got); diff != "" {
		t.Errorf("the stand-in (-) and the template (+) differ:\n%s", diff)
	}
	if outlasts := time.Duration(want.MaxDeliveryCount) * 4 * time.Minute; outlasts < 6*time.Hour {
		t.Errorf("the deliveries outlast %v only", outlasts)
	}
}

func filepathOf(module string) string { return "modules/" + module + ".bicep" }

// TestAlertsReachSomebody: every alert names the action group, says what it
// means, and is explained to the operator.
func TestAlertsReachSomebody(t *testing.T) {
	names := map[string]bool{}
	page := read(t, "../docs/operate.md")
	for _, r := range templates(t)[filepathOf("alerts")].Resources {
		if r.Type != "Microsoft.Insights/metricAlerts" && r.Type != "Microsoft.Insights/scheduledQueryRules" {
			continue
		}
		name := strings.TrimPrefix(text(r.Body.Get("name")), "PayBridge … ")
		names[name] = true
		told := false
		bicep.Walk(r.Body.Get("properties", "actions"), func(e bicep.Expr) {
			if m, ok := e.(*bicep.Member); ok && m.Name == "id" && scope(m.Of) == "operators" {
				told = true
			}
		})
		if !told || text(r.Body.Get("properties", "description")) == "" || r.Body.Get("properties", "enabled") != bicep.Bool(true) {
			t.Errorf("the alert %s tells nobody, or not what it means", name)
		}
		if !strings.Contains(page, "\n### "+name+"\n") {
			t.Errorf("docs/operate.md does not say what to do about the alert %s", name)
		}
	}
	want := []string{"dead letters", "failed invocations", "needs review", "not reachable", "not reconciled", "payments cannot flow"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(names))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

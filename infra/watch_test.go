package infra_test

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/local"
	"paybridge/infra/bicep"
)

// alerts returns the alerts by the names that operators read, without what all
// names begin with.
func alerts(t *testing.T, made *bicep.Deployment) map[string]any {
	t.Helper()
	all := map[string]any{}
	for _, r := range made.Resources {
		if r.Type == "Microsoft.Insights/metricAlerts" || r.Type == "Microsoft.Insights/scheduledQueryRules" {
			name, mode := strings.CutPrefix(r.Name, "PayBridge live ")
			if !mode {
				t.Errorf("the name %s does not say which of Stripe's modes it is about", r.Name)
			}
			all[name] = r.Body["properties"]
		}
	}
	return all
}

// TestAlertsReachSomebody: every alert tells the operators, says what it means,
// and is explained to them.
func TestAlertsReachSomebody(t *testing.T) {
	made := deployed(t, environment)
	operators := resource(t, made, "Microsoft.Insights/actionGroups")
	if got := at(operators.Body, "properties", "emailReceivers", 0, "emailAddress"); got != environment["ALERT_EMAIL"] || at(operators.Body, "properties", "enabled") != true {
		t.Errorf("alerts go to %v", got)
	}
	page := read(t, "../docs/operate.md")
	_, page, _ = strings.Cut(page, "\n## The alerts\n")
	page, _, _ = strings.Cut(page, "\n## ")
	var explained []string
	for line := range strings.Lines(page) {
		if name, heading := strings.CutPrefix(line, "### "); heading {
			explained = append(explained, strings.TrimSpace(name))
		}
	}
	slices.Sort(explained)
	found := alerts(t, made)
	if diff := cmp.Diff(explained, slices.Sorted(maps.Keys(found))); diff != "" {
		t.Errorf("what docs/operate.md explains (-) and the alerts (+) differ:\n%s", diff)
	}
	for _, name := range []string{"dead letters", "failed invocations", "payments cannot flow", "not reachable"} {
		if found[name] == nil {
			t.Errorf("there is no alert %s", name)
		}
	}
	for name, alert := range found {
		actions := at(alert, "actions")
		if at(actions, 0, "actionGroupId") != operators.ID && at(actions, "actionGroups", 0) != operators.ID {
			t.Errorf("the alert %s tells nobody: %v", name, actions)
		}
		if description, _ := at(alert, "description").(string); description == "" || at(alert, "enabled") != true || at(alert, "autoMitigate") != true {
			t.Errorf("the alert %s says not what it means, is off, or stays for ever", name)
		}
	}
	silent := resource(t, deployed(t, leastEnvironment), "Microsoft.Insights/actionGroups")
	if got := at(silent.Body, "properties", "emailReceivers"); !cmp.Equal(got, []any{}) {
		t.Errorf("without an address mail goes to %v", got)
	}
}

// TestAlertsLookAtThisDeployment holds the alerts to what they are about.
func TestAlertsLookAtThisDeployment(t *testing.T) {
	made := deployed(t, environment)
	found := alerts(t, made)
	insights, namespace := resource(t, made, "Microsoft.Insights/components"), resource(t, made, "Microsoft.ServiceBus/namespaces")
	app, webtest := resource(t, made, "Microsoft.Web/sites"), resource(t, made, "Microsoft.Insights/webtests")

	criterion := at(found["dead letters"], "criteria", "allOf", 0)
	if diff := cmp.Diff(map[string]any{
		"criterionType": "StaticThresholdCriterion", "name": "dead letters",
		"metricNamespace": "Microsoft.ServiceBus/namespaces", "metricName": "DeadletteredMessages",
		"operator": "GreaterThan", "threshold": int64(0), "timeAggregation": "Maximum",
		"dimensions": []any{map[string]any{"name": "EntityName", "operator": "Include", "values": []any{local.EventsQueue, local.RequestsQueue}}},
	}, criterion); diff != "" {
		t.Errorf("dead letters: -want +got:\n%s", diff)
	}
	if got := at(found["dead letters"], "scopes"); !cmp.Equal(got, []any{namespace.ID}) {
		t.Errorf("dead letters are looked for in %v", got)
	}
	if got := at(webtest.Body, "properties", "Request", "RequestUrl"); got != "https://"+app.ID+".properties.defaultHostName/api/health" {
		t.Errorf("the availability test asks %v", got)
	}
	places, _ := at(webtest.Body, "properties", "Locations").([]any)
	reachable := at(found["not reachable"], "criteria")
	if failed, _ := at(reachable, "failedLocationCount").(int64); failed < 2 || int(failed) > len(places) || at(reachable, "webTestId") != webtest.ID || at(reachable, "componentId") != insights.ID {
		t.Errorf("not reachable: %v of %d places", reachable, len(places))
	}
	page := read(t, "../docs/operate.md")
	for said, is := range map[string]bool{
		"From three of five places": at(reachable, "failedLocationCount") == int64(3) && len(places) == 5,
		"For fifteen minutes":       at(found["payments cannot flow"], "windowSize") == "PT15M",
		"For an hour":               at(found["not reconciled"], "windowSize") == "PT1H",
	} {
		if !is || !strings.Contains(page, said) {
			t.Errorf("docs/operate.md says %q of an alert: %v", said, is)
		}
	}
	if got := at(webtest.Body, "tags", "hidden-link:"+insights.ID); got != "Resource" {
		t.Errorf("the availability test is no part of Application Insights: %v", got)
	}
	// A rule that fires on what is there, or on what is missing.
	for name, want := range map[string]struct {
		operator  string
		threshold int64
		query     string
	}{
		"failed invocations":   {"GreaterThan", 0, "failed-invocations.kql"},
		"needs review":         {"GreaterThan", 0, "needs-review.kql"},
		"not reconciled":       {"LessThan", 1, "reconciled.kql"},
		"payments cannot flow": {"LessThan", 1, "healthy.kql"},
	} {
		rule := at(found[name], "criteria", "allOf", 0)
		if at(rule, "operator") != want.operator || at(rule, "threshold") != want.threshold || at(rule, "timeAggregation") != "Count" ||
			at(rule, "query") != read(t, filepath.Join("queries", want.query)) || !cmp.Equal(at(found[name], "scopes"), []any{insights.ID}) {
			t.Errorf("%s: %v", name, rule)
		}
	}
}

// TestWhatIsCountedIsLogged: without the lines of the level info, healthy looks
// like down. The lines themselves are held to the queries by e2e.
func TestWhatIsCountedIsLogged(t *testing.T) {
	for _, p := range templates(t)["main.bicep"].Params {
		if p.Name != "logLevel" {
			continue
		}
		allowed := p.Decorator("allowed")
		if allowed == nil {
			break
		}
		var levels []string
		for _, level := range allowed.Args[0].(*bicep.Array).Items {
			levels = append(levels, text(level))
		}
		if diff := cmp.Diff([]string{"debug", "info"}, levels); diff != "" {
			t.Errorf("azd env set LOG_LEVEL: -want +got:\n%s", diff)
		}
		return
	}
	t.Error("main.bicep lets anybody hide what the alerts count")
}

// TestWorkbookShowsWhatOperatorsWant reads the workbook as the portal does.
func TestWorkbookShowsWhatOperatorsWant(t *testing.T) {
	made := deployed(t, environment)
	book := resource(t, made, "Microsoft.Insights/workbooks")
	var data struct {
		Version string
		Items   []struct {
			Type    int
			Name    string
			Content struct {
				Query, Visualization, TimeContextFromParameter, ResourceType string
				Parameters                                                   []struct{ Name string }
			}
		}
		FallbackResourceIds []string
	}
	text, _ := at(book.Body, "properties", "serializedData").(string)
	if err := json.Unmarshal([]byte(text), &data); err != nil {
		t.Fatal(err)
	}
	const query = 3
	pictures, known := map[string]string{}, map[string]bool{}
	for _, item := range data.Items {
		for _, p := range item.Content.Parameters {
			known[p.Name] = true
		}
		if item.Type != query {
			continue
		}
		pictures[item.Name] = item.Content.Query
		if !known[item.Content.TimeContextFromParameter] || item.Content.Query == "" || item.Content.Visualization == "" || item.Content.ResourceType != "microsoft.insights/components" {
			t.Errorf("the picture %s cannot be drawn: %+v", item.Name, item.Content)
		}
	}
	for name, file := range map[string]string{
		"Payments by status": "payments-by-status.kql", "Seconds from Stripe to the CRM": "stripe-to-crm.kql",
		"Needs review": "reviews.kql", "Throttled and put off": "throttling.kql",
	} {
		if pictures[name] != read(t, filepath.Join("queries", file)) {
			t.Errorf("the picture %s shows %q", name, pictures[name])
		}
	}
	insights := resource(t, made, "Microsoft.Insights/components").ID
	if !slices.Equal(data.FallbackResourceIds, []string{insights}) || at(book.Body, "properties", "sourceId") != insights || data.Version != "Notebook/1.0" {
		t.Errorf("the workbook reads %v", data.FallbackResourceIds)
	}
	if title := at(book.Body, "properties", "displayName"); title != "PayBridge live: paybridge-live" {
		t.Errorf("the workbook is called %v", title)
	}
}

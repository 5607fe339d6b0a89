package provision_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/provision"
	cloud "paybridge/standin/dataverse"
)

var guid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// everything are the requests that make an environment, in order.
func everything() []string {
	return []string{
		"POST publishers", "POST solutions", "POST EntityDefinitions", "POST EntityDefinitions", "POST RelationshipDefinitions", "POST EntityDefinitions",
		"POST EntityDefinitions(LogicalName='pb_payment')/Keys", "POST EntityDefinitions(LogicalName='pb_payment')/Keys",
		"POST EntityDefinitions(LogicalName='pb_paymentevent')/Keys", "POST EntityDefinitions(LogicalName='pb_bookmark')/Keys",
		"POST roles", "POST roles(id)/Microsoft.Dynamics.CRM.AddPrivilegesRole", "POST systemusers", "POST systemusers(id)/systemuserroles_association/$ref",
		"POST serviceendpoints", "POST sdkmessageprocessingsteps", "POST sdkmessageprocessingsteps",
	}
}

func (w *world) written() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, write := range w.writes {
		all = append(all, guid.ReplaceAllString(write, "id"))
	}
	return all
}

// complete holds that everything is there once, and that another run changes
// nothing.
func (w *world) complete() {
	w.t.Helper()
	if d := w.differences(); len(d) > 0 {
		w.t.Errorf("something is missing: %+v", d)
	}
	for table, want := range map[string]int{
		"publisher": 1, "solution": 1, "role": 1, "roleprivileges": 11, "systemuserroles": 1, "serviceendpoint": 1, "sdkmessageprocessingstep": 2, "systemuser": 2,
	} {
		rows, err := w.server.Rows(table)
		if err != nil || len(rows) != want {
			w.t.Errorf("there are %d rows of %s, want %d (%v)", len(rows), table, want, err)
		}
	}
	result, events := w.done(plan())
	if result != (provision.Result{}) || len(w.written()) != 0 {
		w.t.Errorf("another run is not without changes: %+v %v\n%s", result, w.written(), lines(events))
	}
}

func TestAnEmptyEnvironmentGetsEverything(t *testing.T) {
	w := newWorld(t, nil)
	result, _ := w.done(plan())
	if diff := cmp.Diff(everything(), w.written()); diff != "" {
		t.Errorf("what was written:\n%s", diff)
	}
	if result.Changes != len(everything()) || result.Left != 0 {
		t.Errorf("the result is %+v", result)
	}
	// Publishers, solutions and users are no components of a solution.
	for _, write := range w.loose {
		if !strings.HasPrefix(write, "POST publishers") && !strings.HasPrefix(write, "POST solutions") && !strings.HasPrefix(write, "POST systemusers") {
			t.Errorf("not into the solution: %s", write)
		}
	}
	w.complete()
}

// TestTheTablesAreThoseOfTheStandIn: what setup makes is what everything else
// is tested with.
func TestTheTablesAreThoseOfTheStandIn(t *testing.T) {
	w := newWorld(t, func(cfg *cloud.Config) { cfg.Tables = cloud.PayBridgeTables() })
	w.done(plan())
	for _, write := range w.written() {
		if strings.Contains(write, "Definitions") {
			t.Errorf("a table of the stand-in is not as setup makes it: %s", write)
		}
	}
	w.complete()
}

func TestADryRunWritesNothing(t *testing.T) {
	for name, change := range map[string]func(*cloud.Config){
		"empty":           nil,
		"with the tables": func(cfg *cloud.Config) { cfg.Tables = cloud.PayBridgeTables() },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, change)
			p := plan()
			p.DryRun = true
			p.WebhookKey = nil
			result, events := w.done(p)
			if len(w.written()) != 0 {
				t.Errorf("it wrote %v", w.written())
			}
			said := lines(events)
			for _, part := range []string{"publisher", "solution", "security role", "application user", "service endpoint", "step on Update"} {
				if !slices.ContainsFunc(events, func(e provision.Event) bool {
					return e.Kind == provision.Planned && strings.HasPrefix(e.Part, part)
				}) {
					t.Errorf("it does not plan the %s:\n%s", part, said)
				}
			}
			if planned := strings.Contains(said, "3 alternate key "); planned != (name == "empty") {
				t.Errorf("the keys: %s", said)
			}
			if result.Changes == 0 {
				t.Error("it says that nothing is to be done")
			}
		})
	}
}

func TestLabelsAreInTheLanguageOfTheOrganisation(t *testing.T) {
	w := newWorld(t, func(cfg *cloud.Config) { cfg.Language = 1031 })
	w.done(plan())
	w.complete()
}

package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/crm"
	"paybridge/internal/customhandler"
	"paybridge/internal/settings"
)

// functionJSON is what of a function.json concerns the code behind it.
type functionJSON struct {
	Bindings []struct {
		Type, Direction, Name  string
		DataType, Cardinality  string
		QueueName, Connection  string
		AuthLevel, Route       string
		AutoCompleteMessages   *bool
		Methods                []string
		Schedule               string
		MaxMessageBatchSize    int
		IsSessionsEnabled      bool
		SubscriptionName       string
		TopicName, AccessRight string
	}
}

// TestFoldersAndCodeAreTheSameFunctions: the host calls what function.json
// says, in the form that it says, so the folders and the registered functions
// must not differ in anything.
func TestFoldersAndCodeAreTheSameFunctions(t *testing.T) {
	mux, err := wire(settings.Settings{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../functions/*/function.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no function.json", err)
	}
	var fromFolders []customhandler.Registered
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var f functionJSON
		if err := json.Unmarshal(text, &f); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		want := customhandler.Registered{Name: filepath.Base(filepath.Dir(file))}
		for _, b := range f.Bindings {
			switch {
			case b.Direction == "in":
				want.Trigger, want.Binding = customhandler.TriggerKind(b.Type), b.Name
				want.DataType, want.Cardinality = customhandler.DataType(b.DataType), customhandler.Cardinality(b.Cardinality)
			case b.Type == "http":
				want.Response = b.Name
			case b.Type == "serviceBus":
				want.Outputs = append(want.Outputs, b.Name)
			default:
				t.Errorf("%s: binding %s is of the type %s, which no code serves", file, b.Name, b.Type)
			}
			if strings.Contains(b.Type, "serviceBus") {
				if b.Connection != "ServiceBusConnection" || !strings.HasPrefix(b.QueueName, "%Payment") {
					t.Errorf("%s: binding %s does not take its queue and connection from the settings", file, b.Name)
				}
			}
		}
		fromFolders = append(fromFolders, want)
	}
	slices.SortFunc(fromFolders, func(a, b customhandler.Registered) int { return strings.Compare(a.Name, b.Name) })
	if diff := cmp.Diff(fromFolders, mux.Functions()); diff != "" {
		t.Errorf("function.json (-) and the code (+) differ:\n%s", diff)
	}
}

// TestReadmeNamesEveryFunctionAndSetting holds the tables of the README to the
// code.
func TestReadmeNamesEveryFunctionAndSetting(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(text)
	if table := settings.Table(); !strings.Contains(readme, strings.TrimSpace(table)) {
		t.Errorf("the settings table of the README is not settings.Table(), which is:\n%s", table)
	}
	mux, err := wire(settings.Settings{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range crm.Tables() {
		for _, c := range table.Columns {
			if c.Name != "pb_request" && c.Name != "pb_collectby" {
				continue
			}
			for _, o := range c.Options {
				if text := fmt.Sprintf("*%s* (%d)", o.Label, o.Value); !strings.Contains(readme, text) {
					t.Errorf("the README does not say %s for %s", text, c.Name)
				}
			}
		}
	}
	_, after, ok := strings.Cut(readme, "## The functions")
	if !ok {
		t.Fatal("the README has no section about the functions")
	}
	section, _, _ := strings.Cut(after, "\n## ")
	var rows []string
	for line := range strings.Lines(section) {
		if name, found := strings.CutPrefix(line, "| `"); found {
			name, _, _ = strings.Cut(name, "`")
			rows = append(rows, name)
		}
	}
	slices.Sort(rows)
	var names []string
	for _, f := range mux.Functions() {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff(names, rows); diff != "" {
		t.Errorf("the code (-) and the README's table of functions (+) differ:\n%s", diff)
	}
}

// TestTheHostWaitsForInvocations holds host.json to the longest invocation that
// the settings allow: at functionTimeout the host kills the app and all that
// runs in it.
func TestTheHostWaitsForInvocations(t *testing.T) {
	text, err := os.ReadFile("../host.json")
	if err != nil {
		t.Fatal(err)
	}
	var host struct{ FunctionTimeout string }
	if err := json.Unmarshal(text, &host); err != nil {
		t.Fatal(err)
	}
	clock, err := time.Parse(time.TimeOnly, host.FunctionTimeout)
	if err != nil {
		t.Fatal(err)
	}
	timeout := clock.Sub(clock.Truncate(24 * time.Hour))
	const lock, margin = 5 * time.Minute, 10 * time.Second
	if timeout > lock-margin || settings.MaxInvocation > timeout-margin {
		t.Errorf("an invocation takes up to %v, the host kills at %v, the locks end at %v", settings.MaxInvocation, timeout, lock)
	}
}

// TestOperateExplainsEveryCheck holds the page about operation to what health
// checks.
func TestOperateExplainsEveryCheck(t *testing.T) {
	text, err := os.ReadFile("../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	config := healthConfig(settings.Settings{}, clients{}, customhandler.New(customhandler.Options{}), slog.New(slog.DiscardHandler))
	if len(config.Probes) == 0 {
		t.Fatal("no checks")
	}
	for _, probe := range config.Probes {
		if !strings.Contains(string(text), "`"+probe.Name+"`") {
			t.Errorf("docs/operate.md does not say what to do when %s fails", probe.Name)
		}
	}
}

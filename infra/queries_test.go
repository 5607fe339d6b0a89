package infra_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"paybridge/infra/bicep"
)

// TestEveryQueryIsUsed finds one that was left over, and one that is not there.
// That each finds what it looks for is tested by e2e.
func TestEveryQueryIsUsed(t *testing.T) {
	used := map[string]bool{}
	for _, file := range templates(t) {
		visit := func(e bicep.Expr) {
			if call, ok := e.(*bicep.Call); ok && call.Name == "loadTextContent" {
				used[filepath.Join(filepath.Dir(file.Path), text(call.Args[0]))] = true
			}
		}
		for _, r := range file.Resources {
			bicep.Walk(r.Body, visit)
		}
		for _, v := range file.Vars {
			bicep.Walk(v.Value, visit)
		}
	}
	files, err := filepath.Glob("queries/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if !used[path] {
			t.Errorf("no template reads %s", path)
		}
		delete(used, path)
	}
	for path := range used {
		t.Errorf("%s is not there", path)
	}
}

// TestTracesAreNotSampled: the handler writes one line for each payment that it
// worked on, and the pictures count them.
func TestTracesAreNotSampled(t *testing.T) {
	content, err := os.ReadFile("../host.json")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`"excludedTypes": "[^"]*\bTrace\b`).Match(content) {
		t.Error("host.json lets Application Insights drop log lines")
	}
}

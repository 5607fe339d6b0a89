package infra_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"paybridge/infra/bicep"
)

// source is all the code whose log lines the queries read.
func source(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, folder := range []string{"../handler", "../functions", "../internal"} {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			content, err := os.ReadFile(path)
			all.Write(content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

// TestQueriesReadWhatIsLogged: a picture of a field that nobody writes is empty
// and looks like good news. Whether the queries are Kusto is tested by interop.
func TestQueriesReadWhatIsLogged(t *testing.T) {
	files, err := filepath.Glob("queries/*.kql")
	if err != nil || len(files) == 0 {
		t.Fatal("no queries", err)
	}
	logged := map[string]bool{"msg": true}
	code := source(t)
	// reconcile logs its findings by the name of their kind.
	for _, found := range regexp.MustCompile(`Kind = "([a-z]+)"`).FindAllStringSubmatch(code, -1) {
		logged[found[1]] = true
	}
	for _, found := range regexp.MustCompile(`slog\.\w+\("([a-z_]+)"`).FindAllStringSubmatch(code, -1) {
		logged[found[1]] = true
	}
	field := regexp.MustCompile(`line(?:\.(\w+)|\["(\w+)"\])`)
	compared := regexp.MustCompile(`line(?:\.|\[")(?:msg|outcome|function|trigger)(?:"\])?\)? (?:==|in) (\("[^)]*"\)|"[^"]*")`)
	quoted := regexp.MustCompile(`"[^"]*"`)
	for _, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		query := string(content)
		for _, found := range field.FindAllStringSubmatch(query, -1) {
			if name := found[1] + found[2]; !logged[name] {
				t.Errorf("%s reads the field %s, which no log line has", path, name)
			}
		}
		for _, found := range compared.FindAllStringSubmatch(query, -1) {
			for _, value := range quoted.FindAllString(found[1], -1) {
				if !strings.Contains(code, value) {
					t.Errorf("%s looks for %s, which no code says", path, value)
				}
			}
		}
	}
}

// TestEveryQueryIsUsed finds one that was left over, and one that is not there.
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

package bicep_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/infra/bicep"
)

// deploy evaluates main.bicep of a few files.
func deploy(t *testing.T, params map[string]any, texts map[string]string) (*bicep.Deployment, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	files := map[string]*bicep.File{}
	for name, text := range texts {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(name) != ".bicep" {
			continue
		}
		file, err := bicep.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = file
	}
	return bicep.Deploy(files, "main.bicep", params)
}

func TestDeployEvaluates(t *testing.T) {
	made, err := deploy(t, map[string]any{"mode": "live", "count": "2"}, map[string]string{
		"query.kql": "traces",
		"main.bicep": `
param mode string
param count string
param color string = 'blue'
module inner 'modules/inner.bicep' = {
  name: 'inner'
  params: { names: names, warm: int(count) > 0 ? [count] : [] }
}
var names = ['a', 'b']
resource alert 'Other/alerts@2020-01-01' = if (!empty(mode)) {
  name: 'Alert ${mode}'
  query: loadTextContent('query.kql')
  all: union({ color: color }, empty(color) ? { lost: true } : { 'tag:${mode}': inner.outputs.second })
  text: string({ n: 1, items: concat(names, [null]) })
}
resource nothing 'Other/alerts@2020-01-01' = if (mode == 'test') {
  name: 'never'
}
output id string = alert.id
output key string = inner.outputs.key
`,
		"modules/inner.bicep": `
param names array
param warm array
resource space 'Bus/spaces@2020-01-01' = {
  name: 'sb'
  warm: warm
  resource rule 'rules' = {
    name: 'r'
    of: guid(space.id, 'x')
  }
}
resource queues 'Bus/spaces/queues@2020-01-01' = [
  for (name, i) in names: {
    parent: space
    name: name
    number: i
  }
]
resource old 'Bus/spaces@2020-01-01' existing = {
  name: 'old'
}
output second string = queues[1].name
output key string = '${old.properties.key}!${space::rule.name}'
`,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &bicep.Deployment{
		Resources: []*bicep.Deployed{
			{"Other/alerts", "Alert live", "Other/alerts/Alert live", map[string]any{
				"name": "Alert live", "query": "traces", "text": `{"items":["a","b",null],"n":1}`,
				"all": map[string]any{"color": "blue", "tag:live": "b"},
			}},
			{"Bus/spaces", "sb", "Bus/spaces/sb", map[string]any{"name": "sb", "warm": []any{"2"}}},
			{"Bus/spaces/rules", "sb/r", "Bus/spaces/rules/sb/r", map[string]any{"name": "r", "of": "guid(Bus/spaces/sb, x)"}},
			{"Bus/spaces/queues", "sb/a", "Bus/spaces/queues/sb/a", map[string]any{"parent": "Bus/spaces/sb", "name": "a", "number": int64(0)}},
			{"Bus/spaces/queues", "sb/b", "Bus/spaces/queues/sb/b", map[string]any{"parent": "Bus/spaces/sb", "name": "b", "number": int64(1)}},
		},
		Outputs: map[string]any{"id": "Other/alerts/Alert live", "key": "Bus/spaces/old.properties.key!r"},
	}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDeploySaysWhatItCannotEvaluate(t *testing.T) {
	for text, want := range map[string]string{
		"param a string":                            "line 1: the param a is not given",
		"output a string = b":                       "line 1: b is not declared",
		"output a object = { b: 1, b: 2 }":          "line 1: b is there twice",
		"output a string = { b: 1 }.c":              "there is no c",
		"output a int = int('x')":                   `line 1: "x" is no number`,
		"output a string = loadTextContent('none')": "none: no such file",
		"output a string = split('a', 'b')":         "line 1: the function split is not known",
		"output a int = 1 + 1":                      "the operator + cannot be evaluated here",
		"output a array = [for b in 'c': b]":        "no array",
		"output a string = 'b'.c":                   "b has no c",
		"var a = b\nvar b = a\noutput c string = a": "line 2: a depends on itself",
		"module a 'b.bicep' = {\n  name: 'c'\n}":    "b.bicep is not there",
	} {
		if _, err := deploy(t, nil, map[string]string{"main.bicep": text + "\n"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

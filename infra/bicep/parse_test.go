package bicep_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/infra/bicep"
)

const sample = `// A file.
targetScope = 'resourceGroup'

@description('Where.')
@allowed(['test', 'live'])
param mode string = 'test'

/* Names
   of queues. */
var names = ['a', 'b']
var title = 'it''s' /* two texts are no text */
`

func parse(t *testing.T, source string) *bicep.File {
	t.Helper()
	file, err := bicep.Parse("x.bicep", source)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestDeclarationsAreRead(t *testing.T) {
	file := parse(t, `
@description('Where.')
param mode string = 'test'
var names = [
  'a', 'b'
]
resource bus 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: 'sb-${mode}-${toLower('X}')}'
  resource queues 'queues' = [
    for (name, i) in names: if (mode == 'test' || i > 1) {
      name: name
      properties: { lockDuration: 'PT5M', count: i + 1 }
    }
  ]
}
resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: mode == 'test'
    ? 'one'
    : 'two'
}
module inner 'inner.bicep' = if (!empty(names)) {
  name: 'inner'
  params: { id: bus::queues[0].id, text: '''
one
two'''
  }
}
@description('An id.')
output id string = inner.outputs.id
`)
	if len(file.Resources) != 3 || file.Resources[1].Type != "Microsoft.ServiceBus/namespaces/queues" || file.Resources[1].Version != "2024-01-01" {
		t.Fatalf("the resources are %+v", file.Resources)
	}
	queues := file.Resources[1]
	if queues.Parent != file.Resources[0] || queues.Loop == nil || queues.Loop.Index != "i" || queues.Condition == nil {
		t.Errorf("the queues are %+v", queues)
	}
	if diff := cmp.Diff(&bicep.Text{Parts: []bicep.Expr{bicep.Literal("PT5M")}}, queues.Body.Get("properties", "lockDuration")); diff != "" {
		t.Error(diff)
	}
	name, ok := file.Resources[0].Body.Get("name").(*bicep.Text)
	if !ok || name.String() != "sb-…-…" || len(name.Parts) != 4 {
		t.Errorf("the name is %+v", name)
	}
	if !file.Resources[2].Existing {
		t.Error("the vault exists")
	}
	choice, ok := file.Resources[2].Body.Get("name").(*bicep.Operation)
	if !ok || choice.Operator != "?:" || len(choice.Operands) != 3 {
		t.Errorf("the choice is %+v", choice)
	}
	if got := file.Modules[0].Body.Get("params", "text").(*bicep.Text).String(); got != "one\ntwo" {
		t.Errorf("the text is %q", got)
	}
	if file.Modules[0].Condition == nil || file.Params[0].Decorator("description") == nil || file.Scope != "resourceGroup" {
		t.Errorf("%+v", file)
	}
	inner := parse(t, "@description('In.')\nparam id string\n@description('T.')\nparam text string = ''\nvar both = '${id}${text}'\n@description('Out.')\noutput id string = both\n")
	if err := bicep.Check(file, map[string]*bicep.File{"inner.bicep": inner}); err == nil || err.Error() != "x.bicep: line 16: the existing resource vault is not used" {
		t.Errorf("the check says %v", err)
	}
}

func TestMistakesInTheTextAreNamed(t *testing.T) {
	for source, want := range map[string]string{
		sample:                            "is too much",
		"var a = 'open\n":                 "line 1: the text has no end",
		"\nvar a = {\n  b: 1 c: 2\n}":     `line 3: "c" is too much`,
		"var a = [1, 2":                   "a value is missing",
		"var a = '${b'":                   "${ has no end",
		"param a":                         "a name is missing",
		"import 'x'":                      "import is no declaration",
		"resource a 'T/t' = {}":           "any other has its own",
		"resource a 'T/t@1' = {\n b: 1\n": "the name of a property is missing",
		"var a = (1":                      ") is missing",
		"var a = f(1 2)":                  ", is missing",
		"var a = 'x\\q'":                  "means nothing in a text",
		"var a = b ? 1":                   ": is missing",
		"/* never ends":                   "the comment has no end",
		"var a = #":                       "has no meaning",
		"module m 'x.bicep' = 1":          "a body is missing",
		"resource a 'T/t@1' = {\n var b = 1\n}\n": ": is missing",
	} {
		if _, err := bicep.Parse("x.bicep", source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", source, err, want)
		}
	}
}

func TestMistakesInTheMeaningAreNamed(t *testing.T) {
	inner := parse(t, "@description('In.')\nparam id string\nvar x = id\n@description('Out.')\noutput id string = x\n")
	for source, want := range map[string]string{
		"var a = b\n@description('A.')\noutput c string = a": "b is not declared",
		"var a = 1": "var a is not used",
		"param a string\nvar b = a\n@description('C.')\noutput c string = b":                                             "give it a @description",
		"@description('A.')\nparam a string":                                                                             "param a is not used",
		"var a = 1\nvar a = 2\n@description('C.')\noutput c int = a":                                                     "a is declared twice",
		"@description('C.')\noutput c string = nonsense('x')":                                                            "the function nonsense is not known",
		"output c string = 'x'":                                                                                          "output c says not what it is",
		"module m 'inner.bicep' = { name: 'm', params: {} }":                                                             "does not get the param id",
		"module m 'inner.bicep' = { name: 'm', params: { id: 'x', more: 1 } }":                                           "inner.bicep has no param more",
		"module m 'other.bicep' = { name: 'm' }":                                                                         "which is not there",
		"module m 'inner.bicep' = { name: 'm', params: { id: 'x' } }\n@description('C.')\noutput c string = m.outputs.x": "has no output x",
		"resource a 'T/t@1' = {\n resource b 'u' = { name: 'b' }\n}\n@description('C.')\noutput c string = b.id":         "b is not declared",
		"var a = [for x in [1]: y]\n@description('C.')\noutput c array = a":                                              "y is not declared",
	} {
		err := bicep.Check(parse(t, source), map[string]*bicep.File{"inner.bicep": inner})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", source, err, want)
		}
	}
}

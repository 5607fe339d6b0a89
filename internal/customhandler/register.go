package customhandler

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// TriggerKind says what starts a function, by the type of its trigger binding
// in function.json.
type TriggerKind string

// The kinds of trigger that have a door.
const (
	HTTPTrigger  TriggerKind = "httpTrigger"
	QueueTrigger TriggerKind = "serviceBusTrigger"
	TimerTrigger TriggerKind = "timerTrigger"
)

// DataType is the dataType of a queue trigger's binding. It decides how the
// host writes a message body into the envelope; nothing in the envelope tells
// the forms apart, so it has to be the one that function.json says.
type DataType string

const (
	// Undeclared is a binding without dataType. With cardinality many the host
	// parses every body as JSON and fails the whole batch when one is not.
	Undeclared DataType = ""
	// Text is dataType string: bodies are read as UTF-8.
	Text DataType = "string"
	// Binary is dataType binary: the exact bytes, and the only form of a single
	// message whose body cannot overwrite the trigger's metadata.
	Binary DataType = "binary"
)

// Cardinality is the cardinality of a queue trigger's binding.
type Cardinality string

const (
	// One is an invocation per message, the host's default.
	One Cardinality = "one"
	// Many is an invocation per batch, which the host completes or abandons as
	// a whole.
	Many Cardinality = "many"
)

// Registered is what a [Mux] knows of a function, in the terms of its
// function.json, so that a test can hold the two against each other.
type Registered struct {
	Name    string
	Trigger TriggerKind
	// Binding is the name of the trigger binding.
	Binding string
	// Response is the name of the http output binding, empty for a function
	// without an HTTP trigger.
	Response string
	// Outputs are the names of the queue output bindings.
	Outputs []string
	// DataType and Cardinality are empty except for a queue trigger, whose
	// DataType may be [Undeclared].
	DataType    DataType
	Cardinality Cardinality
}

// Functions returns what is registered, ordered by name.
func (m *Mux) Functions() []Registered {
	all := make([]Registered, 0, len(m.functions))
	for _, f := range m.functions {
		known := f.Registered
		known.Outputs = slices.Clone(known.Outputs)
		all = append(all, known)
	}
	slices.SortFunc(all, func(a, b Registered) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// functionName is what the host accepts as the name of a function.
var functionName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,127}$`)

// register adds f, and panics for a mistake in the program as
// [net/http.ServeMux] does: there is no sensible way to go on serving.
func (m *Mux) register(f *function, handles bool) {
	switch {
	case !functionName.MatchString(f.Name):
		panic(fmt.Sprintf("customhandler: %q is not a function name", f.Name))
	case m.functions[f.Name] != nil:
		panic(fmt.Sprintf("customhandler: function %s is registered twice", f.Name))
	case f.Binding == "":
		panic(fmt.Sprintf("customhandler: function %s names no trigger binding", f.Name))
	case f.Trigger == HTTPTrigger && f.Response == "":
		panic(fmt.Sprintf("customhandler: function %s names no http output binding", f.Name))
	case !handles:
		panic(fmt.Sprintf("customhandler: function %s has no Handle", f.Name))
	case slices.Contains(f.Outputs, ""), f.Response != "" && slices.Contains(f.Outputs, f.Response):
		panic(fmt.Sprintf("customhandler: function %s has an unusable output name", f.Name))
	}
	f.Outputs = slices.Clone(f.Outputs)
	m.functions[f.Name] = f
}

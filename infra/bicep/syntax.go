package bicep

import "strings"

// File is one template.
type File struct {
	// Path is where it was read.
	Path string
	// Scope is its targetScope, "resourceGroup" where it names none.
	Scope string
	// Params, Vars, Resources, Modules and Outputs are its declarations in their
	// order. Resources has the nested ones as well, after the one they are in.
	Params    []*Param
	Vars      []*Var
	Resources []*Resource
	Modules   []*Module
	Outputs   []*Output
}

// Decorated is a declaration that may have decorators before it.
type Decorated struct {
	// Name is the symbolic name, Line where it is declared.
	Name string
	Line int
	// Decorators are the calls with an @ before the declaration.
	Decorators []*Call
}

// Decorator returns the decorator of that name, nil where there is none.
func (d Decorated) Decorator(name string) *Call {
	for _, c := range d.Decorators {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Param is a parameter. Default is nil where it has to be given.
type Param struct {
	Decorated
	Type    string
	Default Expr
}

// Var is a variable.
type Var struct {
	Decorated
	Value Expr
}

// Resource is a resource that is deployed, or one that exists already.
type Resource struct {
	Decorated
	// Type is the full type without its version, also of a nested resource;
	// Version is the API version, of a nested one that of its parent.
	Type, Version string
	Existing      bool
	// Parent is the resource that this one is nested in.
	Parent *Resource
	// Loop and Condition are those of the declaration; Body is what is in the
	// braces.
	Loop      *For
	Condition Expr
	Body      *Object
}

// Module is another file that is deployed as a part of this one.
type Module struct {
	Decorated
	Source    string
	Condition Expr
	Body      *Object
}

// Output is a value that the deployment hands back.
type Output struct {
	Decorated
	Type  string
	Value Expr
}

// Expr is an expression: one of the types below.
type Expr any

type (
	// Text is a string. Parts has the texts and expressions that it is made of.
	Text struct{ Parts []Expr }
	// Literal is a piece of a string's text, Number an integer, Bool and Null
	// what their names say.
	Literal string
	// Number is an integer.
	Number int64
	// Bool is true or false.
	Bool bool
	// Null is no value.
	Null struct{}
	// Object has its properties in their order.
	Object struct{ Properties []*Property }
	// Property is one property of an object. Its name may be interpolated.
	Property struct {
		Name  Text
		Value Expr
		Line  int
		// Resource is the nested resource that stands in the property's place.
		Resource *Resource
	}
	// Array has its items in their order.
	Array struct{ Items []Expr }
	// For makes an array of its body, once for each item of In.
	For struct {
		Item, Index string
		In, Body    Expr
	}
	// If is the condition of a resource or module before its body.
	If struct{ Condition, Body Expr }
	// Name refers to a declaration.
	Name struct {
		Name string
		Line int
	}
	// Member is Of.Name, of a nested resource Of::Name.
	Member struct {
		Of     Expr
		Name   string
		Nested bool
	}
	// Index is Of[Key].
	Index struct{ Of, Key Expr }
	// Call calls a function, Of is its namespace or nil.
	Call struct {
		Of   Expr
		Name string
		Args []Expr
		Line int
	}
	// Operation is an operator with its operands.
	Operation struct {
		Operator string
		Operands []Expr
	}
)

// Get returns the value of the object's property of that name, nil where it
// has none. Several names go down into objects.
func (o *Object) Get(path ...string) Expr {
	var value Expr = o
	for _, name := range path {
		inside, _ := value.(*Object)
		value = inside.property(name)
	}
	return value
}

func (o *Object) property(name string) Expr {
	if o == nil {
		return nil
	}
	for _, p := range o.Properties {
		if p.Resource == nil && p.Name.String() == name {
			return p.Value
		}
	}
	return nil
}

// String returns the text, with … for what is interpolated.
func (t Text) String() string {
	var s strings.Builder
	for _, part := range t.Parts {
		if literal, ok := part.(Literal); ok {
			s.WriteString(string(literal))
		} else {
			s.WriteString("…")
		}
	}
	return s.String()
}

// Walk calls visit for the expression and for every one inside it.
func Walk(e Expr, visit func(Expr)) {
	if e == nil {
		return
	}
	visit(e)
	for _, inner := range children(e) {
		Walk(inner, visit)
	}
}

func children(e Expr) []Expr {
	switch e := e.(type) {
	case *Text:
		return e.Parts
	case *Object:
		var all []Expr
		for _, p := range e.Properties {
			if p.Resource == nil {
				all = append(all, &p.Name, p.Value)
			}
		}
		return all
	case *Array:
		return e.Items
	case *For:
		return []Expr{e.In, e.Body}
	case *If:
		return []Expr{e.Condition, e.Body}
	case *Member:
		return []Expr{e.Of}
	case *Index:
		return []Expr{e.Of, e.Key}
	case *Call:
		if e.Of != nil {
			return append([]Expr{e.Of}, e.Args...)
		}
		return e.Args
	case *Operation:
		return e.Operands
	default:
		return nil
	}
}

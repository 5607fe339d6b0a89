package bicep

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
)

// functions are the functions of the language that the templates may call.
var functions = []string{
	"concat", "empty", "guid", "int", "loadTextContent", "resourceGroup", "string", "subscription", "subscriptionResourceId", "tenant",
	"toLower", "union", "uniqueString",
}

// Check holds a template to what the compiler would hold it to: names are
// declared once and before they are used anywhere, what is declared is used,
// functions exist, modules get every parameter that they need and no other,
// and only their outputs are read. The files of its modules are in others, by
// their cleaned paths.
func Check(f *File, others map[string]*File) error {
	c := &checker{file: f, used: map[string]bool{}, modules: map[string]*File{}}
	c.declare()
	for _, m := range f.Modules {
		c.module(m, others)
	}
	for _, v := range f.Params {
		c.expr(v.Default, nil)
	}
	for _, v := range f.Vars {
		c.expr(v.Value, nil)
	}
	for _, r := range f.Resources {
		c.resource(r)
	}
	for _, o := range f.Outputs {
		c.expr(o.Value, nil)
		if o.Decorator("description") == nil {
			c.problem(o.Line, "output %s says not what it is: give it a @description", o.Name)
		}
	}
	c.unused()
	return errors.Join(c.problems...)
}

type checker struct {
	file     *File
	declared []string
	used     map[string]bool
	modules  map[string]*File // by symbolic name.
	problems []error
}

func (c *checker) problem(line int, format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf("%s: line %d: %s", c.file.Path, line, fmt.Sprintf(format, args...)))
}

// declare collects the names that every expression may use. A nested resource
// is seen by what is nested beside it only, and its name is its own.
func (c *checker) declare() {
	var all []Decorated
	for _, v := range c.file.Params {
		if v.Decorator("description") == nil {
			c.problem(v.Line, "param %s says not what it is: give it a @description", v.Name)
		}
		all = append(all, v.Decorated)
	}
	for _, v := range c.file.Vars {
		all = append(all, v.Decorated)
	}
	for _, v := range c.file.Modules {
		all = append(all, v.Decorated)
	}
	for _, v := range c.file.Resources {
		if v.Parent == nil {
			all = append(all, v.Decorated)
		}
	}
	for _, d := range all {
		if slices.Contains(c.declared, d.Name) {
			c.problem(d.Line, "%s is declared twice", d.Name)
		}
		c.declared = append(c.declared, d.Name)
	}
}

func (c *checker) module(m *Module, others map[string]*File) {
	path := filepath.Join(filepath.Dir(c.file.Path), m.Source)
	source := others[path]
	if source == nil {
		c.problem(m.Line, "module %s is in %s, which is not there", m.Name, path)
		return
	}
	c.modules[m.Name] = source
	c.expr(m.Condition, nil)
	c.expr(m.Body, nil)
	given, _ := m.Body.Get("params").(*Object)
	if given == nil {
		given = &Object{}
	}
	for _, p := range given.Properties {
		if !slices.ContainsFunc(source.Params, func(q *Param) bool { return q.Name == p.Name.String() }) {
			c.problem(p.Line, "%s has no param %s", path, p.Name.String())
		}
	}
	for _, p := range source.Params {
		if p.Default == nil && given.Get(p.Name) == nil {
			c.problem(m.Line, "module %s does not get the param %s", m.Name, p.Name)
		}
	}
}

func (c *checker) resource(r *Resource) {
	var local []string
	for p := r; p != nil; p = p.Parent {
		for _, other := range c.file.Resources {
			if other.Parent != nil && (other.Parent == p || other.Parent == p.Parent) {
				local = append(local, other.Name)
			}
		}
		if p.Loop != nil {
			local = append(local, p.Loop.Item, p.Loop.Index)
		}
	}
	if r.Loop != nil {
		c.expr(r.Loop.In, local)
	}
	c.expr(r.Condition, local)
	c.expr(r.Body, local)
}

// expr checks an expression in which the local names are known as well.
func (c *checker) expr(e Expr, local []string) {
	switch e := e.(type) {
	case nil:
		return
	case *Name:
		if !slices.Contains(c.declared, e.Name) && !slices.Contains(local, e.Name) && e.Name != "az" && e.Name != "sys" {
			c.problem(e.Line, "%s is not declared", e.Name)
		}
		c.used[e.Name] = true
	case *Call:
		if e.Of == nil && !slices.Contains(functions, e.Name) {
			c.problem(e.Line, "the function %s is not known", e.Name)
		}
	case *Member:
		c.output(e)
	case *For:
		local = append(slices.Clone(local), e.Item, e.Index)
	default:
	}
	for _, inner := range children(e) {
		c.expr(inner, local)
	}
}

// output checks module.outputs.name.
func (c *checker) output(e *Member) {
	outputs, ok := e.Of.(*Member)
	if !ok || outputs.Name != "outputs" {
		return
	}
	module, ok := outputs.Of.(*Name)
	if !ok || c.modules[module.Name] == nil {
		return
	}
	source := c.modules[module.Name]
	if !slices.ContainsFunc(source.Outputs, func(o *Output) bool { return o.Name == e.Name }) {
		c.problem(module.Line, "%s has no output %s", source.Path, e.Name)
	}
}

func (c *checker) unused() {
	for _, v := range c.file.Params {
		if !c.used[v.Name] {
			c.problem(v.Line, "param %s is not used", v.Name)
		}
	}
	for _, v := range c.file.Vars {
		if !c.used[v.Name] {
			c.problem(v.Line, "var %s is not used", v.Name)
		}
	}
	for _, v := range c.file.Resources {
		if v.Existing && v.Parent == nil && !c.used[v.Name] {
			c.problem(v.Line, "the existing resource %s is not used", v.Name)
		}
	}
}

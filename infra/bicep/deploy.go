package bicep

import (
	"fmt"
	"maps"
	"path/filepath"
)

// Deployment is what Azure is asked for.
type Deployment struct {
	// Resources are what is made, without what exists already.
	Resources []*Deployed
	// Outputs are what the deployment hands back.
	Outputs map[string]any
}

// Deployed is one resource that is made.
type Deployed struct {
	// Type and Name are those of the resource; a nested one has the names of
	// its parents before its own, with slashes between. ID is made of both and
	// is what others refer to.
	Type, Name, ID string
	// Body is what is in the braces: strings, int64, bool, []any and
	// map[string]any.
	Body map[string]any
}

// Deploy evaluates a template with these parameters, its modules included, as
// far as can be said before the deployment. What only Azure knows stands in
// texts as where it comes from: the id of a resource is its type and name, and
// a property of it that id with the names of the property, as in
// Microsoft.Storage/storageAccounts/st1.properties.primaryEndpoints. The files
// are those of [Check].
func Deploy(files map[string]*File, path string, params map[string]any) (made *Deployment, err error) {
	defer func() {
		switch failed := recover().(type) {
		case nil:
		case evaluationError:
			made, err = nil, failed.error
		default:
			panic(failed)
		}
	}()
	made = &Deployment{}
	made.Outputs = evaluate(files, path, params, made)
	return made, nil
}

// evaluationError ends an evaluation from inside of it.
type evaluationError struct{ error }

// template is one file while it is evaluated.
type template struct {
	files map[string]*File
	file  *File
	made  *Deployment
	// values are the parameters, variables, outputs of modules and resources that
	// are known already, by their symbolic names.
	values map[string]any
	// pending are the names that are being looked up.
	pending map[string]bool
	// bodies evaluate what is in the braces of resources, which may name any
	// other resource and the one that they are nested in.
	bodies []func()
}

// resource is what a symbolic name of a resource stands for.
type resource struct {
	id, name string
	nested   map[string]any
}

// later is a value that only Azure knows, by where it comes from.
type later string

// evaluate evaluates one file and returns its outputs.
func evaluate(files map[string]*File, path string, params map[string]any, made *Deployment) map[string]any {
	t := &template{files: files, file: files[path], made: made, values: map[string]any{}, pending: map[string]bool{}}
	if t.file == nil {
		panic(evaluationError{fmt.Errorf("%s is not there", path)})
	}
	for _, p := range t.file.Params {
		value, given := params[p.Name]
		switch {
		case given:
			t.values[p.Name] = value
		case p.Default != nil:
			t.values[p.Name] = t.eval(p.Default, nil)
		default:
			t.fail(p.Line, "the param %s is not given", p.Name)
		}
	}
	for _, r := range t.file.Resources {
		if r.Parent == nil {
			t.value(r.Name, r.Line)
		}
	}
	for _, m := range t.file.Modules {
		t.value(m.Name, m.Line)
	}
	for _, body := range t.bodies {
		body()
	}
	outputs := map[string]any{}
	for _, o := range t.file.Outputs {
		outputs[o.Name] = settled(t.eval(o.Value, nil))
	}
	return outputs
}

func (t *template) fail(line int, format string, args ...any) {
	panic(evaluationError{fmt.Errorf("%s: line %d: %s", t.file.Path, line, fmt.Sprintf(format, args...))})
}

// value returns what a symbolic name stands for. Declarations may use what is
// declared after them.
func (t *template) value(name string, line int) any {
	if value, known := t.values[name]; known {
		return value
	}
	if t.pending[name] {
		t.fail(line, "%s depends on itself", name)
	}
	t.pending[name] = true
	value, found := t.declared(name)
	if !found {
		t.fail(line, "%s is not declared", name)
	}
	t.values[name] = value
	return value
}

func (t *template) declared(name string) (any, bool) {
	for _, v := range t.file.Vars {
		if v.Name == name {
			return t.eval(v.Value, nil), true
		}
	}
	for _, m := range t.file.Modules {
		if m.Name == name {
			params, _ := settled(t.eval(m.Body.Get("params"), nil)).(map[string]any)
			source := filepath.Join(filepath.Dir(t.file.Path), m.Source)
			return map[string]any{"outputs": evaluate(t.files, source, params, t.made)}, true
		}
	}
	for _, r := range t.file.Resources {
		if r.Name == name && r.Parent == nil {
			return t.resources(r, nil, nil), true
		}
	}
	return nil, false
}

// resources makes a resource, or the list that a loop makes.
func (t *template) resources(r *Resource, parent *resource, local map[string]any) any {
	if r.Loop == nil {
		return t.resource(r, parent, local)
	}
	var all []any
	for i, item := range t.list(r.Loop.In, local) {
		all = append(all, t.resource(r, parent, with(local, r.Loop.Item, item, r.Loop.Index, i)))
	}
	return all
}

func (t *template) resource(r *Resource, parent *resource, local map[string]any) *resource {
	name := written(t.eval(r.Body.Get("name"), local))
	if given, ok := t.eval(r.Body.Get("parent"), local).(*resource); ok {
		parent = given
	}
	if parent != nil {
		name = parent.name + "/" + name
	}
	made := &resource{id: r.Type + "/" + name, name: name, nested: map[string]any{}}
	if !r.Existing && (r.Condition == nil || t.eval(r.Condition, local) == true) {
		deployed := &Deployed{Type: r.Type, Name: name, ID: made.id}
		t.made.Resources = append(t.made.Resources, deployed)
		t.bodies = append(t.bodies, func() { deployed.Body, _ = settled(t.eval(r.Body, local)).(map[string]any) })
	}
	for _, p := range r.Body.Properties {
		if p.Resource != nil {
			made.nested[p.Resource.Name] = t.resources(p.Resource, made, local)
		}
	}
	return made
}

// list evaluates what a loop goes over.
func (t *template) list(e Expr, local map[string]any) []any {
	list, ok := t.eval(e, local).([]any)
	if !ok {
		t.fail(0, "a loop goes over something that is no array")
	}
	return list
}

// settled returns a value with texts in the place of references.
func settled(value any) any {
	switch value := value.(type) {
	case later:
		return string(value)
	case *resource:
		return value.id
	case []any:
		all := make([]any, len(value))
		for i, item := range value {
			all[i] = settled(item)
		}
		return all
	case map[string]any:
		all := make(map[string]any, len(value))
		for name, item := range value {
			all[name] = settled(item)
		}
		return all
	default:
		return value
	}
}

// written returns a value as it stands in a text.
func written(value any) string { return fmt.Sprint(settled(value)) }

// with returns the local names with those of one turn of a loop.
func with(local map[string]any, item string, value any, index string, i int) map[string]any {
	inner := map[string]any{item: value, index: int64(i)}
	maps.Copy(inner, local)
	return inner
}

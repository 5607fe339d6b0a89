package bicep

import (
	"fmt"
	"os"
	"strings"
)

// Read reads the template in a file.
func Read(path string) (*File, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading a template: %w", err)
	}
	return Parse(path, string(source))
}

// Parse reads a template. Its error names the path and the line.
func Parse(path, source string) (*File, error) {
	tokens, err := lex(source, 1)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	p := &parser{tokens: tokens, file: &File{Path: path, Scope: "resourceGroup"}}
	if err := p.all(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p.file, nil
}

// parser walks over the tokens. The first thing that is wrong ends it by a
// panic with a *syntaxError, which all turns into an error.
type parser struct {
	tokens []token
	at     int
	file   *File
}

type syntaxError struct{ err error }

func (p *parser) all() (err error) {
	defer func() {
		if caught := recover(); caught != nil {
			syntax, ok := caught.(*syntaxError)
			if !ok {
				panic(caught)
			}
			err = syntax.err
		}
	}()
	for p.lines(); p.peek().kind != end; p.lines() {
		p.declaration(nil)
	}
	return nil
}

func (p *parser) fail(format string, args ...any) {
	panic(&syntaxError{fmt.Errorf("line %d: %s", p.peek().line, fmt.Sprintf(format, args...))})
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) take() token {
	t := p.tokens[p.at]
	if t.kind != end {
		p.at++
	}
	return t
}

// is reports whether the next token is this mark or word.
func (p *parser) is(value string) bool {
	t := p.peek()
	return (t.kind == mark || t.kind == word) && t.value == value
}

// accept takes the next token if it is this mark or word.
func (p *parser) accept(value string) bool {
	if !p.is(value) {
		return false
	}
	p.at++
	return true
}

func (p *parser) expect(value string) {
	if !p.accept(value) {
		p.fail("%s is missing", value)
	}
}

func (p *parser) word() string {
	t := p.take()
	if t.kind != word {
		p.at--
		p.fail("a name is missing")
	}
	return t.value
}

// lines skips line breaks.
func (p *parser) lines() {
	for p.peek().kind == newline {
		p.at++
	}
}

// endOfLine makes sure that nothing follows on the line.
func (p *parser) endOfLine() {
	if k := p.peek().kind; k != newline && k != end && !p.is("}") {
		p.fail("%q is too much", p.peek().value)
	}
}

// declaration reads one declaration; parent is the resource it is nested in.
func (p *parser) declaration(parent *Resource) *Resource {
	var d Decorated
	for p.accept("@") {
		call, ok := p.postfix().(*Call)
		if !ok {
			p.fail("a decorator is a call")
		}
		d.Decorators = append(d.Decorators, call)
		p.lines()
	}
	d.Line = p.peek().line
	var r *Resource
	switch keyword := p.word(); {
	case keyword == "resource":
		d.Name = p.word()
		r = p.resource(d, parent)
	case parent != nil:
		p.fail("%s cannot be nested", keyword)
	case keyword == "targetScope":
		p.expect("=")
		p.file.Scope = p.plainText()
	case keyword == "param":
		d.Name = p.word()
		param := &Param{Decorated: d, Type: p.word()}
		if p.accept("=") {
			param.Default = p.expr()
		}
		p.file.Params = append(p.file.Params, param)
	case keyword == "var":
		d.Name = p.word()
		p.expect("=")
		p.file.Vars = append(p.file.Vars, &Var{d, p.expr()})
	case keyword == "module":
		d.Name = p.word()
		m := &Module{Decorated: d, Source: p.plainText()}
		p.expect("=")
		m.Condition, _, m.Body = p.body()
		p.file.Modules = append(p.file.Modules, m)
	case keyword == "output":
		d.Name = p.word()
		o := &Output{Decorated: d, Type: p.word()}
		p.expect("=")
		o.Value = p.expr()
		p.file.Outputs = append(p.file.Outputs, o)
	default:
		p.at--
		p.fail("%s is no declaration that is understood here", keyword)
	}
	p.endOfLine()
	return r
}

func (p *parser) resource(d Decorated, parent *Resource) *Resource {
	r := &Resource{Decorated: d, Parent: parent}
	var versioned bool
	r.Type, r.Version, versioned = strings.Cut(p.plainText(), "@")
	switch {
	case parent != nil && versioned, parent == nil && !versioned:
		p.fail("a nested resource has the version of its parent, any other has its own")
	case parent != nil:
		r.Type, r.Version = parent.Type+"/"+r.Type, parent.Version
	}
	r.Existing = p.accept("existing")
	p.expect("=")
	p.file.Resources = append(p.file.Resources, r)
	r.Condition, r.Loop, r.Body = p.bodyOf(r)
	return r
}

// body reads what a module is made of.
func (p *parser) body() (condition Expr, loop *For, body *Object) { return p.bodyOf(nil) }

func (p *parser) bodyOf(r *Resource) (condition Expr, loop *For, body *Object) {
	var e Expr
	switch {
	case p.is("["):
		loop, _ = p.array(r).(*For)
		if loop == nil {
			p.fail("a loop is missing")
		}
		e = loop.Body
	default:
		e = p.conditional(r)
	}
	if i, ok := e.(*If); ok {
		condition, e = i.Condition, i.Body
	}
	body, _ = e.(*Object)
	if body == nil {
		p.fail("a body is missing")
	}
	return condition, loop, body
}

// conditional reads a body with the condition before it, if there is one.
func (p *parser) conditional(r *Resource) Expr {
	if !p.accept("if") {
		if r != nil {
			return p.object(r)
		}
		return p.expr()
	}
	p.expect("(")
	condition := p.expr()
	p.expect(")")
	return &If{condition, p.object(r)}
}

// object reads an object; r is the resource whose body it is.
func (p *parser) object(r *Resource) *Object {
	o := &Object{}
	p.expect("{")
	for {
		for p.peek().kind == newline || p.is(",") {
			p.at++
		}
		if p.accept("}") {
			return o
		}
		line := p.peek().line
		if r != nil && (p.is("@") || p.is("resource") && p.tokens[p.at+1].kind == word) {
			o.Properties = append(o.Properties, &Property{Resource: p.declaration(r), Line: line})
			continue
		}
		var name Text
		switch t := p.take(); t.kind {
		case word:
			name.Parts = []Expr{Literal(t.value)}
		case text:
			name = *p.interpolate(t)
		default:
			p.at--
			p.fail("the name of a property is missing")
		}
		p.expect(":")
		o.Properties = append(o.Properties, &Property{Name: name, Value: p.expr(), Line: line})
		if k := p.peek().kind; k != newline && !p.is(",") && !p.is("}") {
			p.fail("%q is too much", p.peek().value)
		}
	}
}

// array reads an array, or the loop that makes one; r is the resource that the
// loop makes.
func (p *parser) array(r *Resource) Expr {
	p.expect("[")
	p.lines()
	if p.accept("for") {
		f := &For{}
		if p.accept("(") {
			f.Item = p.word()
			p.expect(",")
			f.Index = p.word()
			p.expect(")")
		} else {
			f.Item = p.word()
		}
		p.expect("in")
		f.In = p.expr()
		p.expect(":")
		f.Body = p.conditional(r)
		p.lines()
		p.expect("]")
		return f
	}
	a := &Array{}
	for {
		for p.peek().kind == newline || p.is(",") {
			p.at++
		}
		if p.accept("]") {
			return a
		}
		a.Items = append(a.Items, p.expr())
	}
}

package bicep

import "strconv"

// levels are the binary operators, those that bind less first.
var levels = [][]string{{"??"}, {"||"}, {"&&"}, {"==", "!=", "=~", "!~"}, {"<", "<=", ">", ">="}, {"+", "-"}, {"*", "/", "%"}}

// expr reads an expression.
func (p *parser) expr() Expr {
	condition := p.binary(0)
	if !p.continued("?") {
		return condition
	}
	yes := p.expr()
	if !p.continued(":") {
		p.fail(": is missing")
	}
	return &Operation{"?:", []Expr{condition, yes, p.expr()}}
}

// continued takes the mark, which may stand on the next line.
func (p *parser) continued(value string) bool {
	before := p.at
	p.lines()
	if p.accept(value) {
		p.lines()
		return true
	}
	p.at = before
	return false
}

func (p *parser) binary(level int) Expr {
	if level == len(levels) {
		return p.unary()
	}
	left := p.binary(level + 1)
	for {
		operator := ""
		for _, o := range levels[level] {
			if p.accept(o) {
				operator = o
				break
			}
		}
		if operator == "" {
			return left
		}
		left = &Operation{operator, []Expr{left, p.binary(level + 1)}}
	}
}

func (p *parser) unary() Expr {
	for _, o := range []string{"!", "-"} {
		if p.accept(o) {
			return &Operation{o, []Expr{p.unary()}}
		}
	}
	return p.postfix()
}

// postfix reads a value and what is taken out of it.
func (p *parser) postfix() Expr {
	e := p.primary()
	for {
		line := p.peek().line
		switch {
		case p.accept("::"):
			e = &Member{e, p.word(), true}
		case p.accept("."), p.accept(".?"):
			name := p.word()
			if p.is("(") {
				e = &Call{Of: e, Name: name, Args: p.arguments(), Line: line}
			} else {
				e = &Member{e, name, false}
			}
		case p.accept("!"):
			// It says that the value is there, which nobody checks here.
		case p.accept("["):
			key := p.expr()
			p.expect("]")
			e = &Index{e, key}
		default:
			return e
		}
	}
}

func (p *parser) primary() Expr {
	switch t := p.peek(); {
	case p.is("{"):
		return p.object(nil)
	case p.is("["):
		return p.array(nil)
	case p.accept("("):
		p.lines()
		e := p.expr()
		p.lines()
		p.expect(")")
		return e
	case t.kind == text:
		p.at++
		return p.interpolate(t)
	case t.kind == number:
		p.at++
		n, err := strconv.ParseInt(t.value, 10, 64)
		if err != nil {
			p.fail("%s is no number", t.value)
		}
		return Number(n)
	case t.kind == word:
		p.at++
		switch t.value {
		case "true", "false":
			return Bool(t.value == "true")
		case "null":
			return Null{}
		}
		if p.is("(") {
			return &Call{Name: t.value, Args: p.arguments(), Line: t.line}
		}
		return &Name{t.value, t.line}
	default:
		p.fail("a value is missing")
		return nil
	}
}

func (p *parser) arguments() []Expr {
	var args []Expr
	p.expect("(")
	for p.lines(); !p.accept(")"); p.lines() {
		if len(args) > 0 {
			p.expect(",")
			p.lines()
		}
		args = append(args, p.expr())
	}
	return args
}

// interpolate makes the text that a token stands for.
func (p *parser) interpolate(t token) *Text {
	made := &Text{}
	for _, part := range t.parts {
		if !part.interpolated {
			if part.text != "" {
				made.Parts = append(made.Parts, Literal(part.text))
			}
			continue
		}
		tokens, err := lex(part.text, part.line)
		if err != nil {
			panic(&syntaxError{err})
		}
		inner := &parser{tokens: tokens, file: p.file}
		made.Parts = append(made.Parts, inner.expr())
		if inner.peek().kind != end {
			inner.fail("%q is too much", inner.peek().value)
		}
	}
	return made
}

// plainText reads a text in which nothing is interpolated.
func (p *parser) plainText() string {
	t := p.take()
	if t.kind != text || len(t.parts) != 1 {
		p.at--
		p.fail("a plain text is missing")
	}
	return t.parts[0].text
}

package dataverse

import "strings"

// maxDepth bounds the nesting of a filter.
const maxDepth = 100

type filterParser struct {
	schema *schema
	table  *table
	text   string
	tokens []token
	depth  int
}

func (s *schema) parseFilter(t *table, text string) (node, error) {
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &filterParser{schema: s, table: t, text: text, tokens: tokens}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.peek().kind != tokenEnd {
		return nil, syntaxError(p.peek(), text)
	}
	return n, nil
}

func (p *filterParser) peek() token { return p.tokens[0] }

func (p *filterParser) next() token {
	t := p.tokens[0]
	if t.kind != tokenEnd {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *filterParser) accept(kind tokenKind, text string) bool {
	if t := p.peek(); t.kind == kind && t.text == text {
		p.next()
		return true
	}
	return false
}

func (p *filterParser) expect(text string) error {
	if p.accept(tokenPunctuation, text) {
		return nil
	}
	return syntaxError(p.peek(), p.text)
}

func (p *filterParser) or() (node, error) {
	left, err := p.and()
	for err == nil && p.accept(tokenWord, "or") {
		var right node
		right, err = p.and()
		left = orNode{left, right}
	}
	return left, err
}

func (p *filterParser) and() (node, error) {
	left, err := p.unary()
	for err == nil && p.accept(tokenWord, "and") {
		var right node
		right, err = p.unary()
		left = andNode{left, right}
	}
	return left, err
}

func (p *filterParser) unary() (node, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return nil, badURI("The node count limit of '%d' has been exceeded.", maxDepth)
	}
	if p.accept(tokenWord, "not") {
		inner, err := p.unary()
		return notNode{inner}, err
	}
	if p.accept(tokenPunctuation, "(") {
		inner, err := p.or()
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	}
	name := p.next()
	if name.kind != tokenWord {
		return nil, syntaxError(name, p.text)
	}
	if p.accept(tokenPunctuation, "(") {
		return p.call(name)
	}
	return p.comparison(name)
}

func (p *filterParser) comparison(name token) (node, error) {
	column, err := p.schema.path(p.table, name.text)
	if err != nil {
		return nil, err
	}
	op := p.next()
	switch op.text {
	case "eq", "ne", "gt", "ge", "lt", "le":
	default:
		return nil, syntaxError(op, p.text)
	}
	literal, err := column.literal(p.next())
	if err != nil {
		return nil, err
	}
	return compareNode{path: column, op: op.text, literal: literal}, nil
}

func (p *filterParser) call(name token) (node, error) {
	switch name.text {
	case "contains", "startswith", "endswith":
		return p.textCall(name)
	case "Microsoft.Dynamics.CRM.In", "Microsoft.Dynamics.CRM.NotIn":
		return p.inCall(name)
	default:
		return nil, badURI("An unknown function with name '%s' was found. This may also be a function import or a key lookup on a navigation property, which is not allowed.", name.text)
	}
}

func (p *filterParser) textCall(name token) (node, error) {
	column, err := p.schema.path(p.table, p.next().text)
	if err != nil {
		return nil, err
	}
	if t := column.column.Type; t != String && t != Memo {
		return nil, badURI("No function signature for the function with name '%s' matches the specified arguments.", name.text)
	}
	if err := p.expect(","); err != nil {
		return nil, err
	}
	literal := p.next()
	if literal.kind != tokenString {
		return nil, syntaxError(literal, p.text)
	}
	return textNode{path: column, function: name.text, text: strings.ToLower(literal.text)}, p.expect(")")
}

// inCall reads PropertyName='x',PropertyValues=['1','2']); the values are
// quoted whatever the column's type is.
func (p *filterParser) inCall(name token) (node, error) {
	if !p.accept(tokenWord, "PropertyName") || p.expect("=") != nil {
		return nil, syntaxError(p.peek(), p.text)
	}
	column, err := p.schema.path(p.table, strings.Trim(p.next().text, `"`))
	if err != nil {
		return nil, err
	}
	if p.expect(",") != nil || !p.accept(tokenWord, "PropertyValues") || p.expect("=") != nil || p.expect("[") != nil {
		return nil, syntaxError(p.peek(), p.text)
	}
	n := inNode{path: column}
	for !p.accept(tokenPunctuation, "]") {
		if len(n.values) > 0 && p.expect(",") != nil {
			return nil, syntaxError(p.peek(), p.text)
		}
		literal := p.next()
		if t := column.column.Type; t != String && t != Memo && literal.kind == tokenString {
			literal.kind = tokenWord
		}
		v, err := column.literal(literal)
		if err != nil {
			return nil, err
		}
		n.values = append(n.values, v)
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	if name.text == "Microsoft.Dynamics.CRM.NotIn" {
		return notNode{n}, nil
	}
	return n, nil
}

// parseOrder reads $orderby: a, b desc.
func (s *schema) parseOrder(t *table, text string) ([]ordering, error) {
	var order []ordering
	for item := range strings.SplitSeq(text, ",") {
		words := strings.Fields(item)
		if len(words) == 0 || len(words) > 2 || len(words) == 2 && words[1] != "asc" && words[1] != "desc" {
			return nil, syntaxError(token{}, text)
		}
		column, err := s.path(t, words[0])
		if err != nil {
			return nil, err
		}
		order = append(order, ordering{path: column, descending: len(words) == 2 && words[1] == "desc"})
	}
	return order, nil
}

package dataverse

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// address is what the first segment of a URL names: a table, and mostly one row of it.
type address struct {
	table *table
	// text is the segment as it was written, for OData-EntityId.
	text string
	// id is set for a row by GUID; key and values for one by alternate key.
	id     string
	key    *Key
	values map[string]any
	// collection is set when no row is named.
	collection bool
}

// splitPath cuts an escaped path at its slashes, except within parentheses and
// quotes. The segments stay escaped.
func splitPath(path string) []string {
	plain := strings.ReplaceAll(path, "%27", "'")
	var segments []string
	depth, quoted, start := 0, false, 0
	for i := range len(plain) {
		switch c := plain[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '/' && depth <= 0:
			segments = append(segments, plain[start:i])
			start = i + 1
		}
	}
	return append(segments, plain[start:])
}

var setShape = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)(?:\((.*)\))?$`)

// address reads a segment such as accounts(accountnumber='A1').
func (s *schema) address(segment string) (*address, error) {
	text, err := url.PathUnescape(segment)
	if err != nil {
		return nil, badURI("Bad Request - Error in query syntax.")
	}
	m := setShape.FindStringSubmatch(text)
	if m == nil {
		name, _, _ := strings.Cut(text, "(")
		if s.sets[name] == nil {
			return nil, noSuchSegment(name)
		}
		return nil, badURI("Bad Request - Error in query syntax.")
	}
	t := s.sets[m[1]]
	if t == nil {
		return nil, noSuchSegment(m[1])
	}
	a := &address{table: t, text: segment}
	switch {
	case !strings.HasSuffix(text, ")"):
		a.collection = true
		return a, nil
	case m[2] == "":
		return nil, badURI("Bad Request - Error in query syntax.")
	}
	if id, ok := parseGUID(m[2]); ok {
		a.id = id
		return a, nil
	}
	return a, a.parseKey(m[2])
}

// parseKey reads the text between the parentheses: name=literal, separated by commas.
func (a *address) parseKey(text string) error {
	t := a.table
	lexed, err := lex(text)
	if err != nil {
		return err
	}
	given := map[string]token{}
	for p := 0; ; p++ {
		if p+2 >= len(lexed) || lexed[p].kind != tokenWord || lexed[p+1].text != "=" || lexed[p+1].kind != tokenPunctuation {
			return badURI("Bad Request - Error in query syntax.")
		}
		given[lexed[p].text] = lexed[p+2]
		p += 3
		if lexed[p].kind == tokenEnd {
			break
		}
		if lexed[p].text != "," {
			return badURI("Bad Request - Error in query syntax.")
		}
	}
	if literal, ok := given[t.PrimaryID]; ok && len(given) == 1 {
		id, ok := parseGUID(literal.text)
		if !ok || literal.kind == tokenString {
			return badURI("The key value '%s' is not a GUID.", literal.text)
		}
		a.id = id
		return nil
	}
	names, values := map[string]string{}, map[string]any{}
	for prop, literal := range given {
		c := t.byProp[prop]
		if c == nil {
			return a.unknownKey()
		}
		v, err := keyLiteral(t, c, literal)
		if err != nil {
			return err
		}
		values[c.LogicalName] = v
		names[c.LogicalName] = canonical(v)
	}
	if a.key = t.key(names); a.key == nil {
		return a.unknownKey()
	}
	a.values = values
	return nil
}

func (a *address) unknownKey() error {
	return fail(http.StatusBadRequest, codeQuery, "The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.%s'. Ensure that the names and number of key properties match the declared or alternate key properties for the resource 'Microsoft.Dynamics.CRM.%s'.",
		a.table.LogicalName, a.table.LogicalName)
}

// forbidden are the characters that are documented as not working in the values
// of key URLs, escaped or not.
const forbidden = `/<>*%&:\?+`

func keyLiteral(t *table, c *Column, literal token) (any, error) {
	if i := strings.IndexAny(literal.text, forbidden); i >= 0 && literal.kind == tokenString {
		return nil, badURI("A potentially dangerous Request.Path value was detected from the client (%c).", literal.text[i])
	}
	v, err := literalValue(literal)
	if err != nil {
		return nil, err
	}
	if converted, err := convert(t, c, v); err == nil && converted != nil {
		if c.Type == Lookup {
			return Ref{Table: c.Targets[0].Table, ID: converted.(string)}, nil
		}
		return converted, nil
	}
	return nil, badURI("The key value '%s' is not of the type '%s'.", literal.text, edmType(c))
}

// literalValue is a literal of a URL as the JSON value it stands for.
func literalValue(t token) (any, error) {
	switch {
	case t.kind == tokenString:
		return t.text, nil
	case t.kind != tokenWord:
		return nil, badURI("Syntax error: a literal was expected at '%s'.", t.text)
	case t.text == "null":
		return nil, nil
	case t.text == "true", t.text == "false":
		return t.text == "true", nil
	case numberShape.MatchString(t.text):
		return json.Number(strings.TrimPrefix(t.text, "+")), nil
	default:
		return t.text, nil
	}
}

var numberShape = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$`)

// find returns the addressed row, nil when there is none.
func (x *tx) find(a *address) (*Row, error) {
	if a.key == nil {
		return x.get(a.table, a.id)
	}
	values := make(map[string]string, len(a.values))
	for name, v := range a.values {
		values[name] = canonical(v)
	}
	return x.byKey(a.table, a.key, values)
}

// missing is the 404 of an addressed row.
func (a *address) missing() error {
	if a.key != nil {
		return noSuchKey(a.table)
	}
	return noSuchRow(a.table, a.id)
}

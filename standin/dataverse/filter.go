package dataverse

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// node is a part of a filter. Comparison with an empty column is false, except for ne, which the
// platform makes true.
type node interface {
	eval(x *tx, row *Row) bool
}

type (
	andNode struct{ left, right node }
	orNode  struct{ left, right node }
	notNode struct{ inner node }
	// compareNode is path op literal; the literal is in stored form, nil for null.
	compareNode struct {
		path    path
		op      string
		literal any
	}
	// textNode is contains, startswith or endswith, with folded text.
	textNode struct {
		path     path
		function string
		text     string
	}
	inNode struct {
		path   path
		values []any
	}
)

func (n andNode) eval(x *tx, row *Row) bool { return n.left.eval(x, row) && n.right.eval(x, row) }
func (n orNode) eval(x *tx, row *Row) bool  { return n.left.eval(x, row) || n.right.eval(x, row) }
func (n notNode) eval(x *tx, row *Row) bool { return !n.inner.eval(x, row) }

func (n compareNode) eval(x *tx, row *Row) bool {
	v := n.path.value(x, row)
	if v == nil || n.literal == nil {
		switch n.op {
		case "eq":
			return v == nil && n.literal == nil
		case "ne":
			return (v == nil) != (n.literal == nil)
		default:
			return false
		}
	}
	c := compareValues(v, n.literal)
	switch n.op {
	case "eq":
		return c == 0
	case "ne":
		return c != 0
	case "gt":
		return c > 0
	case "ge":
		return c >= 0
	case "lt":
		return c < 0
	default:
		return c <= 0
	}
}

func (n textNode) eval(x *tx, row *Row) bool {
	text, ok := n.path.value(x, row).(string)
	if !ok {
		return false
	}
	text = strings.ToLower(text)
	switch n.function {
	case "contains":
		return strings.Contains(text, n.text)
	case "startswith":
		return strings.HasPrefix(text, n.text)
	default:
		return strings.HasSuffix(text, n.text)
	}
}

func (n inNode) eval(x *tx, row *Row) bool {
	v := n.path.value(x, row)
	for _, candidate := range n.values {
		if v != nil && compareValues(v, candidate) == 0 {
			return true
		}
	}
	return false
}

// path is a column, or a column of the row that a lookup points to.
type path struct {
	through *navigation
	table   *table
	column  *Column
}

func (s *schema) path(t *table, text string) (path, error) {
	p := path{table: t}
	if nav, rest, nested := strings.Cut(text, "/"); nested {
		n, ok := t.byNav[nav]
		if !ok {
			return p, noSuchProperty(t, nav)
		}
		p.through, p.table, text = &n, s.tables[n.target], rest
		if p.table == nil {
			return p, noSuchProperty(t, nav)
		}
	}
	if p.column = p.table.byProp[text]; p.column == nil {
		return p, noSuchProperty(p.table, text)
	}
	return p, nil
}

func (p path) value(x *tx, row *Row) any {
	if p.through != nil {
		ref, ok := row.Values[p.through.column.LogicalName].(Ref)
		if !ok || ref.Table != p.table.LogicalName {
			return nil
		}
		target, err := x.get(p.table, ref.ID)
		if err != nil || target == nil {
			return nil
		}
		row = target
	}
	return valueOf(p.table, p.column, row)
}

// compareValues orders stored values of one column. Texts compare without regard to case; nothing
// comes before everything.
func compareValues(a, b any) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	switch a := a.(type) {
	case json.Number:
		if b, ok := b.(json.Number); ok {
			return compareNumbers(a, b)
		}
	case bool:
		if b, ok := b.(bool); ok && a != b {
			if a {
				return 1
			}
			return -1
		}
	case Ref:
		if b, ok := b.(Ref); ok {
			return strings.Compare(a.ID, b.ID)
		}
	case string:
		if b, ok := b.(string); ok {
			if a == b {
				return 0
			}
			return strings.Compare(strings.ToLower(a), strings.ToLower(b))
		}
	}
	return 0
}

// compareNumbers orders numbers by their value. Most are whole, and need no
// decimals.
func compareNumbers(a, b json.Number) int {
	if a == b {
		return 0
	}
	whole, err := a.Int64()
	if err == nil {
		other, err := b.Int64()
		if err == nil {
			return cmp.Compare(whole, other)
		}
	}
	return toDecimal(a).Cmp(toDecimal(b))
}

// literal checks a literal against the column it is compared with and brings it
// into stored form.
func (p path) literal(t token) (any, error) {
	v, err := literalValue(t)
	if err != nil || v == nil {
		return nil, err
	}
	c := p.column
	incompatible := badURI("A binary operator with incompatible types was detected. Found operand types '%s' and '%s' for operator kind 'Equal'.", edmType(c), literalType(v, t))
	switch c.Type {
	case String, Memo, Choices:
		if t.kind != tokenString {
			return nil, incompatible
		}
		return v, nil
	case Integer, BigInt, Choice, Decimal, Money:
		if _, ok := v.(json.Number); !ok {
			return nil, incompatible
		}
		return parseDecimal(v.(json.Number), incompatible)
	case Boolean:
		if _, ok := v.(bool); !ok {
			return nil, incompatible
		}
		return v, nil
	}
	text, ok := v.(string)
	if !ok || t.kind == tokenString {
		return nil, incompatible
	}
	if c.Type == DateTime {
		at, ok := parseTime(text)
		if !ok {
			return nil, incompatible
		}
		if c.DateOnly {
			return at.Format(time.DateOnly), nil
		}
		return at.Format(timeLayout), nil
	}
	id, ok := parseGUID(text)
	if !ok {
		return nil, incompatible
	}
	if c.Type == Lookup {
		return Ref{ID: id}, nil
	}
	return id, nil
}

func literalType(v any, t token) string {
	switch v := v.(type) {
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return "Edm.Decimal"
		}
		return "Edm.Int32"
	case bool:
		return "Edm.Boolean"
	}
	if t.kind == tokenString {
		return "Edm.String"
	}
	if _, ok := parseGUID(t.text); ok {
		return "Edm.Guid"
	}
	return "Edm.DateTimeOffset"
}

func syntaxError(at token, text string) error {
	return fail(http.StatusBadRequest, codeURI, "Syntax error at position %d in '%s'.", at.at, text)
}

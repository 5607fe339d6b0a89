package dataverse

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// read answers GET on one row.
func (x *tx) read(q *request, a *address) (*response, error) {
	opts, err := x.parseQuery(q, a.table)
	if err != nil {
		return nil, err
	}
	row, err := x.find(a)
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, a.missing()
	}
	none := conditional(q.header, "If-None-Match")
	if (none == "*" || none == etag(row)) && len(opts.expand) == 0 && !opts.annotate.any {
		answer := &response{status: http.StatusNotModified, header: http.Header{}}
		answer.header.Set("ETag", etag(row))
		return answer, nil
	}
	if match := conditional(q.header, "If-Match"); match != "" && match != "*" && match != etag(row) {
		return nil, versionMismatch()
	}
	body, err := x.single(q, a.table, row, opts)
	if err != nil {
		return nil, err
	}
	answer := jsonResponse(http.StatusOK, body)
	answer.header.Set("ETag", etag(row))
	return answer, nil
}

// single is the body of one row that stands alone.
func (x *tx) single(q *request, t *table, row *Row, opts *query) (*object, error) {
	o := newObject()
	o.add("@odata.context", q.base+"$metadata#"+t.SetName+opts.contextColumns()+"/$entity")
	return o, x.members(o, q, t, row, opts)
}

// members writes a row's tag and columns.
func (x *tx) members(o *object, q *request, t *table, row *Row, opts *query) error {
	o.add("@odata.etag", etag(row))
	for _, c := range opts.columns(t) {
		x.member(o, t, c, row, opts)
	}
	for _, e := range opts.expand {
		if err := x.expandMember(o, q, row, e); err != nil {
			return err
		}
	}
	return nil
}

func (x *tx) member(o *object, t *table, c *Column, row *Row, opts *query) {
	v := valueOf(t, c, row)
	prop := property(c)
	if v != nil && opts.annotate.any {
		x.annotate(o, c, prop, v, row, opts)
	}
	o.raw(prop, wire(c, v))
}

// valueOf is a column's value; the id and the version are no stored columns.
func valueOf(t *table, c *Column, row *Row) any {
	switch c.LogicalName {
	case t.PrimaryID:
		return row.ID
	case "versionnumber":
		return jsonNumber(strconv.FormatInt(row.Version, 10))
	default:
		return row.Values[c.LogicalName]
	}
}

func (x *tx) expandMember(o *object, q *request, row *Row, e expansion) error {
	ref, ok := row.Values[e.nav.column.LogicalName].(Ref)
	if !ok || ref.Table != e.nav.target {
		o.add(e.name, nil)
		return nil
	}
	t := x.schema.tables[ref.Table]
	target, err := x.get(t, ref.ID)
	if err != nil {
		return err
	}
	if target == nil {
		o.add(e.name, nil)
		return nil
	}
	inner := newObject()
	if err := x.members(inner, q, t, target, e.query); err != nil {
		return err
	}
	o.raw(e.name, inner.bytes())
	return nil
}

// doProperty answers requests for one property of a row.
func (x *tx) doProperty(q *request, a *address, rest []string) (*response, error) {
	if f := x.bound(a, rest, q); f != nil {
		return f()
	}
	right := rightWrite
	if q.method == http.MethodGet {
		right = rightRead
	}
	if err := x.may(right, a.table); err != nil {
		return nil, err
	}
	row, err := x.find(a)
	if err != nil {
		return nil, err
	}
	name := rest[0]
	if n, ok := a.table.byNav[name]; ok {
		return x.doNavigation(q, a, row, n, rest[1:])
	}
	c := a.table.byProp[name]
	if c == nil {
		return nil, noSuchSegment(name)
	}
	if row == nil {
		return nil, a.missing()
	}
	raw := len(rest) == 2 && rest[1] == "$value"
	if len(rest) > 1 && !raw {
		return nil, noSuchSegment(rest[1])
	}
	switch q.method {
	case http.MethodGet:
		return x.readProperty(q, a, row, c, raw), nil
	case http.MethodPut:
		return x.putProperty(q, a, row, c)
	case http.MethodDelete:
		return x.setColumn(q, a, row, c, nil)
	default:
		return nil, methodNotAllowed(q.method)
	}
}

func (x *tx) readProperty(q *request, a *address, row *Row, c *Column, raw bool) *response {
	v := valueOf(a.table, c, row)
	if v == nil {
		return noContent()
	}
	if raw {
		answer := jsonResponse(http.StatusOK, newObject())
		answer.header.Set("Content-Type", "text/plain")
		answer.body = []byte(strings.Trim(string(wire(c, v)), `"`))
		if text, ok := v.(string); ok {
			answer.body = []byte(text)
		}
		return answer
	}
	o := newObject()
	o.add("@odata.context", q.base+"$metadata#"+a.table.SetName+"("+row.ID+")/"+property(c))
	o.raw("value", wire(c, v))
	return jsonResponse(http.StatusOK, o)
}

func (x *tx) putProperty(q *request, a *address, row *Row, c *Column) (*response, error) {
	fields, err := decodeObject(a.table, q.body)
	if err != nil {
		return nil, err
	}
	v, ok := fields["value"]
	if !ok || c.Type == Lookup {
		return nil, badPayload(a.table, "A top-level property with name 'value' was expected for the property '%s'.", property(c))
	}
	value, err := convert(a.table, c, v)
	if err != nil {
		return nil, err
	}
	return x.setColumn(q, a, row, c, value)
}

// setColumn writes one column of a row.
func (x *tx) setColumn(q *request, a *address, row *Row, c *Column, v any) (*response, error) {
	if err := q.conditions().check(a, row); err != nil {
		return nil, err
	}
	if _, err := x.update(a.table, row, &payload{values: map[string]any{c.LogicalName: v}}); err != nil {
		return nil, err
	}
	return noContent(), nil
}

// doNavigation answers requests for what a lookup points to, and for the link itself.
func (x *tx) doNavigation(q *request, a *address, row *Row, n navigation, rest []string) (*response, error) {
	if row == nil {
		return nil, a.missing()
	}
	ref, _ := row.Values[n.column.LogicalName].(Ref)
	target := x.schema.tables[n.target]
	linked := ref.ID != "" && ref.Table == n.target
	isRef := len(rest) == 1 && rest[0] == "$ref"
	switch {
	case len(rest) > 0 && !isRef:
		return nil, noSuchSegment(rest[0])
	case isRef && q.method == http.MethodDelete:
		return x.setColumn(q, a, row, n.column, nil)
	case isRef && q.method == http.MethodPut:
		return x.putRef(q, a, row, n)
	case q.method != http.MethodGet:
		return nil, methodNotAllowed(q.method)
	case !linked:
		return noContent(), nil
	case isRef:
		o := newObject()
		o.add("@odata.context", q.base+"$metadata#$ref")
		o.add("@odata.id", q.base+target.SetName+"("+ref.ID+")")
		return jsonResponse(http.StatusOK, o), nil
	default:
		return x.read(q, &address{table: target, id: ref.ID})
	}
}

func (x *tx) putRef(q *request, a *address, row *Row, n navigation) (*response, error) {
	fields, err := decodeObject(a.table, q.body)
	if err != nil {
		return nil, err
	}
	link, ok := fields["@odata.id"].(string)
	if !ok {
		return nil, badPayload(a.table, "A reference needs '@odata.id'.")
	}
	ref, err := x.link(a.table, n.column.LogicalName, link, q.refs)
	if err != nil {
		return nil, err
	}
	if ref.Table != n.target {
		return nil, badPayload(a.table, "The URI '%s' does not name a row of '%s'.", link, n.target)
	}
	return x.setColumn(q, a, row, n.column, ref)
}

// asNumber is a stored number as an int, 0 when it is none.
func asNumber(v any) int {
	n, _ := v.(json.Number)
	i, err := strconv.Atoi(n.String())
	if err != nil {
		return 0
	}
	return i
}

package dataverse

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// payload is the body of a write: what it sets, by column; nil clears.
type payload struct {
	values map[string]any
	// raw and navigations wait for resolve, which needs a transaction.
	binds map[string]any
}

// readPayload checks a body against the table's declaration, as the platform's OData layer does
// before anything reaches the database.
func readPayload(t *table, body []byte) (*payload, error) {
	fields, err := decodeObject(t, body)
	if err != nil {
		return nil, err
	}
	return toPayload(t, fields)
}

func decodeObject(t *table, body []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var fields map[string]any
	if err := decoder.Decode(&fields); err != nil || fields == nil {
		return nil, badPayload(t, "Microsoft.OData.ODataException: An error occurred while reading the JSON of the payload: an object was expected.")
	}
	if decoder.More() {
		return nil, badPayload(t, "Microsoft.OData.ODataException: An error occurred while reading the JSON of the payload: it has more than one value.")
	}
	return fields, nil
}

func toPayload(t *table, fields map[string]any) (*payload, error) {
	p := &payload{values: map[string]any{}, binds: map[string]any{}}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := p.field(t, name, fields[name], fields); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *payload) field(t *table, name string, v any, all map[string]any) error {
	prop, annotation, annotated := strings.Cut(name, "@")
	switch {
	case annotated && prop == "":
		// @odata.type, @odata.etag and the like mean nothing here.
		if !strings.Contains(annotation, ".") {
			return badPayload(t, "System.ArgumentException: '%s' is an invalid instance annotation name. An instance annotation name must contain a period that is not at the start or end of the name.", annotation)
		}
		return nil
	case annotated && annotation == "odata.bind":
		if _, ok := t.byNav[prop]; !ok {
			return undeclared(t, prop)
		}
		p.binds[prop] = v
		return nil
	case annotated:
		if _, ok := all[prop]; ok {
			return nil
		}
		return undeclared(t, prop)
	}
	if _, ok := t.byNav[name]; ok {
		if v == nil {
			p.binds[name] = nil
			return nil
		}
		return badPayload(t, "Microsoft.OData.ODataException: A 'PrimitiveValue' node with non-null value was found when trying to read the value of the property '%s'; however, a 'StartArray' node, a 'StartObject' node, or a 'PrimitiveValue' node with null value was expected.", name)
	}
	c := t.byProp[name]
	if c == nil {
		return badPayload(t, "Microsoft.Crm.CrmException: Invalid property '%s' was found in entity 'Microsoft.Dynamics.CRM.%s'. ---> Microsoft.OData.ODataException: Does not support untyped value in non-open type.", name, t.LogicalName)
	}
	if c.Type == Lookup {
		return badPayload(t, "CRM do not support direct update of Entity Reference properties, Use Navigation properties instead.")
	}
	value, err := convert(t, c, v)
	if err != nil {
		return err
	}
	p.values[c.LogicalName] = value
	return nil
}

// resolve looks up what the bindings point to.
func (x *tx) resolve(t *table, p *payload, refs map[string]string) error {
	for nav, v := range p.binds {
		n := t.byNav[nav]
		if v == nil {
			if _, set := p.values[n.column.LogicalName]; !set {
				p.values[n.column.LogicalName] = nil
			}
			continue
		}
		link, ok := v.(string)
		if !ok {
			return badPayload(t, "The value of '%s@odata.bind' is not a string.", nav)
		}
		ref, err := x.link(t, nav, link, refs)
		if err != nil {
			return err
		}
		if ref.Table != n.target {
			return badPayload(t, "The URI '%s' does not name a row of '%s', which '%s' points to.", link, n.target, nav)
		}
		p.values[n.column.LogicalName] = ref
	}
	return nil
}

// link finds the row that a binding names: "/set(key)", "set(key)", an
// absolute URL or the Content-ID of an earlier part of the changeset.
func (x *tx) link(t *table, nav, link string, refs map[string]string) (Ref, error) {
	target := link
	if strings.HasPrefix(target, "$") {
		known, ok := refs[target[1:]]
		if !ok {
			return Ref{}, unknownReference(target)
		}
		target = known
	}
	if i := strings.Index(target, "/api/data/v9."); i >= 0 {
		rest := target[i+len("/api/data/v9."):]
		_, target, _ = strings.Cut(rest, "/")
	}
	a, err := x.schema.address(strings.TrimPrefix(target, "/"))
	if err != nil || a.collection {
		return Ref{}, badPayload(t, "The URI '%s' of '%s@odata.bind' does not name a row.", link, nav)
	}
	row, err := x.find(a)
	if err != nil {
		return Ref{}, err
	}
	if row == nil {
		return Ref{}, a.missing()
	}
	return Ref{Table: a.table.LogicalName, ID: row.ID}, nil
}

func undeclared(t *table, prop string) error {
	return badPayload(t, "Microsoft.OData.ODataException: An undeclared property '%s' which only has property annotations in the payload but no property value was found in the payload. In OData, only declared navigation properties and declared named streams can be represented as properties without values.", prop)
}

func unknownReference(ref string) error {
	return fail(http.StatusBadRequest, codePayload, "Content-ID Reference: '%s' does not exist in the batch context.", ref)
}

// create makes a row. urlID is the GUID of the URL of an upsert, empty for none.
func (x *tx) create(t *table, p *payload, urlID string) (*Row, error) {
	row := &Row{ID: urlID, Values: map[string]any{}}
	if id, ok := p.values[t.PrimaryID].(string); ok && row.ID == "" {
		row.ID = id
	}
	if row.ID == "" {
		id, err := x.newID()
		if err != nil {
			return nil, err
		}
		row.ID = id
	}
	existing, err := x.get(t, row.ID)
	if err != nil {
		return nil, err
	}
	if existing != nil {
		return nil, duplicateRecord()
	}
	columns, err := x.apply(t, row, p, true)
	if err != nil {
		return nil, err
	}
	if err := x.admitSystemRow(t, row); err != nil {
		return nil, err
	}
	x.stampNew(t, row)
	if err := x.settleMoney(t, row, true); err != nil {
		return nil, err
	}
	if err := x.put(t, nil, row); err != nil {
		return nil, err
	}
	x.record(t, row, "Create", columns)
	return row, nil
}

// update changes a row in place and returns it.
func (x *tx) update(t *table, before *Row, p *payload) (*Row, error) {
	row := before.clone()
	columns, err := x.apply(t, row, p, false)
	if err != nil {
		return nil, err
	}
	row.Values["modifiedon"] = x.now.Format(timeLayout)
	row.Values["modifiedby"] = Ref{Table: "systemuser", ID: x.user}
	if err := x.settleMoney(t, row, touchesMoney(t, columns)); err != nil {
		return nil, err
	}
	if err := x.put(t, before, row); err != nil {
		return nil, err
	}
	x.record(t, row, "Update", columns)
	return row, nil
}

// delete removes a row and empties the lookups that point to it.
func (x *tx) delete(t *table, row *Row) error {
	if err := x.remove(t, row); err != nil {
		return err
	}
	x.record(t, row, "Delete", nil)
	return x.unlink(Ref{Table: t.LogicalName, ID: row.ID})
}

func (x *tx) unlink(gone Ref) error {
	for _, t := range x.schema.tables {
		if !pointsTo(t, gone.Table) {
			continue
		}
		linked, err := x.linked(t, gone)
		if err != nil {
			return err
		}
		for _, before := range linked {
			row := before.clone()
			for name, v := range before.Values {
				if v == gone {
					delete(row.Values, name)
				}
			}
			if err := x.put(t, before, row); err != nil {
				return err
			}
		}
	}
	return nil
}

// linked returns the rows of a table that point to a row.
func (x *tx) linked(t *table, to Ref) ([]*Row, error) {
	var ways []anchor
	for _, c := range t.columns {
		if c.Type == Lookup {
			ways = append(ways, anchor{c, to})
		}
	}
	var linked []*Row
	err := x.anchored(t, ways, func(row *Row) error {
		for _, v := range row.Values {
			if v == to {
				linked = append(linked, row)
				break
			}
		}
		return nil
	})
	return linked, err
}

func pointsTo(t *table, target string) bool {
	for _, n := range t.byNav {
		if n.target == target {
			return true
		}
	}
	return false
}

func (r *Row) clone() *Row {
	values := make(map[string]any, len(r.Values))
	maps.Copy(values, r.Values)
	return &Row{ID: r.ID, Version: r.Version, Values: values}
}

func (x *tx) record(t *table, row *Row, message string, columns []string) {
	x.changes = append(x.changes, Change{
		Table: t.LogicalName, ID: row.ID, Message: message, Columns: columns, UserID: x.user, Version: row.Version,
	})
}

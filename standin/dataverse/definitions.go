package dataverse

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// pick leaves of a definition what $select names, and of its navigation
// properties what $expand names.
func pick(d map[string]any, options map[string]string, navigation ...string) (*object, error) {
	expanded := map[string]bool{}
	for name := range strings.SplitSeq(options["$expand"], ",") {
		name, _, _ = strings.Cut(strings.TrimSpace(name), "(")
		if name == "" {
			continue
		}
		if !slices.Contains(navigation, name) {
			return nil, badURI("Could not find a property named '%s' on the definition.", name)
		}
		expanded[name] = true
	}
	selected := map[string]bool{"MetadataId": true, "@odata.type": true}
	for name := range strings.SplitSeq(options["$select"], ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		if _, known := d[name]; !known || slices.Contains(navigation, name) {
			return nil, badURI("Could not find a property named '%s' on the definition.", name)
		}
		selected[name] = true
	}
	o := newObject()
	for _, name := range slices.Sorted(maps.Keys(d)) {
		if slices.Contains(navigation, name) {
			if expanded[name] {
				o.add(name, d[name])
			}
			continue
		}
		if options["$select"] == "" || selected[name] {
			o.add(name, d[name])
		}
	}
	return o, nil
}

// listed answers a list of definitions.
func listed(q *request, all []map[string]any, navigation ...string) (*response, error) {
	options, err := queryOptions(q.query)
	if err != nil {
		return nil, err
	}
	value := []byte{'['}
	first := true
	for _, d := range all {
		if filter := options["$filter"]; filter != "" {
			m := nameFilter.FindStringSubmatch(filter)
			if m == nil {
				return nil, fail(http.StatusBadRequest, codeQuery, "The stand-in filters definitions by LogicalName eq '…' or SchemaName eq '…' alone.")
			}
			if text, _ := d[m[1]].(string); !strings.EqualFold(text, m[2]) {
				continue
			}
		}
		o, err := pick(d, options, navigation...)
		if err != nil {
			return nil, err
		}
		if !first {
			value = append(value, ',')
		}
		first = false
		value = append(value, o.bytes()...)
	}
	body := newObject()
	body.raw("value", append(value, ']'))
	return jsonResponse(http.StatusOK, body), nil
}

// single answers one definition.
func singleDefinition(q *request, d map[string]any, navigation ...string) (*response, error) {
	options, err := queryOptions(q.query)
	if err != nil {
		return nil, err
	}
	o, err := pick(d, options, navigation...)
	if err != nil {
		return nil, err
	}
	return jsonResponse(http.StatusOK, o), nil
}

func (x *tx) listTables(q *request) (*response, error) {
	var all []map[string]any
	for _, name := range slices.Sorted(maps.Keys(x.schema.tables)) {
		all = append(all, x.describeTable(x.schema.tables[name]))
	}
	return listed(q, all)
}

func (x *tx) oneTable(t *table, q *request) (*response, error) {
	if q.method != http.MethodGet {
		return nil, methodNotAllowed(q.method)
	}
	return singleDefinition(q, x.describeTable(t))
}

func (x *tx) describeTable(t *table) map[string]any {
	ownership := "UserOwned"
	if t.OrganizationOwned {
		ownership = "OrganizationOwned"
	}
	return map[string]any{
		"LogicalName": t.LogicalName, "SchemaName": t.SchemaName, "EntitySetName": t.SetName, "LogicalCollectionName": t.SetName,
		"PrimaryIdAttribute": t.PrimaryID, "PrimaryNameAttribute": t.PrimaryName, "MetadataId": metadataID(t.LogicalName),
		"DisplayName": x.label(t.Label), "DisplayCollectionName": x.label(t.PluralLabel), "OwnershipType": ownership,
		"IsCustomEntity": strings.Contains(t.LogicalName, "_"), "Privileges": t.privileges(),
	}
}

// columnDefinitions answers for columns: all of them, those of one type, or
// one, in the form of its type or not.
func (x *tx) columnDefinitions(t *table, segments []string, q *request) (*response, error) {
	kind := ""
	if len(segments) > 1 {
		kind = strings.TrimSuffix(strings.TrimPrefix(segments[1], crmNamespace), "AttributeMetadata")
	}
	n, one := parseNamed(segments[0])
	if !one && segments[0] != "Attributes" {
		return nil, noSuchSegment(segments[0])
	}
	var found []map[string]any
	var column *Column
	for _, c := range t.columns {
		if one && !n.is(c.LogicalName, c.SchemaName, columnID(t, c)) {
			continue
		}
		if kind != "" && kind != attributeType(c) {
			continue
		}
		column = c
		d := x.describeColumn(t, c)
		if kind == "" && q.query != "" {
			// Without a cast only what all columns have can be asked for.
			d = baseOf(d)
		}
		found = append(found, d)
	}
	switch {
	case !one && q.method == http.MethodGet:
		return listed(q, found, "OptionSet", "GlobalOptionSet")
	case !one:
		return nil, methodNotAllowed(q.method)
	case len(found) == 0:
		return nil, fail(http.StatusNotFound, codeNotFound, "Could not find the attribute %s of the entity %s.", segments[0], t.LogicalName)
	case q.method == http.MethodGet:
		return singleDefinition(q, found[0], "OptionSet", "GlobalOptionSet")
	case q.method == http.MethodPut:
		return x.replaceColumn(t, column, q)
	case q.method == http.MethodDelete:
		return x.deleteColumn(t, column)
	default:
		return nil, methodNotAllowed(q.method)
	}
}

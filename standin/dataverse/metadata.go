package dataverse

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// definitionsPath is the collection that describes the tables.
const definitionsPath = "EntityDefinitions"

var (
	keyedSegment = regexp.MustCompile(`^(\w+)\(LogicalName='([a-z0-9_]+)'\)$`)
	nameFilter   = regexp.MustCompile(`^LogicalName eq '([a-z0-9_]+)'$`)
)

// metadata finds the answer to a question about the metadata, nil when it is
// none. What can be asked is how the tables, columns, choice values and keys
// are called; query options but $filter by name are passed over.
func (x *tx) metadata(segments []string, q *request) func() (*response, error) {
	if name, _, _ := strings.Cut(segments[0], "("); name != definitionsPath {
		return nil
	}
	return func() (*response, error) {
		if q.method != http.MethodGet {
			return nil, methodNotAllowed(q.method)
		}
		if segments[0] == definitionsPath {
			return x.tableDefinitions(q)
		}
		t := x.defined(segments[0])
		if t == nil {
			return nil, fail(http.StatusNotFound, codeNotFound, "Could not find an entity with the name given in %s.", segments[0])
		}
		if len(segments) == 1 {
			return jsonResponse(http.StatusOK, tableDefinition(t)), nil
		}
		return t.definition(segments[1:])
	}
}

// defined returns the table that a segment names by its logical name.
func (x *tx) defined(segment string) *table {
	match := keyedSegment.FindStringSubmatch(segment)
	if match == nil {
		return nil
	}
	return x.schema.tables[match[2]]
}

func (x *tx) tableDefinitions(q *request) (*response, error) {
	options, err := url.ParseQuery(q.query)
	if err != nil {
		return nil, badURI("The query string cannot be read.")
	}
	var found []map[string]any
	if filter := options.Get("$filter"); filter != "" {
		match := nameFilter.FindStringSubmatch(filter)
		if match == nil {
			return nil, fail(http.StatusBadRequest, codeQuery, "The stand-in filters definitions by LogicalName eq '…' alone.")
		}
		if t := x.schema.tables[match[1]]; t != nil {
			found = append(found, describeTable(t))
		}
	} else {
		for _, t := range x.schema.tables {
			found = append(found, describeTable(t))
		}
	}
	return definitions(found), nil
}

// definition answers for what is below a table.
func (t *table) definition(segments []string) (*response, error) {
	match := keyedSegment.FindStringSubmatch(segments[0])
	switch {
	case segments[0] == "Attributes":
		var all []map[string]any
		for _, c := range t.columns {
			all = append(all, describeColumn(t, c))
		}
		return definitions(all), nil
	case segments[0] == "Keys":
		var all []map[string]any
		for _, k := range t.Keys {
			all = append(all, map[string]any{"LogicalName": k.LogicalName, "SchemaName": k.SchemaName, "KeyAttributes": k.Columns, "EntityKeyIndexStatus": "Active"})
		}
		return definitions(all), nil
	case match != nil && match[1] == "Attributes" && t.byName[match[2]] != nil:
		c := t.byName[match[2]]
		if cast := strings.Join(segments[1:], "/"); cast != "" && cast != "Microsoft.Dynamics.CRM."+string(c.Type)+"AttributeMetadata" {
			return nil, fail(http.StatusNotFound, codeNotFound, "The column %s is not of the type %s.", c.LogicalName, cast)
		}
		return jsonResponse(http.StatusOK, members(describeColumn(t, c))), nil
	default:
		return nil, noSuchSegment(segments[0])
	}
}

func tableDefinition(t *table) *object { return members(describeTable(t)) }

func describeTable(t *table) map[string]any {
	return map[string]any{
		"LogicalName": t.LogicalName, "SchemaName": t.SchemaName, "EntitySetName": t.SetName,
		"PrimaryIdAttribute": t.PrimaryID, "PrimaryNameAttribute": t.PrimaryName, "MetadataId": metadataID(t.LogicalName),
	}
}

func describeColumn(t *table, c *Column) map[string]any {
	d := map[string]any{
		"LogicalName": c.LogicalName, "SchemaName": c.SchemaName, "AttributeType": string(c.Type),
		"MetadataId": metadataID(t.LogicalName + "/" + c.LogicalName), "DisplayName": label(c.Label),
	}
	switch c.Type {
	case String, Memo:
		d["MaxLength"] = c.MaxLength
	case Money, Decimal:
		d["Precision"] = c.Precision
	case Choice, Choices:
		options := make([]map[string]any, len(c.Options))
		for i, o := range c.Options {
			options[i] = map[string]any{"Value": o.Value, "Label": label(o.Label)}
		}
		d["OptionSet"] = map[string]any{"IsGlobal": false, "OptionSetType": "Picklist", "Options": options}
		d["GlobalOptionSet"] = nil
	}
	return d
}

// label is a text in the one language of the organisation.
func label(text string) map[string]any {
	localized := map[string]any{"Label": text, "LanguageCode": 1033}
	return map[string]any{"LocalizedLabels": []any{localized}, "UserLocalizedLabel": localized}
}

func metadataID(name string) string {
	return uuid.NewSHA1(seedSpace, []byte("metadata/"+name)).String()
}

func members(values map[string]any) *object {
	o := newObject()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		o.add(name, values[name])
	}
	return o
}

func definitions(values []map[string]any) *response {
	if values == nil {
		values = []map[string]any{}
	}
	o := newObject()
	o.add("value", values)
	return jsonResponse(http.StatusOK, o)
}

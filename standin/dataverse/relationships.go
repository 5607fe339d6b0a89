package dataverse

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// oneToMany is the type of a relationship between a lookup and its target.
const oneToMany = crmNamespace + "OneToManyRelationshipMetadata"

// relationships answers for RelationshipDefinitions, of which the stand-in has
// those of lookups.
func (x *tx) relationships(segments []string, q *request) (*response, error) {
	if segments[0] == relationshipsPath && q.method == http.MethodPost {
		return x.createRelationship(q)
	}
	if q.method != http.MethodGet {
		return nil, methodNotAllowed(q.method)
	}
	var all []map[string]any
	n, one := parseNamed(segments[0])
	for _, name := range slices.Sorted(maps.Keys(x.schema.tables)) {
		for _, d := range describeRelationships(x.schema.tables[name]) {
			if !one || n.is("", d["SchemaName"].(string), d["MetadataId"].(string)) {
				all = append(all, d)
			}
		}
	}
	cast := strings.Join(segments[1:], "/")
	switch {
	case cast != "" && cast != oneToMany:
		return nil, noSuchSegment(cast)
	case !one && segments[0] == relationshipsPath:
		return listed(q, all)
	case len(all) == 0:
		return nil, fail(http.StatusNotFound, codeNotFound, "Could not find the relationship %s.", segments[0])
	default:
		return singleDefinition(q, all[0])
	}
}

func describeRelationships(t *table) []map[string]any {
	var all []map[string]any
	for _, c := range t.columns {
		for _, target := range c.Targets {
			name := relationshipName(t, c, target)
			all = append(all, map[string]any{
				"@odata.type": "#" + oneToMany, "MetadataId": metadataID("relationship/" + name), "SchemaName": name, "RelationshipType": "OneToManyRelationship",
				"ReferencedEntity": target.Table, "ReferencingEntity": t.LogicalName, "ReferencingAttribute": c.LogicalName,
				"ReferencingEntityNavigationPropertyName": target.Navigation,
			})
		}
	}
	return all
}

func relationshipName(t *table, c *Column, target Target) string {
	if c.Relationship != "" {
		return c.Relationship
	}
	return target.Table + "_" + t.LogicalName + "_" + c.LogicalName
}

// createRelationship makes a lookup, which is the only way to one.
func (x *tx) createRelationship(q *request) (*response, error) {
	var b struct {
		Type                                                string `json:"@odata.type"`
		SchemaName                                          string
		ReferencedEntity, ReferencedAttribute               string
		ReferencingEntity                                   string
		CascadeConfiguration, AssociatedMenuConfiguration   json.RawMessage
		IsHierarchical                                      bool
		ReferencedEntityNavigationPropertyName              string
		ReferencingEntityNavigationPropertyName, IsValidFor string
		Lookup                                              *attributeBody
	}
	if err := decodeDefinition(q.body, &b); err != nil {
		return nil, err
	}
	if err := x.intoSolution(q); err != nil {
		return nil, err
	}
	if err := x.checkSchemaName(b.SchemaName); err != nil {
		return nil, err
	}
	referenced, referencing := x.schema.tables[b.ReferencedEntity], x.schema.tables[b.ReferencingEntity]
	if referenced == nil || referencing == nil {
		return nil, fail(http.StatusNotFound, codeNotFound, "Could not find the entities %s and %s.", b.ReferencedEntity, b.ReferencingEntity)
	}
	if b.Lookup == nil || b.ReferencedAttribute != referenced.PrimaryID || strings.TrimPrefix(b.Type, "#") != oneToMany {
		return nil, badPayload(nil, "A relationship of the type %s with its Lookup, to the column %s, is needed.", oneToMany, referenced.PrimaryID)
	}
	for _, t := range x.schema.tables {
		for _, d := range describeRelationships(t) {
			if strings.EqualFold(d["SchemaName"].(string), b.SchemaName) {
				return nil, fail(http.StatusBadRequest, codeNameTaken, "A relationship with the name %s already exists.", b.SchemaName)
			}
		}
	}
	if err := x.checkSchemaName(b.Lookup.SchemaName); err != nil {
		return nil, err
	}
	label, err := x.text(b.Lookup.DisplayName)
	if err != nil {
		return nil, err
	}
	c := Column{
		LogicalName: strings.ToLower(b.Lookup.SchemaName), SchemaName: b.Lookup.SchemaName, Label: label, Type: Lookup, Relationship: b.SchemaName,
		Targets: []Target{{Table: b.ReferencedEntity, Navigation: b.Lookup.SchemaName}},
	}
	if referencing.byName[c.LogicalName] != nil {
		return nil, columnTaken(c.LogicalName)
	}
	def := referencing.changed()
	def.Columns = append(def.Columns, c)
	if err := x.define(def); err != nil {
		return nil, err
	}
	return createdDefinition(q, relationshipsPath, "relationship/"+b.SchemaName), nil
}

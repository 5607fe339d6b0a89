package provision

import (
	"fmt"

	"paybridge/internal/crm"
)

// object is a JSON object of the metadata.
type object map[string]any

const crmType = "Microsoft.Dynamics.CRM."

// label is a text in the base language of the organisation, the only one that
// is sure to be there.
func (s *setup) label(text string) object {
	return object{"@odata.type": crmType + "Label", "LocalizedLabels": []object{
		{"@odata.type": crmType + "LocalizedLabel", "Label": text, "LanguageCode": s.org.Language},
	}}
}

// tableBody defines a table with all its columns but lookups, which are made as
// relationships. One request is one customization, so the table is there with
// all of them or not at all.
func (s *setup) tableBody(t crm.Table) object {
	var columns []object
	for _, c := range t.Columns {
		if c.Type == crm.Lookup {
			continue
		}
		column := s.columnBody(c)
		if c.Name == t.PrimaryName {
			column["IsPrimaryName"] = true
		}
		columns = append(columns, column)
	}
	return object{
		"@odata.type": crmType + "EntityMetadata", "SchemaName": t.SchemaName,
		"DisplayName": s.label(t.Label), "DisplayCollectionName": s.label(t.PluralLabel), "Description": s.label(t.Label + " that PayBridge keeps in step with Stripe"),
		"OwnershipType": "UserOwned", "IsActivity": false, "HasActivities": false, "HasNotes": false,
		"Attributes": columns,
	}
}

// columnBody defines a column.
func (s *setup) columnBody(c crm.Column) object {
	body := object{
		"@odata.type": crmType + string(c.Type) + "AttributeMetadata", "SchemaName": c.SchemaName,
		"DisplayName": s.label(c.Label), "RequiredLevel": object{"Value": "None"},
	}
	switch c.Type {
	case crm.String:
		body["MaxLength"], body["FormatName"] = c.MaxLength, object{"Value": "Text"}
	case crm.Memo:
		body["MaxLength"], body["Format"], body["ImeMode"] = c.MaxLength, "TextArea", "Disabled"
	case crm.Money:
		body["PrecisionSource"], body["Precision"] = 0, c.Precision
		body["MinValue"], body["MaxValue"] = -922337203685477, 922337203685477
	case crm.DateTime:
		// Each user sees the time in their own zone; the API keeps UTC.
		body["Format"], body["DateTimeBehavior"] = "DateAndTime", object{"Value": "UserLocal"}
	case crm.Boolean:
		body["DefaultValue"] = false
		body["OptionSet"] = object{
			"@odata.type": crmType + "BooleanOptionSetMetadata", "OptionSetType": "Boolean",
			"TrueOption":  object{"Value": 1, "Label": s.label("Yes")},
			"FalseOption": object{"Value": 0, "Label": s.label("No")},
		}
	case crm.Choice:
		var options []object
		for _, o := range c.Options {
			options = append(options, object{"Value": o.Value, "Label": s.label(o.Label)})
		}
		body["OptionSet"] = object{"@odata.type": crmType + "OptionSetMetadata", "IsGlobal": false, "OptionSetType": "Picklist", "Options": options}
	}
	return body
}

// relationshipBody defines a lookup of a table. Deleting the row that it
// points to leaves the others without one.
func (s *setup) relationshipBody(t crm.Table, c crm.Column) object {
	return object{
		"@odata.type": crmType + "OneToManyRelationshipMetadata", "SchemaName": c.Relationship,
		"ReferencedEntity": c.Target, "ReferencedAttribute": s.plan.Mapping.IDColumn, "ReferencingEntity": t.Name,
		"CascadeConfiguration": object{
			"Assign": "NoCascade", "Delete": "RemoveLink", "Merge": "NoCascade", "Reparent": "NoCascade", "Share": "NoCascade", "Unshare": "NoCascade",
		},
		"Lookup": object{
			"@odata.type": crmType + "LookupAttributeMetadata", "AttributeType": "Lookup", "AttributeTypeName": object{"Value": "LookupType"},
			"SchemaName": c.SchemaName, "DisplayName": s.label(c.Label), "RequiredLevel": object{"Value": "None"},
		},
	}
}

func (s *setup) keyBody(k crm.Key) object {
	return object{
		"@odata.type": crmType + "EntityKeyMetadata", "SchemaName": k.SchemaName, "DisplayName": s.label(k.Label), "KeyAttributes": k.Columns,
	}
}

// publishBody asks for the changes of a table to be published.
func publishBody(table string) object {
	return object{"ParameterXml": fmt.Sprintf("<importexportxml><entities><entity>%s</entity></entities></importexportxml>", table)}
}

func tablePath(table string) string { return "EntityDefinitions(LogicalName='" + table + "')" }

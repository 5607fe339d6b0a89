package dataverse

import (
	"net/http"
	"strings"
)

func columnID(t *table, c *Column) string { return metadataID(t.LogicalName + "/" + c.LogicalName) }

// attributeType is the type of a column in definitions. The state of a row and
// its owner have types of their own.
func attributeType(c *Column) string {
	switch c.LogicalName {
	case "statecode":
		return "State"
	case "statuscode":
		return "Status"
	case "ownerid":
		return "Owner"
	default:
		return string(c.Type)
	}
}

// baseOf leaves what all columns have.
func baseOf(d map[string]any) map[string]any {
	base := map[string]any{}
	for _, name := range []string{"@odata.type", "LogicalName", "SchemaName", "AttributeType", "AttributeTypeName", "MetadataId", "DisplayName", "RequiredLevel", "IsCustomAttribute", "IsPrimaryName", "IsPrimaryId"} {
		base[name] = d[name]
	}
	return base
}

func (x *tx) describeColumn(t *table, c *Column) map[string]any {
	kind := attributeType(c)
	d := map[string]any{
		"@odata.type": "#" + crmNamespace + kind + "AttributeMetadata",
		"LogicalName": c.LogicalName, "SchemaName": c.SchemaName, "AttributeType": kind, "AttributeTypeName": map[string]any{"Value": kind + "Type"},
		"MetadataId": columnID(t, c), "DisplayName": x.label(c.Label), "IsCustomAttribute": strings.Contains(c.LogicalName, "_"),
		"RequiredLevel": map[string]any{"Value": "None", "CanBeChanged": true, "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings"},
		"IsPrimaryName": c.LogicalName == t.PrimaryName, "IsPrimaryId": c.LogicalName == t.PrimaryID,
	}
	switch c.Type {
	case String:
		d["MaxLength"], d["FormatName"] = c.MaxLength, map[string]any{"Value": "Text"}
	case Memo:
		d["MaxLength"], d["Format"] = c.MaxLength, "TextArea"
	case Decimal:
		d["Precision"] = c.Precision
	case Money:
		d["Precision"], d["PrecisionSource"] = c.Precision, 0
		if c.CurrencyPrecision {
			d["PrecisionSource"] = 2
		}
	case DateTime:
		d["Format"], d["DateTimeBehavior"] = "DateAndTime", map[string]any{"Value": "UserLocal"}
		switch {
		case c.DateOnly:
			d["Format"], d["DateTimeBehavior"] = "DateOnly", map[string]any{"Value": "DateOnly"}
		case c.ZoneIndependent:
			d["DateTimeBehavior"] = map[string]any{"Value": "TimeZoneIndependent"}
		}
	case Lookup:
		targets := []string{}
		for _, target := range c.Targets {
			targets = append(targets, target.Table)
		}
		d["Targets"] = targets
	case Boolean:
		d["DefaultValue"] = false
		d["OptionSet"] = map[string]any{
			"OptionSetType": "Boolean",
			"TrueOption":    map[string]any{"Value": 1, "Label": x.label("Yes")}, "FalseOption": map[string]any{"Value": 0, "Label": x.label("No")},
		}
		d["GlobalOptionSet"] = nil
	case Choice, Choices:
		options := make([]map[string]any, len(c.Options))
		for i, o := range c.Options {
			options[i] = map[string]any{"Value": o.Value, "Label": x.label(o.Label)}
		}
		d["OptionSet"] = map[string]any{"IsGlobal": false, "OptionSetType": "Picklist", "Options": options}
		d["GlobalOptionSet"] = nil
	}
	return d
}

// label is a text in the one language of the organisation.
func (x *tx) label(text string) map[string]any {
	localized := map[string]any{"Label": text, "LanguageCode": x.cfg.language()}
	return map[string]any{"LocalizedLabels": []any{localized}, "UserLocalizedLabel": localized}
}

func definitions(values []map[string]any) *response {
	if values == nil {
		values = []map[string]any{}
	}
	o := newObject()
	o.add("value", values)
	return jsonResponse(http.StatusOK, o)
}

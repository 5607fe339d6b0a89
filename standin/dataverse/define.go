package dataverse

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// The bodies that define tables and columns. What is not listed is not a
// property of the platform's definitions, or one that the stand-in does not
// know; either is refused.
type (
	labelBody struct {
		Type            string `json:"@odata.type"`
		LocalizedLabels []struct {
			Type         string `json:"@odata.type"`
			Label        string
			LanguageCode int
		}
	}
	valueBody struct{ Value string }
	tableBody struct {
		Type                                            string `json:"@odata.type"`
		SchemaName, LogicalName                         string
		DisplayName, DisplayCollectionName, Description *labelBody
		OwnershipType                                   string
		IsActivity, HasActivities, HasNotes             bool
		Attributes                                      []attributeBody
	}
	attributeBody struct {
		Type                       string `json:"@odata.type"`
		SchemaName, LogicalName    string
		AttributeType              string
		AttributeTypeName          *valueBody
		DisplayName, Description   *labelBody
		RequiredLevel              *valueBody
		IsPrimaryName              bool
		MaxLength                  int
		Format                     string
		FormatName                 *valueBody
		ImeMode                    string
		Precision, PrecisionSource *int
		MinValue, MaxValue         json.Number
		DateTimeBehavior           *valueBody
		DefaultValue               *bool
		OptionSet                  *optionSetBody
	}
	optionSetBody struct {
		Type                    string `json:"@odata.type"`
		IsGlobal                bool
		OptionSetType           string
		Options                 []optionBody
		TrueOption, FalseOption *optionBody
	}
	optionBody struct {
		Value int
		Label *labelBody
	}
)

// The codes of names that are taken or not allowed.
const (
	codeNameTaken       = "0x80047010"
	codeColumnTaken     = "0x80047013"
	codeInvalidName     = "0x80044363"
	codeInvalidLanguage = "0x80040203"
)

// decodeDefinition reads a body and refuses what it does not know.
func decodeDefinition(body []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return badPayload(nil, "Microsoft.OData.ODataException: The definition cannot be read: %v.", err)
	}
	return nil
}

// text checks a label and returns it. Every label has to be in a language that
// the organisation has.
func (x *tx) text(l *labelBody) (string, error) {
	if l == nil {
		return "", nil
	}
	for _, localized := range l.LocalizedLabels {
		if localized.LanguageCode != x.cfg.language() {
			return "", fail(http.StatusBadRequest, codeInvalidLanguage, "The language code %d is not a valid language for this organization.", localized.LanguageCode)
		}
	}
	if len(l.LocalizedLabels) == 0 {
		return "", nil
	}
	return l.LocalizedLabels[0].Label, nil
}

var schemaName = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9]{1,7})_[A-Za-z0-9_]+$`)

// checkSchemaName wants a name that begins with the prefix of a publisher.
func (x *tx) checkSchemaName(name string) error {
	m := schemaName.FindStringSubmatch(name)
	known := false
	if m != nil {
		err := x.each(x.schema.tables["publisher"], func(row *Row) error {
			known = known || row.Values["customizationprefix"] == strings.ToLower(m[1])
			return nil
		})
		if err != nil {
			return err
		}
	}
	if !known {
		return fail(http.StatusBadRequest, codeInvalidName, "The name '%s' does not begin with the customization prefix of a publisher.", name)
	}
	return nil
}

// createTable answers POST EntityDefinitions.
func (x *tx) createTable(q *request) (*response, error) {
	var b tableBody
	if err := decodeDefinition(q.body, &b); err != nil {
		return nil, err
	}
	if err := x.intoSolution(q); err != nil {
		return nil, err
	}
	if err := x.checkSchemaName(b.SchemaName); err != nil {
		return nil, err
	}
	t := Table{LogicalName: strings.ToLower(b.SchemaName), SchemaName: b.SchemaName, OrganizationOwned: b.OwnershipType == "OrganizationOwned"}
	if x.schema.tables[t.LogicalName] != nil {
		return nil, fail(http.StatusBadRequest, codeNameTaken, "An entity with the name %s already exists.", t.LogicalName)
	}
	if b.OwnershipType != "UserOwned" && b.OwnershipType != "OrganizationOwned" {
		return nil, badPayload(nil, "The OwnershipType '%s' is not one of a table.", b.OwnershipType)
	}
	var err error
	if t.Label, err = x.text(b.DisplayName); err == nil {
		t.PluralLabel, err = x.text(b.DisplayCollectionName)
	}
	if err != nil {
		return nil, err
	}
	if t.Label == "" || t.PluralLabel == "" {
		return nil, badPayload(nil, "A table needs a DisplayName and a DisplayCollectionName.")
	}
	t.SetName, t.PrimaryID = plural(t.LogicalName), t.LogicalName+"id"
	for _, a := range b.Attributes {
		c, err := x.column(a)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(t.Columns, func(have Column) bool { return have.LogicalName == c.LogicalName }) {
			return nil, columnTaken(c.LogicalName)
		}
		if a.IsPrimaryName {
			t.PrimaryName = c.LogicalName
		}
		t.Columns = append(t.Columns, c)
	}
	if t.PrimaryName == "" {
		return nil, badPayload(nil, "A table needs a text column with IsPrimaryName.")
	}
	if err := x.define(t); err != nil {
		return nil, err
	}
	return createdDefinition(q, definitionsPath, t.LogicalName), nil
}

// plural makes the name of a set as the platform does.
func plural(name string) string {
	switch {
	case strings.HasSuffix(name, "y"):
		return strings.TrimSuffix(name, "y") + "ies"
	case strings.HasSuffix(name, "s"), strings.HasSuffix(name, "x"), strings.HasSuffix(name, "ch"), strings.HasSuffix(name, "sh"):
		return name + "es"
	default:
		return name + "s"
	}
}

func columnTaken(name string) error {
	return fail(http.StatusBadRequest, codeColumnTaken, "An attribute with the specified name %s already exists.", name)
}

// createColumn answers POST Attributes.
func (x *tx) createColumn(t *table, q *request) (*response, error) {
	var b attributeBody
	if err := decodeDefinition(q.body, &b); err != nil {
		return nil, err
	}
	if err := x.intoSolution(q); err != nil {
		return nil, err
	}
	c, err := x.column(b)
	if err != nil {
		return nil, err
	}
	if t.byName[c.LogicalName] != nil {
		return nil, columnTaken(c.LogicalName)
	}
	def := t.changed()
	def.Columns = append(def.Columns, c)
	if err := x.define(def); err != nil {
		return nil, err
	}
	return createdDefinition(q, strings.TrimPrefix(q.path, "/"), t.LogicalName+"/"+c.LogicalName), nil
}

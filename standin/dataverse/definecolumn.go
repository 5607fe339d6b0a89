package dataverse

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// column makes a column of its definition.
func (x *tx) column(b attributeBody) (Column, error) {
	if err := x.checkSchemaName(b.SchemaName); err != nil {
		return Column{}, err
	}
	kind := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(b.Type, "#"), crmNamespace), "AttributeMetadata")
	c := Column{LogicalName: strings.ToLower(b.SchemaName), SchemaName: b.SchemaName, Type: ColumnType(kind)}
	var err error
	if c.Label, err = x.text(b.DisplayName); err != nil {
		return c, err
	}
	if c.Label == "" {
		return c, badPayload(nil, "The column %s needs a DisplayName.", b.SchemaName)
	}
	return c, x.fill(&c, b)
}

// fill takes over what belongs to the type of a column.
func (x *tx) fill(c *Column, b attributeBody) error {
	out := func(what string, n int) error {
		return fail(http.StatusBadRequest, codeInvalidArgument, "The %s %d of the column %s is out of its range.", what, n, c.SchemaName)
	}
	switch c.Type {
	case String, Memo:
		limit := 4000
		if c.Type == Memo {
			limit = 1048576
		}
		if b.MaxLength < 1 || b.MaxLength > limit {
			return out("MaxLength", b.MaxLength)
		}
		c.MaxLength = b.MaxLength
	case Decimal, Money:
		limit := 10
		if c.Type == Money {
			// 2 is the currency's own precision, which is also the default.
			limit, c.CurrencyPrecision = 4, b.PrecisionSource == nil || *b.PrecisionSource == 2
		}
		c.Precision = 2
		if b.Precision != nil {
			c.Precision = *b.Precision
		}
		if c.Precision < 0 || c.Precision > limit {
			return out("Precision", c.Precision)
		}
	case DateTime:
		c.DateOnly = b.Format == "DateOnly"
		c.ZoneIndependent = b.DateTimeBehavior != nil && b.DateTimeBehavior.Value == "TimeZoneIndependent"
	case Choice, Boolean:
		if b.OptionSet == nil {
			return badPayload(nil, "The column %s needs an OptionSet.", c.SchemaName)
		}
		return x.fillOptions(c, b.OptionSet.Options)
	case Integer, BigInt:
	default:
		return badPayload(nil, "A column of the type '%s' cannot be made with Attributes.", b.Type)
	}
	return nil
}

func (x *tx) fillOptions(c *Column, options []optionBody) error {
	for _, o := range options {
		label, err := x.text(o.Label)
		if err != nil {
			return err
		}
		if hasOption(c, o.Value) {
			return optionTaken(o.Value)
		}
		c.Options = append(c.Options, Option{Value: o.Value, Label: label})
	}
	return nil
}

func optionTaken(value int) error {
	return fail(http.StatusBadRequest, "0x80048403", "The OptionValue %d already exists in the option set.", value)
}

// replaceColumn answers PUT on a column: the whole definition, of which the
// length, the precision and the label may be others than before.
func (x *tx) replaceColumn(t *table, c *Column, q *request) (*response, error) {
	var b attributeBody
	if err := json.Unmarshal(q.body, &b); err != nil {
		return nil, badPayload(nil, "The definition cannot be read: %v.", err)
	}
	if !strings.EqualFold(b.SchemaName, c.SchemaName) || attributeType(c) != string(c.Type) {
		return nil, fail(http.StatusBadRequest, codeInvalidArgument, "The definition is not one of the column %s.", c.LogicalName)
	}
	after := t.latest(c)
	options := after.Options
	after.Options = nil
	if b.OptionSet == nil {
		b.OptionSet = &optionSetBody{}
	}
	if err := x.fill(&after, b); err != nil {
		return nil, err
	}
	// The options of a choice have actions of their own.
	after.Options = options
	if c.DateOnly != after.DateOnly {
		return nil, fail(http.StatusBadRequest, codeInvalidArgument, "The format of the column %s cannot be changed.", c.LogicalName)
	}
	if label, err := x.text(b.DisplayName); err != nil {
		return nil, err
	} else if label != "" {
		after.Label = label
	}
	return noContent(), x.setColumnDefinition(t, after)
}

// setColumnDefinition puts a column in the place of the one with its name, or
// notes it until the table is published.
func (x *tx) setColumnDefinition(t *table, c Column) error {
	def := t.changed()
	is := func(have Column) bool { return have.LogicalName == c.LogicalName }
	i := slices.IndexFunc(def.Columns, is)
	switch {
	case i < 0:
		return fail(http.StatusBadRequest, codeInvalidArgument, "The column %s is not customizable.", c.LogicalName)
	case x.cfg.Metadata.Publishing:
		def.Unpublished = append(slices.DeleteFunc(slices.Clone(def.Unpublished), is), c)
	default:
		def.Columns[i] = c
	}
	return x.define(def)
}

// latest is a column as it was changed last, published or not.
func (t *table) latest(c *Column) Column {
	for _, unpublished := range t.Unpublished {
		if unpublished.LogicalName == c.LogicalName {
			return unpublished
		}
	}
	return *c
}

// publishTable brings the changes of a table's columns to light.
func (x *tx) publishTable(t *table) error {
	if len(t.Unpublished) == 0 {
		return nil
	}
	def := t.changed()
	for i, c := range def.Columns {
		def.Columns[i] = t.latest(&c)
	}
	def.Unpublished = nil
	return x.define(def)
}

// deleteColumn answers DELETE on a column. What is in it goes with it.
func (x *tx) deleteColumn(t *table, c *Column) (*response, error) {
	def := t.changed()
	i := slices.IndexFunc(def.Columns, func(have Column) bool { return have.LogicalName == c.LogicalName })
	inKey := slices.ContainsFunc(def.Keys, func(k Key) bool { return slices.Contains(k.Columns, c.LogicalName) })
	if i < 0 || inKey || c.LogicalName == t.PrimaryName {
		return nil, fail(http.StatusBadRequest, "0x8004f01f", "The column %s cannot be deleted: other components need it.", c.LogicalName)
	}
	def.Columns = slices.Delete(def.Columns, i, i+1)
	if err := x.define(def); err != nil {
		return nil, err
	}
	var rows []*Row
	if err := x.each(t, func(row *Row) error { rows = append(rows, row); return nil }); err != nil {
		return nil, err
	}
	for _, row := range rows {
		after := row.clone()
		delete(after.Values, c.LogicalName)
		if err := x.put(x.schema.tables[t.LogicalName], row, after); err != nil {
			return nil, err
		}
	}
	return noContent(), nil
}

// insertOption answers InsertOptionValue for the choice of a column.
func (x *tx) insertOption(q *request) (*response, error) {
	var b struct {
		EntityLogicalName, AttributeLogicalName, SolutionUniqueName string
		Value                                                       *int
		Label                                                       *labelBody
	}
	if err := decodeDefinition(q.body, &b); err != nil {
		return nil, err
	}
	t := x.schema.tables[b.EntityLogicalName]
	if t == nil || t.byName[b.AttributeLogicalName] == nil || t.byName[b.AttributeLogicalName].Type != Choice || b.Value == nil {
		return nil, fail(http.StatusBadRequest, codeInvalidArgument, "The choice %s of %s and a value for it are needed.", b.AttributeLogicalName, b.EntityLogicalName)
	}
	c := t.latest(t.byName[b.AttributeLogicalName])
	if hasOption(&c, *b.Value) {
		return nil, optionTaken(*b.Value)
	}
	label, err := x.text(b.Label)
	if err != nil {
		return nil, err
	}
	c.Options = append(slices.Clone(c.Options), Option{Value: *b.Value, Label: label})
	if err := x.setColumnDefinition(t, c); err != nil {
		return nil, err
	}
	o := newObject()
	o.add("@odata.context", q.base+"$metadata#"+crmNamespace+"InsertOptionValueResponse")
	o.add("NewOptionValue", *b.Value)
	return jsonResponse(http.StatusOK, o), nil
}

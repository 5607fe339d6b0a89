package dataverse

import "paybridge/internal/crm"

// PayBridgeTables returns the tables of PayBridge as its setup makes them.
func PayBridgeTables() []Table {
	var tables []Table
	for _, from := range crm.Tables() {
		t := Table{
			LogicalName: from.Name, SchemaName: from.SchemaName, SetName: from.SetName,
			PrimaryID: from.PrimaryID, PrimaryName: from.PrimaryName,
		}
		for _, c := range from.Columns {
			t.Columns = append(t.Columns, payBridgeColumn(c))
		}
		for _, k := range from.Keys {
			t.Keys = append(t.Keys, Key{LogicalName: k.Name, SchemaName: k.SchemaName, Columns: k.Columns})
		}
		tables = append(tables, t)
	}
	return tables
}

func payBridgeColumn(from crm.Column) Column {
	c := Column{
		LogicalName: from.Name, SchemaName: from.SchemaName, Label: from.Label,
		Type: ColumnType(from.Type), MaxLength: from.MaxLength,
		Precision: from.Precision,
	}
	for _, o := range from.Options {
		c.Options = append(c.Options, Option{Value: o.Value, Label: o.Label})
	}
	if from.Type == crm.Lookup {
		// A custom lookup's navigation property is its schema name.
		c.Targets = []Target{{Table: from.Target, Navigation: from.SchemaName}}
	}
	return c
}

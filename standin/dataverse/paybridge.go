package dataverse

import (
	"cmp"
	"fmt"
	"slices"

	"paybridge/internal/crm"
)

// PayBridgeTables returns the tables of PayBridge as its setup makes them.
func PayBridgeTables() []Table { return MappedTables(crm.PaymentMapping()) }

// MappedTables returns the tables that PayBridge works with under a mapping:
// those that its setup makes, the orders of Dynamics 365 Sales with the columns
// that it adds to them, or for a mapping file a table that has just what the
// file names.
func MappedTables(m crm.Mapping) []Table {
	var tables []Table
	there := false
	for _, from := range m.Tables() {
		t := Table{
			LogicalName: from.Name, SchemaName: from.SchemaName, SetName: from.SetName,
			Label: from.Label, PluralLabel: from.PluralLabel,
			PrimaryID: from.PrimaryID, PrimaryName: from.PrimaryName,
		}
		if from.Extends {
			t = salesOrder()
		}
		for _, c := range from.Columns {
			t.Columns = append(t.Columns, payBridgeColumn(c))
		}
		for _, k := range from.Keys {
			t.Keys = append(t.Keys, Key{LogicalName: k.Name, SchemaName: k.SchemaName, Label: k.Label, Columns: k.Columns})
		}
		there = there || from.Name == m.Table
		tables = append(tables, t)
	}
	if !there {
		tables = append([]Table{mappedTable(m)}, tables...)
	}
	return tables
}

// BareTables returns the tables of a mapping as an environment has them before
// setup: the orders of Dynamics 365 Sales, the table that a mapping file names, or
// none.
func BareTables(m crm.Mapping) []Table {
	for _, t := range m.Tables() {
		switch {
		case t.Name == m.Table && t.Extends:
			return []Table{salesOrder()}
		case t.Name == m.Table:
			return nil
		}
	}
	return []Table{mappedTable(m)}
}

// salesOrder is the table of orders, without most of its columns. It is as if
// the price calculation were switched off: totalamount is what is written into it.
func salesOrder() Table {
	return Table{
		LogicalName: "salesorder", SchemaName: "SalesOrder", SetName: "salesorders", PrimaryID: "salesorderid", PrimaryName: "name",
		Columns: []Column{
			{LogicalName: "name", Type: String, MaxLength: 300},
			{LogicalName: "ordernumber", Type: String, MaxLength: 100, CreateOnly: true},
			{LogicalName: "totalamount", Type: Money, CurrencyPrecision: true},
			{LogicalName: "customerid", Type: Lookup, Targets: []Target{{"account", "customerid_account"}, {"contact", "customerid_contact"}}},
			{LogicalName: "description", Type: Memo},
		},
	}
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
		c.Relationship = from.Relationship
	}
	return c
}

// mappedTable makes a table to measure for a mapping file.
func mappedTable(m crm.Mapping) Table {
	t := Table{LogicalName: m.Table, SchemaName: m.Table, SetName: m.SetName, PrimaryID: m.IDColumn, PrimaryName: m.Description}
	add := func(name string, kind ColumnType, options ...Option) {
		if name != "" {
			t.Columns = append(t.Columns, Column{LogicalName: name, Type: kind, MaxLength: 2000, Precision: 4, Options: options})
		}
	}
	for _, name := range []string{
		m.Description, m.CustomerEmail, m.PaymentIntent, m.CheckoutSession, m.Charge, m.FailureCode, m.FailureMessage, m.DisputeStatus,
		m.DisputeReason, m.PaymentMethod, m.ReceiptURL, m.CheckoutURL, m.HandledRequest, m.LastError,
	} {
		add(name, String)
	}
	for _, name := range []string{m.Amount, m.RefundAmount, m.AmountReceived, m.AmountRefunded} {
		add(name, Money)
	}
	add(m.PaidOn, DateTime)
	add(m.Livemode, Boolean)
	add(m.Status, Choice, choiceOptions(m.StatusValues)...)
	add(m.Request, Choice, choiceOptions(m.RequestValues)...)
	add(m.CollectBy, Choice, choiceOptions(m.CollectByValues)...)
	for _, name := range []string{m.PaymentIntent, m.CheckoutSession} {
		if name != "" {
			t.Keys = append(t.Keys, Key{LogicalName: name + "key", SchemaName: name + "Key", Columns: []string{name}})
		}
	}
	return t
}

func choiceOptions[T interface {
	comparable
	fmt.Stringer
}](values map[T]int) []Option {
	var options []Option
	for what, value := range values {
		options = append(options, Option{Value: value, Label: what.String()})
	}
	slices.SortFunc(options, func(a, b Option) int { return cmp.Compare(a.Value, b.Value) })
	return options
}

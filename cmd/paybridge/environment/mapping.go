package environment

import (
	"fmt"
	"slices"

	"paybridge/internal/crm"
)

// CompareMapping returns what the table of a mapping file has not and the
// mapping says: the table is its maker's, so nothing of it is mendable by setup.
// A nil have is a table that is not there.
func CompareMapping(m crm.Mapping, have *Table) []Difference {
	part := "table " + m.Table
	if have == nil {
		return []Difference{{
			Kind: MissingStandard, Part: part, Problem: "is not there, and the mapping file says that the payments live in it",
			Remedy: "make the table, or correct the mapping file",
		}}
	}
	var all []Difference
	for _, name := range []struct{ what, want, have string }{{"set name", m.SetName, have.SetName}, {"primary key", m.IDColumn, have.PrimaryID}} {
		if name.want != name.have {
			all = append(all, Difference{
				Kind: WrongName, Part: part, Problem: fmt.Sprintf("has the %s %s, not %s", name.what, name.have, name.want), Remedy: "correct the mapping file",
			})
		}
	}
	for _, column := range m.Needs() {
		// One line or several: what counts is that the text fits.
		if is := have.Column(column.Name); is != nil && text(column.Type) && text(crm.ColumnType(is.Type)) {
			column.Type = crm.ColumnType(is.Type)
		}
		for _, d := range compareColumn(m.Table, column, have.Column(column.Name)) {
			// A decimal number serves as an amount too, and what a value is called
			// is the maker's choice.
			if d.Kind == MisleadingOption || d.Kind == FewDecimals || d.Kind == WrongType && column.Type == crm.Money && have.Column(column.Name).Type == "Decimal" {
				continue
			}
			d.Kind, d.Remedy = WrongMapping, "change the column, or correct the mapping file"
			all = append(all, d)
		}
	}
	for _, column := range []string{m.PaymentIntent, m.CheckoutSession} {
		active := slices.ContainsFunc(have.Keys, func(k Key) bool { return slices.Equal(k.Columns, []string{column}) && k.Status == KeyActive })
		if column != "" && !active {
			all = append(all, Difference{
				Kind: WrongMapping, Part: "column " + m.Table + "." + column, Problem: "has no alternate key that is active",
				Remedy: "make an alternate key on this column alone, and wait until it is active",
			})
		}
	}
	return all
}

func text(t crm.ColumnType) bool { return t == crm.String || t == crm.Memo }

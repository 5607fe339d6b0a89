package crm

import (
	"cmp"
	"fmt"
	"slices"
)

// Needs returns the columns that the mapping names, each with the type, the
// length and the choice values that PayBridge needs of it: those of the column
// of pb_payment that it stands for. How a column is called for people, and how
// many decimals an amount has, is for the table's maker.
func (m Mapping) Needs() []Column {
	own := PaymentMapping()
	table := own.Tables()[0]
	var columns []Column
	for i, mapped := range m.mapped() {
		if *mapped.column == "" {
			continue
		}
		named := func(c Column) bool { return c.Name == *own.mapped()[i].column }
		c := table.Columns[slices.IndexFunc(table.Columns, named)]
		c.Name, c.SchemaName, c.Label, c.Precision = *mapped.column, *mapped.column, "", 0
		switch mapped.column {
		case &m.Status:
			c.Options = values(m.StatusValues)
		case &m.Request:
			c.Options = values(m.RequestValues)
		case &m.CollectBy:
			c.Options = values(m.CollectByValues)
		case &m.Description, &m.CustomerEmail:
			// They are read and never written.
			c.MaxLength = 0
		}
		columns = append(columns, c)
	}
	return columns
}

// values returns the values of a choice with what they stand for, in order.
func values[T interface {
	comparable
	fmt.Stringer
}](of map[T]int) []Option {
	var options []Option
	for what, value := range of {
		options = append(options, Option{Value: value, Label: what.String()})
	}
	slices.SortFunc(options, func(a, b Option) int { return cmp.Compare(a.Value, b.Value) })
	return options
}

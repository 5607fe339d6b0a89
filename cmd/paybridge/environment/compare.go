package environment

import (
	"fmt"
	"slices"
	"strings"

	"paybridge/internal/crm"
)

// Kind is what is wrong with a part of a table.
type Kind int

// The kinds of differences. From WrongName on, setup leaves them as they are:
// Dataverse cannot change them, or a change would lose data.
const (
	MissingTable Kind = iota + 1
	MissingColumn
	ShortText
	FewDecimals
	MissingOption
	MissingKey
	KeyNotActive
	WrongName
	WrongType
	WrongTarget
	WrongKey
	MisleadingOption
	MissingStandard
	WrongMapping
)

// Difference is one thing that a table is to have and has not.
type Difference struct {
	Kind Kind
	// Part names it: "column pb_payment.pb_amount".
	Part string
	// Problem says what is wrong, Remedy what a person does about it.
	Problem, Remedy string

	// Column, Option and Key are what is wanted, by kind.
	Column crm.Column
	Option crm.Option
	Key    crm.Key
}

// Mendable says whether setup puts it right.
func (d Difference) Mendable() bool { return d.Kind < WrongName }

const runSetup = "run paybridge setup dataverse"

// Compare returns what a table is to have and has not, in the order in which
// it is to be made. A nil have is a table that is not there. What the table
// has beyond that is somebody else's, and so are longer texts and labels.
func Compare(want crm.Table, have *Table) []Difference {
	if have == nil && want.Extends {
		return []Difference{{
			Kind: MissingStandard, Part: "table " + want.Name, Problem: "is not there, and it is the CRM's own",
			Remedy: "install the app that brings it (Dynamics 365 Sales brings the orders), or let PaymentTable name another one",
		}}
	}
	if have == nil {
		return []Difference{{Kind: MissingTable, Part: "table " + want.Name, Problem: "is not there", Remedy: runSetup}}
	}
	var all []Difference
	for _, name := range []struct{ what, want, have string }{
		{"set name", want.SetName, have.SetName}, {"primary key", want.PrimaryID, have.PrimaryID}, {"primary name column", want.PrimaryName, have.PrimaryName},
	} {
		if name.want != name.have {
			all = append(all, Difference{
				Kind: WrongName, Part: "table " + want.Name, Problem: fmt.Sprintf("has the %s %s, not %s", name.what, name.have, name.want),
				Remedy: "it is not the table that setup makes: export what is in it, delete it, " + runSetup,
			})
		}
	}
	for _, column := range want.Columns {
		all = append(all, compareColumn(want.Name, column, have.Column(column.Name))...)
	}
	for _, key := range want.Keys {
		all = append(all, compareKey(want.Name, key, have.Keys)...)
	}
	return all
}

// MissingFrom returns the difference of a column that a table has not.
func MissingFrom(table crm.Table, column crm.Column) Difference {
	return compareColumn(table.Name, column, nil)[0]
}

// partName is a column or a choice by its full name.
func partName(table string, column crm.Column) string {
	if column.Type == crm.Choice {
		return "choice " + table + "." + column.Name
	}
	return "column " + table + "." + column.Name
}

func compareColumn(table string, want crm.Column, have *Column) []Difference {
	part := partName(table, want)
	d := func(kind Kind, remedy, problem string, args ...any) Difference {
		return Difference{Kind: kind, Part: part, Problem: fmt.Sprintf(problem, args...), Remedy: remedy, Column: want}
	}
	replace := "it is not the column that setup makes: save what is in it, delete it, " + runSetup
	switch {
	case have == nil:
		return []Difference{d(MissingColumn, runSetup, "is not there")}
	case have.Type != string(want.Type):
		return []Difference{d(WrongType, replace, "is of the type %s, not %s", have.Type, want.Type)}
	}
	switch want.Type {
	case crm.String, crm.Memo:
		if have.MaxLength < want.MaxLength {
			return []Difference{d(ShortText, runSetup, "holds %d characters, not %d", have.MaxLength, want.MaxLength)}
		}
	case crm.Money:
		if have.PrecisionSource != 0 || have.Precision < want.Precision {
			return []Difference{d(FewDecimals, runSetup, "keeps %s, not %d of its own", decimals(have), want.Precision)}
		}
	case crm.DateTime:
		if have.Format == "DateOnly" || have.Behavior == "DateOnly" {
			return []Difference{d(WrongType, replace, "holds days without the time")}
		}
	case crm.Lookup:
		if !slices.Contains(have.Targets, want.Target) {
			return []Difference{d(WrongTarget, replace, "points to %s, not to %s", strings.Join(have.Targets, " and "), want.Target)}
		}
		if have.SchemaName != want.SchemaName {
			return []Difference{d(WrongName, replace, "has the schema name %s, not %s, by which it is written", have.SchemaName, want.SchemaName)}
		}
	case crm.Choice:
		return compareOptions(d, want, have)
	}
	return nil
}

func decimals(have *Column) string {
	switch have.PrecisionSource {
	case 0:
		return fmt.Sprintf("%d decimals", have.Precision)
	case 1:
		return "the decimals of the organisation's prices"
	default:
		return "the decimals of the row's currency"
	}
}

func compareOptions(d func(Kind, string, string, ...any) Difference, want crm.Column, have *Column) []Difference {
	var all []Difference
	for _, option := range want.Options {
		if !slices.ContainsFunc(have.Options, func(o Option) bool { return o.Value == option.Value }) {
			missing := d(MissingOption, runSetup, "has no value %d (%s)", option.Value, option.Label)
			missing.Option = option
			all = append(all, missing)
		}
	}
	// A second value with the label of a wanted one is picked by mistake, and
	// PayBridge would not know it.
	for _, other := range have.Options {
		wanted := slices.IndexFunc(want.Options, func(o crm.Option) bool { return strings.EqualFold(o.Label, other.Label) })
		known := slices.ContainsFunc(want.Options, func(o crm.Option) bool { return o.Value == other.Value })
		if wanted >= 0 && !known {
			misleading := d(MisleadingOption, "move rows that have it to the other value, then remove it from the choice in make.powerapps.com",
				"calls %d %q, which is %d", other.Value, other.Label, want.Options[wanted].Value)
			misleading.Option = want.Options[wanted]
			all = append(all, misleading)
		}
	}
	return all
}

func compareKey(table string, want crm.Key, have []Key) []Difference {
	d := Difference{Part: "alternate key " + table + "." + want.Name, Key: want, Remedy: runSetup}
	i := slices.IndexFunc(have, func(k Key) bool { return k.LogicalName == want.Name })
	switch {
	case i < 0:
		d.Kind, d.Problem = MissingKey, "is not there"
	case !slices.Equal(have[i].Columns, want.Columns):
		d.Kind, d.Problem = WrongKey, fmt.Sprintf("is on %s, not on %s", strings.Join(have[i].Columns, " and "), strings.Join(want.Columns, " and "))
		d.Remedy = "delete it in make.powerapps.com and " + runSetup
	case have[i].Status == KeyFailed:
		d.Kind, d.Problem = KeyNotActive, "failed: rows have the same "+strings.Join(want.Columns, " and ")
		d.Remedy = "empty " + strings.Join(want.Columns, " and ") + " in all but one of the rows that have the same, then " + runSetup
	case have[i].Status != KeyActive:
		d.Kind, d.Problem = KeyNotActive, fmt.Sprintf("is not active yet: its index is %s", have[i].Status)
		d.Remedy = "wait a few minutes; Dataverse builds the index in the background"
	default:
		return nil
	}
	return []Difference{d}
}

// CompareStep returns what is wrong with a step on a message of a table, in
// words; none where it is right. A filter matters on Update alone.
func CompareStep(want, have Step) []string {
	var all []string
	if want.Message == "Update" {
		if missing := without(want.Filter, have.Filter); len(have.Filter) > 0 && len(missing) > 0 {
			all = append(all, "does not listen to "+strings.Join(missing, ", "))
		}
		if extra := without(have.Filter, want.Filter); len(extra) > 0 {
			all = append(all, "listens to "+strings.Join(extra, ", ")+" as well")
		}
		if len(have.Filter) == 0 {
			all = append(all, "listens to all columns, so that PayBridge wakes itself")
		}
	}
	if have.Stage != want.Stage {
		all = append(all, fmt.Sprintf("runs at stage %d, not %d", have.Stage, want.Stage))
	}
	if have.Mode != want.Mode {
		all = append(all, "keeps the user waiting until PayBridge has answered")
	}
	if !have.Enabled {
		all = append(all, "is disabled")
	}
	if !have.AutoDelete && want.AutoDelete {
		all = append(all, "leaves a system job behind for each change")
	}
	return all
}

func without(list, other []string) []string {
	var rest []string
	for _, item := range list {
		if !slices.Contains(other, item) {
			rest = append(rest, item)
		}
	}
	return rest
}

// WantedSteps returns the steps that an endpoint is to have on the table of a
// mapping.
func WantedSteps(m crm.Mapping) []Step {
	step := func(message string, filter []string) Step {
		return Step{
			Name: EndpointName + ": " + message + " of " + m.Table, Message: message, Table: m.Table,
			Stage: StagePost, Mode: ModeAsynchronous, Filter: filter, Enabled: true, AutoDelete: true,
		}
	}
	return []Step{step("Create", nil), step("Update", m.Asks())}
}

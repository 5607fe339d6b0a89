package environment

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"paybridge/internal/dataverse"
)

// Table is a table as the environment has it.
type Table struct {
	MetadataID                                                      uuid.UUID
	LogicalName, SchemaName, SetName, PrimaryID, PrimaryName, Owner string
	Columns                                                         []Column
	Keys                                                            []Key
	// Privileges are what a security role can grant on the table.
	Privileges []Privilege
}

// Column returns a column by its logical name, nil where there is none.
func (t *Table) Column(name string) *Column {
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.LogicalName == name })
	if i < 0 {
		return nil
	}
	return &t.Columns[i]
}

// Column is a column as the environment has it. What does not belong to its
// type is zero.
type Column struct {
	MetadataID              uuid.UUID
	LogicalName, SchemaName string
	// Type is the type's name in the metadata, such as String or Picklist.
	Type string
	// MaxLength is the longest text in characters.
	MaxLength int
	// Precision is how many decimals there are. PrecisionSource says where a
	// Money column takes them from: 0 from Precision, 1 from the organisation, 2
	// from the currency of the row.
	Precision, PrecisionSource int
	// Options are the values of a choice.
	Options []Option
	// Format is DateOnly or DateAndTime, Behavior UserLocal, DateOnly or
	// TimeZoneIndependent.
	Format, Behavior string
	// Targets are the tables that a lookup may point to.
	Targets []string
}

// Option is a value of a choice with its label in the language of the user who
// asks.
type Option struct {
	Value int
	Label string
}

// Key is an alternate key with the state of its index.
type Key struct {
	LogicalName, SchemaName string
	Columns                 []string
	Status                  KeyStatus
}

// KeyStatus is how far the index of an alternate key is.
type KeyStatus string

// The states of an index. Only an active key finds rows and keeps them apart;
// one fails where rows have the same values.
const (
	KeyPending    KeyStatus = "Pending"
	KeyInProgress KeyStatus = "InProgress"
	KeyActive     KeyStatus = "Active"
	KeyFailed     KeyStatus = "Failed"
)

// Privilege is a right that a security role can grant on a table.
type Privilege struct {
	ID   uuid.UUID `json:"PrivilegeId"`
	Name string
	// Verb is Create, Read, Write, Delete, Append, AppendTo, Assign or Share.
	Verb string `json:"PrivilegeType"`
}

// label is a text in several languages.
type label struct {
	UserLocalizedLabel *struct{ Label string }
}

func (l label) String() string {
	if l.UserLocalizedLabel == nil {
		return ""
	}
	return l.UserLocalizedLabel.Label
}

// definition is a column in the form of its type. A property that another type
// has is absent.
type definition struct {
	MetadataID              uuid.UUID `json:"MetadataId"`
	LogicalName, SchemaName string
	AttributeType           string
	MaxLength               int
	Precision               int
	PrecisionSource         int
	Format                  string
	DateTimeBehavior        struct{ Value string }
	Targets                 []string
	// A choice has its values in one of the two: its own, or those of a global
	// choice.
	OptionSet, GlobalOptionSet *optionSet
}

type optionSet struct {
	Options []struct {
		Value int
		Label label
	}
}

// typed are the types of which more than the name is compared, with what is
// asked for.
func typed() map[string]dataverse.Query {
	return map[string]dataverse.Query{
		"String":   {Select: []string{"LogicalName", "MaxLength"}},
		"Memo":     {Select: []string{"LogicalName", "MaxLength"}},
		"Money":    {Select: []string{"LogicalName", "Precision", "PrecisionSource"}},
		"DateTime": {Select: []string{"LogicalName", "Format", "DateTimeBehavior"}},
		"Lookup":   {Select: []string{"LogicalName", "Targets"}},
		"Picklist": {Select: []string{"LogicalName"}, Expand: []dataverse.Expand{{Navigation: "OptionSet"}, {Navigation: "GlobalOptionSet"}}},
	}
}

// Table reads a table by its logical name, nil where there is none.
func (r *Reader) Table(ctx context.Context, name string) (*Table, error) {
	type entity struct {
		MetadataID                             uuid.UUID `json:"MetadataId"`
		LogicalName, SchemaName, EntitySetName string
		PrimaryIDAttribute                     string `json:"PrimaryIdAttribute"`
		PrimaryNameAttribute, OwnershipType    string
		Privileges                             []Privilege
	}
	operation := "reading the definition of table " + name
	found, err := first(list[entity](ctx, r, operation, "EntityDefinitions", dataverse.Query{
		Select: []string{"MetadataId", "LogicalName", "SchemaName", "EntitySetName", "PrimaryIdAttribute", "PrimaryNameAttribute", "OwnershipType", "Privileges"},
		Filter: dataverse.Eq("LogicalName", name),
	}))
	if found == nil || err != nil {
		return nil, err
	}
	t := &Table{
		MetadataID: found.MetadataID, LogicalName: found.LogicalName, SchemaName: found.SchemaName, SetName: found.EntitySetName,
		PrimaryID: found.PrimaryIDAttribute, PrimaryName: found.PrimaryNameAttribute, Owner: found.OwnershipType, Privileges: found.Privileges,
	}
	if t.Columns, err = r.columns(ctx, name); err != nil {
		return nil, err
	}
	t.Keys, err = r.Keys(ctx, name)
	return t, err
}

// columns reads all columns, and then once more those of each type, because
// only so Dataverse tells what belongs to the type.
func (r *Reader) columns(ctx context.Context, table string) ([]Column, error) {
	operation, path := "reading the columns of table "+table, "EntityDefinitions(LogicalName='"+table+"')/Attributes"
	all, err := list[definition](ctx, r, operation, path, dataverse.Query{Select: []string{"MetadataId", "LogicalName", "SchemaName", "AttributeType"}})
	if err != nil {
		return nil, err
	}
	details := map[string]definition{}
	for kind, query := range typed() {
		if !slices.ContainsFunc(all, func(d definition) bool { return d.AttributeType == kind }) {
			continue
		}
		some, err := list[definition](ctx, r, operation, path+"/Microsoft.Dynamics.CRM."+kind+"AttributeMetadata", query)
		if err != nil {
			return nil, err
		}
		for _, d := range some {
			details[d.LogicalName] = d
		}
	}
	columns := make([]Column, len(all))
	for i, d := range all {
		columns[i] = d.column(details[d.LogicalName])
	}
	return columns, nil
}

func (d definition) column(more definition) Column {
	c := Column{
		MetadataID: d.MetadataID, LogicalName: d.LogicalName, SchemaName: d.SchemaName, Type: d.AttributeType,
		MaxLength: more.MaxLength, Precision: more.Precision, PrecisionSource: more.PrecisionSource,
		Format: more.Format, Behavior: more.DateTimeBehavior.Value, Targets: more.Targets,
	}
	for _, set := range []*optionSet{more.OptionSet, more.GlobalOptionSet} {
		if set == nil {
			continue
		}
		for _, o := range set.Options {
			c.Options = append(c.Options, Option{Value: o.Value, Label: o.Label.String()})
		}
	}
	return c
}

// Keys reads the alternate keys of a table that is there.
func (r *Reader) Keys(ctx context.Context, table string) ([]Key, error) {
	type key struct {
		LogicalName, SchemaName string
		KeyAttributes           []string
		EntityKeyIndexStatus    KeyStatus
	}
	found, err := list[key](ctx, r, "reading the alternate keys of table "+table, "EntityDefinitions(LogicalName='"+table+"')/Keys",
		dataverse.Query{Select: []string{"LogicalName", "SchemaName", "KeyAttributes", "EntityKeyIndexStatus"}})
	keys := make([]Key, len(found))
	for i, k := range found {
		keys[i] = Key{LogicalName: k.LogicalName, SchemaName: k.SchemaName, Columns: k.KeyAttributes, Status: k.EntityKeyIndexStatus}
	}
	return keys, err
}

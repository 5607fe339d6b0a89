package dataverse

// ColumnType is the type of a column, named as Dataverse's metadata names it.
type ColumnType string

// The column types that the stand-in knows.
const (
	String           ColumnType = "String"
	Memo             ColumnType = "Memo"
	Integer          ColumnType = "Integer"
	BigInt           ColumnType = "BigInt"
	Decimal          ColumnType = "Decimal"
	Money            ColumnType = "Money"
	Choice           ColumnType = "Picklist"
	Choices          ColumnType = "MultiSelectPicklist"
	Boolean          ColumnType = "Boolean"
	DateTime         ColumnType = "DateTime"
	Lookup           ColumnType = "Lookup"
	UniqueIdentifier ColumnType = "Uniqueidentifier"
)

// Table describes a table. The system columns (createdon, ownerid, statecode and so
// on) and what money columns bring with them are added by [Open].
type Table struct {
	// LogicalName is all lower case, SchemaName has capitals, SetName is the name
	// in URLs.
	LogicalName, SchemaName, SetName string
	// Label and PluralLabel are what people read.
	Label, PluralLabel string
	// PrimaryID is the GUID column, PrimaryName the column that stands for the row where
	// people see it.
	PrimaryID, PrimaryName string
	// OrganizationOwned tables have no owner.
	OrganizationOwned bool
	Columns           []Column
	Keys              []Key
	// Unpublished are columns as they will be once somebody publishes the table,
	// see [Metadata].
	Unpublished []Column
}

// Column describes a column of a table.
type Column struct {
	LogicalName, SchemaName, Label string
	Type                           ColumnType
	// MaxLength of a String or Memo in UTF-16 units; 0 means 100 for a String and 2000 for
	// a Memo, as in Dataverse.
	MaxLength int
	// Precision is the number of decimals of a Decimal, and of a Money column
	// unless CurrencyPrecision says that the row's currency decides.
	Precision         int
	CurrencyPrecision bool
	// Options of a Choice or Choices.
	Options []Option
	// Targets are the tables a Lookup may point to.
	Targets []Target
	// Relationship is the schema name of the relationship that a Lookup belongs
	// to; empty means one made of the names of the tables.
	Relationship string
	// DateOnly makes a DateTime a day without time, ZoneIndependent one that is
	// shown alike to everybody.
	DateOnly, ZoneIndependent bool
	// ReadOnly columns ignore what is written to them, CreateOnly columns
	// what is written after the row was made.
	ReadOnly, CreateOnly bool
	// WriteOnly columns are never shown.
	WriteOnly bool
}

// Option is a value of a choice.
type Option struct {
	Value int
	Label string
	// State is the statecode that a statuscode option belongs to.
	State int
}

// Target is one table that a lookup may point to. Navigation is the property to write
// through, case-sensitive; for custom lookups it is the column's schema name.
type Target struct {
	Table, Navigation string
}

// Key is an alternate key.
type Key struct {
	LogicalName, SchemaName, Label string
	Columns                        []string
	// Status is how far the index is; empty means [KeyActive]. Only an active
	// key addresses rows and keeps them apart.
	Status KeyStatus
	// Polls is how often the status was asked for since it became pending.
	Polls int
}

// KeyStatus is how far the index of an alternate key is.
type KeyStatus string

// The states of an index. A key whose rows are not unique fails.
const (
	KeyPending    KeyStatus = "Pending"
	KeyInProgress KeyStatus = "InProgress"
	KeyActive     KeyStatus = "Active"
	KeyFailed     KeyStatus = "Failed"
)

func (k *Key) status() KeyStatus {
	if k.Status == "" {
		return KeyActive
	}
	return k.Status
}

func (k *Key) active() bool { return k.status() == KeyActive }

// Ref is the value of a lookup.
type Ref struct {
	Table string `json:"table"`
	ID    string `json:"id"`
}

// Row is a row as the stand-in keeps it. Values hold string (also for GUIDs, and for times as
// 2006-01-02T15:04:05Z), bool, json.Number or Ref, by logical name; empty columns are absent.
type Row struct {
	ID      string         `json:"id"`
	Version int64          `json:"version"`
	Values  map[string]any `json:"values"`
}

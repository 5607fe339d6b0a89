package dataverse

import (
	"errors"
	"fmt"
	"maps"
	"strings"
)

// schema is an immutable picture of all tables: a request works with the one that
// was current when it came in, and a change of the metadata replaces it as a whole.
type schema struct {
	tables map[string]*table // :: logical name → table
	sets   map[string]*table // :: entity set name → table
}

// table is a Table with its system columns and indexes.
type table struct {
	Table
	columns  []*Column
	byName   map[string]*Column
	byProp   map[string]*Column // :: property in reads (_x_value for lookups) → column
	byNav    map[string]navigation
	money    bool
	stateful bool
	hasOwner bool
}

type navigation struct {
	column *Column
	target string
}

func (s *schema) with(tables ...Table) (*schema, error) {
	next := &schema{tables: map[string]*table{}, sets: map[string]*table{}}
	if s != nil {
		maps.Copy(next.tables, s.tables)
		maps.Copy(next.sets, s.sets)
	}
	for _, t := range tables {
		full, err := expand(t)
		if err != nil {
			return nil, fmt.Errorf("reading the definition of table %q: %w", t.LogicalName, err)
		}
		if old := next.tables[t.LogicalName]; old != nil {
			delete(next.sets, old.SetName)
		}
		if other := next.sets[t.SetName]; other != nil {
			return nil, fmt.Errorf("reading the definition of table %q: set %q belongs to %q", t.LogicalName, t.SetName, other.LogicalName)
		}
		next.tables[t.LogicalName] = full
		next.sets[t.SetName] = full
	}
	return next, nil
}

// expand adds the columns that Dataverse adds to every table.
func expand(def Table) (*table, error) {
	if def.LogicalName == "" || def.SetName == "" || def.PrimaryID == "" {
		return nil, errors.New("logical name, set name and primary id are needed")
	}
	if def.LogicalName != strings.ToLower(def.LogicalName) {
		return nil, errors.New("logical names are lower case")
	}
	t := &table{
		Table: def, byName: map[string]*Column{}, byProp: map[string]*Column{}, byNav: map[string]navigation{},
		hasOwner: !def.OrganizationOwned, stateful: true,
	}
	t.add(Column{LogicalName: def.PrimaryID, Type: UniqueIdentifier, CreateOnly: true})
	for _, c := range def.Columns {
		t.add(c)
		if c.Type == Money {
			t.money = true
		}
	}
	for _, c := range systemColumns(t) {
		t.add(c)
	}
	for _, c := range t.columns {
		if len(c.Targets) == 0 && c.Type == Lookup {
			return nil, fmt.Errorf("lookup %q has no target", c.LogicalName)
		}
	}
	for i := range def.Keys {
		if len(def.Keys[i].Columns) == 0 {
			return nil, fmt.Errorf("key %q has no columns", def.Keys[i].LogicalName)
		}
		for _, name := range def.Keys[i].Columns {
			if t.byName[name] == nil {
				return nil, fmt.Errorf("key %q names the unknown column %q", def.Keys[i].LogicalName, name)
			}
		}
	}
	return t, nil
}

// add appends a column unless one of that name is there.
func (t *table) add(c Column) {
	if t.byName[c.LogicalName] != nil {
		return
	}
	if c.MaxLength == 0 {
		switch c.Type {
		case String:
			c.MaxLength = 100
		case Memo:
			c.MaxLength = 2000
		}
	}
	if c.SchemaName == "" {
		c.SchemaName = c.LogicalName
	}
	column := &c
	t.columns = append(t.columns, column)
	t.byName[c.LogicalName] = column
	t.byProp[property(column)] = column
	for _, target := range c.Targets {
		t.byNav[target.Navigation] = navigation{column: column, target: target.Table}
	}
}

// property is the name of a column in reads.
func property(c *Column) string {
	if c.Type == Lookup {
		return "_" + c.LogicalName + "_value"
	}
	return c.LogicalName
}

// key finds the alternate key with exactly these columns.
func (t *table) key(columns map[string]string) *Key {
	for i := range t.Keys {
		k := &t.Keys[i]
		if len(k.Columns) != len(columns) || !k.active() {
			continue
		}
		all := true
		for _, name := range k.Columns {
			_, named := columns[name]
			all = all && named
		}
		if all {
			return k
		}
	}
	return nil
}

func joinColumns(names []string) string { return strings.Join(names, ", ") }

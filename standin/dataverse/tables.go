package dataverse

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
)

// tablesBucket holds the tables that were defined or changed over the Web API,
// by logical name.
var tablesBucket = []byte("tables")

// withStored adds the tables of the file.
func (s *schema) withStored(b *bolt.Tx) (*schema, error) {
	var stored []Table
	err := b.Bucket(tablesBucket).ForEach(func(_, raw []byte) error {
		var t Table
		if err := json.Unmarshal(raw, &t); err != nil {
			return fmt.Errorf("decoding a stored table: %w", err)
		}
		stored = append(stored, t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.with(stored...)
}

// define makes a table or gives it another definition.
func (x *tx) define(t Table) error {
	next, err := x.schema.with(t)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("encoding a table: %w", err)
	}
	if err := x.bolt.Bucket(tablesBucket).Put([]byte(t.LogicalName), raw); err != nil {
		return fmt.Errorf("storing a table: %w", err)
	}
	x.schema, x.redefined = next, true
	return x.seedTable(next.tables[t.LogicalName])
}

// changed is a copy of a table's definition that may be changed.
func (t *table) changed() Table {
	def := t.Table
	def.Columns = slices.Clone(def.Columns)
	def.Keys = slices.Clone(def.Keys)
	return def
}

// caches remember what the tables were like, because definitions are read from
// caches that lag behind.
type caches struct {
	mu   sync.Mutex
	past []past
}

type past struct {
	schema *schema
	until  time.Time
}

func (c *caches) remember(s *schema, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.past = append(c.past, past{s, until})
}

// asOf is the schema that was current at a time.
func (c *caches) asOf(at time.Time, current *schema) *schema {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.past) > 0 && !c.past[0].until.After(at) {
		c.past = c.past[1:]
	}
	if len(c.past) == 0 {
		return current
	}
	return c.past[0].schema
}

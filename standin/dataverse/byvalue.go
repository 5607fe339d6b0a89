package dataverse

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// valuesBucket leads from the value of a column to the rows that have it, so
// that looking for an id does not read the whole table. Which entries there are
// says nothing by itself: each row that they lead to is held to the filter.
var valuesBucket = []byte("values")

// longestValue is how much of a text is in its entry, in bytes.
const longestValue = 200

// valuePrefix is what the entries of all rows with a value begin with, nil for a
// value that has none. Texts fold case as in filters.
func valuePrefix(t *table, c *Column, v any) []byte {
	var text string
	switch v := v.(type) {
	case string:
		if c.Type != String && c.Type != UniqueIdentifier {
			return nil
		}
		text = strings.ToLower(v)
	case Ref:
		text = v.ID
	default:
		return nil
	}
	text = text[:min(len(text), longestValue)]
	return []byte(t.LogicalName + "\x00" + c.LogicalName + "\x00" + text + "\x00")
}

// indexValues moves the entries of a row's values from before to after; either
// may be nil.
func (x *tx) indexValues(t *table, before, after *Row) error {
	b := x.bolt.Bucket(valuesBucket)
	entry := func(c *Column, row *Row) []byte {
		if row == nil {
			return nil
		}
		prefix := valuePrefix(t, c, row.Values[c.LogicalName])
		if prefix == nil {
			return nil
		}
		return append(prefix, row.ID...)
	}
	for _, c := range t.columns {
		was, is := entry(c, before), entry(c, after)
		if bytes.Equal(was, is) {
			continue
		}
		if was != nil {
			if err := b.Delete(was); err != nil {
				return fmt.Errorf("deleting the entry of a value: %w", err)
			}
		}
		if is != nil {
			if err := b.Put(is, nil); err != nil {
				return fmt.Errorf("storing the entry of a value: %w", err)
			}
		}
	}
	return nil
}

// openValues makes the entries of a file that was written without them.
func (x *tx) openValues() error {
	if x.bolt.Bucket(valuesBucket) != nil {
		return nil
	}
	if _, err := x.bolt.CreateBucket(valuesBucket); err != nil {
		return fmt.Errorf("making the bucket of values: %w", err)
	}
	for _, t := range x.schema.tables {
		if err := x.each(t, func(row *Row) error { return x.indexValues(t, nil, row) }); err != nil {
			return err
		}
	}
	return nil
}

// withValue returns the ids of the rows that have a value in a column, and
// perhaps of others.
func (x *tx) withValue(t *table, c *Column, v any) []string {
	var ids []string
	prefix := valuePrefix(t, c, v)
	cursor := x.bolt.Bucket(valuesBucket).Cursor()
	for k, _ := cursor.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = cursor.Next() {
		ids = append(ids, string(k[len(prefix):]))
	}
	return ids
}

// anchor is a value that a row has to have in a column.
type anchor struct {
	column *Column
	value  any
}

// anchors returns values of which each row that passes a filter has at least
// one. It reports false when the filter names none.
func anchors(n node, t *table) ([]anchor, bool) {
	switch n := n.(type) {
	case orNode:
		left, ok := anchors(n.left, t)
		if !ok {
			return nil, false
		}
		right, ok := anchors(n.right, t)
		return append(left, right...), ok
	case andNode:
		if left, ok := anchors(n.left, t); ok {
			return left, true
		}
		return anchors(n.right, t)
	case compareNode:
		if n.op != "eq" {
			return nil, false
		}
		return anchorsOf(n.path, t, n.literal)
	case inNode:
		return anchorsOf(n.path, t, n.values...)
	}
	return nil, false
}

func anchorsOf(p path, t *table, values ...any) ([]anchor, bool) {
	var list []anchor
	for _, v := range values {
		if p.through != nil || valuePrefix(t, p.column, v) == nil {
			return nil, false
		}
		list = append(list, anchor{p.column, v})
	}
	return list, true
}

// candidates calls f with every row that may pass a filter, in the order of
// their GUIDs. The rows are not to be changed.
func (x *tx) candidates(t *table, filter node, f func(*Row) error) error {
	if list, ok := anchors(filter, t); ok {
		return x.anchored(t, list, f)
	}
	return x.scan(t, f)
}

// anchored calls f with every row that has one of the values, and perhaps with
// others, in the order of their GUIDs.
func (x *tx) anchored(t *table, list []anchor, f func(*Row) error) error {
	ids := map[string]bool{}
	for _, a := range list {
		if a.column.LogicalName == t.PrimaryID {
			ids[fmt.Sprint(a.value)] = true
			continue
		}
		for _, id := range x.withValue(t, a.column, a.value) {
			ids[id] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		row, err := x.get(t, id)
		if err != nil {
			return err
		}
		if row == nil {
			continue
		}
		if err := f(row); err != nil {
			return err
		}
	}
	return nil
}

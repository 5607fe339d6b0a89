package dataverse

import (
	"net/http"
	"slices"
	"strings"
)

// createKey answers POST Keys. The index is built by and by, see [Metadata].
func (x *tx) createKey(t *table, q *request) (*response, error) {
	var b struct {
		Type          string `json:"@odata.type"`
		SchemaName    string
		LogicalName   string
		DisplayName   *labelBody
		KeyAttributes []string
	}
	if err := decodeDefinition(q.body, &b); err != nil {
		return nil, err
	}
	if err := x.intoSolution(q); err != nil {
		return nil, err
	}
	if err := x.checkSchemaName(b.SchemaName); err != nil {
		return nil, err
	}
	label, err := x.text(b.DisplayName)
	if err != nil {
		return nil, err
	}
	k := Key{LogicalName: strings.ToLower(b.SchemaName), SchemaName: b.SchemaName, Label: label, Columns: b.KeyAttributes, Status: KeyPending}
	if err := t.checkKey(k); err != nil {
		return nil, err
	}
	def := t.changed()
	def.Keys = append(def.Keys, k)
	if err := x.define(def); err != nil {
		return nil, err
	}
	if x.cfg.Metadata.keyPolls() == 0 {
		if err := x.pollKeys(x.schema.tables[t.LogicalName]); err != nil {
			return nil, err
		}
	}
	return createdDefinition(q, q.path, t.LogicalName+"/"+k.LogicalName), nil
}

// checkKey wants at most ten keys of at most 900 bytes in columns of the types
// that an index takes.
func (t *table) checkKey(k Key) error {
	refuse := func(format string, args ...any) error {
		return fail(http.StatusBadRequest, codeInvalidArgument, format, args...)
	}
	bytes := 0
	for _, name := range k.Columns {
		c := t.byName[name]
		if c == nil {
			return refuse("The column %s of the key %s does not exist.", name, k.SchemaName)
		}
		switch c.Type {
		case String:
			bytes += 2 * c.MaxLength
		case Integer, Decimal, DateTime, Lookup, Choice:
			bytes += 16
		default:
			return refuse("A column of the type %s cannot be part of a key.", c.Type)
		}
	}
	switch {
	case len(k.Columns) == 0 || len(k.Columns) > 16:
		return refuse("The key %s has %d columns.", k.SchemaName, len(k.Columns))
	case bytes > 900:
		return refuse("The key %s has %d bytes, more than 900.", k.SchemaName, bytes)
	case len(t.Keys) >= 10:
		return refuse("The table %s has ten keys.", t.LogicalName)
	}
	for _, have := range t.Keys {
		if have.LogicalName == k.LogicalName {
			return fail(http.StatusBadRequest, codeNameTaken, "A key with the name %s already exists.", k.LogicalName)
		}
		if slices.Equal(have.Columns, k.Columns) {
			return refuse("A key with the columns of %s already exists.", k.SchemaName)
		}
	}
	return nil
}

func (x *tx) keyDefinitions(t *table, segments []string, q *request) (*response, error) {
	n, one := parseNamed(segments[0])
	if len(segments) > 1 || !one && segments[0] != "Keys" {
		return nil, noSuchSegment(segments[len(segments)-1])
	}
	var all []map[string]any
	index := -1
	for i, k := range t.Keys {
		id := metadataID(t.LogicalName + "/" + k.LogicalName)
		if one && !n.is(k.LogicalName, k.SchemaName, id) {
			continue
		}
		index = i
		all = append(all, map[string]any{
			"MetadataId": id, "LogicalName": k.LogicalName, "SchemaName": k.SchemaName, "DisplayName": x.label(k.Label), "EntityLogicalName": t.LogicalName,
			"KeyAttributes": k.Columns, "EntityKeyIndexStatus": k.status(),
		})
	}
	switch {
	case !one && q.method == http.MethodGet:
		return listed(q, all)
	case len(all) == 0:
		return nil, fail(http.StatusNotFound, codeNotFound, "Could not find the key %s of the entity %s.", segments[0], t.LogicalName)
	case one && q.method == http.MethodGet:
		return singleDefinition(q, all[0])
	case one && q.method == http.MethodDelete:
		return noContent(), x.deleteKey(t, index)
	default:
		return nil, methodNotAllowed(q.method)
	}
}

func (x *tx) deleteKey(t *table, index int) error {
	if err := x.clearIndex(t, &t.Keys[index]); err != nil {
		return err
	}
	def := t.changed()
	def.Keys = slices.Delete(def.Keys, index, index+1)
	return x.define(def)
}

// reactivateKey answers ReactivateEntityKey: the index is built again.
func (x *tx) reactivateKey(q *request) (*response, error) {
	var b struct{ EntityLogicalName, EntityKeyLogicalName string }
	if err := decodeDefinition(q.body, &b); err != nil {
		return nil, err
	}
	t := x.schema.tables[b.EntityLogicalName]
	if t == nil {
		return nil, fail(http.StatusNotFound, codeNotFound, "Could not find an entity with the name %s.", b.EntityLogicalName)
	}
	def := t.changed()
	i := slices.IndexFunc(def.Keys, func(k Key) bool { return k.LogicalName == b.EntityKeyLogicalName })
	switch {
	case i < 0:
		return nil, fail(http.StatusNotFound, codeNotFound, "Could not find the key %s of %s.", b.EntityKeyLogicalName, b.EntityLogicalName)
	case def.Keys[i].status() != KeyFailed:
		return nil, fail(http.StatusBadRequest, codeInvalidArgument, "The key %s has not failed.", b.EntityKeyLogicalName)
	}
	def.Keys[i].Status, def.Keys[i].Polls = KeyPending, 0
	return noContent(), x.define(def)
}

// pollKeys lets the indexes of a table advance by one step.
func (x *tx) pollKeys(t *table) error {
	def := t.changed()
	moved := false
	for i := range def.Keys {
		k := &def.Keys[i]
		if k.status() != KeyPending && k.status() != KeyInProgress {
			continue
		}
		moved = true
		k.Polls++
		if k.Polls <= x.cfg.Metadata.keyPolls() {
			if k.Polls > 1 {
				k.Status = KeyInProgress
			}
			continue
		}
		unique, err := x.buildIndex(t, k)
		if err != nil {
			return err
		}
		if k.Status = KeyActive; !unique {
			k.Status = KeyFailed
		}
	}
	if !moved {
		return nil
	}
	return x.define(def)
}

// buildIndex enters all rows, or none when two of them have the same key.
func (x *tx) buildIndex(t *table, k *Key) (unique bool, err error) {
	entries := map[string]string{}
	unique = true
	err = x.each(t, func(row *Row) error {
		if entry := rowKey(t, k, row); entry != nil {
			unique = unique && entries[string(entry)] == ""
			entries[string(entry)] = row.ID
		}
		return nil
	})
	if err != nil || !unique {
		return false, err
	}
	for entry, id := range entries {
		if err := x.bolt.Bucket(keysBucket).Put([]byte(entry), []byte(id)); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (x *tx) clearIndex(t *table, k *Key) error {
	return x.each(t, func(row *Row) error {
		if entry := rowKey(t, k, row); entry != nil && k.active() {
			return x.bolt.Bucket(keysBucket).Delete(entry)
		}
		return nil
	})
}

package dataverse

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	bolt "go.etcd.io/bbolt"
)

// The buckets of the file. Rows live in one bucket per table, named after it;
// keys maps the values of an alternate key to a row's GUID.
var (
	metaBucket = []byte("meta")
	rowsBucket = []byte("rows")
	keysBucket = []byte("keys")
	versionKey = []byte("version")
)

// tx is one transaction on behalf of one user. The rows that it changes are
// told to the subscribers after the commit.
type tx struct {
	bolt    *bolt.Tx
	schema  *schema
	cfg     *Config
	user    string
	now     time.Time
	changes []Change
	scanned *scanned
	// redefined says that schema is another one than before.
	redefined bool
	// rights are the privileges of the user, once they were asked for.
	rights map[string]bool
	// used hears of each privilege that let the user in.
	used func(privilege string)
}

func (x *tx) rows(t *table) *bolt.Bucket {
	return x.bolt.Bucket(rowsBucket).Bucket([]byte(t.LogicalName))
}

func (x *tx) get(t *table, id string) (*Row, error) {
	b := x.rows(t)
	if b == nil {
		return nil, nil
	}
	raw := b.Get([]byte(id))
	if raw == nil {
		return nil, nil
	}
	return decodeRow(raw)
}

// each calls f with every row of a table in the order of their GUIDs.
func (x *tx) each(t *table, f func(*Row) error) error {
	b := x.rows(t)
	if b == nil {
		return nil
	}
	return b.ForEach(func(_, raw []byte) error {
		row, err := decodeRow(raw)
		if err != nil {
			return err
		}
		return f(row)
	})
}

// put writes a row under a new version and keeps the alternate keys in step.
// before is the row as it was, nil for a new one.
func (x *tx) put(t *table, before, row *Row) error {
	version, err := x.nextVersion()
	if err != nil {
		return err
	}
	row.Version = version
	if t.LogicalName == "serviceendpoint" {
		row.Values["isauthvalueset"] = row.Values["authvalue"] != nil
	}
	if err := x.index(t, before, row); err != nil {
		return err
	}
	if err := x.indexValues(t, before, row); err != nil {
		return err
	}
	raw, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("encoding a row: %w", err)
	}
	b, err := x.bolt.Bucket(rowsBucket).CreateBucketIfNotExists([]byte(t.LogicalName))
	if err != nil {
		return fmt.Errorf("making the bucket of %s: %w", t.LogicalName, err)
	}
	if err := b.Put([]byte(row.ID), raw); err != nil {
		return fmt.Errorf("storing a row: %w", err)
	}
	return nil
}

func (x *tx) remove(t *table, row *Row) error {
	if err := x.index(t, row, nil); err != nil {
		return err
	}
	if err := x.indexValues(t, row, nil); err != nil {
		return err
	}
	if err := x.rows(t).Delete([]byte(row.ID)); err != nil {
		return fmt.Errorf("deleting a row: %w", err)
	}
	return nil
}

// index moves the entries of the alternate keys from before to after.
func (x *tx) index(t *table, before, after *Row) error {
	keys := x.bolt.Bucket(keysBucket)
	for i := range t.Keys {
		k := &t.Keys[i]
		if !k.active() {
			continue
		}
		was, is := rowKey(t, k, before), rowKey(t, k, after)
		if bytes.Equal(was, is) {
			continue
		}
		if is != nil && keys.Get(is) != nil {
			return duplicateKey(k)
		}
		if was != nil {
			if err := keys.Delete(was); err != nil {
				return fmt.Errorf("deleting a key entry: %w", err)
			}
		}
		if is != nil {
			if err := keys.Put(is, []byte(after.ID)); err != nil {
				return fmt.Errorf("storing a key entry: %w", err)
			}
		}
	}
	return nil
}

// byKey returns the row with these key values, nil when there is none.
func (x *tx) byKey(t *table, k *Key, values map[string]string) (*Row, error) {
	id := x.bolt.Bucket(keysBucket).Get(keyEntry(t, k, values))
	if id == nil {
		return nil, nil
	}
	return x.get(t, string(id))
}

// rowKey is a row's entry in the index of a key; nil when a column of the key is
// empty, because such rows are exempt from uniqueness.
func rowKey(t *table, k *Key, row *Row) []byte {
	if row == nil {
		return nil
	}
	values := make(map[string]string, len(k.Columns))
	for _, name := range k.Columns {
		v := row.Values[name]
		if v == nil {
			return nil
		}
		values[name] = canonical(v)
	}
	return keyEntry(t, k, values)
}

// keyEntry folds case, as the collation of the database does.
func keyEntry(t *table, k *Key, values map[string]string) []byte {
	parts := []string{t.LogicalName, k.LogicalName}
	for _, name := range k.Columns {
		parts = append(parts, strings.ToLower(strings.TrimRight(values[name], " ")))
	}
	return []byte(strings.Join(parts, "\x00"))
}

// canonical is a value as text, equal for equal values.
func canonical(v any) string {
	switch v := v.(type) {
	case Ref:
		return v.ID
	case json.Number:
		return toDecimal(v).String()
	default:
		return fmt.Sprint(v)
	}
}

// nextVersion advances the version counter of the environment, which every row
// version and so every entity tag is taken from.
func (x *tx) nextVersion() (int64, error) {
	meta := x.bolt.Bucket(metaBucket)
	version := int64(500000)
	if raw := meta.Get(versionKey); raw != nil {
		version = int64(binary.BigEndian.Uint64(raw))
	}
	version++
	if err := meta.Put(versionKey, binary.BigEndian.AppendUint64(nil, uint64(version))); err != nil {
		return 0, fmt.Errorf("storing the version counter: %w", err)
	}
	return version, nil
}

// newID makes a GUID for a new row.
func (x *tx) newID() (string, error) {
	if x.cfg.Seed == "" {
		return uuid.NewString(), nil
	}
	version, err := x.nextVersion()
	if err != nil {
		return "", err
	}
	return uuid.NewSHA1(seedSpace, fmt.Appendf(nil, "%s/%d", x.cfg.Seed, version)).String(), nil
}

func decodeRow(raw []byte) (*Row, error) {
	row := &Row{}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(row); err != nil {
		return nil, fmt.Errorf("decoding a stored row: %w", err)
	}
	for name, v := range row.Values {
		if m, ok := v.(map[string]any); ok {
			table, _ := m["table"].(string)
			id, _ := m["id"].(string)
			row.Values[name] = Ref{Table: table, ID: id}
		}
	}
	if row.Values == nil {
		row.Values = map[string]any{}
	}
	return row, nil
}

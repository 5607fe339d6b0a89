package stripe

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// The buckets of the file. Keys that start with an account keep the object spaces of connected accounts apart.
const (
	bucketObjects     = "objects"     // account/kind/id → object
	bucketOrder       = "order"       // account/kind/sequence → id, for lists
	bucketIndex       = "index"       // account/kind/field=value/sequence → id, for filters
	bucketIdempotency = "idempotency" // account/key → stored answer
	bucketTimers      = "timers"      // time, sequence → timer
	bucketDeliveries  = "deliveries"  // sequence → delivery
	bucketSilences    = "silences"    // event type → how many are not to be generated
	bucketMeta        = "meta"        // what the server calls itself
)

// base is what every stored object starts with.
type base struct {
	Seq     uint64 `json:"_seq"`
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
}

func (b *base) head() *base { return b }

// object is anything that Stripe gives an id and a list of.
type object interface {
	head() *base
	// index names the attributes that lists can be filtered by, as field=value.
	index() []string
}

// changing is an object with attributes that it may lose.
type changing interface {
	// lost names those that it does not have, or no longer.
	lost() []string
}

func openStore(path string, sync bool) (*bbolt.DB, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: 5 * time.Second, NoSync: !sync, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range []string{
			bucketObjects, bucketOrder, bucketIndex, bucketIdempotency,
			bucketTimers, bucketDeliveries, bucketSilences, bucketMeta,
		} {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return fmt.Errorf("creating the bucket %s: %w", name, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// change is one unit of work: everything that one request or one happening does, in one transaction.
type change struct {
	tx      *bbolt.Tx
	server  *Server
	account string
	now     time.Time
	request requestRef
	// events counts by type what was generated, for the counters once the change is committed.
	events []string
}

func (c *change) bucket(name string) *bbolt.Bucket { return c.tx.Bucket([]byte(name)) }

// put stores an object, new or changed.
func (c *change) put(o object) error {
	head := o.head()
	if head.Seq == 0 {
		seq, err := c.bucket(bucketObjects).NextSequence()
		if err != nil {
			return fmt.Errorf("numbering %s: %w", head.ID, err)
		}
		head.Seq = seq
		if err := c.bucket(bucketOrder).Put(sequenceKey(c.account, head.Object, "", seq), []byte(head.ID)); err != nil {
			return fmt.Errorf("ordering %s: %w", head.ID, err)
		}
	}
	for _, entry := range o.index() {
		if err := c.bucket(bucketIndex).Put(sequenceKey(c.account, head.Object, entry, head.Seq), []byte(head.ID)); err != nil {
			return fmt.Errorf("indexing %s: %w", head.ID, err)
		}
	}
	if o, ok := o.(changing); ok {
		if err := c.unindex(head, o.lost()); err != nil {
			return err
		}
	}
	return putJSON(c.bucket(bucketObjects), objectKey(c.account, head.Object, head.ID), o)
}

// load reads an object; param is what the request calls it, for the refusal when there is none.
func load[T any](c *change, kind, param, id string) (*T, error) {
	raw := c.bucket(bucketObjects).Get(objectKey(c.account, kind, id))
	if raw == nil {
		return nil, missing(spoken(kind), param, id)
	}
	o := new(T)
	if err := json.Unmarshal(raw, o); err != nil {
		return nil, fmt.Errorf("reading %s: %w", id, err)
	}
	return o, nil
}

// spoken is what Stripe's messages call a kind of object.
func spoken(kind string) string {
	if kind == kindEndpoint {
		return "webhook endpoint"
	}
	return kind
}

// each visits the ids of a kind, newest first, from before the sequence from (0: from the newest), until visit says
// no. An entry narrows it to the objects that were indexed under it.
func (c *change) each(kind, entry string, from uint64, visit func(seq uint64, id string) (bool, error)) error {
	bucket, prefix := c.bucket(bucketOrder), sequencePrefix(c.account, kind, "")
	if entry != "" {
		bucket, prefix = c.bucket(bucketIndex), sequencePrefix(c.account, kind, entry)
	}
	end := binary.BigEndian.AppendUint64(bytes.Clone(prefix), ^uint64(0))
	if from > 0 {
		end = binary.BigEndian.AppendUint64(bytes.Clone(prefix), from)
	}
	cursor := bucket.Cursor()
	key, id := cursor.Seek(end)
	if key == nil {
		key, id = cursor.Last()
	}
	for ; key != nil; key, id = cursor.Prev() {
		if bytes.Compare(key, end) >= 0 {
			continue
		}
		if !bytes.HasPrefix(key, prefix) || len(key) != len(prefix)+8 {
			return nil
		}
		more, err := visit(binary.BigEndian.Uint64(key[len(prefix):]), string(id))
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// eachAfter is each the other way round: it visits what came after the sequence after, oldest first.
func (c *change) eachAfter(kind, entry string, after uint64, visit func(seq uint64, id string) (bool, error)) error {
	bucket, prefix := c.bucket(bucketOrder), sequencePrefix(c.account, kind, "")
	if entry != "" {
		bucket, prefix = c.bucket(bucketIndex), sequencePrefix(c.account, kind, entry)
	}
	cursor := bucket.Cursor()
	for key, id := cursor.Seek(binary.BigEndian.AppendUint64(bytes.Clone(prefix), after+1)); key != nil; key, id = cursor.Next() {
		if !bytes.HasPrefix(key, prefix) || len(key) != len(prefix)+8 {
			return nil
		}
		more, err := visit(binary.BigEndian.Uint64(key[len(prefix):]), string(id))
		if err != nil || !more {
			return err
		}
	}
	return nil
}

func (c *change) remove(o object) error {
	head := o.head()
	if err := c.unindex(head, o.index()); err != nil {
		return err
	}
	if err := c.bucket(bucketOrder).Delete(sequenceKey(c.account, head.Object, "", head.Seq)); err != nil {
		return fmt.Errorf("removing %s: %w", head.ID, err)
	}
	if err := c.bucket(bucketObjects).Delete(objectKey(c.account, head.Object, head.ID)); err != nil {
		return fmt.Errorf("removing %s: %w", head.ID, err)
	}
	return nil
}

func (c *change) unindex(head *base, entries []string) error {
	for _, entry := range entries {
		if err := c.bucket(bucketIndex).Delete(sequenceKey(c.account, head.Object, entry, head.Seq)); err != nil {
			return fmt.Errorf("unindexing %s: %w", head.ID, err)
		}
	}
	return nil
}

func objectKey(account, kind, id string) []byte { return []byte(account + "/" + kind + "/" + id) }

func sequencePrefix(account, kind, entry string) []byte {
	return []byte(account + "/" + kind + "/" + entry + "/")
}

func sequenceKey(account, kind, entry string, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(sequencePrefix(account, kind, entry), seq)
}

func putJSON(bucket *bbolt.Bucket, key []byte, v any) error {
	raw, err := encode(v)
	if err != nil {
		return err
	}
	if err := bucket.Put(key, raw); err != nil {
		return fmt.Errorf("storing: %w", err)
	}
	return nil
}

// view runs fn on a consistent snapshot that it cannot change.
func (s *Server) view(account string, fn func(*change) error) error {
	return s.db.View(func(tx *bbolt.Tx) error {
		return fn(&change{tx: tx, server: s, account: account, now: s.cfg.Now()})
	})
}

// update runs fn as one change: all of it is stored, or, when fn returns an error, nothing.
func (s *Server) update(account string, request requestRef, fn func(*change) error) error {
	var events []string
	err := s.db.Update(func(tx *bbolt.Tx) error {
		c := &change{tx: tx, server: s, account: account, now: s.cfg.Now(), request: request}
		err := fn(c)
		events = c.events
		return err
	})
	if err != nil {
		return err
	}
	s.counts.generated(events)
	if len(events) > 0 {
		s.wakeUp()
	}
	return nil
}

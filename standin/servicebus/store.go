package servicebus

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The file holds one bucket a queue. In it lie
//
//	properties      the queue's name and QueueProperties
//	due             time and place of every message for which time decides next
//	seen, seen-at   the MessageIDs of duplicate detection, by id and by time
//	main, dead      the two sub-queues, each with
//	  messages      sequence number → what the sender sent, never rewritten
//	  records       sequence number → record
//	  ready, locked, scheduled
//	                the sequence numbers of the messages in that status
//
// Numbers and times are eight bytes, big endian, so that keys sort by them.
var (
	keyProperties = []byte("properties")
	keyDue        = []byte("due")
	keySeen       = []byte("seen")
	keySeenAt     = []byte("seen-at")
	keySubqueues  = [...][]byte{queueItself: []byte("main"), deadLetter: []byte("dead")}
	keyMessages   = []byte("messages")
	keyRecords    = []byte("records")
	keyStatuses   = [...][]byte{ready: []byte("ready"), locked: []byte("locked"), scheduled: []byte("scheduled")}
)

// subqueue is one of the two places in which a message of a queue can lie.
type subqueue byte

const (
	queueItself subqueue = iota
	deadLetter
)

// status is where a message stands in its sub-queue.
type status byte

const (
	ready status = iota
	locked
	scheduled
)

// record is what changes about a message. Times are Unix nanoseconds, 0 is
// none.
type record struct {
	Status        status `json:"status"`
	DeliveryCount int    `json:"deliveries,omitempty"`
	LockToken     string `json:"lockToken,omitempty"`
	LockedUntil   int64  `json:"lockedUntil,omitempty"`
	ScheduledFor  int64  `json:"scheduledFor,omitempty"`
	Enqueued      int64  `json:"enqueued,omitempty"`
	TTL           int64  `json:"ttl,omitempty"`
	Reason        string `json:"reason,omitempty"`
	Description   string `json:"description,omitempty"`
	Source        string `json:"source,omitempty"`
}

func (r *record) expires() int64 {
	if r.TTL == 0 || r.Enqueued == 0 {
		return 0
	}
	return r.Enqueued + r.TTL
}

// due returns when time next changes the message, 0 for never. A locked
// message does not expire until it is released, a dead-lettered one never.
func (r *record) due(sub subqueue) int64 {
	switch {
	case r.Status == locked:
		return r.LockedUntil
	case r.Status == scheduled:
		return r.ScheduledFor
	case sub == queueItself:
		return r.expires()
	}
	return 0
}

// queueFile is the value at keyProperties.
type queueFile struct {
	Name       string          `json:"name"`
	Properties QueueProperties `json:"properties"`
}

// queueTx is a queue inside a transaction.
type queueTx struct {
	queueFile
	bucket *bolt.Bucket
	due    *bolt.Bucket
	subs   [2]subTx
	// freed says that a message became receivable, so that receivers are to be
	// woken after the commit.
	freed bool
}

type subTx struct {
	messages, records *bolt.Bucket
	statuses          [3]*bolt.Bucket
}

func openQueue(tx *bolt.Tx, key string) (*queueTx, error) {
	b := tx.Bucket([]byte(key))
	if b == nil {
		return nil, ErrQueueNotFound
	}
	q := &queueTx{bucket: b, due: b.Bucket(keyDue)}
	if err := json.Unmarshal(b.Get(keyProperties), &q.queueFile); err != nil {
		return nil, fmt.Errorf("decoding the queue's properties: %w", err)
	}
	for i, k := range keySubqueues {
		s := b.Bucket(k)
		q.subs[i] = subTx{messages: s.Bucket(keyMessages), records: s.Bucket(keyRecords)}
		for j, k := range keyStatuses {
			q.subs[i].statuses[j] = s.Bucket(k)
		}
	}
	return q, nil
}

func createQueue(tx *bolt.Tx, key, name string, p QueueProperties) error {
	b := tx.Bucket([]byte(key))
	if b == nil {
		var err error
		if b, err = createBuckets(tx, key); err != nil {
			return err
		}
	} else {
		q, err := openQueue(tx, key)
		if err != nil {
			return err
		}
		if (q.Properties.DuplicateDetectionWindow == 0) != (p.DuplicateDetectionWindow == 0) {
			return fmt.Errorf("%w: duplicate detection cannot be turned on or off later", ErrNotAllowed)
		}
		name = q.Name
	}
	data, err := json.Marshal(queueFile{Name: name, Properties: p})
	if err != nil {
		return err
	}
	return b.Put(keyProperties, data)
}

func createBuckets(tx *bolt.Tx, key string) (*bolt.Bucket, error) {
	b, err := tx.CreateBucket([]byte(key))
	if err != nil {
		return nil, err
	}
	for _, k := range [][]byte{keyDue, keySeen, keySeenAt} {
		if _, err := b.CreateBucket(k); err != nil {
			return nil, err
		}
	}
	for _, k := range keySubqueues {
		s, err := b.CreateBucket(k)
		if err != nil {
			return nil, err
		}
		for _, k := range append([][]byte{keyMessages, keyRecords}, keyStatuses[:]...) {
			if _, err := s.CreateBucket(k); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

// load returns the record of a message, nil when there is none.
func (q *queueTx) load(sub subqueue, seq uint64) (*record, error) {
	data := q.subs[sub].records.Get(number(seq))
	if data == nil {
		return nil, nil
	}
	r := new(record)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("decoding the record of message %d: %w", seq, err)
	}
	return r, nil
}

// replace puts the message from one record into another and keeps both indexes
// right. A nil before means that the message is new here, a nil after that it
// leaves.
func (q *queueTx) replace(sub subqueue, seq uint64, before, after *record) error {
	s, id := q.subs[sub], number(seq)
	var errs []error
	if before != nil {
		errs = append(errs, s.statuses[before.Status].Delete(id))
		if at := before.due(sub); at != 0 {
			errs = append(errs, q.due.Delete(dueKey(at, sub, seq)))
		}
	}
	if after == nil {
		return errors.Join(append(errs, s.records.Delete(id), s.messages.Delete(id))...)
	}
	data, err := json.Marshal(after)
	errs = append(errs, err, s.records.Put(id, data), s.statuses[after.Status].Put(id, nil))
	if at := after.due(sub); at != 0 {
		errs = append(errs, q.due.Put(dueKey(at, sub, seq), nil))
	}
	q.freed = q.freed || after.Status == ready
	return errors.Join(errs...)
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func dueKey(at int64, sub subqueue, seq uint64) []byte {
	k := append(number(uint64(at)), byte(sub))
	return binary.BigEndian.AppendUint64(k, seq)
}

func splitDueKey(k []byte) (at int64, sub subqueue, seq uint64) {
	return int64(binary.BigEndian.Uint64(k)), subqueue(k[8]), binary.BigEndian.Uint64(k[9:])
}

// utc turns Unix nanoseconds into a time, 0 into the zero time.
func utc(nanoseconds int64) time.Time {
	if nanoseconds == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanoseconds).UTC()
}

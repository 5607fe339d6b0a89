package servicebus

import (
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The reasons that Service Bus itself gives when it moves a message to the
// dead-letter queue.
const (
	MaxDeliveryCountExceeded = "MaxDeliveryCountExceeded"
	TTLExpiredException      = "TTLExpiredException"
)

// nextDue returns when time next changes something in the queue, 0 for never.
func (q *queueTx) nextDue() int64 {
	k, _ := q.due.Cursor().First()
	if k == nil {
		return 0
	}
	at, _, _ := splitDueKey(k)
	return at
}

// advance does everything that time has decided since the last look: locks
// that ran out, scheduled messages whose time came, lives that ended. Each is
// done as of its own due time, so how late the look is makes no difference.
func (q *queueTx) advance(now time.Time) error {
	for {
		k, _ := q.due.Cursor().First()
		if k == nil {
			return nil
		}
		at, sub, seq := splitDueKey(k)
		if at > now.UnixNano() {
			return nil
		}
		r, err := q.load(sub, seq)
		if err != nil {
			return err
		}
		if r == nil {
			return fmt.Errorf("%w: message %d is due and not there", errCorrupt, seq)
		}
		switch r.Status {
		case locked:
			err = q.release(sub, seq, r, at)
		case scheduled:
			err = q.enqueueScheduled(seq, r)
		case ready:
			err = q.expire(seq, r)
		}
		if err != nil {
			return err
		}
	}
}

// release gives a locked message back: to whoever receives next, or to the
// dead-letter queue when it was delivered often enough. A message of the
// dead-letter queue may be delivered without end.
func (q *queueTx) release(sub subqueue, seq uint64, r *record, at int64) error {
	if sub == queueItself && r.DeliveryCount >= q.Properties.MaxDeliveryCount {
		return q.moveToDeadLetter(seq, r, MaxDeliveryCountExceeded,
			"The message was delivered as often as MaxDeliveryCount allows without being completed.")
	}
	if x := r.expires(); sub == queueItself && x != 0 && x <= at {
		return q.expire(seq, r)
	}
	after := *r
	after.Status, after.LockToken, after.LockedUntil = ready, "", 0
	return q.replace(sub, seq, r, &after)
}

func (q *queueTx) expire(seq uint64, r *record) error {
	if !q.Properties.DeadLetteringOnExpiration {
		return q.replace(queueItself, seq, r, nil)
	}
	return q.moveToDeadLetter(seq, r, TTLExpiredException, "The message's time to live ended before it was completed.")
}

func (q *queueTx) moveToDeadLetter(seq uint64, r *record, reason, description string) error {
	message := clone(q.subs[queueItself].messages.Get(number(seq)))
	if err := q.replace(queueItself, seq, r, nil); err != nil {
		return err
	}
	after := *r
	after.Status, after.LockToken, after.LockedUntil = ready, "", 0
	after.Reason, after.Description, after.Source = reason, description, q.Name
	return q.insert(deadLetter, seq, message, &after)
}

// enqueueScheduled makes a scheduled message an ordinary one. As in Service
// Bus, it is appended to the queue with a new sequence number.
func (q *queueTx) enqueueScheduled(seq uint64, r *record) error {
	message := clone(q.subs[queueItself].messages.Get(number(seq)))
	if err := q.replace(queueItself, seq, r, nil); err != nil {
		return err
	}
	after := *r
	after.Status, after.Enqueued, after.ScheduledFor = ready, r.ScheduledFor, 0
	next, err := q.bucket.NextSequence()
	if err != nil {
		return err
	}
	return q.insert(queueItself, next, message, &after)
}

func (q *queueTx) insert(sub subqueue, seq uint64, message []byte, r *record) error {
	if err := q.subs[sub].messages.Put(number(seq), message); err != nil {
		return err
	}
	return q.replace(sub, seq, nil, r)
}

// clone copies what bbolt only lends until the page is written again.
func clone(b []byte) []byte { return append([]byte(nil), b...) }

// releaseLocks ends every lock there is.
func (ns *Namespace) releaseLocks() error {
	now := time.Now().UnixNano()
	return ns.db.Update(func(tx *bolt.Tx) error {
		return tx.ForEach(func(key []byte, _ *bolt.Bucket) error {
			q, err := openQueue(tx, string(key))
			if err != nil {
				return err
			}
			for _, sub := range []subqueue{queueItself, deadLetter} {
				if err := q.releaseAll(sub, now); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (q *queueTx) releaseAll(sub subqueue, now int64) error {
	index := q.subs[sub].statuses[locked]
	for k, _ := index.Cursor().First(); k != nil; k, _ = index.Cursor().First() {
		seq := decodeNumber(k)
		r, err := q.load(sub, seq)
		if err != nil {
			return err
		}
		if r == nil {
			return fmt.Errorf("%w: message %d is locked and not there", errCorrupt, seq)
		}
		if err := q.release(sub, seq, r, now); err != nil {
			return err
		}
	}
	return nil
}

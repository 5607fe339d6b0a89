package servicebus

import (
	"context"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Queue is a queue or a dead-letter queue of a Namespace.
type Queue struct {
	ns   *Namespace
	name string
	key  string
	sub  subqueue
	wake *wake
}

// Name returns the name under which the queue was asked for.
func (q *Queue) Name() string { return q.name }

// Properties returns the settings of the queue, with the defaults in the place
// of zeros. Those of a dead-letter queue are its queue's.
func (q *Queue) Properties(ctx context.Context) (QueueProperties, error) {
	var p QueueProperties
	err := q.view(ctx, func(tx *queueTx) error {
		p = tx.Properties
		return nil
	})
	if err != nil {
		return QueueProperties{}, fmt.Errorf("reading the properties of %q: %w", q.name, err)
	}
	return p, nil
}

// Counts are the numbers of messages in a queue.
type Counts struct {
	// Active messages can be received now. Service Bus counts the locked ones
	// among them; here they are apart.
	Active int
	// Locked messages were received and are not settled yet.
	Locked int
	// Scheduled messages wait for their time.
	Scheduled int
	// DeadLetter is what lies in the dead-letter queue, locked or not.
	DeadLetter int
}

// Counts returns how many messages there are. Of a dead-letter queue it counts
// the dead letters as Active and Locked too.
func (q *Queue) Counts(ctx context.Context) (Counts, error) {
	var c Counts
	err := q.view(ctx, func(tx *queueTx) error {
		s := tx.subs[q.sub]
		c = Counts{
			Active:     s.statuses[ready].Stats().KeyN,
			Locked:     s.statuses[locked].Stats().KeyN,
			Scheduled:  s.statuses[scheduled].Stats().KeyN,
			DeadLetter: tx.subs[deadLetter].records.Stats().KeyN,
		}
		return nil
	})
	if err != nil {
		return Counts{}, fmt.Errorf("counting the messages of %q: %w", q.name, err)
	}
	return c, nil
}

// Peek shows up to n messages (more than 1000 means 1000) from the sequence
// number on, in its order, locked and scheduled ones too, and locks none.
func (q *Queue) Peek(ctx context.Context, from int64, n int) ([]Received, error) {
	var out []Received
	err := q.view(ctx, func(tx *queueTx) error {
		c := tx.subs[q.sub].records.Cursor()
		for k, _ := c.Seek(number(uint64(max(from, 0)))); k != nil && len(out) < min(n, maxMessages); k, _ = c.Next() {
			seq := decodeNumber(k)
			r, err := tx.load(q.sub, seq)
			if err != nil {
				return err
			}
			m, err := tx.received(q.sub, seq, r)
			if err != nil {
				return err
			}
			m.LockToken = ""
			out = append(out, *m)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("peeking into %q: %w", q.name, err)
	}
	return out, nil
}

// view runs do in a transaction that only reads, after everything that time
// has decided.
func (q *Queue) view(ctx context.Context, do func(tx *queueTx) error) error {
	due, err := q.look(func(*queueTx) error { return nil })
	if err == nil && due != 0 && due <= time.Now().UnixNano() {
		err = q.update(ctx, func(*queueTx, time.Time) error { return nil })
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	_, err = q.look(do)
	return err
}

// look runs do in a transaction that only reads, and returns when time next
// changes something in the queue, 0 for never.
func (q *Queue) look(do func(tx *queueTx) error) (due int64, err error) {
	err = q.ns.db.View(func(tx *bolt.Tx) error {
		qtx, err := openQueue(tx, q.key)
		if err != nil {
			return err
		}
		due = qtx.nextDue()
		return do(qtx)
	})
	return due, mapClosed(err)
}

// update runs do in one transaction after everything that time has decided,
// and wakes the receivers when that made a message receivable.
func (q *Queue) update(ctx context.Context, do func(tx *queueTx, now time.Time) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	freed := false
	err := q.ns.db.Update(func(tx *bolt.Tx) error {
		qtx, err := openQueue(tx, q.key)
		if err != nil {
			return err
		}
		now := time.Now()
		if err := qtx.advance(now); err != nil {
			return err
		}
		if err := do(qtx, now); err != nil {
			return err
		}
		freed = qtx.freed
		return nil
	})
	if err != nil {
		return mapClosed(err)
	}
	if freed {
		q.wake.broadcast()
	}
	return nil
}

// received is the message as a receiver sees it.
func (q *queueTx) received(sub subqueue, seq uint64, r *record) (*Received, error) {
	m, err := decodeMessage(q.subs[sub].messages.Get(number(seq)))
	if err != nil {
		return nil, fmt.Errorf("message %d: %w", seq, err)
	}
	m.TimeToLive = time.Duration(r.TTL)
	m.ScheduledEnqueueTime = utc(r.ScheduledFor)
	out := &Received{
		Message:                    m,
		LockToken:                  r.LockToken,
		SequenceNumber:             int64(seq),
		DeliveryCount:              r.DeliveryCount,
		EnqueuedTime:               utc(r.Enqueued),
		ExpiresAt:                  NeverExpires,
		LockedUntil:                utc(r.LockedUntil),
		State:                      Active,
		DeadLetterReason:           r.Reason,
		DeadLetterErrorDescription: r.Description,
		DeadLetterSource:           r.Source,
	}
	if r.Status == scheduled {
		out.State = Scheduled
	}
	if x := r.expires(); x != 0 {
		out.ExpiresAt = utc(x)
	}
	return out, nil
}

package servicebus

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// maxMessages bounds what one Receive or Peek hands out.
const maxMessages = 1000

// window is how many more messages than asked for Receive chooses from when it
// shuffles, so that a later message can overtake an earlier one.
const window = 8

// Receive locks and returns up to n messages (more than 1000 means 1000). It
// waits until there is at least one, until the context is done (its error is
// returned) or until the namespace is closed (ErrClosed).
func (q *Queue) Receive(ctx context.Context, n int) ([]*Received, error) {
	if n < 1 {
		return nil, fmt.Errorf("receiving from %q: %d messages asked for", q.name, n)
	}
	for {
		// Taken before the look, or a message sent in between would wake nobody.
		woken := q.wake.next()
		out, due, err := q.tryReceive(ctx, min(n, maxMessages))
		if err != nil {
			return nil, fmt.Errorf("receiving from %q: %w", q.name, err)
		}
		if len(out) > 0 {
			return out, nil
		}
		if err := q.wait(ctx, woken, due); err != nil {
			return nil, fmt.Errorf("waiting for a message of %q: %w", q.name, err)
		}
	}
}

// wait returns when there may be something to receive: when somebody made a
// message receivable or when time is due to.
func (q *Queue) wait(ctx context.Context, woken <-chan struct{}, due int64) error {
	var alarm <-chan time.Time
	if due != 0 {
		t := time.NewTimer(time.Until(utc(due)))
		defer t.Stop()
		alarm = t.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-q.ns.closed:
		return ErrClosed
	case <-woken:
	case <-alarm:
	}
	return nil
}

// tryReceive locks what is there now; with nothing there it returns when time
// next changes something. It writes only when there is something to write.
func (q *Queue) tryReceive(ctx context.Context, n int) (out []*Received, due int64, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	idle := false
	due, err = q.look(func(tx *queueTx) error {
		first, _ := tx.subs[q.sub].statuses[ready].Cursor().First()
		due := tx.nextDue()
		idle = first == nil && (due == 0 || due > time.Now().UnixNano())
		return nil
	})
	if err != nil || idle {
		return nil, due, err
	}
	err = q.update(ctx, func(tx *queueTx, now time.Time) error {
		for _, seq := range q.choose(tx, n) {
			m, err := tx.lock(q.sub, seq, now)
			if err != nil {
				return err
			}
			out = append(out, m)
		}
		due = tx.nextDue()
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	return out, due, nil
}

// choose returns the sequence numbers of up to n receivable messages.
func (q *Queue) choose(tx *queueTx, n int) []uint64 {
	var seqs []uint64
	c := tx.subs[q.sub].statuses[ready].Cursor()
	for k, _ := c.First(); k != nil && len(seqs) < n+window; k, _ = c.Next() {
		seqs = append(seqs, decodeNumber(k))
	}
	q.ns.shuffle(len(seqs), func(i, j int) { seqs[i], seqs[j] = seqs[j], seqs[i] })
	return seqs[:min(n, len(seqs))]
}

func (q *queueTx) lock(sub subqueue, seq uint64, now time.Time) (*Received, error) {
	r, err := q.load(sub, seq)
	if err != nil {
		return nil, err
	}
	after := *r
	after.Status = locked
	after.DeliveryCount++
	after.LockToken = uuid.NewString()
	after.LockedUntil = now.Add(q.Properties.LockDuration).UnixNano()
	if err := q.replace(sub, seq, r, &after); err != nil {
		return nil, err
	}
	return q.received(sub, seq, &after)
}

package servicebus

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Complete removes the message for good. It returns ErrLockLost when the lock
// ran out or the message is settled already.
func (q *Queue) Complete(ctx context.Context, r *Received) error {
	return q.CompleteAll(ctx, []*Received{r})
}

// CompleteAll completes the messages in one transaction. Those whose lock is
// lost are left out and named in the error, an ErrLockLost for each.
func (q *Queue) CompleteAll(ctx context.Context, rs []*Received) error {
	return q.settle(ctx, "completing", rs, func(tx *queueTx, seq uint64, rec *record, _ time.Time) error {
		return tx.replace(q.sub, seq, rec, nil)
	})
}

// Abandon gives the message back: it can be received again at once, or is
// moved to the dead-letter queue when it was delivered MaxDeliveryCount times.
// It returns ErrLockLost like Complete.
func (q *Queue) Abandon(ctx context.Context, r *Received) error {
	return q.AbandonAll(ctx, []*Received{r})
}

// AbandonAll abandons the messages in one transaction; its error is like that
// of CompleteAll.
func (q *Queue) AbandonAll(ctx context.Context, rs []*Received) error {
	return q.settle(ctx, "abandoning", rs, func(tx *queueTx, seq uint64, rec *record, now time.Time) error {
		return tx.release(q.sub, seq, rec, now.UnixNano())
	})
}

// Renew starts the lock anew with the queue's LockDuration from now on and
// sets r.LockedUntil. It returns ErrLockLost like Complete.
func (q *Queue) Renew(ctx context.Context, r *Received) error {
	var until time.Time
	err := q.settle(ctx, "renewing the lock of", []*Received{r}, func(tx *queueTx, seq uint64, rec *record, now time.Time) error {
		until = now.Add(tx.Properties.LockDuration)
		after := *rec
		after.LockedUntil = until.UnixNano()
		return tx.replace(q.sub, seq, rec, &after)
	})
	if err != nil {
		return err
	}
	r.LockedUntil = utc(until.UnixNano())
	return nil
}

// DeadLetter moves the message to the dead-letter queue with the reason and
// the description. It returns ErrLockLost like Complete, and ErrNotAllowed for
// a message that lies there already.
func (q *Queue) DeadLetter(ctx context.Context, r *Received, reason, description string) error {
	if q.sub == deadLetter {
		return fmt.Errorf("dead-lettering a message of %q: %w", q.name, ErrNotAllowed)
	}
	return q.settle(ctx, "dead-lettering", []*Received{r}, func(tx *queueTx, seq uint64, rec *record, _ time.Time) error {
		return tx.moveToDeadLetter(seq, rec, reason, description)
	})
}

// settle runs do on the record of each message whose lock still holds.
func (q *Queue) settle(ctx context.Context, doing string, rs []*Received, do func(*queueTx, uint64, *record, time.Time) error) error {
	var lost []error
	err := q.update(ctx, func(tx *queueTx, now time.Time) error {
		for _, r := range rs {
			seq := uint64(r.SequenceNumber)
			rec, err := tx.load(q.sub, seq)
			if err != nil {
				return err
			}
			if rec == nil || rec.Status != locked || rec.LockToken != r.LockToken {
				// No reason to roll back: what time decided stays decided.
				lost = append(lost, fmt.Errorf("%s message %d of %q: %w", doing, seq, q.name, ErrLockLost))
				continue
			}
			if err := do(tx, seq, rec, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s messages of %q: %w", doing, q.name, err)
	}
	return errors.Join(lost...)
}

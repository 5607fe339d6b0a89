package servicebus

import (
	"context"
	"fmt"
	"time"
)

// Complete removes the message for good. It returns ErrLockLost when the lock
// ran out or the message is settled already.
func (q *Queue) Complete(ctx context.Context, r *Received) error {
	return q.settle(ctx, "completing", r, func(tx *queueTx, rec *record, _ time.Time) error {
		return tx.replace(q.sub, uint64(r.SequenceNumber), rec, nil)
	})
}

// Abandon gives the message back: it can be received again at once, or is
// moved to the dead-letter queue when it was delivered MaxDeliveryCount times.
// It returns ErrLockLost like Complete.
func (q *Queue) Abandon(ctx context.Context, r *Received) error {
	return q.settle(ctx, "abandoning", r, func(tx *queueTx, rec *record, now time.Time) error {
		return tx.release(q.sub, uint64(r.SequenceNumber), rec, now.UnixNano())
	})
}

// Renew starts the lock anew with the queue's LockDuration from now on and
// sets r.LockedUntil. It returns ErrLockLost like Complete.
func (q *Queue) Renew(ctx context.Context, r *Received) error {
	var until time.Time
	err := q.settle(ctx, "renewing the lock of", r, func(tx *queueTx, rec *record, now time.Time) error {
		until = now.Add(tx.Properties.LockDuration)
		after := *rec
		after.LockedUntil = until.UnixNano()
		return tx.replace(q.sub, uint64(r.SequenceNumber), rec, &after)
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
	return q.settle(ctx, "dead-lettering", r, func(tx *queueTx, rec *record, _ time.Time) error {
		return tx.moveToDeadLetter(uint64(r.SequenceNumber), rec, reason, description)
	})
}

// settle runs do on the record of the message if the lock still holds.
func (q *Queue) settle(ctx context.Context, doing string, r *Received, do func(*queueTx, *record, time.Time) error) error {
	lost := false
	err := q.update(ctx, func(tx *queueTx, now time.Time) error {
		rec, err := tx.load(q.sub, uint64(r.SequenceNumber))
		if err != nil {
			return err
		}
		// A lost lock is no reason to roll back: what time decided stays decided.
		if lost = rec == nil || rec.Status != locked || rec.LockToken != r.LockToken; lost {
			return nil
		}
		return do(tx, rec, now)
	})
	if err == nil && lost {
		err = ErrLockLost
	}
	if err != nil {
		return fmt.Errorf("%s message %d of %q: %w", doing, r.SequenceNumber, q.name, err)
	}
	return nil
}

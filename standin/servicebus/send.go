package servicebus

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"
)

// Send enqueues the messages, all or none of them. It returns
// ErrMessageTooLarge when one is over MaxMessageSize, and ErrNotAllowed on a
// dead-letter queue.
func (q *Queue) Send(ctx context.Context, messages ...Message) error {
	if q.sub == deadLetter {
		return fmt.Errorf("sending to %q: %w", q.name, ErrNotAllowed)
	}
	encoded := make([][]byte, len(messages))
	for i, m := range messages {
		data, err := m.encode()
		if err != nil {
			return fmt.Errorf("sending to %q: message %d of %d: %w", q.name, i+1, len(messages), err)
		}
		encoded[i] = data
	}
	err := q.update(ctx, func(tx *queueTx, now time.Time) error {
		for i := range messages {
			if err := tx.enqueue(&messages[i], encoded[i], now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sending to %q: %w", q.name, err)
	}
	return nil
}

func (q *queueTx) enqueue(m *Message, encoded []byte, now time.Time) error {
	if duplicate, err := q.remember(m.MessageID, now); duplicate || err != nil {
		return err
	}
	ttl := q.Properties.DefaultMessageTTL
	if m.TimeToLive > 0 && (ttl == 0 || m.TimeToLive < ttl) {
		ttl = m.TimeToLive
	}
	r := &record{Status: ready, Enqueued: now.UnixNano(), TTL: int64(ttl)}
	if m.ScheduledEnqueueTime.After(now) {
		r.Status, r.Enqueued, r.ScheduledFor = scheduled, 0, m.ScheduledEnqueueTime.UnixNano()
	}
	seq, err := q.bucket.NextSequence()
	if err != nil {
		return err
	}
	return q.insert(queueItself, seq, encoded, r)
}

// remember reports whether a message with this id was sent within the window
// of duplicate detection, and otherwise keeps the id for as long.
func (q *queueTx) remember(id string, now time.Time) (duplicate bool, err error) {
	window := q.Properties.DuplicateDetectionWindow
	if window == 0 || id == "" {
		return false, nil
	}
	seen, seenAt := q.bucket.Bucket(keySeen), q.bucket.Bucket(keySeenAt)
	for k, _ := seenAt.Cursor().First(); k != nil; k, _ = seenAt.Cursor().First() {
		if int64(binary.BigEndian.Uint64(k)) > now.Add(-window).UnixNano() {
			break
		}
		if err := seen.Delete(clone(k[8:])); err != nil {
			return false, err
		}
		if err := seenAt.Delete(k); err != nil {
			return false, err
		}
	}
	if seen.Get([]byte(id)) != nil {
		return true, nil
	}
	at := number(uint64(now.UnixNano()))
	if err := seen.Put([]byte(id), at); err != nil {
		return false, err
	}
	return false, seenAt.Put(append(at, id...), nil)
}

func decodeNumber(k []byte) uint64 { return binary.BigEndian.Uint64(k) }

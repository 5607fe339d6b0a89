package stripe

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// What the clock brings about.
const (
	timerSettle       = "settle payment"
	timerBounce       = "bounce payment"
	timerExpire       = "expire session"
	timerSettleRefund = "settle refund"
	timerFailRefund   = "fail refund"
)

// timer is something that happens at a time of Config.Now.
type timer struct {
	What    string `json:"what"`
	Account string `json:"account"`
	ID      string `json:"id"`
}

// later sets a timer for Config.SettleAfter.
func (c *change) later(what, id string) error {
	if c.server.cfg.SettleAfter < 0 {
		return nil
	}
	return c.at(c.now.Add(c.server.cfg.SettleAfter), what, id)
}

func (c *change) at(due time.Time, what, id string) error {
	bucket := c.bucket(bucketTimers)
	seq, err := bucket.NextSequence()
	if err != nil {
		return fmt.Errorf("numbering a timer: %w", err)
	}
	key := binary.BigEndian.AppendUint64(nil, uint64(due.UnixNano()))
	return putJSON(bucket, binary.BigEndian.AppendUint64(key, seq), timer{What: what, Account: c.account, ID: id})
}

// sweep fires the timers that are due, each in a change of its own. It is called by the courier and before every
// request, so that what the clock made happen has happened for whoever looks.
func (s *Server) sweep() error {
	for {
		var due bool
		err := s.db.View(func(tx *bbolt.Tx) error {
			key, _ := tx.Bucket([]byte(bucketTimers)).Cursor().First()
			due = key != nil && int64(binary.BigEndian.Uint64(key)) <= s.cfg.Now().UnixNano()
			return nil
		})
		if err != nil || !due {
			return err
		}
		if err := s.update("", requestRef{}, (*change).fireFirst); err != nil {
			return err
		}
	}
}

func (c *change) fireFirst() error {
	bucket := c.bucket(bucketTimers)
	key, raw := bucket.Cursor().First()
	if key == nil || int64(binary.BigEndian.Uint64(key)) > c.now.UnixNano() {
		return nil
	}
	var t timer
	if err := json.Unmarshal(raw, &t); err != nil {
		return fmt.Errorf("reading a timer: %w", err)
	}
	if err := bucket.Delete(key); err != nil {
		return fmt.Errorf("removing a timer: %w", err)
	}
	c.account = t.Account
	return c.fire(t)
}

// fire brings a timer's happening about, unless the object is no longer in the state for it.
func (c *change) fire(t timer) error {
	switch t.What {
	case timerSettle, timerBounce:
		i, err := c.intent("intent", t.ID)
		if err != nil || i.Status != statusProcessing {
			return ignoreGone(err)
		}
		if t.What == timerSettle {
			return c.settle(i)
		}
		return c.bounce(i, "")
	case timerExpire:
		session, err := load[session](c, kindSession, "session", t.ID)
		if err != nil || session.Status != sessionOpen {
			return ignoreGone(err)
		}
		return c.expire(session)
	case timerSettleRefund, timerFailRefund:
		r, err := load[refund](c, kindRefund, "refund", t.ID)
		if err != nil {
			return ignoreGone(err)
		}
		if t.What == timerFailRefund {
			return c.failRefund(r, "expired_or_canceled_card")
		}
		return c.settleRefund(r)
	default:
		return fmt.Errorf("stripe stand-in: unknown timer %q", t.What)
	}
}

package stripe

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

// pollEvery is how often the courier looks for work that a clock other than the machine's made due.
const pollEvery = 200 * time.Millisecond

// delivery is one event on its way to one endpoint. It is stored until it was taken or given up.
type delivery struct {
	Account  string `json:"account"`
	Event    string `json:"event"`
	Endpoint string `json:"endpoint"`
	Attempt  int    `json:"attempt"`
	// Extra marks a repetition of what was taken already; nothing counts on it.
	Extra bool `json:"extra,omitempty"`
}

// courier is the deliveries under way.
type courier struct {
	mu      sync.Mutex
	carried map[string]bool // key → under way
	busy    map[string]bool // endpoint → has one under way, where the delivery is orderly
	held    bool
	changed chan struct{}
}

// post stores a delivery, due at once or, for some, a little later.
func (c *change) post(e *event, to *endpoint) error {
	rng := rand.New(rand.NewPCG(c.server.cfg.Seed, e.Seq))
	wait := time.Duration(0)
	if d := c.server.cfg.Delivery; rng.Float64() < d.Late {
		wait = time.Duration(rng.Int64N(int64(d.LateBy)))
		c.server.counts.late()
	}
	return schedule(c.tx, delivery{Account: c.account, Event: e.ID, Endpoint: to.ID}, time.Now().Add(wait))
}

// schedule stores a delivery under the time at which it is due. That is the machine's time, not Config.Now.
func schedule(tx *bbolt.Tx, d delivery, due time.Time) error {
	bucket := tx.Bucket([]byte(bucketDeliveries))
	seq, err := bucket.NextSequence()
	if err != nil {
		return fmt.Errorf("numbering a delivery: %w", err)
	}
	key := binary.BigEndian.AppendUint64(nil, uint64(due.UnixNano()))
	return putJSON(bucket, binary.BigEndian.AppendUint64(key, seq), d)
}

// deliver is the courier's round. It also fires what the clock made due.
func (s *Server) deliver() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.stopped.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
		if err := s.sweep(); err != nil {
			s.cfg.Logger.LogAttrs(s.stopped, slog.LevelError, "stripe stand-in: sweep broke", slog.Any("error", err))
		}
		next, err := s.dispatch()
		if err != nil {
			s.cfg.Logger.LogAttrs(s.stopped, slog.LevelError, "stripe stand-in: dispatch broke", slog.Any("error", err))
		}
		timer.Reset(max(min(pollEvery, next), time.Millisecond))
	}
}

// dispatch starts every delivery that is due and says how long it is until the next.
func (s *Server) dispatch() (time.Duration, error) {
	next := pollEvery
	// An attempt may end while the list is walked. What waited for it when the
	// walk came by must not be overtaken by what comes later in the list.
	blocked := map[string]bool{}
	err := s.db.View(func(tx *bbolt.Tx) error {
		cursor := tx.Bucket([]byte(bucketDeliveries)).Cursor()
		for key, raw := cursor.First(); key != nil; key, raw = cursor.Next() {
			if wait := time.Until(time.Unix(0, int64(binary.BigEndian.Uint64(key)))); wait > 0 {
				next = wait
				return nil
			}
			var d delivery
			if err := json.Unmarshal(raw, &d); err != nil {
				return fmt.Errorf("reading a delivery: %w", err)
			}
			if blocked[d.Endpoint] {
				continue
			}
			key := bytes.Clone(key)
			started, full := s.courier.take(string(key), d.Endpoint, s.cfg.Delivery)
			if full {
				return nil
			}
			if started {
				s.running.Go(func() { s.carry(key, d) })
			}
			blocked[d.Endpoint] = s.cfg.Delivery.Orderly
		}
		return nil
	})
	return next, err
}

// take says whether a delivery may start now, and whether no other may.
func (c *courier) take(key, endpoint string, cfg Delivery) (started, full bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.carried == nil {
		c.carried, c.busy = map[string]bool{}, map[string]bool{}
	}
	if c.held || len(c.carried) >= cfg.Concurrency {
		return false, true
	}
	if c.carried[key] || cfg.Orderly && c.busy[endpoint] {
		return false, false
	}
	c.carried[key], c.busy[endpoint] = true, true
	return true, false
}

func (c *courier) done(key, endpoint string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.carried, key)
	delete(c.busy, endpoint)
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

// change is closed at the next end of an attempt.
func (c *courier) change() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	return c.changed
}

// carry makes one attempt and stores what came of it.
func (s *Server) carry(key []byte, d delivery) {
	defer s.wakeUp()
	defer s.courier.done(string(key), d.Endpoint)
	if !s.pending(key) {
		return
	}
	to, body, err := s.parcel(d)
	if err == nil && to != nil {
		err = s.attemptDelivery(to, body)
		s.counts.delivered(err == nil)
	}
	if s.stopped.Err() != nil && err != nil {
		return // the attempt was broken off by Close and is made again after the next Open
	}
	level := slog.LevelDebug
	attrs := []slog.Attr{slog.String("event", d.Event), slog.String("endpoint", d.Endpoint), slog.Int("attempt", d.Attempt+1)}
	if err != nil {
		level, attrs = slog.LevelInfo, append(attrs, slog.Any("error", err))
	}
	s.cfg.Logger.LogAttrs(s.stopped, level, "stripe stand-in: delivery", attrs...)
	if err := s.settleDelivery(key, d, to != nil && err == nil); err != nil {
		s.cfg.Logger.LogAttrs(s.stopped, slog.LevelError, "stripe stand-in: storing a delivery", slog.Any("error", err))
	}
}

// pending says whether a delivery is still to be made. An attempt may have
// settled it after the courier read the list in which it stood.
func (s *Server) pending(key []byte) bool {
	there := false
	err := s.db.View(func(tx *bbolt.Tx) error {
		there = tx.Bucket([]byte(bucketDeliveries)).Get(key) != nil
		return nil
	})
	return err == nil && there
}

// settleDelivery forgets a delivery that was taken, or schedules it anew while there are attempts left.
func (s *Server) settleDelivery(key []byte, d delivery, taken bool) error {
	return s.update(d.Account, requestRef{}, func(c *change) error {
		bucket := c.bucket(bucketDeliveries)
		if bucket.Get(key) == nil {
			return nil
		}
		if err := bucket.Delete(key); err != nil {
			return fmt.Errorf("forgetting the delivery: %w", err)
		}
		cfg := s.cfg.Delivery
		if !taken {
			if d.Extra || d.Attempt >= len(cfg.Backoff) {
				return nil
			}
			wait := cfg.Backoff[d.Attempt]
			d.Attempt++
			return schedule(c.tx, d, time.Now().Add(wait))
		}
		if d.Extra {
			return nil
		}
		e, err := load[event](c, kindEvent, "id", d.Event)
		if err != nil {
			return ignoreGone(err)
		}
		e.Pending = max(e.Pending-1, 0)
		if err := c.put(e); err != nil {
			return err
		}
		rng := rand.New(rand.NewPCG(cfg.seed(s), e.Seq+1))
		if rng.Float64() >= cfg.Twice {
			return nil
		}
		d.Extra = true
		s.counts.repeated()
		return schedule(c.tx, d, time.Now().Add(time.Duration(rng.Int64N(int64(cfg.LateBy)))))
	})
}

// seed keeps the draws for repeating apart from those for delaying.
func (Delivery) seed(s *Server) uint64 { return s.cfg.Seed ^ 0x7477696365 }

// WaitIdle returns when no delivery is pending or under way, or with ctx's error when that ends first.
func (s *Server) WaitIdle(ctx context.Context) error {
	for {
		changed := s.courier.change()
		pending := 0
		err := s.db.View(func(tx *bbolt.Tx) error {
			key, _ := tx.Bucket([]byte(bucketDeliveries)).Cursor().First()
			if key != nil {
				pending++
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("looking for deliveries: %w", err)
		}
		if pending == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the deliveries to end: %w", context.Cause(ctx))
		}
	}
}

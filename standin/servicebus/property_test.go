package servicebus_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"paybridge/standin/servicebus"
)

// TestNothingIsLostOrInvented does random things to a queue and to a model of
// one, and compares what lies in both after each.
func TestNothingIsLostOrInvented(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		rapid.Check(inBubble{t}, func(t *rapid.T) {
			dir, err := os.MkdirTemp(dir, "")
			must(t, err)
			m := newMachine(t, dir)
			defer m.close(t)
			t.Repeat(map[string]func(*rapid.T){
				"":            m.compare,
				"send":        m.send,
				"receive":     m.receive,
				"complete":    m.complete,
				"abandon":     m.abandon,
				"renew":       m.renew,
				"dead-letter": m.deadLetter,
				"pass time":   m.passTime,
				"reopen":      m.reopen,
			})
		})
	})
}

// inBubble keeps rapid from asking for the test's deadline, which a test in a
// bubble of package synctest does not have.
type inBubble struct{ *testing.T }

func must(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// machine drives a queue and its model. A held message is one that was
// received once, whether its lock still holds or not.
type machine struct {
	dir   string
	ns    *servicebus.Namespace
	queue *servicebus.Queue
	dead  *servicebus.Queue
	held  []*servicebus.Received
	sent  int
	model model
}

func newMachine(t *rapid.T, dir string) *machine {
	p := servicebus.QueueProperties{
		LockDuration:              rapid.SampledFrom([]time.Duration{time.Second, time.Minute}).Draw(t, "lock"),
		MaxDeliveryCount:          rapid.IntRange(1, 4).Draw(t, "max deliveries"),
		DefaultMessageTTL:         rapid.SampledFrom([]time.Duration{0, 3 * time.Minute}).Draw(t, "ttl"),
		DeadLetteringOnExpiration: rapid.Bool().Draw(t, "dead-lettering"),
	}
	m := &machine{dir: dir, model: model{p: p, messages: map[string]*modelled{}}}
	m.open(t, false)
	return m
}

func (m *machine) open(t *rapid.T, release bool) {
	ns, err := servicebus.Open(m.dir, &servicebus.Options{Seed: 1, ReleaseLocks: release})
	must(t, err)
	must(t, ns.CreateQueue("q", m.model.p))
	m.ns = ns
	m.queue, err = ns.Queue("q")
	must(t, err)
	m.dead, err = ns.Queue("q/$DeadLetterQueue")
	must(t, err)
}

func (m *machine) close(t *rapid.T) { must(t, m.ns.Close()) }

func (m *machine) reopen(t *rapid.T) {
	m.close(t)
	release := rapid.Bool().Draw(t, "release")
	m.model.advance()
	if release {
		for body, x := range m.model.messages {
			if x.lock != "" {
				m.model.release(body, time.Now())
			}
		}
	}
	m.open(t, release)
}

func (m *machine) send(t *rapid.T) {
	var ms []servicebus.Message
	for range rapid.IntRange(1, 5).Draw(t, "n") {
		m.sent++
		msg := servicebus.Message{Body: fmt.Append(nil, m.sent)}
		msg.TimeToLive = rapid.SampledFrom([]time.Duration{0, 10 * time.Second}).Draw(t, "ttl")
		if rapid.IntRange(0, 4).Draw(t, "scheduled") == 0 {
			msg.ScheduledEnqueueTime = time.Now().Add(20 * time.Second)
		}
		m.model.send(msg)
		ms = append(ms, msg)
	}
	must(t, m.queue.Send(context.Background(), ms...))
}

func (m *machine) receive(t *rapid.T) {
	m.model.advance()
	q := m.draw(t, "queue")
	n := rapid.IntRange(1, 6).Draw(t, "n")
	ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
	defer cancel()
	rs, err := q.Receive(ctx, n)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if want := min(n, m.model.receivable(q == m.dead)); len(rs) != want {
		t.Fatalf("received %d messages, want %d", len(rs), want)
	}
	for _, r := range rs {
		m.model.receive(t, r, q == m.dead)
	}
	m.held = append(m.held, rs...)
}

func (m *machine) draw(t *rapid.T, label string) *servicebus.Queue {
	if rapid.IntRange(0, 3).Draw(t, label) == 0 {
		return m.dead
	}
	return m.queue
}

// settle does one thing to one held message, sometimes from the wrong one of
// the two queues, and holds the answer against the model's.
func (m *machine) settle(t *rapid.T, q *servicebus.Queue, do func(context.Context, *servicebus.Received) error, then func(body string)) {
	if len(m.held) == 0 {
		return
	}
	m.model.advance()
	r := m.held[rapid.IntRange(0, len(m.held)-1).Draw(t, "which")]
	body := string(r.Body)
	err := do(context.Background(), r)
	if x := m.model.messages[body]; x == nil || x.lock != r.LockToken || x.dead != (q == m.dead) {
		if !errors.Is(err, servicebus.ErrLockLost) {
			t.Fatalf("got %v, want ErrLockLost", err)
		}
		return
	}
	must(t, err)
	then(body)
}

func (m *machine) complete(t *rapid.T) {
	q := m.draw(t, "from")
	m.settle(t, q, q.Complete, func(body string) { delete(m.model.messages, body) })
}

func (m *machine) abandon(t *rapid.T) {
	q := m.draw(t, "from")
	m.settle(t, q, q.Abandon, func(body string) { m.model.release(body, time.Now()) })
}

func (m *machine) renew(t *rapid.T) {
	q := m.draw(t, "from")
	m.settle(t, q, q.Renew, func(body string) {
		m.model.messages[body].lockedUntil = time.Now().Add(m.model.p.LockDuration)
	})
}

func (m *machine) deadLetter(t *rapid.T) {
	m.settle(t, m.queue, func(ctx context.Context, r *servicebus.Received) error {
		return m.queue.DeadLetter(ctx, r, "said so", "")
	}, func(body string) { m.model.bury(body, "said so") })
}

func (m *machine) passTime(t *rapid.T) {
	pass(rapid.SampledFrom([]time.Duration{time.Millisecond, time.Second, 20 * time.Second, time.Minute}).Draw(t, "d"))
}

// line is what Peek and the model both say about a message.
type line struct {
	Body, Reason string
	Deliveries   int
	Locked       bool
	Scheduled    bool
}

func (m *machine) compare(t *rapid.T) {
	m.model.advance()
	for dead, q := range map[bool]*servicebus.Queue{false: m.queue, true: m.dead} {
		peeked, err := q.Peek(context.Background(), 0, 1000)
		must(t, err)
		var got, want []line
		var counts servicebus.Counts
		for _, r := range peeked {
			l := line{string(r.Body), r.DeadLetterReason, r.DeliveryCount, !r.LockedUntil.IsZero(), r.State == servicebus.Scheduled}
			got = append(got, l)
			switch {
			case l.Locked:
				counts.Locked++
			case l.Scheduled:
				counts.Scheduled++
			default:
				counts.Active++
			}
		}
		for body, x := range m.model.messages {
			if x.dead == dead {
				want = append(want, line{body, x.reason, x.deliveries, x.lock != "", x.scheduled})
			}
			if x.dead {
				counts.DeadLetter++
			}
		}
		byBody := func(a, b line) int { return strings.Compare(a.Body, b.Body) }
		slices.SortFunc(got, byBody)
		slices.SortFunc(want, byBody)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("%s (-model +queue):\n%s", q.Name(), d)
		}
		c, err := q.Counts(context.Background())
		must(t, err)
		if c != counts {
			t.Fatalf("%s: counts %+v, want %+v", q.Name(), c, counts)
		}
	}
}

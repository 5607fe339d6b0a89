package servicebus_test

import (
	"time"

	"pgregory.net/rapid"

	"paybridge/standin/servicebus"
)

// model is a queue with its dead-letter queue as a plain map by body. It knows
// nothing of files, indexes and transactions.
type model struct {
	p        servicebus.QueueProperties
	messages map[string]*modelled
}

type modelled struct {
	dead, scheduled bool
	reason          string
	deliveries      int
	lock            string
	lockedUntil     time.Time
	enqueued        time.Time
	ttl             time.Duration
}

func (m *model) send(msg servicebus.Message) {
	x := &modelled{enqueued: time.Now(), ttl: m.p.DefaultMessageTTL}
	if msg.TimeToLive > 0 && (x.ttl == 0 || msg.TimeToLive < x.ttl) {
		x.ttl = msg.TimeToLive
	}
	if !msg.ScheduledEnqueueTime.IsZero() {
		x.scheduled, x.enqueued = true, msg.ScheduledEnqueueTime
	}
	m.messages[string(msg.Body)] = x
}

func (m *model) receivable(dead bool) int {
	n := 0
	for _, x := range m.messages {
		if x.dead == dead && x.lock == "" && !x.scheduled {
			n++
		}
	}
	return n
}

func (m *model) receive(t *rapid.T, r *servicebus.Received, dead bool) {
	x := m.messages[string(r.Body)]
	if x == nil || x.dead != dead || x.lock != "" || x.scheduled {
		t.Fatalf("received %+v, the model has %+v", r, x)
	}
	x.deliveries++
	if r.DeliveryCount != x.deliveries {
		t.Fatalf("message %s: delivery count %d, want %d", r.Body, r.DeliveryCount, x.deliveries)
	}
	x.lock, x.lockedUntil = r.LockToken, time.Now().Add(m.p.LockDuration)
}

// advance does what time decides, message by message.
func (m *model) advance() {
	now := time.Now()
	for body, x := range m.messages {
		if x.scheduled && !x.enqueued.After(now) {
			x.scheduled = false
		}
		if x.lock != "" && !x.lockedUntil.After(now) {
			m.release(body, x.lockedUntil)
		}
		if !x.scheduled && m.expired(x, now) {
			m.expire(body)
		}
	}
}

func (m *model) expired(x *modelled, at time.Time) bool {
	return !x.dead && x.lock == "" && x.ttl > 0 && !x.enqueued.Add(x.ttl).After(at)
}

func (m *model) expire(body string) {
	if m.p.DeadLetteringOnExpiration {
		m.bury(body, servicebus.TTLExpiredException)
		return
	}
	delete(m.messages, body)
}

func (m *model) release(body string, at time.Time) {
	x := m.messages[body]
	x.lock = ""
	switch {
	case !x.dead && x.deliveries >= m.p.MaxDeliveryCount:
		m.bury(body, servicebus.MaxDeliveryCountExceeded)
	case m.expired(x, at):
		m.expire(body)
	}
}

func (m *model) bury(body, reason string) {
	x := m.messages[body]
	x.dead, x.lock, x.reason = true, "", reason
}

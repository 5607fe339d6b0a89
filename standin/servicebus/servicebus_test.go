package servicebus_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/standin/servicebus"
)

// open returns a queue named "q" in a namespace that closes with the test.
func open(t *testing.T, p servicebus.QueueProperties) (*servicebus.Namespace, *servicebus.Queue) {
	t.Helper()
	ns, err := servicebus.Open(t.TempDir(), &servicebus.Options{Orderly: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ns.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := ns.CreateQueue("q", p); err != nil {
		t.Fatal(err)
	}
	return ns, queue(t, ns, "q")
}

func queue(t *testing.T, ns *servicebus.Namespace, name string) *servicebus.Queue {
	t.Helper()
	q, err := ns.Queue(name)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func send(t *testing.T, q *servicebus.Queue, bodies ...string) {
	t.Helper()
	var ms []servicebus.Message
	for _, b := range bodies {
		ms = append(ms, servicebus.Message{Body: []byte(b)})
	}
	if err := q.Send(t.Context(), ms...); err != nil {
		t.Fatal(err)
	}
}

// receive returns one message, or nil when there is none.
func receive(t *testing.T, q *servicebus.Queue) *servicebus.Received {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	got, err := q.Receive(ctx, 1)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return got[0]
}

func wantCounts(t *testing.T, q *servicebus.Queue, want servicebus.Counts) {
	t.Helper()
	got, err := q.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("counts (-want +got):\n%s", d)
	}
}

func TestAbandonedMessageComesBackUntilItIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ns, q := open(t, servicebus.QueueProperties{MaxDeliveryCount: 3})
		send(t, q, "a")
		for n := 1; n <= 3; n++ {
			r := receive(t, q)
			if r == nil || r.DeliveryCount != n {
				t.Fatalf("delivery %d: got %+v", n, r)
			}
			if err := q.Abandon(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		if r := receive(t, q); r != nil {
			t.Fatalf("delivered a fourth time: %+v", r)
		}
		wantCounts(t, q, servicebus.Counts{DeadLetter: 1})
		r := receive(t, queue(t, ns, "q/$DeadLetterQueue"))
		if r == nil || r.DeadLetterReason != servicebus.MaxDeliveryCountExceeded || string(r.Body) != "a" {
			t.Fatalf("dead letter: %+v", r)
		}
	})
}

func TestLockRunsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, q := open(t, servicebus.QueueProperties{LockDuration: time.Minute})
		send(t, q, "a")
		first := receive(t, q)
		second, err := q.Receive(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if now := time.Now(); !now.Equal(first.LockedUntil) || second[0].DeliveryCount != 2 {
			t.Errorf("came back at %v with delivery count %d, want %v and 2", now, second[0].DeliveryCount, first.LockedUntil)
		}
		if err := q.Complete(t.Context(), first); !errors.Is(err, servicebus.ErrLockLost) {
			t.Errorf("completing with the lost lock: %v", err)
		}
		if err := q.Complete(t.Context(), second[0]); err != nil {
			t.Error(err)
		}
		wantCounts(t, q, servicebus.Counts{})
	})
}

package servicebus_test

import (
	"context"
	"errors"
	"testing"
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

// pass lets time go by; inside a bubble it costs none.
func pass(d time.Duration) { <-time.After(d) }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

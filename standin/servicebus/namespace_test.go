package servicebus_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/standin/servicebus"
)

func TestQueues(t *testing.T) {
	ns, q := open(t, servicebus.QueueProperties{LockDuration: time.Second})
	send(t, q, "a")
	check(t, ns.CreateQueue("Payment-Events", servicebus.QueueProperties{}))
	// Again, and in another case: the same queue with new properties.
	check(t, ns.CreateQueue("Q", servicebus.QueueProperties{LockDuration: time.Hour / 60}))
	if d := cmp.Diff([]string{"Payment-Events", "q"}, ns.Queues()); d != "" {
		t.Errorf("queues (-want +got):\n%s", d)
	}
	if r := receive(t, q); r == nil || time.Until(r.LockedUntil) < 50*time.Second {
		t.Errorf("received %+v, want a lock of a minute", r)
	}
	for _, name := range []string{"nowhere", "nowhere/$DeadLetterQueue"} {
		if _, err := ns.Queue(name); !errors.Is(err, servicebus.ErrQueueNotFound) {
			t.Errorf("queue %q: %v", name, err)
		}
	}
	if err := ns.CreateQueue("x/$DeadLetterQueue", servicebus.QueueProperties{}); !errors.Is(err, servicebus.ErrNotAllowed) {
		t.Errorf("creating a dead-letter queue: %v", err)
	}
}

func TestCreateQueueRefuses(t *testing.T) {
	ns, _ := open(t, servicebus.QueueProperties{})
	for _, c := range []struct {
		name string
		p    servicebus.QueueProperties
	}{
		{"", servicebus.QueueProperties{}},
		{"-a", servicebus.QueueProperties{}},
		{"a b", servicebus.QueueProperties{}},
		{"a", servicebus.QueueProperties{LockDuration: servicebus.MaxLockDuration + 1}},
		{"a", servicebus.QueueProperties{LockDuration: -1}},
		{"a", servicebus.QueueProperties{MaxDeliveryCount: -1}},
		{"a", servicebus.QueueProperties{DefaultMessageTTL: -1}},
		{"a", servicebus.QueueProperties{DuplicateDetectionWindow: 8 * 24 * time.Hour}},
	} {
		if err := ns.CreateQueue(c.name, c.p); err == nil {
			t.Errorf("%q %+v was accepted", c.name, c.p)
		}
	}
}

func TestFolderInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		ns, err := servicebus.Open(dir, nil)
		check(t, err)
		defer func() { check(t, ns.Close()) }()
		if _, err := servicebus.Open(dir, nil); !errors.Is(err, servicebus.ErrInUse) {
			t.Errorf("opening it again: %v", err)
		}
	})
}

// bodies sends a hundred messages and returns them in the order in which they
// are received.
func bodies(t *testing.T, opts *servicebus.Options) []string {
	t.Helper()
	ns, err := servicebus.Open(t.TempDir(), opts)
	check(t, err)
	defer func() { check(t, ns.Close()) }()
	check(t, ns.CreateQueue("q", servicebus.QueueProperties{}))
	q := queue(t, ns, "q")
	for i := range 100 {
		send(t, q, fmt.Sprintf("%03d", i))
	}
	var out []string
	for len(out) < 100 {
		rs, err := q.Receive(t.Context(), 7)
		check(t, err)
		for _, r := range rs {
			out = append(out, string(r.Body))
		}
		check(t, q.CompleteAll(t.Context(), rs))
	}
	return out
}

func TestOrder(t *testing.T) {
	orderly := bodies(t, &servicebus.Options{Orderly: true})
	if !slices.IsSorted(orderly) {
		t.Errorf("orderly: %v", orderly)
	}
	shuffled := bodies(t, &servicebus.Options{Seed: 1})
	if slices.IsSorted(shuffled) {
		t.Error("by default every message came in order")
	}
	if d := cmp.Diff(shuffled, bodies(t, &servicebus.Options{Seed: 1})); d != "" {
		t.Errorf("the same seed gave another order:\n%s", d)
	}
	slices.Sort(shuffled)
	if d := cmp.Diff(orderly, shuffled); d != "" {
		t.Errorf("messages were lost or invented:\n%s", d)
	}
}

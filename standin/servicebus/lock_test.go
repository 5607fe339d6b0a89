package servicebus_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"paybridge/standin/servicebus"
)

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

func TestRenewedLockHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, q := open(t, servicebus.QueueProperties{LockDuration: time.Minute})
		send(t, q, "a")
		r := receive(t, q)
		for range 5 {
			pass(50 * time.Second)
			check(t, q.Renew(t.Context(), r))
			if got := time.Until(r.LockedUntil); got != time.Minute {
				t.Fatalf("renewed for %v, want a minute", got)
			}
		}
		if other := receive(t, q); other != nil {
			t.Fatalf("received while locked: %+v", other)
		}
		check(t, q.Complete(t.Context(), r))
		pass(time.Hour)
		wantCounts(t, q, servicebus.Counts{})
	})
}

// Every way of settling refuses once the lock is gone, however it went.
func TestLostLock(t *testing.T) {
	settle := map[string]func(*testing.T, *servicebus.Queue, *servicebus.Received) error{
		"complete": func(t *testing.T, q *servicebus.Queue, r *servicebus.Received) error {
			return q.Complete(t.Context(), r)
		},
		"abandon": func(t *testing.T, q *servicebus.Queue, r *servicebus.Received) error {
			return q.Abandon(t.Context(), r)
		},
		"renew": func(t *testing.T, q *servicebus.Queue, r *servicebus.Received) error {
			return q.Renew(t.Context(), r)
		},
		"dead-letter": func(t *testing.T, q *servicebus.Queue, r *servicebus.Received) error {
			return q.DeadLetter(t.Context(), r, "reason", "description")
		},
	}
	lose := map[string]func(*testing.T, *servicebus.Queue, *servicebus.Received){
		"expired": func(_ *testing.T, _ *servicebus.Queue, _ *servicebus.Received) {
			pass(time.Minute)
		},
		"expired and received again": func(t *testing.T, q *servicebus.Queue, _ *servicebus.Received) {
			pass(time.Minute)
			receive(t, q)
		},
		"completed": func(t *testing.T, q *servicebus.Queue, r *servicebus.Received) {
			check(t, q.Complete(t.Context(), r))
		},
		"abandoned": func(t *testing.T, q *servicebus.Queue, r *servicebus.Received) {
			check(t, q.Abandon(t.Context(), r))
		},
		"dead-lettered": func(t *testing.T, q *servicebus.Queue, r *servicebus.Received) {
			check(t, q.DeadLetter(t.Context(), r, "reason", "description"))
		},
	}
	for how, lose := range lose {
		for what, settle := range settle {
			t.Run(what+" when "+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					_, q := open(t, servicebus.QueueProperties{LockDuration: time.Minute})
					send(t, q, "a")
					r := receive(t, q)
					lose(t, q, r)
					before, err := q.Counts(t.Context())
					check(t, err)
					if err := settle(t, q, r); !errors.Is(err, servicebus.ErrLockLost) {
						t.Errorf("got %v, want ErrLockLost", err)
					}
					wantCounts(t, q, before)
				})
			})
		}
	}
}

func TestBatchSettlesWhatIsStillLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, q := open(t, servicebus.QueueProperties{})
		send(t, q, "a", "b", "c")
		rs, err := q.Receive(t.Context(), 10)
		check(t, err)
		if len(rs) != 3 {
			t.Fatalf("received %d messages, want 3", len(rs))
		}
		check(t, q.Abandon(t.Context(), rs[1]))
		if err := q.CompleteAll(t.Context(), rs); !errors.Is(err, servicebus.ErrLockLost) {
			t.Errorf("completing with one lost lock: %v", err)
		}
		wantCounts(t, q, servicebus.Counts{Active: 1})
		rs, err = q.Receive(t.Context(), 10)
		check(t, err)
		check(t, q.AbandonAll(t.Context(), rs))
		wantCounts(t, q, servicebus.Counts{Active: 1})
	})
}

func TestLocksOverARestart(t *testing.T) {
	for _, release := range []bool{false, true} {
		t.Run(map[bool]string{false: "run to their end", true: "are released"}[release], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				ns, err := servicebus.Open(dir, nil)
				check(t, err)
				check(t, ns.CreateQueue("q", servicebus.QueueProperties{LockDuration: time.Minute, MaxDeliveryCount: 2}))
				q := queue(t, ns, "q")
				send(t, q, "a")
				first := receive(t, q)
				check(t, ns.Close())

				ns, err = servicebus.Open(dir, &servicebus.Options{ReleaseLocks: release})
				check(t, err)
				q = queue(t, ns, "q")
				start := time.Now()
				second, err := q.Receive(t.Context(), 1)
				check(t, err)
				want := first.LockedUntil
				if release {
					want = start
				}
				if now := time.Now(); !now.Equal(want) || second[0].DeliveryCount != 2 {
					t.Errorf("came back at %v with delivery count %d, want %v and 2", now, second[0].DeliveryCount, want)
				}
				check(t, ns.Close())

				// The second delivery was the last: the next release buries it.
				ns, err = servicebus.Open(dir, &servicebus.Options{ReleaseLocks: release})
				check(t, err)
				defer func() { check(t, ns.Close()) }()
				dead, err := queue(t, ns, "q/$DeadLetterQueue").Receive(t.Context(), 1)
				check(t, err)
				if dead[0].DeadLetterReason != servicebus.MaxDeliveryCountExceeded {
					t.Errorf("dead letter: %+v", dead[0])
				}
			})
		})
	}
}

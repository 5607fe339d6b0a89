package servicebus_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"paybridge/standin/servicebus"
)

func TestMessageKeepsWhatTheSenderSaid(t *testing.T) {
	_, q := open(t, servicebus.QueueProperties{})
	at := time.Date(2026, time.March, 4, 5, 6, 7, 891_000_000, time.FixedZone("", 3600))
	sent := servicebus.Message{
		Body:          []byte("\x00\xff{\"a\": 1}\n"),
		ContentType:   "text/plain",
		MessageID:     "m1",
		Subject:       "s",
		CorrelationID: "c",
		To:            "t",
		ReplyTo:       "r",
		ApplicationProperties: map[string]any{
			"nil": nil, "string": "é", "bool": true, "int": 1 << 60, "uint64": ^uint64(0),
			"float32": float32(1.5), "time": at, "bytes": []byte{0, 1},
		},
	}
	check(t, q.Send(t.Context(), sent))
	got := receive(t, q)
	want := sent
	want.ApplicationProperties = map[string]any{
		"nil": nil, "string": "é", "bool": true, "int": int64(1 << 60), "uint64": ^uint64(0),
		"float32": 1.5, "time": at.UTC(), "bytes": []byte{0, 1},
	}
	if d := cmp.Diff(want, got.Message); d != "" {
		t.Errorf("message (-sent +received):\n%s", d)
	}
	if got.SequenceNumber != 1 || got.DeliveryCount != 1 || got.LockToken == "" || !got.ExpiresAt.Equal(servicebus.NeverExpires) {
		t.Errorf("received %+v", got)
	}
	if err := q.Send(t.Context(), servicebus.Message{ApplicationProperties: map[string]any{"x": struct{}{}}}); err == nil {
		t.Error("a property that AMQP cannot carry was accepted")
	}
}

func TestMessageSize(t *testing.T) {
	_, q := open(t, servicebus.QueueProperties{})
	m := servicebus.Message{Body: bytes.Repeat([]byte{'x'}, servicebus.MaxMessageSize)}
	check(t, q.Send(t.Context(), m))
	m.MessageID = "1"
	err := q.Send(t.Context(), servicebus.Message{}, m)
	if !errors.Is(err, servicebus.ErrMessageTooLarge) {
		t.Errorf("one byte too many: %v", err)
	}
	// The small message of the refused call is not there either.
	wantCounts(t, q, servicebus.Counts{Active: 1})
}

func TestReceiverDeadLetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ns, q := open(t, servicebus.QueueProperties{DefaultMessageTTL: time.Hour, DeadLetteringOnExpiration: true})
		dead := queue(t, ns, "Q/$deadletterqueue")
		send(t, q, "a")
		r := receive(t, q)
		check(t, q.DeadLetter(t.Context(), r, "Poison", "cannot be read"))
		peeked, err := dead.Peek(t.Context(), 0, 10)
		check(t, err)
		want := []servicebus.Received{{
			Message:          servicebus.Message{Body: []byte("a"), TimeToLive: time.Hour},
			SequenceNumber:   r.SequenceNumber,
			DeliveryCount:    1,
			EnqueuedTime:     r.EnqueuedTime,
			ExpiresAt:        r.ExpiresAt,
			State:            servicebus.Active,
			DeadLetterReason: "Poison", DeadLetterErrorDescription: "cannot be read", DeadLetterSource: "q",
		}}
		if d := cmp.Diff(want, peeked); d != "" {
			t.Errorf("peeked (-want +got):\n%s", d)
		}
		// Dead letters never expire and may be delivered without end.
		pass(1000 * time.Hour)
		for range 50 {
			r := receive(t, dead)
			if r == nil {
				t.Fatal("the dead letter is gone")
			}
			check(t, dead.Abandon(t.Context(), r))
		}
		r = receive(t, dead)
		if err := dead.DeadLetter(t.Context(), r, "", ""); !errors.Is(err, servicebus.ErrNotAllowed) {
			t.Errorf("dead-lettering a dead letter: %v", err)
		}
		if err := dead.Send(t.Context(), servicebus.Message{}); !errors.Is(err, servicebus.ErrNotAllowed) {
			t.Errorf("sending to the dead-letter queue: %v", err)
		}
		check(t, dead.Complete(t.Context(), r))
		wantCounts(t, q, servicebus.Counts{})
	})
}

func TestTimeToLive(t *testing.T) {
	ttl := 10 * time.Minute
	for _, c := range []struct {
		name string
		p    servicebus.QueueProperties
		m    servicebus.Message
		do   func(t *testing.T, q *servicebus.Queue)
		want servicebus.Counts
	}{
		{
			name: "still good",
			p:    servicebus.QueueProperties{DefaultMessageTTL: ttl},
			do:   func(*testing.T, *servicebus.Queue) { pass(ttl - 1) },
			want: servicebus.Counts{Active: 1},
		},
		{
			name: "dropped",
			p:    servicebus.QueueProperties{DefaultMessageTTL: ttl},
			do:   func(*testing.T, *servicebus.Queue) { pass(ttl) },
		},
		{
			name: "dead-lettered",
			p:    servicebus.QueueProperties{DefaultMessageTTL: ttl, DeadLetteringOnExpiration: true},
			do:   func(*testing.T, *servicebus.Queue) { pass(ttl) },
			want: servicebus.Counts{DeadLetter: 1},
		},
		{
			name: "the message's own is shorter",
			p:    servicebus.QueueProperties{DefaultMessageTTL: ttl},
			m:    servicebus.Message{TimeToLive: time.Second},
			do:   func(*testing.T, *servicebus.Queue) { pass(time.Second) },
		},
		{
			name: "the queue's caps the message's own",
			p:    servicebus.QueueProperties{DefaultMessageTTL: ttl},
			m:    servicebus.Message{TimeToLive: time.Hour},
			do:   func(*testing.T, *servicebus.Queue) { pass(ttl) },
		},
		{
			name: "a locked message does not expire",
			p:    servicebus.QueueProperties{DefaultMessageTTL: ttl, LockDuration: 5 * time.Minute},
			do: func(t *testing.T, q *servicebus.Queue) {
				pass(ttl - time.Minute)
				r := receive(t, q)
				pass(2 * time.Minute)
				wantCounts(t, q, servicebus.Counts{Locked: 1})
				check(t, q.Complete(t.Context(), r))
			},
		},
		{
			name: "it does when it is given back",
			p:    servicebus.QueueProperties{DefaultMessageTTL: ttl, DeadLetteringOnExpiration: true, LockDuration: 5 * time.Minute},
			do: func(t *testing.T, q *servicebus.Queue) {
				pass(ttl - time.Minute)
				r := receive(t, q)
				pass(2 * time.Minute)
				check(t, q.Abandon(t.Context(), r))
			},
			want: servicebus.Counts{DeadLetter: 1},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ns, q := open(t, c.p)
				check(t, q.Send(t.Context(), c.m))
				c.do(t, q)
				wantCounts(t, q, c.want)
				if r := receive(t, queue(t, ns, "q/$DeadLetterQueue")); r != nil && r.DeadLetterReason != servicebus.TTLExpiredException {
					t.Errorf("reason %q", r.DeadLetterReason)
				}
			})
		})
	}
}

func TestScheduledMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, q := open(t, servicebus.QueueProperties{DefaultMessageTTL: time.Minute})
		at := time.Now().Add(time.Hour)
		check(t, q.Send(t.Context(), servicebus.Message{ScheduledEnqueueTime: at}))
		wantCounts(t, q, servicebus.Counts{Scheduled: 1})
		peeked, err := q.Peek(t.Context(), 0, 10)
		check(t, err)
		if len(peeked) != 1 || peeked[0].State != servicebus.Scheduled || !peeked[0].ScheduledEnqueueTime.Equal(at) {
			t.Errorf("peeked %+v", peeked)
		}
		rs, err := q.Receive(t.Context(), 1)
		check(t, err)
		if r := rs[0]; !time.Now().Equal(at) || !r.EnqueuedTime.Equal(at) || !r.ExpiresAt.Equal(at.Add(time.Minute)) || r.SequenceNumber != 2 {
			t.Errorf("at %v received %+v", time.Now(), r)
		}
	})
}

func TestDuplicateDetection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ns, q := open(t, servicebus.QueueProperties{DuplicateDetectionWindow: time.Minute})
		m := servicebus.Message{MessageID: "m"}
		check(t, q.Send(t.Context(), m, m))
		wantCounts(t, q, servicebus.Counts{Active: 1})
		// It goes by the id alone, even when the first message is gone.
		check(t, q.Complete(t.Context(), receive(t, q)))
		pass(time.Minute - time.Second)
		check(t, q.Send(t.Context(), m, servicebus.Message{}, servicebus.Message{}))
		wantCounts(t, q, servicebus.Counts{Active: 2})
		pass(time.Second)
		check(t, q.Send(t.Context(), m))
		wantCounts(t, q, servicebus.Counts{Active: 3})
		if err := ns.CreateQueue("q", servicebus.QueueProperties{}); !errors.Is(err, servicebus.ErrNotAllowed) {
			t.Errorf("turning duplicate detection off: %v", err)
		}
	})
}

func TestPeekLocksNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, q := open(t, servicebus.QueueProperties{})
		send(t, q, "a", "b", "c")
		r := receive(t, q)
		got, err := q.Peek(t.Context(), 0, 2)
		check(t, err)
		want := []servicebus.Received{
			{Message: servicebus.Message{Body: []byte("a")}, SequenceNumber: 1, DeliveryCount: 1, LockedUntil: r.LockedUntil},
			{Message: servicebus.Message{Body: []byte("b")}, SequenceNumber: 2},
		}
		ignore := cmpopts.IgnoreFields(servicebus.Received{}, "EnqueuedTime", "ExpiresAt", "State")
		if d := cmp.Diff(want, got, ignore); d != "" {
			t.Errorf("peeked (-want +got):\n%s", d)
		}
		got, err = q.Peek(t.Context(), 3, 10)
		check(t, err)
		if len(got) != 1 || string(got[0].Body) != "c" {
			t.Errorf("peeked from 3 on: %+v", got)
		}
		wantCounts(t, q, servicebus.Counts{Active: 2, Locked: 1})
	})
}

func TestReceiveWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ns, q := open(t, servicebus.QueueProperties{LockDuration: time.Minute, MaxDeliveryCount: 1})
		got := make(chan string)
		for _, name := range []string{"q", "q", "q/$DeadLetterQueue"} {
			q := queue(t, ns, name)
			go func() {
				rs, err := q.Receive(t.Context(), 10)
				if err != nil {
					got <- err.Error()
					return
				}
				got <- q.Name() + " " + string(rs[0].Body)
			}()
		}
		synctest.Wait()
		send(t, q, "a")
		if g := <-got; g != "q a" {
			t.Errorf("first %q", g)
		}
		// The first is not settled: its lock runs out and the receiver that
		// waits on the dead-letter queue gets it, without anybody's help.
		if g := <-got; g != "q/$DeadLetterQueue a" {
			t.Errorf("then %q", g)
		}
		send(t, q, "b")
		if g := <-got; g != "q b" {
			t.Errorf("last %q", g)
		}
	})
}

func TestReceiveEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ns, err := servicebus.Open(t.TempDir(), nil)
		check(t, err)
		check(t, ns.CreateQueue("q", servicebus.QueueProperties{}))
		q := queue(t, ns, "q")
		ctx, cancel := context.WithCancel(t.Context())
		got := make(chan error)
		receive := func(ctx context.Context) {
			_, err := q.Receive(ctx, 1)
			got <- err
		}
		go receive(ctx)
		synctest.Wait()
		cancel()
		if err := <-got; !errors.Is(err, context.Canceled) {
			t.Errorf("after cancel: %v", err)
		}
		go receive(t.Context())
		synctest.Wait()
		check(t, ns.Close())
		if err := <-got; !errors.Is(err, servicebus.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		if err := q.Send(t.Context(), servicebus.Message{}); !errors.Is(err, servicebus.ErrClosed) {
			t.Errorf("sending after Close: %v", err)
		}
		check(t, ns.Close())
	})
}

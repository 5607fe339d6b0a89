package queues_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/queues"
	"paybridge/standin/servicebus"
	"paybridge/standin/servicebus/remote"
)

const queue = "payment-events"

// local serves queues and returns the way to them.
func local(t *testing.T) (*servicebus.Queue, queues.Namespace) {
	t.Helper()
	ns, err := servicebus.Open(t.TempDir(), &servicebus.Options{Orderly: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := ns.CreateQueue(queue, servicebus.QueueProperties{DeadLetteringOnExpiration: true, DuplicateDetectionWindow: time.Hour}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(remote.Handler(ns, ""))
	t.Cleanup(func() {
		server.Close()
		if err := ns.Close(); err != nil {
			t.Error(err)
		}
	})
	q, err := ns.Queue(queue)
	if err != nil {
		t.Fatal(err)
	}
	return q, queues.Local(remote.Client{URL: server.URL})
}

// expired puts messages into the dead letters.
func expired(t *testing.T, q *servicebus.Queue, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		err := q.Send(t.Context(), servicebus.Message{
			Body: []byte(body), MessageID: "id of " + body, ContentType: "application/json", TimeToLive: time.Nanosecond, ApplicationProperties: map[string]any{"n": int64(1)},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestSendInChunks(t *testing.T) {
	_, ns := local(t)
	bodies := make([][]byte, 250)
	for i := range bodies {
		bodies[i] = []byte("x")
	}
	if err := ns.Send(t.Context(), queue, bodies...); err != nil {
		t.Fatal(err)
	}
	if n, err := ns.Waiting(t.Context(), queue); err != nil || n != 250 {
		t.Errorf("%d, %v", n, err)
	}
}

// TestResubmitLocally resubmits a message to a queue that would drop a second
// one of its id.
func TestResubmitLocally(t *testing.T) {
	q, ns := local(t)
	expired(t, q, "a", "b")
	box, err := ns.DeadLetters(queue)
	if err != nil {
		t.Fatal(err)
	}
	received, err := box.Receive(t.Context(), 10)
	if err != nil || len(received) != 2 {
		t.Fatalf("%v, %v", received, err)
	}
	if err := box.Resubmit(t.Context(), received[0]); err != nil {
		t.Fatal(err)
	}
	if err := box.Abandon(t.Context(), received[1]); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	back, err := q.Receive(ctx, 10)
	if err != nil || len(back) != 1 {
		t.Fatalf("%v, %v", back, err)
	}
	m := back[0].Message
	if string(m.Body) != "a" || m.ContentType != "application/json" || m.ApplicationProperties["n"] != int64(1) || m.MessageID == "id of a" || m.TimeToLive != 0 {
		t.Errorf("what came back is %+v", m)
	}
	left, err := box.Peek(t.Context(), 0, 10)
	if err != nil || len(left) != 1 || string(left[0].Body) != "b" || left[0].Reason != servicebus.TTLExpiredException {
		t.Errorf("%+v, %v", left, err)
	}
	// Settled by somebody else meanwhile.
	if err := box.Resubmit(t.Context(), received[0]); !errors.Is(err, queues.ErrStays) || !errors.Is(err, queues.ErrLockLost) {
		t.Errorf("resubmitted without the lock: %v", err)
	}
	if err := box.Complete(t.Context(), received[1]); !errors.Is(err, queues.ErrLockLost) {
		t.Errorf("completed without the lock: %v", err)
	}
}

func TestLocalThatEndedMeanwhile(t *testing.T) {
	ns := queues.Local(remote.Client{URL: "http://127.0.0.1:1"})
	_, err := ns.Waiting(t.Context(), queue)
	e, ok := errors.AsType[*queues.Error](err)
	if !ok || e.Hint() == "" {
		t.Errorf("%v", err)
	}
	_, served := local(t)
	_, err = served.Waiting(t.Context(), "no-such-queue")
	if e, ok := errors.AsType[*queues.Error](err); !ok || e.Hint() != "" || !errors.Is(err, servicebus.ErrQueueNotFound) {
		t.Errorf("%v", err)
	}
}

func TestPeekGoesOnWhereItStopped(t *testing.T) {
	q, ns := local(t)
	expired(t, q, "a", "b", "c")
	box, err := ns.DeadLetters(queue)
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	for from := int64(0); ; {
		page, err := box.Peek(t.Context(), from, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, letter := range page {
			seen = append(seen, string(letter.Body))
			from = letter.SequenceNumber + 1
		}
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, seen); diff != "" {
		t.Error(diff)
	}
}

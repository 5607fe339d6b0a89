package functionshost

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"paybridge/standin/servicebus"
)

func queueTrigger(more string) string {
	return `{"bindings":[{"type":"serviceBusTrigger","direction":"in","name":"m","queueName":"%IN%"` + more + `}]}`
}

func send(t *testing.T, ns *servicebus.Namespace, name string, bodies ...string) {
	t.Helper()
	q, err := ns.Queue(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bodies {
		if err := q.Send(t.Context(), servicebus.Message{Body: []byte(b)}); err != nil {
			t.Fatal(err)
		}
	}
}

// takeDead waits for a message in the dead-letter queue.
func takeDead(t *testing.T, ns *servicebus.Namespace, name string) *servicebus.Received {
	t.Helper()
	q, err := ns.Queue(name + "/$DeadLetterQueue")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	got, err := q.Receive(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	return got[0]
}

// A message whose function fails comes again at once until it is a dead
// letter; one that succeeds is gone.
func TestFailedMessagesComeAgain(t *testing.T) {
	ns := bus(t, servicebus.QueueProperties{MaxDeliveryCount: 3}, "in")
	calls := make(chan string, 10)
	h, _ := startScripted(t, Config{
		ScriptRoot: app(t, map[string]string{"f": queueTrigger("")}), Queues: Queues(ns), Settings: map[string]string{"IN": "in"},
	}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if body := envelopeOf(r); strings.Contains(body, "wrong") {
			calls <- body
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = w.Write([]byte(`{"Outputs":{}}`))
	})
	send(t, ns, "in", "good", "wrong")
	if d := takeDead(t, ns, "in"); string(d.Body) != "wrong" || d.DeadLetterReason != servicebus.MaxDeliveryCountExceeded {
		t.Errorf("dead letter %q for %q", d.Body, d.DeadLetterReason)
	}
	for _, want := range []string{`"DeliveryCount":"1"`, `"DeliveryCount":"2"`, `"DeliveryCount":"3"`} {
		if body := <-calls; !strings.Contains(body, want) {
			t.Errorf("%s is not in %s", want, body)
		}
	}
	if s := h.Stats().Functions["f"]; s.Failures != 3 {
		t.Errorf("the counts are %+v", s)
	}
}

// Without a data type a batch with one body that is no JSON never reaches the
// handler.
func TestUndeclaredBatchWithText(t *testing.T) {
	ns := bus(t, servicebus.QueueProperties{MaxDeliveryCount: 2}, "in")
	send(t, ns, "in", "no JSON")
	startScripted(t, Config{
		ScriptRoot: app(t, map[string]string{"f": queueTrigger(`,"cardinality":"many"`)}), Queues: Queues(ns), Settings: map[string]string{"IN": "in"},
	}, func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") })
	takeDead(t, ns, "in")
}

// A batch function works on one batch at a time, of at most the size that its
// trigger or else host.json gives.
func TestBatches(t *testing.T) {
	ns := bus(t, servicebus.QueueProperties{}, "in")
	send(t, ns, "in", "1", "2", "3", "4", "5")
	sizes, running := make(chan int, 10), make(chan struct{}, 1)
	startScripted(t, Config{
		ScriptRoot: app(t, map[string]string{
			"host.json": hostJSON(`,"extensions":{"serviceBus":{"maxMessageBatchSize":100}}`),
			"f":         queueTrigger(`,"cardinality":"many","dataType":"string","maxMessageBatchSize":2`),
		}), Queues: Queues(ns), Settings: map[string]string{"IN": "in"},
	}, func(w http.ResponseWriter, r *http.Request) {
		select {
		case running <- struct{}{}:
		default:
			t.Error("two batches at a time")
		}
		data, _, _ := strings.Cut(envelopeOf(r), `},"Metadata"`)
		sizes <- strings.Count(data, ",") + 1
		w.Header().Set("Content-Type", "application/json")
		<-running
		_, _ = w.Write([]byte(`{}`))
	})
	total := 0
	for total < 5 {
		n := <-sizes
		if n > 2 {
			t.Errorf("a batch of %d", n)
		}
		total += n
	}
}

// maxConcurrentCalls messages run at a time, and as many as that do.
func TestConcurrentCalls(t *testing.T) {
	ns := bus(t, servicebus.QueueProperties{}, "in")
	send(t, ns, "in", "1", "2", "3", "4")
	entered, release := make(chan struct{}, 10), make(chan struct{})
	startScripted(t, Config{
		ScriptRoot: app(t, map[string]string{"f": queueTrigger("")}), Queues: Queues(ns),
		Settings: map[string]string{"IN": "in", "AzureFunctionsJobHost__extensions__serviceBus__maxConcurrentCalls": "2"},
	}, func(w http.ResponseWriter, _ *http.Request) {
		entered <- struct{}{}
		<-release
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{}`))
	})
	await(t, "the first call", entered)
	await(t, "the second call", entered)
	if len(entered) > 0 {
		t.Error("a third call while two run")
	}
	close(release)
	await(t, "the third call", entered)
	await(t, "the fourth call", entered)
}

func envelopeOf(r *http.Request) string {
	var b strings.Builder
	_, _ = io.Copy(&b, r.Body)
	return b.String()
}

// renewals counts the renewals of a queue's locks.
type renewals struct {
	Queue
	done chan struct{}
}

func (q renewals) Renew(ctx context.Context, r *servicebus.Received) error {
	err := q.Queue.Renew(ctx, r)
	q.done <- struct{}{}
	return err
}

// The lock of a single message is renewed while its function runs, so that the
// message is delivered once however long that takes.
func TestLockIsRenewed(t *testing.T) {
	ns := bus(t, servicebus.QueueProperties{LockDuration: 200 * time.Millisecond}, "in")
	send(t, ns, "in", "long")
	renewed, calls := make(chan struct{}, 100), make(chan string, 10)
	h, _ := startScripted(t, Config{
		ScriptRoot: app(t, map[string]string{"f": queueTrigger("")}), Settings: map[string]string{"IN": "in"},
		Queues: func(name string) (Queue, error) {
			q, err := ns.Queue(name)
			return renewals{q, renewed}, err
		},
	}, func(w http.ResponseWriter, r *http.Request) {
		calls <- envelopeOf(r)
		for range 4 {
			<-renewed
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{}`))
		calls <- "done"
	})
	if got := <-calls; !strings.Contains(got, `"DeliveryCount":"1"`) {
		t.Errorf("the first delivery: %s", got)
	}
	if got := <-calls; got != "done" {
		t.Errorf("the message came again: %s", got)
	}
	h.Close()
	if s := h.Stats().Functions["f"]; s.Invocations != 1 {
		t.Errorf("the counts are %+v", s)
	}
}

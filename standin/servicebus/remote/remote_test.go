package remote_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/standin/servicebus"
	"paybridge/standin/servicebus/remote"
)

const queue, dead = "payment-events", "payment-events/$DeadLetterQueue"

// open serves a namespace with one queue, whose messages are delivered once.
func open(t *testing.T) (*servicebus.Namespace, remote.Client) {
	t.Helper()
	ns, err := servicebus.Open(t.TempDir(), &servicebus.Options{Orderly: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := ns.CreateQueue(queue, servicebus.QueueProperties{MaxDeliveryCount: 1}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(remote.Handler(ns, "this run"))
	t.Cleanup(func() {
		server.Close()
		if err := ns.Close(); err != nil {
			t.Error(err)
		}
	})
	return ns, remote.Client{URL: server.URL}
}

// TestMessagesGetThroughUnchanged takes a message all the way: sent, received,
// given back until it is a dead letter, peeked, received from there, completed.
func TestMessagesGetThroughUnchanged(t *testing.T) {
	_, client := open(t)
	ctx := t.Context()
	sent := servicebus.Message{
		Body: []byte("\x00\xff {"), ContentType: "application/json", MessageID: "m", Subject: "s", CorrelationID: "c", To: "t", ReplyTo: "r",
		ApplicationProperties: map[string]any{"n": int64(1) << 60, "b": []byte{1}, "at": time.UnixMilli(1).UTC(), "none": nil, "yes": true, "x": 0.1},
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(client.Send(ctx, queue, sent))
	received, err := client.Receive(ctx, queue, 5, time.Minute)
	must(err)
	if len(received) != 1 || received[0].LockToken == "" || received[0].DeliveryCount != 1 || received[0].SequenceNumber != 1 {
		t.Fatalf("received %+v", received)
	}
	counts, err := client.Counts(ctx, queue)
	must(err)
	if diff := cmp.Diff(servicebus.Counts{Locked: 1}, counts); diff != "" {
		t.Error(diff)
	}
	must(client.Abandon(ctx, queue, received...))
	peeked, err := client.Peek(ctx, dead, 1, 5)
	must(err)
	if len(peeked) != 1 {
		t.Fatalf("peeked %+v", peeked)
	}
	got := peeked[0].Message
	got.TimeToLive, got.ScheduledEnqueueTime = 0, time.Time{}
	if diff := cmp.Diff(sent, got); diff != "" {
		t.Errorf("the message was changed on the way:\n%s", diff)
	}
	if p := peeked[0]; p.DeadLetterReason != servicebus.MaxDeliveryCountExceeded || p.DeadLetterSource != queue || p.DeadLetterErrorDescription == "" || p.EnqueuedTime.IsZero() {
		t.Errorf("peeked %+v", p)
	}
	received, err = client.Receive(ctx, dead, 5, time.Minute)
	must(err)
	must(client.Complete(ctx, dead, received...))
	if err := client.Complete(ctx, dead, received...); !errors.Is(err, servicebus.ErrLockLost) {
		t.Errorf("completed twice: %v", err)
	}
	counts, err = client.Counts(ctx, queue)
	must(err)
	if diff := cmp.Diff(servicebus.Counts{}, counts); diff != "" {
		t.Error(diff)
	}
}

// TestReceiveTakesWhatIsThere looks without waiting, or as if: what is there is
// not overlooked because the wait was over before the look.
func TestReceiveTakesWhatIsThere(t *testing.T) {
	_, client := open(t)
	if err := client.Send(t.Context(), queue, servicebus.Message{Body: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	if received, err := client.Receive(t.Context(), queue, 1, 0); err != nil || len(received) != 1 {
		t.Errorf("received %v, %v", received, err)
	}
}

func TestNothingThereIsNoError(t *testing.T) {
	_, client := open(t)
	if received, err := client.Receive(t.Context(), queue, 1, 0); err != nil || len(received) != 0 {
		t.Errorf("received %v, %v", received, err)
	}
	if peeked, err := client.Peek(t.Context(), queue, 0, 1); err != nil || len(peeked) != 0 {
		t.Errorf("peeked %v, %v", peeked, err)
	}
}

func TestErrorsKeepTheirIdentity(t *testing.T) {
	ns, client := open(t)
	ctx := t.Context()
	if err := client.Send(ctx, "no-such-queue", servicebus.Message{}); !errors.Is(err, servicebus.ErrQueueNotFound) {
		t.Errorf("an unknown queue: %v", err)
	}
	if err := client.Send(ctx, dead, servicebus.Message{}); !errors.Is(err, servicebus.ErrNotAllowed) {
		t.Errorf("sending to the dead letters: %v", err)
	}
	if err := client.Send(ctx, queue, servicebus.Message{Body: make([]byte, servicebus.MaxMessageSize+1)}); !errors.Is(err, servicebus.ErrMessageTooLarge) {
		t.Errorf("a message that is too large: %v", err)
	}
	if err := client.Send(ctx, queue, make([]servicebus.Message, 101)...); err == nil {
		t.Error("more than 100 messages were taken")
	}
	if err := ns.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Counts(ctx, queue); !errors.Is(err, servicebus.ErrClosed) {
		t.Errorf("a closed namespace: %v", err)
	}
}

// TestPagesOfABrowserAreTurnedAway sends what a page could make a browser send.
func TestPagesOfABrowserAreTurnedAway(t *testing.T) {
	_, client := open(t)
	if instance, err := client.Instance(t.Context()); err != nil || instance != "this run" {
		t.Errorf("a program of this machine: %q, %v", instance, err)
	}
	for name, change := range map[string]func(*http.Request){
		"another origin":      func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
		"a name for the host": func(r *http.Request) { r.Host = "evil.example:80" },
		"a host without port": func(r *http.Request) { r.Host = "evil.example" },
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, client.URL+"/send", strings.NewReader(`{"queue":"payment-events","messages":[{}]}`))
		if err != nil {
			t.Fatal(err)
		}
		change(req)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", name, resp.Status)
		}
	}
	if counts, err := client.Counts(t.Context(), queue); err != nil || counts.Active != 0 {
		t.Errorf("%+v, %v", counts, err)
	}
}

package platform

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"paybridge/cmd/paybridge/local"
	"paybridge/standin/servicebus"
)

// TestEveryDeadLetterIsListed has more of them than one look at a queue shows.
func TestEveryDeadLetterIsListed(t *testing.T) {
	const more = page + 7
	ns, err := servicebus.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ns.Close() })
	want := map[string]bool{}
	for name, n := range map[string]int{local.EventsQueue: more, local.RequestsQueue: 2} {
		if err := ns.CreateQueue(name, servicebus.QueueProperties{MaxDeliveryCount: 1}); err != nil {
			t.Fatal(err)
		}
		queue, err := ns.Queue(name)
		if err != nil {
			t.Fatal(err)
		}
		messages := make([]servicebus.Message, n)
		for i := range messages {
			body := fmt.Sprintf("%s %d", name, i)
			messages[i].Body, want[body] = []byte(body), true
		}
		if err := queue.Send(t.Context(), messages...); err != nil {
			t.Fatal(err)
		}
		for left := n; left > 0; {
			received, err := queue.Receive(t.Context(), left)
			if err != nil {
				t.Fatal(err)
			}
			if err := queue.AbandonAll(t.Context(), received); err != nil {
				t.Fatal(err)
			}
			left -= len(received)
		}
	}
	answer := httptest.NewRecorder()
	control(&local.Local{Queues: ns}).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/dead", nil))
	var letters []DeadLetter
	if err := json.Unmarshal(answer.Body.Bytes(), &letters); err != nil {
		t.Fatalf("%v: %s", err, answer.Body)
	}
	for _, l := range letters {
		if !want[l.Body] || l.Reason != servicebus.MaxDeliveryCountExceeded || l.Deliveries != 1 {
			t.Errorf("listed %+v", l)
		}
		delete(want, l.Body)
	}
	if len(want) > 0 {
		t.Errorf("%d of %d dead letters are not listed", len(want), more+2)
	}
}

func TestUnknownQueueIsAnError(t *testing.T) {
	ns, err := servicebus.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ns.Close() })
	for _, path := range []string{"/dead", "/state"} {
		answer := httptest.NewRecorder()
		control(&local.Local{Queues: ns}).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if answer.Code != http.StatusInternalServerError {
			t.Errorf("%s without queues is answered with %d: %s", path, answer.Code, answer.Body)
		}
	}
}

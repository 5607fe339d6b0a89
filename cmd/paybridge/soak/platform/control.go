package platform

import (
	"encoding/json"
	"net/http"

	"paybridge/cmd/paybridge/local"
	"paybridge/standin/servicebus"
)

// State is how the process is doing.
type State struct {
	// HandlerPID is zero while the handler is down.
	HandlerPID int
	// Hosts is how often the platform had to start another host.
	Hosts int
	// Invocations and Failures are those of the present host.
	Invocations, Failures int
	// Queues :: name → what is on it.
	Queues map[string]servicebus.Counts
}

// DeadLetter is a message that was delivered in vain.
type DeadLetter struct {
	Queue, Reason, Description, Body string
	Deliveries                       int
}

var queues = []string{local.EventsQueue, local.RequestsQueue}

// control is what the soak may ask of the process.
func control(l *local.Local) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /state", answer(func(r *http.Request) (any, error) { return state(l, r) }))
	mux.HandleFunc("GET /dead", answer(func(r *http.Request) (any, error) { return deadLetters(l, r) }))
	mux.HandleFunc("POST /messages/{queue}", answer(func(r *http.Request) (any, error) {
		var bodies [][]byte
		if err := json.NewDecoder(r.Body).Decode(&bodies); err != nil {
			return nil, err
		}
		queue, err := l.Queues.Queue(r.PathValue("queue"))
		if err != nil {
			return nil, err
		}
		messages := make([]servicebus.Message, len(bodies))
		for i, body := range bodies {
			messages[i].Body = body
		}
		return struct{}{}, queue.Send(r.Context(), messages...)
	}))
	return mux
}

func answer(do func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := do(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		// Whoever asked may be gone.
		_ = json.NewEncoder(w).Encode(v)
	}
}

func state(l *local.Local, r *http.Request) (State, error) {
	s := State{Hosts: l.HostRestarts(), Queues: map[string]servicebus.Counts{}}
	if host := l.Host(); host != nil {
		s.HandlerPID = host.HandlerPID()
		for _, f := range host.Stats().Functions {
			s.Invocations += f.Invocations
			s.Failures += f.Failures
		}
	}
	for _, name := range queues {
		queue, err := l.Queues.Queue(name)
		if err != nil {
			return s, err
		}
		if s.Queues[name], err = queue.Counts(r.Context()); err != nil {
			return s, err
		}
	}
	return s, nil
}

// page is how many dead letters are read at a time.
const page = 1000

func deadLetters(l *local.Local, r *http.Request) ([]DeadLetter, error) {
	list := []DeadLetter{}
	for _, name := range queues {
		queue, err := l.Queues.Queue(name + "/$DeadLetterQueue")
		if err != nil {
			return nil, err
		}
		for from := int64(0); ; {
			messages, err := queue.Peek(r.Context(), from, page)
			if err != nil {
				return nil, err
			}
			for _, m := range messages {
				list = append(list, DeadLetter{
					Queue: name, Reason: m.DeadLetterReason, Description: m.DeadLetterErrorDescription,
					Body: string(m.Body), Deliveries: m.DeliveryCount,
				})
				from = m.SequenceNumber + 1
			}
			if len(messages) < page {
				break
			}
		}
	}
	return list, nil
}

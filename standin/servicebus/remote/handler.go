package remote

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"time"

	"paybridge/standin/servicebus"
)

// Handler serves the namespace. The instance is the name by which a client
// makes sure that it speaks to the run that it means.
func Handler(ns *servicebus.Namespace, instance string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /instance", func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, answer{Instance: instance})
	})
	for path, do := range map[string]operation{
		"/send": send, "/counts": counts, "/properties": properties, "/peek": peek, "/receive": receive, "/complete": complete, "/abandon": abandon,
	} {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			var in request
			if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in); err != nil {
				write(w, http.StatusBadRequest, answer{Error: &failure{Text: "the request cannot be read: " + err.Error()}})
				return
			}
			queue, err := ns.Queue(in.Queue)
			if err == nil {
				var out answer
				if out, err = do(r.Context(), queue, in); err == nil {
					write(w, http.StatusOK, out)
					return
				}
			}
			write(w, http.StatusUnprocessableEntity, answer{Error: &failure{Code: codeOf(err), Text: err.Error()}})
		})
	}
	return thisMachineOnly(mux)
}

// thisMachineOnly turns away what a web page may have brought about: a request
// that names another host than this machine, which is how a page gets round the
// same-origin rule, and one that a browser marks as coming from a page.
func thisMachineOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() || r.Header.Get("Origin") != "" {
			write(w, http.StatusForbidden, answer{Error: &failure{Text: "the queues are for programs of this machine only"}})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// operation is what one path does with a queue.
type operation func(context.Context, *servicebus.Queue, request) (answer, error)

func send(ctx context.Context, q *servicebus.Queue, in request) (answer, error) {
	if len(in.Messages) > maxMessages {
		return answer{}, errTooMany
	}
	return answer{}, q.Send(ctx, in.Messages...)
}

func counts(ctx context.Context, q *servicebus.Queue, _ request) (answer, error) {
	c, err := q.Counts(ctx)
	return answer{Counts: &c}, err
}

func properties(ctx context.Context, q *servicebus.Queue, _ request) (answer, error) {
	p, err := q.Properties(ctx)
	return answer{Properties: &p}, err
}

func peek(ctx context.Context, q *servicebus.Queue, in request) (answer, error) {
	messages, err := q.Peek(ctx, in.From, min(in.Max, maxMessages))
	out := answer{Received: make([]received, len(messages))}
	for i := range messages {
		out.Received[i] = toWire(&messages[i])
	}
	return out, err
}

// receive waits for a message as long as it is told to, within bounds: a wait
// that is over before the look would find none where there are some. That there
// is none is no error.
func receive(ctx context.Context, q *servicebus.Queue, in request) (answer, error) {
	wait := time.Duration(in.WaitMS) * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, min(max(wait, minWait), maxWait))
	defer cancel()
	messages, err := q.Receive(ctx, min(in.Max, maxMessages))
	if errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	out := answer{Received: make([]received, len(messages))}
	for i, m := range messages {
		out.Received[i] = toWire(m)
	}
	return out, err
}

func complete(ctx context.Context, q *servicebus.Queue, in request) (answer, error) {
	return answer{}, q.CompleteAll(ctx, in.locked())
}

func abandon(ctx context.Context, q *servicebus.Queue, in request) (answer, error) {
	return answer{}, q.AbandonAll(ctx, in.locked())
}

// errTooMany bounds a request.
var errTooMany = errors.New("more than 100 messages in one request")

func (in request) locked() []*servicebus.Received {
	out := make([]*servicebus.Received, len(in.Locks))
	for i, l := range in.Locks {
		out[i] = &servicebus.Received{SequenceNumber: l.SequenceNumber, LockToken: l.Token}
	}
	return out
}

func toWire(m *servicebus.Received) received {
	return received{
		Message: m.Message, LockToken: m.LockToken, SequenceNumber: m.SequenceNumber, DeliveryCount: m.DeliveryCount,
		EnqueuedTime: m.EnqueuedTime, ExpiresAt: m.ExpiresAt, LockedUntil: m.LockedUntil, State: m.State,
		DeadLetterReason: m.DeadLetterReason, DeadLetterErrorDescription: m.DeadLetterErrorDescription, DeadLetterSource: m.DeadLetterSource,
	}
}

func fromWire(m received) *servicebus.Received {
	return &servicebus.Received{
		Message: m.Message, LockToken: m.LockToken, SequenceNumber: m.SequenceNumber, DeliveryCount: m.DeliveryCount,
		EnqueuedTime: m.EnqueuedTime, ExpiresAt: m.ExpiresAt, LockedUntil: m.LockedUntil, State: m.State,
		DeadLetterReason: m.DeadLetterReason, DeadLetterErrorDescription: m.DeadLetterErrorDescription, DeadLetterSource: m.DeadLetterSource,
	}
}

func write(w http.ResponseWriter, status int, a answer) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(a)
}

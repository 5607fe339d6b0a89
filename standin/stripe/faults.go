package stripe

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Fault is something that goes wrong with one request.
type Fault struct {
	// Status and Code are answered in Stripe's envelope, as 429 with rate_limit or lock_timeout, or 500 without a
	// code. Zero: the request is served as usual once Delay has passed, or its connection dropped.
	Status int
	Code   string
	// Message is the envelope's message. Empty: a general one.
	Message string
	// RetryAfter is sent as the header of that name, in whole seconds. Zero: none.
	RetryAfter time.Duration
	// Delay is how long the client waits for the answer.
	Delay time.Duration
	// Drop closes the connection in place of an answer.
	Drop bool
	// AfterCommit lets the change happen first: the client learns nothing of what was done.
	AfterCommit bool
	// Stored is AfterCommit with Status kept under the request's Idempotency-Key: a retry with the same key gets it
	// again, as with Stripe's own 500s.
	Stored bool
	// Undone is Stored without the change: nothing of what the request asks for happens.
	Undone bool
}

// happen waits the fault's delay out and returns what is left to be written: nil where it was only a delay.
func (f *Fault) happen(request, server context.Context) *Fault {
	left := f
	if f.Status == 0 && !f.Drop {
		left = nil
	}
	if f.Delay <= 0 {
		return left
	}
	timer := time.NewTimer(f.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-request.Done():
	case <-server.Done():
	}
	return left
}

func (f *Fault) write(w http.ResponseWriter) {
	if f.Drop {
		// The server closes the connection without an answer; it is the documented way to do so.
		panic(http.ErrAbortHandler)
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(int64(f.RetryAfter/time.Second), 10))
	}
	writeJSON(w, f.answer())
}

// answer is the fault in Stripe's envelope.
func (f *Fault) answer() *answer {
	kind, message := typeInvalidRequest, f.Message
	switch {
	case f.Status >= http.StatusInternalServerError:
		kind, message = typeAPI, orElse(message, "An unknown error occurred.")
	case f.Code == "lock_timeout":
		message = orElse(message, "This object cannot be accessed right now because another API request or Stripe process is currently accessing it.")
	default:
		message = orElse(message, "Request rate limit exceeded.")
	}
	raw, err := pretty(map[string]any{"error": refuse(f.Status, kind, f.Code, "", message)})
	if err != nil {
		raw = []byte("{}")
	}
	return &answer{Status: f.Status, Body: raw}
}

// limiter counts the requests of the present second.
type limiter struct {
	mu     sync.Mutex
	second int64
	served int
}

func (l *limiter) allow(most int) bool {
	if most <= 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now().Unix(); now != l.second {
		l.second, l.served = now, 0
	}
	l.served++
	return l.served <= most
}

// faultRules are the faults that were asked for over the control surface.
type faultRules struct {
	mu    sync.Mutex
	rules []*faultRule
}

type faultRule struct {
	method string
	path   string
	times  int
	fault  Fault
}

// FaultNext lets the next requests fail whose method is the one given (empty: any) and whose path starts with path,
// as often as times says.
func (s *Server) FaultNext(method, path string, times int, fault Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.rules = append(s.faults.rules, &faultRule{method: method, path: path, times: times, fault: fault})
}

func (s *Server) fault(r *http.Request) *Fault {
	if s.cfg.Faults != nil {
		if fault := s.cfg.Faults(r); fault != nil {
			return fault
		}
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	for _, rule := range s.faults.rules {
		if rule.times > 0 && (rule.method == "" || rule.method == r.Method) && strings.HasPrefix(r.URL.Path, rule.path) {
			rule.times--
			return new(rule.fault)
		}
	}
	return nil
}

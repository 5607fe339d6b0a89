package throttle

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"paybridge/internal/outcome"
)

// Gate lets requests to one end through, as many at a time as its window allows
// and none while the end wants to be left alone. Those that wait get through in
// the order in which they came.
type Gate struct {
	end    string
	logger *slog.Logger

	mu      sync.Mutex
	window  Window
	inside  int
	served  time.Time
	waiting []*waiter
	// opening tries again when the end may be asked again.
	opening *time.Timer
}

// waiter is a request before the gate.
type waiter struct {
	// deadline is when its context ends, zero for never.
	deadline time.Time
	// called is closed when the request may go or has been refused.
	called  chan struct{}
	refused error
}

// NewGate returns a gate to an end, named for people, with room for so many
// requests. The logger gets a line when that changes for the worse; nil
// discards it.
func NewGate(end string, most int, logger *slog.Logger) *Gate {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Gate{end: end, logger: logger, window: NewWindow(most)}
}

// Answer is what an end said to a request, as far as it is about how many.
type Answer struct {
	// Served says that the end did its work, Throttled that the request was one
	// too many. A request that got no answer is neither.
	Served, Throttled bool
	// RetryAfter is how long the end asked to be left alone, zero when it did
	// not.
	RetryAfter time.Duration
	// Suggested is how many requests at a time the end recommends, zero when it
	// does not say.
	Suggested int
}

// Size returns how many requests may be under way by now.
func (g *Gate) Size() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.window.Size()
}

// LastServed returns when the end last did what it was asked, zero if it has not
// yet.
func (g *Gate) LastServed() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.served
}

// Enter waits until a request may be sent and returns what has to be called
// with its answer, once. The error is the end of the context, or of class Again
// with the time to wait where the end wants to be left alone for longer than
// the context allows: then nothing is gained by waiting here.
func (g *Gate) Enter(ctx context.Context) (leave func(Answer), err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("waiting for other requests: %w", err)
	}
	w := &waiter{called: make(chan struct{})}
	w.deadline, _ = ctx.Deadline()
	g.mu.Lock()
	g.waiting = append(g.waiting, w)
	g.call()
	g.mu.Unlock()
	select {
	case <-w.called:
	case <-ctx.Done():
		if !g.forget(w) {
			return nil, fmt.Errorf("waiting for other requests: %w", ctx.Err())
		}
	}
	if w.refused != nil {
		return nil, w.refused
	}
	begun := time.Now()
	return func(a Answer) { g.leave(ctx, begun, a) }, nil
}

// forget takes a request whose context ended out of the line. It reports
// whether the request had been called already.
func (g *Gate) forget(w *waiter) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := len(g.waiting)
	g.waiting = slices.DeleteFunc(g.waiting, func(other *waiter) bool { return other == w })
	return len(g.waiting) == before
}

// leave takes in the answer to a request and lets the next ones through.
func (g *Gate) leave(ctx context.Context, begun time.Time, a Answer) {
	g.mu.Lock()
	now := time.Now()
	g.inside--
	before := g.window.Size()
	g.window.Suggest(a.Suggested)
	switch {
	case a.Throttled:
		g.window.Throttled(begun, now)
	case a.Served:
		g.served = now
		g.window.Succeeded(now)
	}
	g.window.LeaveAlone(now, a.RetryAfter)
	size := g.window.Size()
	g.call()
	g.mu.Unlock()
	if size < before || a.RetryAfter > 0 {
		g.logger.LogAttrs(ctx, slog.LevelWarn, "going slower", slog.String("end", g.end),
			slog.Int("at_a_time", size), slog.Int64("leave_alone_ms", a.RetryAfter.Milliseconds()))
	}
}

// call calls those who may go, and those for whom waiting is of no use.
func (g *Gate) call() {
	now := time.Now()
	if pause := g.window.Until().Sub(now); pause > 0 {
		g.waiting = slices.DeleteFunc(g.waiting, func(w *waiter) bool {
			if w.deadline.IsZero() || w.deadline.After(g.window.Until()) {
				return false
			}
			w.refused = &outcome.Error{
				Class: outcome.Again, RetryAfter: pause,
				Err: fmt.Errorf("%s asked to be left alone for another %v", g.end, pause.Round(time.Millisecond)),
			}
			close(w.called)
			return true
		})
		if g.opening != nil {
			g.opening.Stop()
		}
		if len(g.waiting) > 0 {
			g.opening = time.AfterFunc(pause, func() {
				g.mu.Lock()
				defer g.mu.Unlock()
				g.call()
			})
		}
		return
	}
	for len(g.waiting) > 0 && g.inside < g.window.Size() {
		close(g.waiting[0].called)
		g.waiting = g.waiting[1:]
		g.inside++
	}
}

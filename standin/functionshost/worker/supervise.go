package worker

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

const (
	pollInterval = 25 * time.Millisecond
	// A crash longer ago than this is forgotten, and the third one that is
	// not forgotten ends the host.
	crashMemory  = 30 * time.Minute
	crashesToEnd = 3
	// Exit codes with a meaning of their own.
	exitForGood = 0
	exitRestart = 200
)

// crashCounter is the host's restart counter.
type crashCounter struct {
	count int
	last  time.Time
}

// crashed counts one crash and reports whether the process may be started
// again.
func (c *crashCounter) crashed(now time.Time) bool {
	if !c.last.IsZero() && now.Sub(c.last) > crashMemory {
		c.count = 0
	}
	c.last = now
	c.count++
	return c.count < crashesToEnd
}

// supervise lives as long as the worker: it watches one life of the process
// after the other and decides what comes next.
func (w *Worker) supervise(gen *generation) {
	for {
		ready := make(chan struct{})
		ctx, cancel := context.WithTimeout(context.Background(), w.cfg.InitializationTimeout)
		go func() {
			defer close(ready)
			w.poll(ctx, gen)
		}()
		<-gen.gone
		cancel()
		<-ready

		if w.Err() != nil || !w.again(gen) {
			return
		}
		next, err := w.spawn()
		if err != nil {
			w.log.Error("Failed to start Worker Channel", slog.Any("error", err))
			w.finish(err)
			return
		}
		w.mu.Lock()
		w.restarts++
		closed := w.err != nil
		w.mu.Unlock()
		if closed {
			next.kill()
		}
		gen = next
	}
}

// again decides what the end of a life means and reports whether there is to
// be another one.
func (w *Worker) again(gen *generation) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unready()
	w.current = nil
	switch {
	case gen.deliberate:
		w.log.Info("Restarting the handler", slog.String("reason", "function timeout"))
		return true
	case gen.exitCode == exitForGood:
		w.log.Warn("The handler exited with code 0 and stays down: every call fails from now on")
		w.dead = true
		w.wake()
		return false
	case gen.exitCode == exitRestart:
		w.log.Info("Restarting the handler", slog.Int("exit_code", gen.exitCode))
		return true
	}
	w.log.Error("The handler exited", slog.Int("exit_code", gen.exitCode), slog.String("error", gen.failure()))
	if w.crashes.crashed(time.Now()) {
		return true
	}
	w.log.Error(ErrCrashed.Error())
	if w.err == nil {
		w.err = ErrCrashed
		close(w.done)
		w.wake()
	}
	return false
}

// poll asks GET / until the process answers anything, and kills it when it
// does not in time, which counts as a crash.
func (w *Worker) poll(ctx context.Context, gen *generation) {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		if w.answers(ctx, gen) {
			w.mu.Lock()
			if w.current == gen && !gen.ended() {
				w.wake()
			}
			w.mu.Unlock()
			return
		}
		select {
		case <-gen.gone:
			return
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				w.log.Error("The handler did not listen in time", slog.Duration("waited", w.cfg.InitializationTimeout))
				gen.kill()
			}
			return
		case <-ticker.C:
		}
	}
}

func (w *Worker) answers(ctx context.Context, gen *generation) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL()+"/", nil)
	if err != nil {
		return false
	}
	res, err := gen.client.Do(req)
	if err != nil {
		return false
	}
	return res.Body.Close() == nil
}

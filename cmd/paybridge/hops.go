package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"sync"
	"time"
)

// hop is what the demonstration needs of a line that the handler logs.
type hop struct {
	Time     time.Time `json:"time"`
	Message  string    `json:"msg"`
	Function string    `json:"function"`
	Type     string    `json:"type"`
	Payment  string    `json:"payment"`
	Status   string    `json:"payment_status"`
}

// hopReader reads the handler's log lines on their way to where they are
// shown, and lets others wait for one.
type hopReader struct {
	to io.Writer

	mu    sync.Mutex
	rest  []byte
	hops  []hop
	fresh chan struct{}
}

func newHopReader(to io.Writer) *hopReader {
	return &hopReader{to: to, fresh: make(chan struct{})}
}

// keep bounds how many lines are remembered, and how long one may be.
const keep = 1000

// Write takes output of the handler in pieces of any size.
func (r *hopReader) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rest = append(r.rest, p...)
	for {
		line, rest, found := bytes.Cut(r.rest, []byte("\n"))
		if !found {
			break
		}
		r.rest = rest
		var h hop
		if json.Unmarshal(line, &h) == nil && h.Message != "" {
			r.hops = append(r.hops, h)
		}
	}
	if len(r.rest) > 1<<20 {
		r.rest = nil
	}
	if len(r.hops) > keep {
		r.hops = append([]hop(nil), r.hops[len(r.hops)-keep:]...)
	}
	close(r.fresh)
	r.fresh = make(chan struct{})
	return r.to.Write(p)
}

// wait returns when the line that was wanted was logged.
func (r *hopReader) wait(ctx context.Context, wanted func(hop) bool) (time.Time, error) {
	for {
		r.mu.Lock()
		for _, h := range r.hops {
			if wanted(h) {
				r.mu.Unlock()
				return h.Time, nil
			}
		}
		fresh := r.fresh
		r.mu.Unlock()
		select {
		case <-fresh:
		case <-ctx.Done():
			return time.Time{}, context.Cause(ctx)
		}
	}
}

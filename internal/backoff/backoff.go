// Package backoff says how long to wait before the same work is tried again.
// The delay is a pure function, so it can be read and tested; only Wait
// touches the clock, and it always honours its context.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// Policy is exponential backoff with full jitter: the delay is drawn evenly
// from zero to a ceiling that doubles with each attempt, so that callers which
// failed together do not come back together.
type Policy struct {
	// Base is the ceiling after the first attempt.
	Base time.Duration
	// Cap is the highest ceiling.
	Cap time.Duration
}

// Ceiling returns the longest delay after the given attempt, which counts from
// one.
func (p Policy) Ceiling(attempt int) time.Duration {
	ceiling := p.Base
	for range attempt - 1 {
		if ceiling >= p.Cap/2 {
			return p.Cap
		}
		ceiling *= 2
	}
	return min(ceiling, p.Cap)
}

// Delay returns how long to wait after the given attempt, which counts from
// one. Where the other end said how long it wants to be left alone that wins,
// even over the cap: coming back earlier only prolongs a throttling.
func (p Policy) Delay(attempt int, retryAfter time.Duration) time.Duration {
	jitter := time.Duration(rand.Int64N(int64(p.Ceiling(attempt)) + 1))
	if retryAfter > 0 {
		return retryAfter + min(jitter, p.Base)
	}
	return jitter
}

// Wait waits for d, or until ctx is done, and then returns its cause. A delay
// that the deadline of ctx cannot outlast is not begun.
func Wait(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

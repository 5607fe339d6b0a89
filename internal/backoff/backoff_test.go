package backoff

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestCeilingDoublesUpToTheCap(t *testing.T) {
	p := Policy{Base: 100 * time.Millisecond, Cap: time.Second}
	for attempt, want := range map[int]time.Duration{
		1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 3: 400 * time.Millisecond,
		4: 800 * time.Millisecond, 5: time.Second, 6: time.Second, 1_000_000: time.Second,
	} {
		if got := p.Ceiling(attempt); got != want {
			t.Errorf("after attempt %d: %v, want %v", attempt, got, want)
		}
	}
}

func TestDelayIsJitteredBelowTheCeiling(t *testing.T) {
	p := Policy{Base: 100 * time.Millisecond, Cap: time.Second}
	seen := map[time.Duration]bool{}
	for range 200 {
		d := p.Delay(3, 0)
		if d < 0 || d > 400*time.Millisecond {
			t.Fatalf("%v is outside of the jitter", d)
		}
		seen[d] = true
	}
	if len(seen) < 10 {
		t.Errorf("only %d different delays: no jitter", len(seen))
	}
}

func TestRetryAfterWins(t *testing.T) {
	p := Policy{Base: 100 * time.Millisecond, Cap: time.Second}
	for range 50 {
		if d := p.Delay(9, 30*time.Second); d < 30*time.Second || d > 30*time.Second+p.Base {
			t.Fatalf("waits %v, asked for 30s", d)
		}
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		if err := Wait(t.Context(), time.Minute); err != nil || time.Since(start) != time.Minute {
			t.Errorf("waited %v, %v", time.Since(start), err)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		if err := Wait(short, time.Minute); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 0 {
			t.Errorf("a wait past the deadline was begun: %v, %v", time.Since(start), err)
		}
		why := errors.New("shutting down")
		ctx, stop := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { stop(why) })
		if err := Wait(ctx, time.Minute); !errors.Is(err, why) {
			t.Errorf("got %v, want the cause", err)
		}
		if err := Wait(ctx, 0); !errors.Is(err, why) {
			t.Errorf("a wait under a context that is done: %v", err)
		}
	})
}

package health_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"paybridge/functions/health"
	"paybridge/internal/customhandler"
)

// ask calls the function without a host, for tests in a bubble of their own
// time, into which no network reaches.
func ask(ctx context.Context, t *testing.T, f customhandler.HTTPFunction) health.Report {
	t.Helper()
	reply, err := f.Handle(ctx, &customhandler.Request{Method: "GET"})
	if err != nil {
		t.Error(err)
		return health.Report{}
	}
	return decode(t, string(reply.Body))
}

func TestAnAnswerIsGivenAgainWhileFresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		f := health.Function(health.Config{Probes: []health.Probe{{Name: "x", Check: func(context.Context) error { asked.Add(1); return nil }}}})
		for _, c := range []struct {
			after time.Duration
			want  int32
		}{{0, 1}, {0, 1}, {9 * time.Second, 1}, {time.Second, 2}, {time.Second, 2}, {time.Hour, 3}} {
			<-time.After(c.after)
			ask(t.Context(), t, f)
			if asked.Load() != c.want {
				t.Errorf("asked %d times, want %d", asked.Load(), c.want)
			}
		}
	})
}

func TestCallersShareOneRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		f := health.Function(health.Config{Probes: []health.Probe{{Name: "x", Check: func(ctx context.Context) error {
			asked.Add(1)
			return wait(ctx, time.Second)
		}}}})
		// The caller who begins the run leaves before its end; the others get
		// their answer all the same.
		first, leave := context.WithCancel(t.Context())
		var callers sync.WaitGroup
		callers.Go(func() {
			if _, err := f.Handle(first, &customhandler.Request{}); !errors.Is(err, context.Canceled) {
				t.Errorf("the caller who left got %v", err)
			}
		})
		synctest.Wait()
		for range 100 {
			callers.Go(func() {
				if report := ask(t.Context(), t, f); report.Status != health.OK {
					t.Errorf("the status is %s", report.Status)
				}
			})
		}
		synctest.Wait()
		leave()
		callers.Wait()
		if asked.Load() != 1 {
			t.Errorf("101 callers made %d checks", asked.Load())
		}
	})
}

// wait waits like a client that heeds its context.
func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestChecksAreBoundedAndSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		deaf := make(chan struct{})
		f := health.Function(health.Config{Probes: []health.Probe{
			{Name: "slow", Check: func(ctx context.Context) error { return wait(ctx, time.Hour) }},
			{Name: "deaf", Check: func(context.Context) error { <-deaf; return nil }},
			{Name: "quick", Check: func(ctx context.Context) error { return wait(ctx, 1999*time.Millisecond) }},
		}})
		start := time.Now()
		report := ask(t.Context(), t, f)
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("the answer took %s", took)
		}
		for i, want := range []health.Problem{health.TimedOut, health.TimedOut, ""} {
			if report.Checks[i].Problem != want {
				t.Errorf("%s: %q, want %q", report.Checks[i].Name, report.Checks[i].Problem, want)
			}
		}
		if ms := report.Checks[2].LatencyMS; ms == nil || *ms != 1999 {
			t.Errorf("the latency is %v ms", ms)
		}
		close(deaf)
	})
}

// TestPaymentsAreSuccessesToo: what payments found out counts as much as a
// check, and is all there is to know of what cannot be asked.
func TestPaymentsAreSuccessesToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		asked, queue := start.Add(time.Second), time.Time{}
		f := health.Function(health.Config{Probes: []health.Probe{
			{Name: "asked", Check: func(context.Context) error { return errors.New("x") }, Seen: func() time.Time { return asked }},
			{Name: "better", Check: func(context.Context) error { return nil }, Seen: func() time.Time { return start }},
			{Name: "queue", Seen: func() time.Time { return queue }},
		}})
		for _, want := range [][]time.Time{
			{asked, start.Add(time.Minute), {}},
			{asked, start.Add(2 * time.Minute), start.Add(90 * time.Second)},
		} {
			<-time.After(time.Minute)
			report := ask(t.Context(), t, f)
			for i, check := range report.Checks {
				if got := check.LastSuccess; (got == nil) != want[i].IsZero() || got != nil && !got.Equal(want[i]) {
					t.Errorf("%s: %v, want %v", check.Name, got, want[i])
				}
			}
			queue = start.Add(90 * time.Second)
		}
	})
}

func TestLastSuccessOutlivesAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var now error
		var log bytes.Buffer
		f := health.Function(health.Config{
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
			Probes: []health.Probe{{Name: "x", Check: func(context.Context) error { return now }}},
		})
		if report := ask(t.Context(), t, f); report.Checks[0].LastSuccess == nil || !report.Checks[0].LastSuccess.Equal(time.Now()) {
			t.Errorf("the last success is %v", report.Checks[0].LastSuccess)
		}
		good := time.Now()
		now = errors.New("the row is locked")
		for range 3 {
			<-time.After(time.Minute)
			report := ask(t.Context(), t, f)
			if check := report.Checks[0]; check.OK || check.LastSuccess == nil || !check.LastSuccess.Equal(good) {
				t.Errorf("the check is %+v", check)
			}
		}
		now = nil
		<-time.After(time.Minute)
		if report := ask(t.Context(), t, f); !report.Checks[0].OK || !report.Checks[0].LastSuccess.Equal(time.Now()) {
			t.Errorf("the check is %+v", report.Checks[0])
		}
		if n := strings.Count(log.String(), "health check fails"); n != 1 {
			t.Errorf("three failures alike are logged %d times", n)
		}
		if !strings.Contains(log.String(), `error="the row is locked"`) || strings.Count(log.String(), "health check recovered") != 1 {
			t.Errorf("the log is %s", log.String())
		}
	})
}

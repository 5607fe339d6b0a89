package functionshost

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"paybridge/standin/functionshost/ncrontab"
)

func newTimer(t *testing.T, schedule, file string, run func(tick)) *timer {
	t.Helper()
	s, err := ncrontab.Parse(schedule)
	if err != nil {
		t.Fatal(err)
	}
	return &timer{schedule: s, monitor: true, file: file, run: run, log: slog.New(slog.DiscardHandler)}
}

// runFor lets a timer run for this long, in the time of a synctest bubble.
func runFor(t *testing.T, timer *timer, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	timer.loop(ctx)
}

// The next time is looked up after a run has ended: runs never overlap, and
// the times that a long run missed are not made up for.
func TestTimerNeverOverlaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		start := time.Now()
		runFor(t, newTimer(t, "0 * * * * *", "", func(tick) {
			at = append(at, time.Since(start))
			<-time.After(150 * time.Second)
		}), 9*time.Minute)
		want := []time.Duration{time.Minute, 4 * time.Minute, 7 * time.Minute}
		if len(at) != len(want) || at[0] != want[0] || at[1] != want[1] || at[2] != want[2] {
			t.Errorf("the runs began at %v, want %v", at, want)
		}
	})
}

// A timer that was due while the host was down runs once at start, past due.
func TestTimerPastDue(t *testing.T) {
	file := filepath.Join(t.TempDir(), "timers", "f.json")
	synctest.Test(t, func(t *testing.T) {
		var ticks []tick
		note := func(x tick) { ticks = append(ticks, x) }
		runFor(t, newTimer(t, "0 */5 * * * *", file, note), 6*time.Minute)
		if len(ticks) != 1 || ticks[0].pastDue || !ticks[0].status.Last.IsZero() {
			t.Fatalf("the first run of the host: %+v", ticks)
		}
		first := time.Now().Add(-time.Minute)
		<-time.After(time.Hour + time.Second)
		runFor(t, newTimer(t, "0 */5 * * * *", file, note), time.Minute)
		if len(ticks) != 2 || !ticks[1].pastDue || !ticks[1].status.Last.Equal(first) {
			t.Fatalf("the second run of the host: %+v, want the last run at %v", ticks, first)
		}
		runFor(t, newTimer(t, "0 */5 * * * *", file, note), time.Second)
		if len(ticks) != 2 {
			t.Errorf("ran again: %+v", ticks)
		}
	})
}

func TestTimerRunsOnStartup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		timer := newTimer(t, "0 0 0 * * *", "", func(tick) { runs++ })
		timer.startup = true
		runFor(t, timer, time.Second)
		if runs != 1 {
			t.Errorf("%d runs, want 1", runs)
		}
	})
}

func TestTimerStatus(t *testing.T) {
	f := &function{name: "f", trigger: binding{Name: "timer"}}
	last := time.Date(2024, 5, 1, 0, 0, 0, 1234500, time.UTC)
	e := timerEnvelope(f, tick{true, &scheduleStatus{last, last.Truncate(time.Second).Add(5 * time.Minute), last}, true}, last)
	want := `{"Data":{"timer":{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{"Last":"2024-05-01T00:00:00.0012345+00:00",` +
		`"Next":"2024-05-01T00:05:00+00:00","LastUpdated":"2024-05-01T00:00:00.0012345+00:00"},"IsPastDue":true}},`
	if got := e.text(); !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	e = timerEnvelope(f, tick{status: &scheduleStatus{}}, last)
	if !strings.Contains(e.text(), `"Last":"0001-01-01T00:00:00",`) {
		t.Errorf("a timer that never ran: %s", e.text())
	}
}

package functionshost

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"paybridge/standin/functionshost/ncrontab"
	"paybridge/standin/functionshost/newtonsoft"
)

// monitorFrom is the interval from which on the real host keeps the status of
// a schedule.
const monitorFrom = time.Minute

// scheduleStatus is what is kept of a timer between runs.
type scheduleStatus struct {
	Last        time.Time `json:"Last"`
	Next        time.Time `json:"Next"`
	LastUpdated time.Time `json:"LastUpdated"`
}

// tick is what a timer function is told.
type tick struct {
	adjustForDST bool
	status       *scheduleStatus // nil when the schedule is not monitored
	pastDue      bool
}

// timerEnvelope is the request of a timer trigger.
func timerEnvelope(f *function, t tick, now time.Time) *envelope {
	schedule := newtonsoft.NewObject()
	schedule.Set("AdjustForDST", newtonsoft.NewBool(t.adjustForDST))
	status := newtonsoft.NewNull()
	if t.status != nil {
		status = newtonsoft.NewObject()
		status.Set("Last", statusTime(t.status.Last))
		status.Set("Next", statusTime(t.status.Next))
		status.Set("LastUpdated", statusTime(t.status.LastUpdated))
	}
	info := newtonsoft.NewObject()
	info.Set("Schedule", schedule)
	info.Set("ScheduleStatus", status)
	info.Set("IsPastDue", newtonsoft.NewBool(t.pastDue))
	data, metadata := newtonsoft.NewObject(), newtonsoft.NewObject()
	data.Set(f.trigger.Name, info)
	addSys(metadata, f.name, now)
	return &envelope{data, metadata}
}

// statusTime is a time of the status. One that never was has no offset.
func statusTime(t time.Time) *newtonsoft.Token {
	if t.IsZero() {
		return newtonsoft.NewString("0001-01-01T00:00:00")
	}
	return newtonsoft.NewTime(t, false)
}

// timer runs one timer function by its schedule.
type timer struct {
	schedule *ncrontab.Schedule
	monitor  bool
	startup  bool   // runOnStartup
	file     string // of the status, empty for none
	run      func(tick)
	log      *slog.Logger
}

// startTimer starts the loop of a timer function.
func (h *Host) startTimer(f *function) {
	monitor := f.trigger.UseMonitor == nil || *f.trigger.UseMonitor
	t := &timer{
		schedule: f.schedule,
		monitor:  monitor && f.schedule.Shortest(time.Now()) >= monitorFrom,
		startup:  f.trigger.RunOnStartup,
		run:      func(t tick) { _, _ = h.invoke(f, timerEnvelope(f, t, time.Now())) },
		log:      h.log.With(slog.String("function", f.name)),
	}
	if h.cfg.StateDir != "" {
		t.file = filepath.Join(h.cfg.StateDir, "timers", f.name+".json")
	}
	h.loops.Go(func() { t.loop(h.ctx) })
}

// loop runs the function at start when it is overdue or wants to, and then at
// each time of the schedule. The next time is looked up after a run has ended,
// so that runs never overlap and missed times are not made up for.
func (t *timer) loop(ctx context.Context) {
	status := t.load()
	now := time.Now()
	pastDue := t.monitor && !status.Next.IsZero() && status.Next.Before(now)
	if pastDue || t.startup {
		if ctx.Err() != nil {
			return
		}
		t.fire(&status, now, pastDue)
	}
	for {
		next := t.schedule.Next(time.Now())
		if t.monitor && !status.Next.Equal(next) {
			status.Next, status.LastUpdated = next, time.Now()
			t.save(status)
		}
		wait := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
			wait.Stop()
			return
		case <-wait.C:
		}
		t.fire(&status, time.Now(), false)
	}
}

// fire runs the function once and notes when.
func (t *timer) fire(status *scheduleStatus, now time.Time, pastDue bool) {
	info := tick{adjustForDST: t.schedule.AdjustForDST(), pastDue: pastDue}
	if t.monitor {
		before := *status
		info.status = &before
	}
	t.run(info)
	if t.monitor {
		*status = scheduleStatus{Last: now, Next: t.schedule.Next(now), LastUpdated: now}
		t.save(*status)
	}
}

func (t *timer) load() scheduleStatus {
	var s scheduleStatus
	if t.file == "" {
		return s
	}
	text, err := os.ReadFile(t.file)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.log.Warn("Reading the status of the timer", slog.Any("error", err))
		return scheduleStatus{}
	}
	return s
}

// save writes the status whole or not at all.
func (t *timer) save(s scheduleStatus) {
	if t.file == "" {
		return
	}
	text, err := json.Marshal(s)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(t.file), 0o700)
	}
	if err == nil {
		err = os.WriteFile(t.file+".new", text, 0o600)
	}
	if err == nil {
		err = os.Rename(t.file+".new", t.file)
	}
	if err != nil {
		t.log.Warn("Writing the status of the timer", slog.Any("error", err))
	}
}

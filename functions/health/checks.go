package health

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// checks runs the probes and keeps the last report.
type checks struct {
	config Config
	flight singleflight.Group

	mu    sync.Mutex
	last  Report
	until time.Time // until when last is given again.

	// history has an entry for each probe. Only the one run that is under way
	// touches it.
	history []history
}

// history is what is remembered of a probe between runs.
type history struct {
	success time.Time
	problem Problem
}

// report returns the last report while it is fresh, else that of a new run, for
// which all callers wait together.
func (c *checks) report(ctx context.Context) (Report, error) {
	if report, ok := c.fresh(); ok {
		return report, nil
	}
	// The run is everybody's: it must not end with the caller who began it.
	detached := context.WithoutCancel(ctx)
	done := c.flight.DoChan("", func() (any, error) {
		if report, ok := c.fresh(); ok {
			return report, nil
		}
		report := c.run(detached)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.last, c.until = report, time.Now().Add(c.config.Fresh)
		return report, nil
	})
	select {
	case result := <-done:
		report, _ := result.Val.(Report)
		return report, result.Err
	case <-ctx.Done():
		return Report{}, context.Cause(ctx)
	}
}

func (c *checks) fresh() (Report, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last, time.Now().Before(c.until)
}

// run runs all probes side by side.
func (c *checks) run(ctx context.Context) Report {
	report := Report{Status: OK, Mode: c.config.Mode, Version: c.config.Version, Checks: make([]Check, len(c.config.Probes))}
	var probes sync.WaitGroup
	for i, probe := range c.config.Probes {
		probes.Go(func() { report.Checks[i] = c.probe(ctx, probe, &c.history[i]) })
	}
	probes.Wait()
	for i, check := range report.Checks {
		switch {
		case check.OK:
		case check.Problem == Throttled, c.config.Probes[i].Optional:
			if report.Status == OK {
				report.Status = Degraded
			}
		default:
			report.Status = Down
		}
	}
	return report
}

// probe runs one probe.
func (c *checks) probe(ctx context.Context, p Probe, h *history) Check {
	missing := p.missing()
	check := Check{Name: p.Name, Configured: len(missing) == 0}
	var err error
	switch {
	case !check.Configured:
		check.Problem = NotConfigured
	case p.Check != nil:
		var took time.Duration
		check.Problem, took, err = c.ask(ctx, p)
		ms := took.Milliseconds()
		check.LatencyMS = &ms
		if check.Problem == "" {
			h.success = time.Now().UTC()
		}
	}
	check.OK = check.Problem == ""
	check.Hint = p.hint(check.Problem, missing)
	if p.Seen != nil {
		if seen := p.Seen().UTC(); seen.After(h.success) {
			h.success = seen
		}
	}
	if !h.success.IsZero() {
		success := h.success.Truncate(time.Second)
		check.LastSuccess = &success
	}
	c.tell(ctx, check, h, err)
	return check
}

// ask runs a check for no longer than it may take, even one that does not heed
// its context: that one is left behind.
func (c *checks) ask(ctx context.Context, p Probe) (Problem, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	type result struct {
		problem Problem
		err     error
	}
	start := time.Now()
	done := make(chan result, 1)
	go func() {
		problem, err := p.check(ctx)
		done <- result{problem, err}
	}()
	select {
	case r := <-done:
		return r.problem, time.Since(start), r.err
	case <-ctx.Done():
		return TimedOut, time.Since(start), ctx.Err()
	}
}

// tell logs what changed about a probe since the last run. The log is not for
// everybody, so it has the error.
func (c *checks) tell(ctx context.Context, check Check, h *history, err error) {
	if check.Problem == h.problem {
		return
	}
	h.problem = check.Problem
	attrs := []slog.Attr{slog.String("check", check.Name)}
	if check.OK {
		c.config.Logger.LogAttrs(ctx, slog.LevelInfo, "health check recovered", attrs...)
		return
	}
	attrs = append(attrs, slog.String("problem", string(check.Problem)), slog.String("hint", check.Hint))
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	c.config.Logger.LogAttrs(ctx, slog.LevelWarn, "health check fails", attrs...)
}

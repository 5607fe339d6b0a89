// Package doctor looks for what is wrong with an installation of PayBridge and
// says what to do about each thing it finds. It changes nothing.
//
// A group of checks is one file with a function that returns them, named in
// groups. A check asks what it needs and records findings with ok, warn and
// problem; it need not care how long it takes, whether it panics or what runs
// beside it.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"paybridge/cmd/paybridge/target"
)

// Level says how bad a finding is.
type Level string

// The levels. What was not looked at, because something that it needs is
// missing, is neither good nor bad: what is missing is a finding of its own.
const (
	OK      Level = "ok"
	Skipped Level = "skipped"
	Warning Level = "warning"
	Problem Level = "problem"
)

// rank orders the levels.
func (l Level) rank() int { return slices.Index([]Level{Skipped, OK, Warning, Problem}, l) }

// Finding is one thing that was looked at.
type Finding struct {
	// Group is the part of the installation, Check what of it was looked at.
	Group string `json:"group"`
	Check string `json:"check"`
	Level Level  `json:"level"`
	// Message is what was found, Remedy what to do about it: whatever is not ok
	// has one.
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

// Config says what is examined.
type Config struct {
	// Target is the installation, and Problems are what stood in the way of
	// finding all of it.
	Target   *target.Target
	Problems []error
	// App is the address of the function app, empty where it is not known: then
	// the webhook endpoints at Stripe tell.
	App string
	// Mode is the mode that the installation should be in, "test" or "live",
	// empty where nobody said.
	Mode string
	// Version names this build, to be compared with the app's.
	Version string
	// Now is the clock of this machine, time.Now when nil.
	Now func() time.Time
	// HTTP asks the app, and the clocks. Nil means a client of its own.
	HTTP *http.Client
	// Timeout bounds each check. Zero means 30 s.
	Timeout time.Duration
	// Waiting, when set, is told now and then for which groups' checks the
	// report still waits.
	Waiting func(groups []string)
}

// Report is what came of it.
type Report struct {
	// Installation says in a few words what was examined, Mode whether it moves
	// real money: "test", "live", or empty where there is no key that tells.
	Installation string `json:"installation"`
	Mode         string `json:"mode,omitempty"`
	// Worst is the worst level of a finding.
	Worst    Level     `json:"worst"`
	Findings []Finding `json:"findings"`
}

// group is a part of the installation and the checks of it.
type group struct {
	name   string
	checks []check
}

// check looks at something and records what it finds.
type check struct {
	// name is what the check is called where it does not come to an end.
	name string
	run  func(context.Context, *subject, *record)
}

// groups are all groups in the order of the report.
func groups() []group {
	return []group{settingsGroup(), keyVaultGroup(), modeGroup(), stripeGroup(), endpointGroup(), appGroup(), dataverseGroup(), queuesGroup(), clockGroup()}
}

// defaultTimeout bounds a check. A function app that was idle takes a while to
// answer.
const defaultTimeout = 30 * time.Second

// parallel bounds how many checks run at once: Stripe lets a test key ask 25
// times a second.
const parallel = 8

// Examine runs all checks side by side.
func Examine(ctx context.Context, c Config) Report { return examine(ctx, c, groups()) }

func examine(ctx context.Context, c Config, groups []group) Report {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	s := &subject{Config: c}
	var records []*record
	var queue []func() error
	for _, g := range groups {
		for _, check := range g.checks {
			r := &record{group: g.name}
			records = append(records, r)
			queue = append(queue, func() error {
				s.examine(ctx, check, r)
				return nil
			})
		}
	}
	stop := s.tellWaiting(records)
	var checks errgroup.Group
	checks.SetLimit(parallel)
	for _, check := range queue {
		checks.Go(check)
	}
	_ = checks.Wait() // What goes wrong is a finding.
	stop()
	report := Report{Installation: c.Target.String(), Mode: c.Target.Settings.Mode(), Worst: OK}
	for _, r := range records {
		report.Findings = append(report.Findings, r.all()...)
	}
	for _, f := range report.Findings {
		if f.Level.rank() > report.Worst.rank() {
			report.Worst = f.Level
		}
	}
	return report
}

// waitingEvery is how often a person is told what is waited for.
const waitingEvery = 2 * time.Second

// tellWaiting tells what is waited for until it is stopped.
func (s *subject) tellWaiting(records []*record) (stop func()) {
	if s.Waiting == nil {
		return func() {}
	}
	ticker, done := time.NewTicker(waitingEvery), make(chan struct{})
	var telling sync.WaitGroup
	telling.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				var groups []string
				for _, r := range records {
					if r.open() && !slices.Contains(groups, r.group) {
						groups = append(groups, r.group)
					}
				}
				s.Waiting(groups)
			}
		}
	})
	return func() {
		ticker.Stop()
		close(done)
		telling.Wait()
	}
}

// examine runs one check for no longer than it may take, even one that does not
// heed its context: that one is left behind, and what it records later is lost.
func (s *subject) examine(ctx context.Context, c check, r *record) {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	defer r.end()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if v := recover(); v != nil {
				r.problem(c.name, fmt.Sprintf("the check broke off: %v", v), "this is a fault of PayBridge: report it")
			}
		}()
		c.run(ctx, s, r)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			r.problem(c.name, fmt.Sprintf("there was no answer within %v", s.Timeout), "check the network between this machine and the other end, and run it again")
			return
		}
		r.problem(c.name, "the check was interrupted", "run it again")
	}
}

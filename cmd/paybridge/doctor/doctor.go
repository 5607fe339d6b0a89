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
	// Message is what was found, Remedy what to do about it: every warning and
	// every problem has one.
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
	return []group{settingsGroup(), keyVaultGroup(), modeGroup(), stripeGroup(), endpointGroup(), appGroup(), clockGroup()}
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
	var checks errgroup.Group
	checks.SetLimit(parallel)
	for _, g := range groups {
		for _, check := range g.checks {
			r := &record{group: g.name}
			records = append(records, r)
			checks.Go(func() error {
				s.examine(ctx, check, r)
				return nil
			})
		}
	}
	_ = checks.Wait() // What goes wrong is a finding.
	report := Report{Installation: c.Target.String(), Mode: c.Target.Settings.Mode(), Worst: OK}
	for _, r := range records {
		report.Findings = append(report.Findings, r.close()...)
	}
	for _, f := range report.Findings {
		if f.Level.rank() > report.Worst.rank() {
			report.Worst = f.Level
		}
	}
	return report
}

// examine runs one check for no longer than it may take, even one that does not
// heed its context: that one is left behind, and what it records later is lost.
func (s *subject) examine(ctx context.Context, c check, r *record) {
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
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

// record takes the findings of one check.
type record struct {
	group string

	mu       sync.Mutex
	closed   bool
	findings []Finding
}

func (r *record) add(check string, level Level, message, remedy string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.findings = append(r.findings, Finding{r.group, check, level, message, remedy})
	}
}

func (r *record) close() []Finding {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return r.findings
}

// ok records that something is as it should be.
func (r *record) ok(check, message string) { r.add(check, OK, message, "") }

// warn records something with which payments flow.
func (r *record) warn(check, message, remedy string) { r.add(check, Warning, message, remedy) }

// problem records something with which payments do not flow, or not as they
// should.
func (r *record) problem(check, message, remedy string) { r.add(check, Problem, message, remedy) }

// skip records that something was not looked at, and why.
func (r *record) skip(check, why string) { r.add(check, Skipped, why, "") }

// failed records that something could not be looked at. The error's own hint
// goes before the remedy.
func (r *record) failed(check string, err error, remedy string) {
	if h, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok && h.Hint() != "" {
		remedy = h.Hint()
	}
	r.problem(check, err.Error(), remedy)
}

// Package health is the function that tells whether payments can flow: what is
// configured, and whether Stripe and Dataverse answer. Anybody may call it, so
// it says nothing that is secret, describes a failure by its class and never by
// an error's text, and asks the other ends no more than once in a while however
// often it is called.
package health

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"paybridge/internal/customhandler"
)

// The names in function.json.
const (
	Name    = "health"
	trigger = "req"
	answer  = "res"
)

const (
	// defaultTimeout is Config.Timeout when it is zero.
	defaultTimeout = 2 * time.Second
	// defaultFresh is Config.Fresh when it is zero. Six requests a minute are
	// nothing to Stripe and Dataverse, and a monitor asks less often.
	defaultFresh = 10 * time.Second
)

// Config is what the function works with.
type Config struct {
	// Probes are what is checked, in the order of the answer.
	Probes []Probe
	// Mode is the mode of the Stripe key, "test" or "live", empty without one.
	Mode string
	// Version is the version of the program.
	Version string
	// Timeout bounds each check. Zero means 2 s.
	Timeout time.Duration
	// Fresh is for how long an answer is given again. Zero means 10 s.
	Fresh time.Duration
	// Logger gets a line when a check begins to fail, fails in another way or
	// recovers. Nil discards them.
	Logger *slog.Logger
}

// Function returns the function, ready to be registered. It answers 200 while
// payments can flow and 503 while they cannot.
func Function(c Config) customhandler.HTTPFunction {
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Fresh <= 0 {
		c.Fresh = defaultFresh
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	checks := &checks{config: c, history: make([]history, len(c.Probes))}
	return customhandler.HTTPFunction{
		Name: Name, Trigger: trigger, Response: answer,
		Handle: func(ctx context.Context, _ *customhandler.Request) (customhandler.Reply, error) {
			report, err := checks.report(ctx)
			if err != nil {
				return customhandler.Reply{}, err
			}
			customhandler.Annotate(ctx, slog.String("health", string(report.Status)))
			return report.reply()
		},
	}
}

// Status is what the checks come to.
type Status string

// The statuses, from good to bad.
const (
	// OK means that everything works.
	OK Status = "ok"
	// Degraded means that payments flow, with something to look at.
	Degraded Status = "degraded"
	// Down means that payments do not flow.
	Down Status = "down"
)

// Report is the answer.
type Report struct {
	Status  Status  `json:"status"`
	Mode    string  `json:"mode,omitempty"`
	Checks  []Check `json:"checks"`
	Version string  `json:"version,omitempty"`
}

// Check is the result of one probe.
type Check struct {
	Name string `json:"name"`
	// Configured says that no setting is missing.
	Configured bool `json:"configured"`
	// OK says that nothing is wrong.
	OK bool `json:"ok"`
	// LatencyMS is how long the check took, in milliseconds; absent where
	// nothing was asked.
	LatencyMS *int64 `json:"latencyMs,omitempty"`
	// LastSuccess is when this process last saw the dependency work, by a check
	// or by a payment, in UTC; absent where it has not.
	LastSuccess *time.Time `json:"lastSuccess,omitempty"`
	// Problem is the class of what is wrong, and Hint what to do about it.
	Problem Problem `json:"problem,omitempty"`
	Hint    string  `json:"hint,omitempty"`
}

func (r Report) reply() (customhandler.Reply, error) {
	status := http.StatusOK
	if r.Status == Down {
		status = http.StatusServiceUnavailable
	}
	reply, err := customhandler.JSON(status, r)
	reply.Header = map[string]string{"Cache-Control": "no-store"}
	return reply, err
}

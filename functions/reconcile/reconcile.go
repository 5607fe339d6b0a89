// Package reconcile is the function that finds by itself what was lost on the
// way. A timer starts it; it compares both ends in bulk and puts hints on the
// queues, and the consumers make what they hint at agree. Webhooks that were
// never delivered, messages that went to the dead letters, events that Stripe
// never made and changes that Dataverse never posted are healed that way, with
// no operator.
package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"paybridge/internal/crm"
	"paybridge/internal/customhandler"
	"paybridge/internal/drift"
)

// The names in function.json.
const (
	Name    = "reconcile"
	trigger = "timer"
	hints   = "hints"
	changes = "changes"
)

// defaultBudget is Config.Budget when it is zero.
const defaultBudget = 4 * time.Minute

// Config is what the function works with.
type Config struct {
	// Missing names the settings without which nothing can be done.
	Missing []string
	// Finder is nil while settings are missing.
	Finder *drift.Finder
	// Budget is how long a run may take, with its bookmark read and written. The
	// host kills an app that takes longer than functionTimeout, with whatever
	// else it is doing. Zero means four minutes.
	Budget time.Duration
	Logger *slog.Logger
}

// Function returns the function, ready to be registered.
func Function(c Config) customhandler.TimerFunction {
	c.Budget = cmp.Or(c.Budget, defaultBudget)
	f := &function{Config: c}
	return customhandler.TimerFunction{Name: Name, Trigger: trigger, Outputs: []string{hints, changes}, Handle: f.handle}
}

type function struct {
	Config
	running sync.Mutex
}

// handle is one run. The host starts no second one beside it, over all
// instances; a run that was started by hand is turned away here.
func (f *function) handle(ctx context.Context, _ customhandler.Timer) (customhandler.Outputs, error) {
	if len(f.Missing) > 0 {
		return nil, fmt.Errorf("not configured: set %s", strings.Join(f.Missing, ", "))
	}
	if !f.running.TryLock() {
		customhandler.Annotate(ctx, slog.String("result", "another run is under way"))
		return nil, nil
	}
	defer f.running.Unlock()
	ctx, cancel := context.WithTimeoutCause(ctx, f.Budget, fmt.Errorf("the invocation's budget of %v is spent", f.Budget))
	defer cancel()
	report, err := f.Finder.Find(ctx)
	if err != nil {
		return nil, err
	}
	outputs, err := messages(report)
	if err != nil {
		return nil, err
	}
	// The mark never passes what is not in step yet. So it may move before the
	// messages are on the queues: what is lost there is found again.
	saved := f.Finder.Save(ctx, report)
	annotate(ctx, report, saved)
	for _, finding := range report.Findings {
		f.Logger.LogAttrs(ctx, slog.LevelDebug, "out of step", slog.String("kind", string(finding.Kind)), slog.String("object", finding.Object),
			slog.String("payment", string(finding.Payment)), slog.Time("since", finding.Since), slog.String("detail", finding.Detail))
	}
	if saved != nil && !errors.Is(saved, crm.ErrChanged) && len(report.Findings) == 0 {
		return nil, saved
	}
	return outputs, nil
}

// messages encodes what goes to the queues.
func messages(report *drift.Report) (customhandler.Outputs, error) {
	outputs := customhandler.Outputs{}
	for _, finding := range report.Findings {
		queue, body, err := finding.Message()
		if err != nil {
			return nil, err
		}
		switch queue {
		case drift.Events:
			outputs[hints] = append(outputs[hints], body)
		case drift.Requests:
			outputs[changes] = append(outputs[changes], body)
		}
	}
	return outputs, nil
}

// annotate makes the drift report a part of the invocation's log line.
func annotate(ctx context.Context, report *drift.Report, saved error) {
	attrs := []slog.Attr{slog.Bool("slow", report.Slow)}
	for _, kind := range drift.Kinds() {
		attrs = append(attrs, slog.Int(string(kind), report.Count(kind)))
	}
	attrs = append(attrs, slog.Int("held", report.Held), slog.Int("given_up", report.Given),
		slog.Int("stripe_requests", report.StripeRequests), slog.Int("crm_requests", report.CRMRequests))
	if len(report.Findings) > 0 {
		attrs = append(attrs, slog.Time("oldest", report.Findings[0].Since))
	}
	if report.Cut != "" {
		attrs = append(attrs, slog.String("cut_short", report.Cut))
	}
	if saved != nil {
		attrs = append(attrs, slog.String("bookmark", saved.Error()))
	}
	customhandler.Annotate(ctx, attrs...)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"paybridge/cmd/paybridge/target"
	"paybridge/internal/drift"
)

// reconcileCommand does by hand what the function reconcile does by itself.
type reconcileCommand struct {
	target.Flags `embed:""`
	Since        time.Duration  `placeholder:"72h" help:"Look at everything that happened in so long a time. Default: at what the function has not passed yet."`
	After        *time.Duration `placeholder:"10m" help:"How old a thing has to be to count as lost. Default: ReconcileAfter, and ReconcileSweep for the slower sweeps."`
	Max          int            `default:"1000" help:"Put no more than so many messages on each queue."`
	settleFlags
}

// Validate refuses what cannot be meant.
func (c *reconcileCommand) Validate() error {
	switch {
	case c.Max < 1:
		return errors.New("--max has to be at least 1")
	case c.After != nil && *c.After < 0:
		return errors.New("--after cannot be negative")
	case c.Since < 0 || c.Since > maxSince:
		return fmt.Errorf("--since has to be between 0 and %v, for which Stripe keeps events", maxSince)
	default:
		return nil
	}
}

const maxSince = 30 * 24 * time.Hour

// Run shows what is out of step, asks, and puts it on the queues.
func (c *reconcileCommand) Run(ctx context.Context, t *terminal) (err error) {
	found, err := c.Open(ctx, process())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, found.Close(context.WithoutCancel(ctx))) }()
	needed := []string{"StripeSecretKey", "DataverseUrl"}
	if !c.DryRun {
		needed = append(needed, "ServiceBusConnection", "PaymentEventsQueue", "PaymentRequestsQueue")
	}
	if err := found.Require(needed...); err != nil {
		return err
	}
	t.progress("comparing both ends of %s…", found)
	report, err := c.look(ctx, found)
	if err != nil {
		return &hinted{err, "paybridge doctor says what is wrong with an installation"}
	}
	if err := showDrift(t, report); err != nil {
		return err
	}
	toDo := len(report.Findings) - report.Count(drift.Deleted)
	if toDo == 0 {
		return nil
	}
	question := fmt.Sprintf("Put %s on the queues?", plural(toDo, "message"))
	switch {
	case c.DryRun:
		t.say("Dry run: nothing was changed. Without --dry-run the question would be: %s", question)
		return nil
	case !c.Yes:
		if yes, err := t.ask(ctx, question); err != nil || !yes {
			if err == nil {
				t.say("Nothing was changed.")
			}
			return err
		}
	}
	return enqueue(ctx, t, found, report.Findings)
}

func (c *reconcileCommand) look(ctx context.Context, found *target.Target) (*drift.Report, error) {
	s := found.Settings
	if c.After != nil {
		s.ReconcileAfter, s.ReconcileSweep = *c.After, *c.After
	}
	finder := drift.New(drift.Config{
		Stripe: found.Stripe, Rows: found.Rows, Livemode: s.Livemode(), Org: s.OrgHost(),
		After: s.ReconcileAfter, SweepAfter: s.ReconcileSweep, Window: s.ReconcileWindow, Limit: c.Max, Budget: 10 * time.Minute,
	})
	return finder.Look(ctx, c.Since)
}

// showDrift prints the report: what is out of step, where, since when and what
// would be done.
func showDrift(t *terminal, report *drift.Report) error {
	cost := fmt.Sprintf("%s of Stripe and %d of the CRM", plural(report.StripeRequests, "request"), report.CRMRequests)
	if report.Cut != "" {
		t.say("warning: not everything was seen: %s", report.Cut)
	}
	if len(report.Findings) == 0 {
		t.say("Nothing is out of step (%s).", cost)
		return nil
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "KIND\tWHAT\tPAYMENT\tSINCE (UTC)\tHOW\tWOULD GO TO")
	for _, f := range report.Findings {
		queue, _, err := f.Message()
		if err != nil {
			return err
		}
		what := f.Object
		if what == string(f.Payment) {
			what = "row"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", f.Kind, what, orNone(string(f.Payment)), f.Since.UTC().Format(time.DateTime), f.Detail, orNone(string(queue)))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, kind := range drift.Kinds() {
		if n := report.Count(kind); n > 0 {
			t.say("%s: %d", kind, n)
		}
	}
	t.say("It took %s.", cost)
	return nil
}

func orNone(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// enqueue puts the messages of the findings on the queues.
func enqueue(ctx context.Context, t *terminal, found *target.Target, findings []drift.Finding) error {
	names := map[drift.Queue]string{drift.Events: found.Settings.PaymentEventsQueue, drift.Requests: found.Settings.PaymentRequestsQueue}
	bodies := map[drift.Queue][][]byte{}
	for _, f := range findings {
		queue, body, err := f.Message()
		if err != nil {
			return err
		}
		bodies[queue] = append(bodies[queue], body)
	}
	for _, queue := range []drift.Queue{drift.Events, drift.Requests} {
		if len(bodies[queue]) == 0 {
			continue
		}
		if err := found.Queues.Send(ctx, names[queue], bodies[queue]...); err != nil {
			return err
		}
		t.say("%s: put %s on the queue", names[queue], plural(len(bodies[queue]), "message"))
	}
	return nil
}

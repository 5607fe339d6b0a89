package deadletters

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"paybridge/internal/crm"
	"paybridge/internal/judge"
	"paybridge/internal/payment"
)

// Rows is the CRM side: package crm over a Dataverse client.
type Rows interface {
	Load(ctx context.Context, lookups []crm.By, events []string) (crm.Loaded, error)
}

// Comparer compares the payments of dead letters at both ends. It writes
// nothing.
type Comparer struct {
	// Missing names the settings without which nothing can be compared.
	Missing []string

	Rows    Rows
	Mapping crm.Mapping
	Stripe  judge.Stripe
	// Livemode is the mode of the deployment, Org the host of its CRM.
	Livemode bool
	Org      string
}

const (
	// page is how many letters are compared in one round trip to the CRM.
	page = 50
	// parallel is how many payments are read from Stripe at once.
	parallel = 8
	// patience bounds one page. An end that is down must not keep an operator
	// from seeing the letters.
	patience = 30 * time.Second
	// hops is how many rows are looked at for a hint, which may name the wrong
	// one.
	hops = 3
)

// Compare gives every letter its verdict. It calls progress after each page
// with how many payments are done, and of how many. An end that does not answer is asked once, not for
// each page.
func (c *Comparer) Compare(ctx context.Context, letters []*Letter, progress func(done, of int)) {
	var down *Verdict
	if len(c.Missing) > 0 {
		down = &Verdict{State: NotCompared, Detail: fmt.Sprintf("Not configured: set %s.", strings.Join(c.Missing, ", "))}
	}
	var open []*task
	tasks := map[string]*task{}
	for _, l := range letters {
		if l.Unreadable != nil {
			l.Verdict = Verdict{State: Unreadable, Detail: payment.Sentence(l.Unreadable.Error())}
			continue
		}
		key := taskKey(l)
		if tasks[key] == nil {
			tasks[key] = newTask(l)
			open = append(open, tasks[key])
		}
		tasks[key].letters = append(tasks[key].letters, l)
	}
	for start := 0; start < len(open); start += page {
		chunk := open[start:min(start+page, len(open))]
		if down == nil {
			down = c.comparePage(ctx, chunk)
		}
		for _, t := range chunk {
			if down != nil && !t.done {
				t.verdict = *down
			}
			t.deliver()
		}
		progress(start+len(chunk), len(open))
	}
}

// comparePage returns the verdict for everything that follows when an end does
// not answer at all.
func (c *Comparer) comparePage(ctx context.Context, tasks []*task) (down *Verdict) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer within %v", patience))
	defer cancel()
	each(tasks, func(t *task) { c.nameIntent(ctx, t) })
	open, err := c.load(ctx, tasks)
	if err == nil && len(open) > 0 {
		// The row is not named, or not there: ask Stripe whose payment it is.
		each(open, func(t *task) { c.link(ctx, t) })
		_, err = c.load(ctx, open)
	}
	if err != nil {
		v := unknown("reading the CRM", err)
		return &v
	}
	for range hops {
		each(tasks, func(t *task) { c.judge(ctx, t) })
		if _, err := c.load(ctx, tasks); err != nil {
			v := unknown("reading the CRM", err)
			return &v
		}
	}
	each(tasks, func(t *task) {
		t.finish(Verdict{State: LeftAlone, Detail: "What it names at Stripe is of several rows."})
	})
	if ctx.Err() != nil {
		v := unknown("reading Stripe", context.Cause(ctx))
		return &v
	}
	return nil
}

func each(tasks []*task, do func(*task)) {
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, t := range tasks {
		if !t.done {
			group.Go(func() error { do(t); return nil })
		}
	}
	_ = group.Wait()
}

// load reads the rows of the tasks and returns those that have none yet.
func (c *Comparer) load(ctx context.Context, tasks []*task) (missing []*task, err error) {
	var lookups []crm.By
	var events []string
	var open []*task
	for _, t := range tasks {
		if !t.done {
			open = append(open, t)
			lookups = append(lookups, t.by())
			events = append(events, t.eventIDs()...)
		}
	}
	if len(open) == 0 {
		return nil, nil
	}
	loaded, err := c.Rows.Load(ctx, lookups, events)
	if err != nil {
		return nil, err
	}
	for i, t := range open {
		t.events = loaded.Events
		switch f := loaded.Found[i]; {
		case f.Err != nil:
			t.finish(broken("reading the row", f.Err))
		case f.Row == nil:
			missing = append(missing, t)
		default:
			t.found = f.Row
		}
	}
	return missing, nil
}

package crmupdate

import (
	"context"
	"time"

	"paybridge/internal/crm"
	"paybridge/internal/judge"
	"paybridge/internal/outcome"
)

// find reads the rows of the jobs, in one round trip when the hints name them.
// A hint that does not name its row, such as one about a refund or a dispute,
// is looked up by the ids that the rows store, and then has to ask Stripe. It
// returns the jobs to work on, with a row or about to ask; the others are
// finished or have to be read again.
func (c *Config) find(ctx context.Context, jobs []*job) (work, again []*job) {
	var named, stored []*job
	for _, j := range jobs {
		j.reset()
		switch {
		case j.id != "":
			named = append(named, j)
		case j.stored() != crm.By{}:
			stored = append(stored, j)
		default:
			work = append(work, j)
		}
	}
	found, missing, again := c.load(ctx, append(named, stored...), func(j *job) crm.By {
		if j.id != "" {
			return crm.By{ID: j.id}
		}
		return j.stored()
	})
	var gone []*job
	for _, j := range missing {
		if j.id == "" {
			work = append(work, j)
		} else {
			gone = append(gone, j)
		}
	}
	if len(gone) > 0 {
		more, nowhere, failed := c.load(ctx, gone, (*job).stored)
		found, again = append(found, more...), append(again, failed...)
		for _, j := range nowhere {
			if h := j.hints[0]; h.Link().Ours(c.Org) {
				again = append(again, c.review(ctx, j, judge.GoneReason(h, j.id))...)
			} else {
				c.log(ctx, j, outcome.Done, judge.Foreign, nil)
			}
		}
	}
	return append(work, merge(found)...), again
}

// load reads the rows of jobs in one round trip, with the events of their
// hints that the timeline has already.
func (c *Config) load(ctx context.Context, jobs []*job, lookup func(*job) crm.By) (found, missing, again []*job) {
	if len(jobs) == 0 {
		return nil, nil, nil
	}
	lookups := make([]crm.By, len(jobs))
	var events []string
	begun := time.Now()
	for i, j := range jobs {
		lookups[i] = lookup(j)
		events = append(events, j.eventIDs()...)
	}
	loaded, err := c.Rows.Load(ctx, lookups, events)
	if err != nil && len(jobs) == 1 {
		return nil, nil, c.broken(ctx, jobs[0], err)
	}
	for i, j := range jobs {
		if err != nil {
			again = append(again, j.fail(err))
			continue
		}
		if err := j.take(loaded); err != nil {
			again = append(again, j.fail(err))
			continue
		}
		switch f := loaded.Found[i]; {
		case f.Err != nil:
			again = append(again, c.broken(ctx, j, f.Err)...)
		case f.Row == nil:
			missing = append(missing, j)
		default:
			j.row, j.id, j.loaded = f.Row, f.Row.ID, begun
			found = append(found, j)
		}
	}
	return found, missing, again
}

// take keeps what the timeline has of the job's events. Of one that could not be
// read it is not known whether it has to be written.
func (j *job) take(loaded crm.Loaded) error {
	j.events = map[string]crm.Event{}
	for _, id := range j.eventIDs() {
		if err := loaded.Unread[id]; err != nil {
			return err
		}
		if event, ok := loaded.Events[id]; ok {
			j.events[id] = event
		}
	}
	return nil
}

// stored looks for the row that records the Stripe ids of the first hint.
func (j *job) stored() crm.By {
	h := j.hints[0]
	return crm.By{PaymentIntent: h.PaymentIntent, CheckoutSession: h.CheckoutSession}
}

// link finds out which row an object pays for. It reports whether there is more
// to look for now; where there is not, the payment is none of the CRM's and the
// job is finished.
func (c *Config) link(ctx context.Context, j *job) (bool, error) {
	h := &j.hints[0]
	if found, err := c.judge().NameIntent(ctx, h); found || err != nil {
		return found, err
	}
	row, why, err := c.judge().Whose(ctx, *h)
	if err != nil {
		return false, err
	}
	if row == "" {
		c.log(ctx, j, outcome.Done, why, nil)
		return false, nil
	}
	j.id = row
	return true, nil
}

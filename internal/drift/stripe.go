package drift

import (
	"context"
	"errors"
	"fmt"
	"time"

	"paybridge/internal/stripeapi"
)

// look goes once over one of Stripe's lists, at the age that the things of the
// list have reached.
type look struct {
	name        string
	list        stripeapi.List
	undelivered bool
	age         time.Duration
	// first is the mark of the look at the same list that comes before this one,
	// nil for the first.
	first *mark
}

// looks returns the looks of this run. What could not be delivered is looked
// at in every run; the others are the slower sweeps. Events are looked at three
// times, because messages that were lost behind the queue are only found by
// what is missing in the CRM.
func (r *run) looks() []look {
	c := r.config
	looks := []look{{name: "undelivered", list: stripeapi.ListEvents, undelivered: true, age: c.After}}
	if !r.report.Slow {
		return looks
	}
	add := func(list stripeapi.List, ages ...time.Duration) {
		var first *mark
		for i, age := range ages {
			if c.once && i > 0 {
				break
			}
			l := look{name: fmt.Sprintf("%s %d", list, i+1), list: list, age: age, first: first}
			if first == nil {
				first = r.place.mark(l.name)
			}
			looks = append(looks, l)
		}
	}
	events := []time.Duration{c.SweepAfter, max(c.SweepAfter, c.Window/3), c.Window}
	add(stripeapi.ListEvents, events...)
	// A Checkout Session brings its PaymentIntent along, and not the other way
	// round.
	for _, list := range []stripeapi.List{
		stripeapi.ListSessions, stripeapi.ListIntents, stripeapi.ListCharges, stripeapi.ListRefunds, stripeapi.ListDisputes,
	} {
		add(list, c.SweepAfter, c.Window)
	}
	// Last, because the timeline is all that misses them.
	add(stripeapi.ListCreations, events...)
	return looks
}

// stripe goes over Stripe's lists.
func (r *run) stripe(ctx context.Context) error {
	for _, l := range r.looks() {
		if err := r.look(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) look(ctx context.Context, l look) error {
	m := r.place.mark(l.name)
	until := r.now.Add(-l.age)
	if m.At.IsZero() {
		m.At = timestamp{r.now.Add(-r.config.Window)}
	}
	if m.ID == "" && !m.At.Before(until) {
		return nil
	}
	if l.first != nil && m.ID != "" && m.ID == l.first.ID {
		return nil // The first look has come no further, so there is nothing new.
	}
	w := &walk{run: r, mark: m}
	p := &pager{run: r, look: l, until: until, after: m.ID, from: m.At.Time}
	complete, err := p.walk(ctx, w)
	w.end(complete)
	if !complete && err == nil {
		r.left = append(r.left, l.name)
	}
	if m.ID == "" {
		m.At = timestamp{p.from}
	}
	return err
}

// pager reads a list page by page, the oldest first.
type pager struct {
	*run
	look
	// after is the object behind which the next page begins, empty while it is
	// not known; there is nothing before from.
	after       string
	from, until time.Time
	pages       int
}

// walk takes w over the list. It reports whether the end of the list was
// reached.
func (p *pager) walk(ctx context.Context, w *walk) (complete bool, err error) {
	for p.pages < maxPages {
		if p.hints == p.config.Limit {
			return false, nil
		}
		things, more, err := p.next(ctx)
		if err != nil {
			return false, err
		}
		for len(things) > 0 {
			n := min(len(things), stripeapi.PageSize)
			verdicts, err := p.judge(ctx, p.look, things[:n])
			if err != nil {
				return false, err
			}
			if !w.page(verdicts) {
				return false, nil
			}
			p.after, things = things[n-1].ID, things[n:]
		}
		if !more {
			if p.after == "" {
				p.from = p.until
			}
			return true, nil
		}
	}
	return false, nil
}

// next reads the next page and reports whether there are more.
func (p *pager) next(ctx context.Context) ([]stripeapi.Listed, bool, error) {
	if p.after == "" {
		return p.begin(ctx)
	}
	things, more, err := p.page(ctx, stripeapi.PageQuery{After: p.after, Until: p.until})
	if errors.Is(err, stripeapi.ErrNotFound) {
		// Stripe forgets events after a month.
		p.after = ""
		return p.begin(ctx)
	}
	return things, more, err
}

func (p *pager) page(ctx context.Context, q stripeapi.PageQuery) ([]stripeapi.Listed, bool, error) {
	if err := p.pace.Wait(ctx); err != nil {
		return nil, false, fmt.Errorf("listing %s: %w", p.list, err)
	}
	p.pages++
	p.report.StripeRequests++
	q.List, q.Undelivered = p.list, p.undelivered
	return p.config.Stripe.Page(ctx, q)
}

// begin finds the oldest page where no object is known behind which it begins.
// Stripe lists the newest first, and only an object leads to the page that
// follows it.
func (p *pager) begin(ctx context.Context) ([]stripeapi.Listed, bool, error) {
	things, more, err := p.page(ctx, stripeapi.PageQuery{From: p.from, Until: p.until})
	if err != nil || !more {
		return things, false, err
	}
	// The last object before is as good as one that was passed.
	before, _, err := p.page(ctx, stripeapi.PageQuery{Until: p.from.Add(-time.Second), Size: 1})
	if err != nil {
		return nil, false, err
	}
	if len(before) == 1 {
		p.after = before[0].ID
		return p.page(ctx, stripeapi.PageQuery{After: p.after, Until: p.until})
	}
	return p.narrow(ctx)
}

// narrow halves the time until what is in it fits on one page.
func (p *pager) narrow(ctx context.Context) ([]stripeapi.Listed, bool, error) {
	to := p.until
	for {
		middle := p.from.Add(to.Sub(p.from) / 2).Truncate(time.Second)
		things, more, err := p.page(ctx, stripeapi.PageQuery{From: p.from, Until: middle})
		switch {
		case err != nil:
			return nil, false, err
		case more && middle.Equal(p.from):
			things, err = p.second(ctx, things)
			return things, true, err
		case more:
			to = middle
		case len(things) == 0 && middle.Before(to):
			p.from = middle.Add(time.Second)
		default:
			return things, middle.Before(p.until), nil
		}
	}
}

// second reads what else was made in the second of a page that did not hold it
// all.
func (p *pager) second(ctx context.Context, things []stripeapi.Listed) ([]stripeapi.Listed, error) {
	for {
		older, more, err := p.page(ctx, stripeapi.PageQuery{Before: things[0].ID, From: p.from, Until: p.from})
		if err != nil {
			return nil, err
		}
		things = append(older, things...)
		if !more || len(older) == 0 {
			return things, nil
		}
	}
}

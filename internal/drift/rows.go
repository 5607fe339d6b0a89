package drift

import (
	"context"
	"fmt"
	"time"

	"paybridge/internal/crm"
	"paybridge/internal/payment"
)

// scanSize is how many rows one page of a scan holds, and maxScan how many
// where that is not enough for one second.
const (
	scanSize = 500
	maxScan  = 5000
)

const day = 24 * time.Hour

// waits are the ages at which a row is looked at that waits for Stripe, beside
// SweepAfter. The longer a row has waited, the less is lost by looking later:
// so a row costs a handful of looks, however many have been left unpaid.
var waits = []time.Duration{6 * time.Hour, day, 3 * day, 7 * day, 14 * day, 30 * day, 60 * day, 120 * day}

// scan goes once over the rows that have not been written for a time.
type scan struct {
	name  string
	which crm.Which
	age   time.Duration
	// begin is where the first run begins.
	begin time.Time

	walk *walk
	// from and until bound what is still to be read, size how much of it at
	// once. seen are the rows that were read already: the next page begins in
	// the second in which the last one ended.
	from, until time.Time
	size        int
	seen        map[payment.RowID]bool
	// complete says that everything was read.
	complete bool
}

// scans returns the scans of this run: requests are looked at three times, as
// events are, rows that wait at all the ages of waits.
func (r *run) scans() []*scan {
	c := r.config
	since := r.now.Add(-c.Window)
	list := []*scan{{name: "asking 1", which: crm.Asking, age: c.After, begin: since}}
	if !r.report.Slow {
		return list
	}
	if c.once {
		return append(list, &scan{name: "waiting 1", which: crm.Waiting, age: c.SweepAfter, begin: since})
	}
	list = append(list,
		&scan{name: "asking 2", which: crm.Asking, age: max(c.After, c.Window/3), begin: since},
		&scan{name: "asking 3", which: crm.Asking, age: c.Window, begin: since},
		// However long a row has waited, the first run finds it.
		&scan{name: "waiting 1", which: crm.Waiting, age: c.SweepAfter, begin: time.Unix(0, 0).UTC()},
	)
	for i, age := range waits {
		list = append(list, &scan{name: fmt.Sprintf("waiting %d", i+2), which: crm.Waiting, age: max(age, c.SweepAfter), begin: r.now.Add(-max(age, c.SweepAfter))})
	}
	return list
}

// rows goes over the rows of the CRM, with one request for all the scans as
// long as each of them has what it wants on one page.
func (r *run) rows(ctx context.Context) error {
	var all []*scan
	for _, s := range r.scans() {
		m := r.place.mark(s.name)
		if m.At.IsZero() {
			m.At = timestamp{s.begin}
		}
		s.walk = &walk{run: r, mark: m}
		s.from, s.until, s.size, s.seen = m.At.Time, r.now.Add(-s.age), scanSize, map[payment.RowID]bool{}
		if !s.from.After(s.until) {
			all = append(all, s)
		}
	}
	open := all
	defer func() {
		for _, s := range all {
			s.end()
			if !s.complete {
				r.left = append(r.left, s.name)
			}
		}
	}()
	for pages := 0; len(open) > 0 && pages < maxPages; pages++ {
		queries := make([]crm.Scan, len(open))
		for i, s := range open {
			queries[i] = crm.Scan{Which: s.which, From: s.from, Until: s.until, Size: s.size}
		}
		r.report.CRMRequests++
		found, err := r.config.Rows.Scan(ctx, queries)
		if err != nil {
			return err
		}
		var more []*scan
		for i, s := range open {
			if s.read(found[i]) {
				more = append(more, s)
			}
		}
		open = more
	}
	return nil
}

// read takes the walk over a page and reports whether there is another one to
// read in this run.
func (s *scan) read(page crm.Scanned) bool {
	var things []verdict
	for _, row := range page.Rows {
		if !s.seen[row.ID] {
			s.seen[row.ID] = true
			things = append(things, s.walk.run.row(s.which, row))
		}
	}
	room := s.walk.page(things)
	if n := len(page.Rows); room && page.More && n > 0 {
		s.from = page.Rows[n-1].Modified
		if len(things) == 0 {
			// More rows were written in one second than fit on a page.
			if s.size == maxScan {
				s.from = s.from.Add(time.Second)
			}
			s.size = maxScan
		}
		return true
	}
	s.complete = room
	return false
}

// end moves the mark. Rows have no order within a second, so the mark is a
// time, and all rows of its second are read again.
func (s *scan) end() {
	m := s.walk.mark
	s.walk.end(s.complete)
	m.ID = ""
	switch {
	case s.walk.gave:
		m.At.Time = m.At.Add(time.Second)
	case s.complete && !s.walk.blocked:
		m.At.Time = s.until.Add(time.Second)
	}
}

// row judges a row.
func (r *run) row(which crm.Which, row *crm.Row) verdict {
	v := verdict{id: string(row.ID), at: row.Modified}
	records := row.Recorded
	named := records.PaymentIntentID != "" || records.CheckoutSessionID != ""
	if named && records.Livemode != r.config.Livemode {
		return v // The deployment of the other mode sees to it.
	}
	change := &payment.RowChange{Payment: row.ID, Message: "reconcile"}
	if which == crm.Asking {
		if len(row.HandledValue(row.Text())) == 0 {
			return v
		}
		v.finding = &Finding{Kind: Unanswered, Detail: "the row asks: " + row.Text(), Change: change}
		// What was refused once may be right now, and stays as it is if not.
		v.once = row.LastError != ""
	} else {
		v.finding, v.once = &Finding{Kind: Waiting, Detail: "the row shows " + shownStatus(records.Status), Change: change}, true
		if named {
			v.finding.Change = nil
			v.finding.Hint = &payment.Hint{
				Livemode: r.config.Livemode, PaymentIntent: records.PaymentIntentID, CheckoutSession: records.CheckoutSessionID,
				CRMPaymentID: string(row.ID), CRMOrg: r.config.Org,
			}
		}
	}
	v.finding.Object, v.finding.Payment, v.finding.Since = string(row.ID), row.ID, row.Modified
	return v
}

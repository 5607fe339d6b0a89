package crmupdate

import (
	"maps"
	"slices"
	"time"

	"paybridge/internal/crm"
	"paybridge/internal/payment"
	"paybridge/internal/truth"
)

// job is the work on one payment: the hints that are about it and what has
// been found out so far. A round forgets everything that was read before it.
type job struct {
	hints   []payment.Hint
	account string
	// id is the row's id as the hints or Stripe name it, empty until known.
	id payment.RowID
	// deliveries is how often the hint was delivered that was so most often.
	deliveries int
	started    time.Time

	row *crm.Row
	// loaded is when the reading of the row began.
	loaded time.Time
	events map[string]crm.Event
	facts  payment.Facts
	status payment.Status
	// forward are hints that turned out to be about another row.
	forward []payment.Hint
	// absorbed says that another job took over the hints.
	absorbed bool
	// asks says that the row asks for something which is still to be done.
	asks bool
	// err is why the last round did not finish the job; changed says that it
	// was a row that somebody wrote in between, conflicts how often. taken says
	// that the last write met another row with the same key.
	err       error
	changed   bool
	taken     bool
	conflicts int
}

func newJob(h payment.Hint) *job {
	j := &job{hints: []payment.Hint{h}, account: h.Account, deliveries: h.Deliveries, started: time.Now()}
	if id, err := payment.ParseRowID(h.CRMPaymentID); err == nil {
		j.id = id
	}
	return j
}

// Err is why the last round did not finish the job.
func (j *job) Err() error { return j.err }

// Fail notes why the last round did not finish the job.
func (j *job) Fail(err error) { j.err = err }

// Absorbed says that another job took over the hints.
func (j *job) Absorbed() bool { return j.absorbed }

// reset forgets what was read.
func (j *job) reset() {
	j.row, j.events, j.facts, j.err, j.changed = nil, nil, payment.Facts{}, nil, false
}

// Raced is how often somebody wrote in between, when the last round ended so.
func (j *job) Raced() int {
	if !j.changed {
		return 0
	}
	return j.conflicts
}

// maxHints is how many hints one job takes. Their events are written in one
// transaction; what is more is a job of its own, which finds the row changed.
const maxHints = 100

// merge puts jobs together that are about the same row, or, where the row is
// not known yet, about the same object of Stripe's.
func merge(jobs []*job) []*job {
	var merged []*job
	byKey := map[string]*job{}
	for _, j := range jobs {
		key := j.key()
		if first, ok := byKey[key]; ok && key != "" && len(first.hints)+len(j.hints) <= maxHints {
			first.absorb(j)
			continue
		}
		byKey[key] = j
		merged = append(merged, j)
	}
	return merged
}

// absorb takes over the hints of a job about the same row and what was found
// out for them. The row of the two that was read first stays: all that was read
// from Stripe came after it, which is what its ETag has to stand for.
func (j *job) absorb(other *job) {
	other.absorbed = true
	j.hints = append(j.hints, other.hints...)
	j.forward, other.forward = append(j.forward, other.forward...), nil
	j.deliveries = max(j.deliveries, other.deliveries)
	if other.row != nil && other.loaded.Before(j.loaded) {
		j.row, j.loaded = other.row, other.loaded
	}
	if j.events == nil {
		j.events = map[string]crm.Event{}
	}
	maps.Copy(j.events, other.events)
	if j.err == nil {
		j.err = other.err
	}
	for _, in := range other.facts.Intents {
		if !slices.ContainsFunc(j.facts.Intents, func(known payment.Intent) bool { return known.ID == in.ID }) {
			j.facts.Intents = append(j.facts.Intents, in)
		}
	}
	for _, s := range other.facts.Sessions {
		if !slices.ContainsFunc(j.facts.Sessions, func(known payment.Session) bool { return known.ID == s.ID }) {
			j.facts.Sessions = append(j.facts.Sessions, s)
		}
	}
}

func (j *job) key() string {
	if j.id != "" {
		return j.account + "/" + string(j.id)
	}
	h := j.hints[0]
	for _, id := range []string{h.PaymentIntent, h.CheckoutSession, h.Charge} {
		if id != "" {
			return j.account + "/" + id
		}
	}
	return ""
}

// eventIDs returns the ids of the events behind the hints, each once.
func (j *job) eventIDs() []string {
	var ids []string
	for _, h := range j.hints {
		if h.EventID != "" && !slices.Contains(ids, h.EventID) {
			ids = append(ids, h.EventID)
		}
	}
	return ids
}

// names are the objects of Stripe's that the hints name.
func (j *job) names() (n truth.Names) {
	for _, h := range j.hints {
		n.Add(h.PaymentIntent, h.CheckoutSession)
	}
	return n
}

// attempts are the ids of all PaymentIntents and Checkout Sessions that were
// read for the row, which from now on may record another one of them.
func (j *job) attempts() []string {
	var ids []string
	if j.account != "" {
		return nil // the CRM asks nothing of connected accounts
	}
	for _, s := range j.facts.Sessions {
		ids = append(ids, s.ID)
	}
	for _, in := range j.facts.Intents {
		ids = append(ids, in.ID)
	}
	return ids
}

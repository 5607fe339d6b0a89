package rounds

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"paybridge/internal/contain"
	"paybridge/internal/outcome"
)

// entry is a job on its way.
type entry[J Job] struct {
	job   J
	tries int
	// due is when the next round may begin.
	due time.Time
	// alone says that the job is read and written without neighbours, because
	// a slice with it failed in a way that may be this job's doing.
	alone bool
	// trouble is the last error that was not just the end of a context.
	trouble error
}

// news is what a step that ended tells the loop.
type news[J Job] struct {
	// reading and working are what ended; neither was a slice that was written.
	reading, working bool
	// entries are all that the step was about. Those in none of the lists
	// below are finished.
	entries            []*entry[J]
	work, ready, again []*entry[J]
	reread             []*entry[J]
}

// run is the state of [Run]. Only its loop touches it.
type run[J Job] struct {
	config Config
	steps  Steps[J]
	news   chan news[J]

	waiting []*entry[J] // for their next round
	queue   []*entry[J] // read, to be worked on
	ready   []*entry[J] // to be written
	// readySince is when the first of ready got there.
	readySince time.Time
	// reading, working and writing count the steps under way.
	reading, working, writing int

	// progress is when a job was last finished, zero while none was.
	progress time.Time
	rounds   int
}

// loop begins steps and takes in their news. It returns when everything is
// finished or when what is left is in waiting.
func (r *run[J]) loop(ctx context.Context) {
	for {
		if ctx.Err() == nil {
			r.beginReading(ctx)
			r.beginWork(ctx)
			r.beginWriting(ctx)
		}
		busy := r.reading+r.working+r.writing > 0
		if !busy && (ctx.Err() != nil || r.outOfPatience() || len(r.waiting) == 0) {
			r.waiting = append(r.waiting, r.queue...)
			r.waiting = append(r.waiting, r.ready...)
			return
		}
		if ctx.Err() != nil {
			r.take(<-r.news)
			continue
		}
		timer := time.NewTimer(r.untilNext(busy))
		select {
		case n := <-r.news:
			r.take(n)
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// beginReading begins the rounds of the jobs that are due. Out of patience it
// begins none but those of jobs that need not wait.
func (r *run[J]) beginReading(ctx context.Context) {
	var due []*entry[J]
	now, enough := time.Now(), r.outOfPatience()
	r.waiting = slices.DeleteFunc(r.waiting, func(e *entry[J]) bool {
		if e.due.After(now) || enough && !e.due.IsZero() {
			return false
		}
		e.tries++
		r.rounds = max(r.rounds, e.tries)
		due = append(due, e)
		return true
	})
	for _, slice := range trips(due) {
		r.reading++
		go func() { r.news <- r.read(ctx, slice) }()
	}
}

// beginWork begins to work on jobs that were read, as many as may be worked on
// at once.
func (r *run[J]) beginWork(ctx context.Context) {
	for len(r.queue) > 0 && r.working < r.config.Parallel {
		e := r.queue[0]
		r.queue = r.queue[1:]
		r.working++
		go func() { r.news <- r.work(ctx, e) }()
	}
}

// beginWriting writes what is ready: when nothing else is on its way there, or
// when it has waited long enough for that.
func (r *run[J]) beginWriting(ctx context.Context) {
	if len(r.ready) == 0 || r.onTheWay() && time.Since(r.readySince) < r.config.Linger && len(r.ready) < MaxSlice {
		return
	}
	for _, slice := range trips(r.ready) {
		r.writing++
		go func() { r.news <- r.write(ctx, slice) }()
	}
	r.ready = nil
}

func (r *run[J]) onTheWay() bool { return r.reading+r.working+len(r.queue) > 0 }

// outOfPatience reports whether what is left has been held on to for long
// enough.
func (r *run[J]) outOfPatience() bool {
	return !r.progress.IsZero() && time.Since(r.progress) >= r.config.Patience
}

// untilNext is how long there is nothing to begin.
func (r *run[J]) untilNext(busy bool) time.Duration {
	next := time.Now().Add(r.config.Budget)
	earliest := func(t time.Time) {
		if t.Before(next) {
			next = t
		}
	}
	for _, e := range r.waiting {
		if !r.outOfPatience() {
			earliest(e.due)
		}
	}
	if len(r.ready) > 0 {
		earliest(r.readySince.Add(r.config.Linger))
	}
	if !busy && !r.progress.IsZero() {
		earliest(r.progress.Add(r.config.Patience))
	}
	return time.Until(next)
}

// take takes in what a step came to.
func (r *run[J]) take(n news[J]) {
	switch {
	case n.reading:
		r.reading--
	case n.working:
		r.working--
	default:
		r.writing--
	}
	r.queue = append(r.queue, n.work...)
	if len(r.ready) == 0 && len(n.ready) > 0 {
		r.readySince = time.Now()
	}
	r.ready = append(r.ready, n.ready...)
	r.waiting = append(r.waiting, n.reread...)
	for _, e := range n.again {
		if err := e.job.Err(); err != nil && !ended(err) {
			e.trouble = err
		}
		e.due = time.Now().Add(pause(r.config.Backoff, e.job, e.tries))
		r.waiting = append(r.waiting, e)
	}
	on := slices.Concat(n.work, n.ready, n.again, n.reread)
	for _, e := range n.entries {
		if !e.job.Absorbed() && !slices.Contains(on, e) {
			r.progress = time.Now()
		}
	}
}

// read reads the rows of a slice.
func (r *run[J]) read(ctx context.Context, slice []*entry[J]) news[J] {
	n := news[J]{reading: true, entries: slice}
	if !r.contained(ctx, slice, func() {
		work, again := r.steps.Read(ctx, jobs(slice))
		n.work, n.again = r.pick(slice, work), r.pick(slice, again)
	}) {
		n.work, n.again = nil, slice
	}
	for _, e := range n.again {
		// What is refused as a whole may be one job's doing.
		e.alone = e.alone || len(slice) > 1 && outcome.Of(e.job.Err()) == outcome.Review
	}
	return n
}

// work works on one job.
func (r *run[J]) work(ctx context.Context, e *entry[J]) news[J] {
	ctx, cancel := context.WithTimeout(ctx, r.config.Attempt)
	defer cancel()
	one := []*entry[J]{e}
	n := news[J]{working: true, entries: one}
	next := Again
	r.contained(ctx, one, func() { next = r.steps.Work(ctx, e.job) })
	switch next {
	case Write:
		n.ready = one
	case Again:
		n.again = one
	case Reread:
		e.due = time.Time{}
		n.reread = one
	case Finished:
	}
	return n
}

// write writes a slice.
func (r *run[J]) write(ctx context.Context, slice []*entry[J]) news[J] {
	n := news[J]{entries: slice}
	if !r.contained(ctx, slice, func() { n.again = r.pick(slice, r.steps.Write(ctx, jobs(slice))) }) {
		n.again = slice
	}
	return n
}

// contained runs a step and reports whether it came to its end. A panic is the
// error of every job of the slice, and from then on each is read and written by
// itself, so that it costs only the one that brought it about.
func (r *run[J]) contained(ctx context.Context, slice []*entry[J], step func()) bool {
	p := contain.Call(step)
	if p == nil {
		return true
	}
	r.config.Logger.LogAttrs(ctx, slog.LevelError, "panic contained", slog.String("panic", p.Text), slog.String("stack", string(p.Stack)))
	for _, e := range slice {
		e.alone = true
		e.job.Fail(outcome.Againf("working on the payment: %w", p))
	}
	return false
}

// pick returns the entries of jobs out of a slice, in the order of the jobs.
func (r *run[J]) pick(slice []*entry[J], wanted []J) []*entry[J] {
	picked := make([]*entry[J], 0, len(wanted))
	for _, j := range wanted {
		i := slices.IndexFunc(slice, func(e *entry[J]) bool { return any(e.job) == any(j) })
		if i < 0 {
			panic(errors.New("a step returned a job that it was not given"))
		}
		picked = append(picked, slice[i])
	}
	return picked
}

func jobs[J Job](entries []*entry[J]) []J {
	list := make([]J, len(entries))
	for i, e := range entries {
		list[i] = e.job
	}
	return list
}

// trips cuts entries into what is read or written in one trip each.
func trips[J Job](entries []*entry[J]) [][]*entry[J] {
	var cut [][]*entry[J]
	var together []*entry[J]
	for _, e := range entries {
		if e.alone {
			cut = append(cut, []*entry[J]{e})
		} else {
			together = append(together, e)
		}
	}
	return slices.AppendSeq(cut, slices.Chunk(together, MaxSlice))
}

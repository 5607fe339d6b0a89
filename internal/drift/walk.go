package drift

import (
	"slices"
	"time"
)

// verdict is what a look says of one thing: it is in step when finding is nil.
type verdict struct {
	id      string
	at      time.Time
	finding *Finding
	// once says that nothing at either end will show that the consumers have
	// looked, so the mark does not wait for it.
	once bool
}

// walk takes the mark of one look over the things behind it, the oldest first.
// The mark stops before the first thing that is out of step and follows when
// that has become right. So no message has to be trusted to arrive.
type walk struct {
	run  *run
	mark *mark

	// blocked says that something is out of step, runs in how many runs the
	// first such thing was the first one. gave says that it was given up.
	blocked bool
	runs    int
	gave    bool
	done    *verdict // the last thing that was passed
	last    *verdict // the last thing of which the consumers know
}

// page goes through things that follow each other and reports whether there
// is room for more.
func (w *walk) page(things []verdict) bool {
	known := slices.IndexFunc(things, func(v verdict) bool { return v.id == w.mark.Tried })
	for i, v := range things {
		told := w.mark.told(v.at) || i <= known
		if !w.step(v, told) {
			return false
		}
	}
	return true
}

// step looks at one thing, of which the consumers may have been told in an
// earlier run. It reports whether there is room for the next.
func (w *walk) step(v verdict, told bool) bool {
	if v.finding == nil {
		if !w.blocked {
			w.done = &v
		}
		return true
	}
	if v.once {
		if !told && !w.run.take(v) {
			return false
		}
		if !w.blocked {
			w.done = &v
		}
		w.last = &v
		return true
	}
	if !w.blocked {
		w.blocked, w.runs = true, 1
		if w.mark.Blocked == v.id {
			w.runs = w.mark.Runs + 1
		}
		w.mark.Blocked = v.id
	}
	if told && w.runs != 2 {
		w.run.report.Held++
		return true
	}
	if !w.run.take(v) {
		return false
	}
	w.last = &v
	return true
}

// end moves the mark. It is complete when the walk saw everything that it was
// meant to see.
func (w *walk) end(complete bool) {
	m := w.mark
	if w.done != nil {
		m.ID, m.At = w.done.id, timestamp{w.done.at}
	}
	if w.last != nil && !w.last.at.Before(m.TriedAt.Time) {
		m.Tried, m.TriedAt = w.last.id, timestamp{w.last.at}
	}
	switch {
	case !w.blocked:
		m.Blocked, m.Runs = "", 0
		if complete {
			m.Tried, m.TriedAt = "", timestamp{}
		}
	case w.runs > patience && m.Tried != "":
		w.run.report.Given++
		m.ID, m.At = m.Tried, m.TriedAt
		m.Blocked, m.Runs, m.Tried, m.TriedAt = "", 0, "", timestamp{}
		w.gave = true
	default:
		m.Runs = w.runs
	}
}

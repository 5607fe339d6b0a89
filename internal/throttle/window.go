// Package throttle keeps PayBridge within what the other end can take. How many
// requests may be under way at a time is lowered by half when the other end
// says that they were too many, and raised by one for each full round that goes
// well, as TCP finds the capacity of a line nobody knows. One gate stands before
// each end and is shared by everything in the process, so a throttle that one
// batch meets slows down all of them before it comes to blows.
package throttle

import "time"

// calm is how long it takes without a throttle until nothing of one is left.
// Dataverse judges by what was asked for in the last five minutes.
//
// Source: https://learn.microsoft.com/power-apps/developer/data-platform/api-limits.
const calm = 5 * time.Minute

// Window says how many requests may be under way at a time. It knows no clock:
// all times are handed in.
type Window struct {
	most      int
	suggested int
	size      float64
	// lowered is when the size was lowered last.
	lowered time.Time
	// until is when the other end may be asked again.
	until time.Time
}

// NewWindow returns a window of at most so many requests. Less than one counts
// as one.
func NewWindow(most int) Window {
	most = max(most, 1)
	return Window{most: most, size: float64(most)}
}

// Size returns how many requests may be under way, one at least.
func (w *Window) Size() int { return max(1, int(min(w.size, float64(w.cap())))) }

// Until returns before when nothing may be sent.
func (w *Window) Until() time.Time { return w.until }

// cap is what the size may grow to.
func (w *Window) cap() int {
	if w.suggested > 0 {
		return min(w.most, w.suggested)
	}
	return w.most
}

// Suggest takes in how many requests at a time the other end recommends. It can
// lower what was configured and never raise it; less than one says nothing.
func (w *Window) Suggest(n int) {
	if n > 0 {
		w.suggested = n
	}
}

// Succeeded takes in a request that went well: as many of them as the window is
// wide make it wider by one.
func (w *Window) Succeeded(now time.Time) {
	if now.Sub(w.lowered) >= calm {
		w.size = float64(w.most)
		return
	}
	w.size = min(float64(w.cap()), w.size+1/max(w.size, 1))
}

// Throttled takes in a request, sent at begun, that was one too many. Several
// that were under way together are one reason to go slower and not several.
func (w *Window) Throttled(begun, now time.Time) {
	if begun.Before(w.lowered) {
		return
	}
	w.size, w.lowered = max(1, float64(w.Size())/2), now
}

// LeaveAlone takes in how long the other end asked to be left alone. Of two
// wishes the longer counts.
func (w *Window) LeaveAlone(now time.Time, d time.Duration) {
	if until := now.Add(d); d > 0 && until.After(w.until) {
		w.until = until
	}
}

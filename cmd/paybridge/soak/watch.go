package soak

import (
	"sync"

	"paybridge/standin/dataverse"
)

// watch wakes whoever waits for a change of a row.
type watch struct {
	mu   sync.Mutex
	rows map[string]chan struct{}
}

func newWatch() *watch { return &watch{rows: map[string]chan struct{}{}} }

// next returns a channel that is closed at the next change of the row.
func (w *watch) next(row string) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.rows[row] == nil {
		w.rows[row] = make(chan struct{})
	}
	return w.rows[row]
}

func (w *watch) changed(c dataverse.Change) {
	if c.Table != "pb_payment" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if ch := w.rows[c.ID]; ch != nil {
		close(ch)
		delete(w.rows, c.ID)
	}
}

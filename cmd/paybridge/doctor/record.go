package doctor

import (
	"errors"
	"sync"
)

// record takes the findings of one check.
type record struct {
	group string

	mu       sync.Mutex
	closed   bool // The check is over, or given up.
	findings []Finding
}

func (r *record) add(check string, level Level, message, remedy string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.findings = append(r.findings, Finding{r.group, check, level, message, remedy})
	}
}

// end closes the record: what a check that was given up finds later is lost.
func (r *record) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
}

func (r *record) all() []Finding {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.findings
}

func (r *record) open() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.closed
}

// ok records that something is as it should be.
func (r *record) ok(check, message string) { r.add(check, OK, message, "") }

// warn records something with which payments flow.
func (r *record) warn(check, message, remedy string) { r.add(check, Warning, message, remedy) }

// problem records something with which payments do not flow, or not as they
// should.
func (r *record) problem(check, message, remedy string) { r.add(check, Problem, message, remedy) }

// skip records that something was not looked at, why, and what to do to have it
// looked at.
func (r *record) skip(check, why, remedy string) { r.add(check, Skipped, why, remedy) }

// failed records that something could not be looked at. The error's own hint
// goes before the remedy.
func (r *record) failed(check string, err error, remedy string) {
	if h, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok && h.Hint() != "" {
		remedy = h.Hint()
	}
	r.problem(check, err.Error(), remedy)
}

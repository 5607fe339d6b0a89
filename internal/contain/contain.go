// Package contain keeps a panic where it happened. The Functions host fails
// every invocation of a process that ends, and gives up at the third end; so a
// message that makes the code panic may cost itself and never its neighbours.
package contain

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
)

// Panic is a panic that was contained, as an error.
type Panic struct {
	// Text is what the code panicked with, as far as it may be logged: the text
	// of an error or a string. Any other value may hold a request, so of that
	// only the type is kept.
	Text string
	// Stack is where it happened, nil for net/http's way to abort a response.
	Stack []byte
}

// Error returns the text.
func (p *Panic) Error() string { return "panic: " + p.Text }

// Call runs f and returns its panic, nil when there was none.
func Call(f func()) (p *Panic) {
	defer func() {
		if v := recover(); v != nil {
			p = newPanic(v)
		}
	}()
	f()
	return nil
}

func newPanic(v any) *Panic {
	p := &Panic{}
	switch v := v.(type) {
	case error:
		p.Text = v.Error()
		if errors.Is(v, http.ErrAbortHandler) {
			return p
		}
	case string:
		p.Text = v
	default:
		p.Text = fmt.Sprintf("%T", v)
	}
	p.Stack = debug.Stack()
	return p
}

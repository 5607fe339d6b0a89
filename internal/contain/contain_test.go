package contain_test

import (
	"bytes"
	"errors"
	"net/http"
	"testing"

	"paybridge/internal/contain"
)

func TestCall(t *testing.T) {
	ran := false
	if p := contain.Call(func() { ran = true }); p != nil || !ran {
		t.Errorf("a call without a panic: %v, ran %v", p, ran)
	}
	for name, c := range map[string]struct {
		with  any
		want  string
		stack bool
	}{
		"an error":         {errors.New("no row"), "panic: no row", true},
		"a string":         {"no row", "panic: no row", true},
		"something else":   {struct{ key string }{"secret"}, "panic: struct { key string }", true},
		"the way to abort": {http.ErrAbortHandler, "panic: net/http: abort Handler", false},
	} {
		p := contain.Call(func() { panic(c.with) })
		if p == nil || p.Error() != c.want || (p.Stack != nil) != c.stack {
			t.Errorf("%s: %v", name, p)
			continue
		}
		if c.stack && !bytes.Contains(p.Stack, []byte("contain_test.TestCall")) {
			t.Errorf("%s: the stack does not say where: %s", name, p.Stack)
		}
	}
}

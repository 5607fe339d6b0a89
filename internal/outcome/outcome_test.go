package outcome

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// foreign is an error of another package that knows its class.
type foreign struct{ class Class }

func (foreign) Error() string { return "foreign" }

func (f foreign) Outcome() (Class, time.Duration) { return f.class, 7 * time.Second }

func TestOf(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want Class
		wait time.Duration
	}{
		"nil":                             {nil, Done, 0},
		"unknown":                         {errors.New("x"), Again, 0},
		"review":                          {Reviewf("x"), Review, 0},
		"again":                           {Againf("x"), Again, 0},
		"wrapped":                         {fmt.Errorf("doing: %w", Reviewf("x")), Review, 0},
		"foreign":                         {fmt.Errorf("doing: %w", foreign{Review}), Review, 7 * time.Second},
		"the outermost decides":           {&Error{Class: Review, Err: foreign{Again}}, Review, 0},
		"the wait":                        {&Error{Class: Again, Err: errors.New("x"), RetryAfter: time.Minute}, Again, time.Minute},
		"a deadline inside of a class":    {&Error{Class: Review, Err: context.DeadlineExceeded}, Again, 0},
		"cancellation":                    {fmt.Errorf("doing: %w", context.Canceled), Again, 0},
		"the first of several that knows": {errors.Join(errors.New("x"), foreign{Review}), Review, 7 * time.Second},
	} {
		if got := Of(c.err); got != c.want {
			t.Errorf("%s: Of = %v, want %v", name, got, c.want)
		}
		if got := RetryAfter(c.err); got != c.wait {
			t.Errorf("%s: RetryAfter = %v, want %v", name, got, c.wait)
		}
	}
}

package throttle_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"paybridge/internal/throttle"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }

func TestWindow(t *testing.T) {
	type w = throttle.Window
	succeed := func(n, second int) func(*w) {
		return func(w *w) {
			for range n {
				w.Succeeded(at(second))
			}
		}
	}
	throttled := func(begun, now int) func(*w) { return func(w *w) { w.Throttled(at(begun), at(now)) } }
	suggest := func(n int) func(*w) { return func(w *w) { w.Suggest(n) } }
	for name, c := range map[string]struct {
		most  int
		steps []func(*w)
		want  int
	}{
		"as configured":                        {8, nil, 8},
		"never wider than configured":          {8, []func(*w){succeed(100, 1)}, 8},
		"one at least":                         {0, nil, 1},
		"halved by a throttle":                 {8, []func(*w){throttled(0, 1)}, 4},
		"once for those under way together":    {8, []func(*w){throttled(0, 1), throttled(0, 2), throttled(0, 2)}, 4},
		"again for one that was sent after":    {8, []func(*w){throttled(0, 1), throttled(2, 3)}, 2},
		"never to nothing":                     {8, []func(*w){throttled(0, 1), throttled(2, 3), throttled(4, 5), throttled(6, 7), throttled(8, 9)}, 1},
		"odd ones are halved downwards":        {5, []func(*w){throttled(0, 1)}, 2},
		"not raised by less than a full round": {8, []func(*w){throttled(0, 1), succeed(3, 2)}, 4},
		"raised by one for a full round":       {8, []func(*w){throttled(0, 1), succeed(5, 2)}, 5},
		"all the way":                          {8, []func(*w){throttled(0, 1), succeed(30, 2)}, 8},
		"from one":                             {8, []func(*w){throttled(0, 1), throttled(2, 3), throttled(4, 5), succeed(2, 6)}, 2},
		"at once after five calm minutes":      {8, []func(*w){throttled(0, 1), throttled(2, 3), succeed(1, 303)}, 8},
		"not before":                           {8, []func(*w){throttled(0, 1), throttled(2, 3), succeed(1, 302)}, 2},
		"the suggestion lowers":                {8, []func(*w){suggest(4)}, 4},
		"the suggestion does not raise":        {8, []func(*w){suggest(50)}, 8},
		"nonsense suggests nothing":            {8, []func(*w){suggest(0), suggest(-3)}, 8},
		"the latest suggestion counts":         {8, []func(*w){suggest(2), suggest(6)}, 6},
		"halved from what was suggested":       {8, []func(*w){suggest(4), throttled(0, 1)}, 2},
		"raised to what is suggested":          {8, []func(*w){suggest(4), throttled(0, 1), succeed(100, 2)}, 4},
	} {
		window := throttle.NewWindow(c.most)
		for _, step := range c.steps {
			step(&window)
		}
		if got := window.Size(); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestLeaveAlone(t *testing.T) {
	w := throttle.NewWindow(8)
	if !w.Until().IsZero() {
		t.Errorf("left alone until %v", w.Until())
	}
	w.LeaveAlone(at(0), 30*time.Second)
	w.LeaveAlone(at(1), 10*time.Second)
	w.LeaveAlone(at(2), 0)
	w.LeaveAlone(at(2), -time.Hour)
	if !w.Until().Equal(at(30)) {
		t.Errorf("left alone until %v, want the longer wish", w.Until())
	}
}

// TestWindowStaysInBounds walks at random: whatever happens, between one and
// what was configured are under way, and a throttle never makes it more.
func TestWindowStaysInBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 60).Draw(t, "most")
		w := throttle.NewWindow(most)
		now := 0
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now += rapid.IntRange(0, 400).Draw(t, "later")
			before := w.Size()
			switch rapid.IntRange(0, 2).Draw(t, "step") {
			case 0:
				w.Succeeded(at(now))
			case 1:
				w.Throttled(at(now-rapid.IntRange(0, 500).Draw(t, "took")), at(now))
				if w.Size() > before {
					t.Fatalf("a throttle made %d of %d", w.Size(), before)
				}
			case 2:
				w.Suggest(rapid.IntRange(-1, 100).Draw(t, "suggested"))
			}
			if w.Size() < 1 || w.Size() > most {
				t.Fatalf("%d at a time, configured are %d", w.Size(), most)
			}
		}
	})
}

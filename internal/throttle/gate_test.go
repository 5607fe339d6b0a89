package throttle_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"paybridge/internal/outcome"
	"paybridge/internal/throttle"
)

func enter(ctx context.Context, t *testing.T, g *throttle.Gate) func(throttle.Answer) {
	t.Helper()
	leave, err := g.Enter(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return leave
}

func TestAsManyAsTheWindowAllowsInTheOrderOfArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := throttle.NewGate("Stripe", 2, nil)
		first, second := enter(t.Context(), t, g), enter(t.Context(), t, g)
		var mu sync.Mutex
		var through []int
		are := func(want ...int) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if got := slices.Sorted(slices.Values(through)); !slices.Equal(got, want) {
				t.Errorf("through are %v, want %v", got, want)
			}
		}
		for n := range 4 {
			go func() {
				leave, err := g.Enter(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				through = append(through, n)
				mu.Unlock()
				<-time.After(time.Minute)
				leave(throttle.Answer{Served: true})
			}()
			synctest.Wait()
		}
		are()
		first(throttle.Answer{Served: true})
		are(0)
		second(throttle.Answer{})
		are(0, 1)
		<-time.After(3 * time.Minute)
		are(0, 1, 2, 3)
	})
}

func TestAThrottleLowersForEverybodyAndSuccessRaisesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		g := throttle.NewGate("Dataverse", 8, slog.New(slog.NewTextHandler(&log, nil)))
		var leaves []func(throttle.Answer)
		for range 8 {
			leaves = append(leaves, enter(t.Context(), t, g))
		}
		<-time.After(time.Second)
		for _, leave := range leaves {
			leave(throttle.Answer{Throttled: true})
		}
		if g.Size() != 4 {
			t.Errorf("%d at a time after eight throttles of one burst, want 4", g.Size())
		}
		if n := strings.Count(log.String(), "going slower"); n != 1 || !strings.Contains(log.String(), "end=Dataverse at_a_time=4") {
			t.Errorf("the log is %s", log.String())
		}
		for range 40 {
			enter(t.Context(), t, g)(throttle.Answer{Served: true})
		}
		if g.Size() != 8 {
			t.Errorf("%d at a time after forty successes, want 8", g.Size())
		}
		enter(t.Context(), t, g)(throttle.Answer{Served: true, Suggested: 3})
		if g.Size() != 3 {
			t.Errorf("%d at a time, suggested were 3", g.Size())
		}
	})
}

// TestLeftAloneByEverybody: nobody asks before the end of the time, not even
// who came later or was in line.
func TestLeftAloneByEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := throttle.NewGate("Dataverse", 1, nil)
		begun := time.Now()
		leave := enter(t.Context(), t, g)
		var through []string
		var mu sync.Mutex
		ask := func(name string, within time.Duration) {
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), within)
				defer cancel()
				leave, err := g.Enter(ctx)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					through = append(through, fmt.Sprintf("%s: %v wait %v @%v", name, err, outcome.RetryAfter(err), time.Since(begun)))
					if outcome.Of(err) != outcome.Again {
						t.Errorf("%s is of class %v", name, outcome.Of(err))
					}
					return
				}
				through = append(through, fmt.Sprintf("%s @%v", name, time.Since(begun)))
				leave(throttle.Answer{Served: true})
			}()
			synctest.Wait()
		}
		ask("in line", time.Hour)
		ask("in line with little time", 5*time.Second)
		leave(throttle.Answer{Throttled: true, RetryAfter: 30 * time.Second})
		synctest.Wait()
		<-time.After(10 * time.Second)
		ask("later", time.Hour)
		ask("later with little time", 20*time.Second)
		<-time.After(time.Minute)
		synctest.Wait()
		want := []string{
			"in line with little time: Dataverse asked to be left alone for another 30s wait 30s @0s",
			"later with little time: Dataverse asked to be left alone for another 20s wait 20s @10s",
			"in line @30s", "later @30s",
		}
		if !slices.Equal(through, want) {
			t.Errorf("got\n%s", strings.Join(through, "\n"))
		}
	})
}

func TestWaitingHeedsTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := throttle.NewGate("Stripe", 1, nil)
		leave := enter(t.Context(), t, g)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		begun := time.Now()
		if _, err := g.Enter(ctx); !errors.Is(err, context.Canceled) || time.Since(begun) != time.Second {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		if _, err := g.Enter(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("with a context that is done: %v", err)
		}
		// The one that left the line does not take up room.
		leave(throttle.Answer{Served: true})
		enter(t.Context(), t, g)(throttle.Answer{Served: true})
	})
}

// TestNobodyIsForgotten sends a crowd with short patience through a narrow gate:
// in the end there is as much room as in the beginning.
func TestNobodyIsForgotten(t *testing.T) {
	g := throttle.NewGate("Stripe", 3, nil)
	var crowd sync.WaitGroup
	for n := range 500 {
		crowd.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n%7)*100*time.Microsecond)
			defer cancel()
			if leave, err := g.Enter(ctx); err == nil {
				leave(throttle.Answer{Served: true})
			}
		})
	}
	crowd.Wait()
	for range 3 {
		enter(t.Context(), t, g)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := g.Enter(ctx); err == nil {
		t.Error("a fourth got through")
	}
}

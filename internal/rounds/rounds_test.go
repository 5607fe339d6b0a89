package rounds_test

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

	"paybridge/internal/backoff"
	"paybridge/internal/outcome"
	"paybridge/internal/rounds"
)

// job is a payment of a test, named by a letter.
type job struct {
	name     string
	err      error
	raced    int
	absorbed bool
}

func (j *job) Err() error     { return j.err }
func (j *job) Fail(err error) { j.err = err }
func (j *job) Raced() int     { return j.raced }
func (j *job) Absorbed() bool { return j.absorbed }

// diary is what the steps did, in order, each entry with its time.
type diary struct {
	mu      sync.Mutex
	begun   time.Time
	entries []string
}

func (d *diary) note(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries = append(d.entries, fmt.Sprintf(format, args...)+" @"+time.Since(d.begun).String())
}

func (d *diary) want(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(d.entries, want) {
		t.Errorf("done was\n%s\nwant\n%s", strings.Join(d.entries, "\n"), strings.Join(want, "\n"))
	}
}

// script is what happens to the jobs. A nil step is one that goes well.
type script struct {
	diary
	read  func(ctx context.Context, jobs []*job) (work, again []*job)
	work  func(ctx context.Context, j *job) rounds.Next
	write func(ctx context.Context, jobs []*job) []*job
}

func names(jobs []*job) string {
	var all []string
	for _, j := range jobs {
		all = append(all, j.name)
	}
	slices.Sort(all)
	return strings.Join(all, "")
}

func (s *script) run(ctx context.Context, c rounds.Config, progress bool, letters string) rounds.Result[*job] {
	var jobs []*job
	for _, letter := range letters {
		jobs = append(jobs, &job{name: string(letter)})
	}
	s.begun = time.Now()
	return rounds.Run(ctx, c, jobs, progress, rounds.Steps[*job]{
		Read: func(ctx context.Context, jobs []*job) (work, again []*job) {
			s.note("read %s", names(jobs))
			if s.read == nil {
				return jobs, nil
			}
			return s.read(ctx, jobs)
		},
		Work: func(ctx context.Context, j *job) rounds.Next {
			j.err, j.raced = nil, 0
			if s.work == nil {
				return rounds.Write
			}
			return s.work(ctx, j)
		},
		Write: func(ctx context.Context, jobs []*job) []*job {
			s.note("write %s", names(jobs))
			if s.write == nil {
				return nil
			}
			return s.write(ctx, jobs)
		},
	})
}

// hold waits and reports whether there was time to.
func hold(ctx context.Context, d time.Duration) bool { return backoff.Wait(ctx, d) == nil }

func TestABatchIsReadOnceAndWrittenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{work: func(ctx context.Context, j *job) rounds.Next {
			if j.name == "b" {
				hold(ctx, 400*time.Millisecond)
			}
			return rounds.Write
		}}
		if result := s.run(t.Context(), rounds.Config{}, false, "abc"); len(result.Left) != 0 || result.Rounds != 1 {
			t.Errorf("%+v", result)
		}
		s.want(t, "read abc @0s", "write abc @400ms")
	})
}

// TestASlowPaymentHoldsUpNobody: its neighbours are written while it is still
// worked on, and again while it waits for its next round.
func TestASlowPaymentHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		s := &script{}
		s.work = func(ctx context.Context, j *job) rounds.Next {
			if j.name != "s" {
				return rounds.Write
			}
			hold(ctx, 20*time.Second)
			if tries++; tries == 1 {
				j.err = &outcome.Error{Class: outcome.Again, Err: errors.New("timed out"), RetryAfter: time.Second}
				return rounds.Again
			}
			return rounds.Write
		}
		c := rounds.Config{Backoff: backoff.Policy{Base: time.Nanosecond, Cap: time.Nanosecond}}
		if result := s.run(t.Context(), c, false, "asb"); len(result.Left) != 0 || result.Rounds != 2 {
			t.Errorf("%+v", result)
		}
		for i := range s.entries {
			s.entries[i] = strings.ReplaceAll(s.entries[i], ".000000001s", "s")
		}
		s.want(t, "read abs @0s", "write ab @500ms", "read s @21s", "write s @41s")
	})
}

// TestSlowPaymentsLeaveRoom: as many payments as may be worked on at once hang,
// and those behind them get their turn when an attempt ends.
func TestSlowPaymentsLeaveRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most := 0, 0
		s := &script{work: func(ctx context.Context, j *job) rounds.Next {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			defer func() {
				mu.Lock()
				now--
				mu.Unlock()
			}()
			if strings.Contains("xy", j.name) {
				<-ctx.Done()
				j.err = ctx.Err()
				return rounds.Again
			}
			return rounds.Write
		}}
		result := s.run(t.Context(), rounds.Config{Parallel: 2, Attempt: 10 * time.Second}, false, "xyabc")
		if names(result.Left) != "xy" || most != 2 {
			t.Errorf("left %s, at most %d at once", names(result.Left), most)
		}
		if got := s.entries[1]; got != "write abc @10s" && !strings.HasPrefix(got, "read") {
			t.Errorf("second was %s", got)
		}
		if !slices.Contains(s.entries, "write abc @10s") && !slices.Contains(s.entries, "write abc @10.5s") {
			t.Errorf("done was %v", s.entries)
		}
	})
}

// TestWhatIsLeftIsGivenUpWhenOthersAreFinished: the trouble is not of an end.
func TestWhatIsLeftIsGivenUpWhenOthersAreFinished(t *testing.T) {
	for name, c := range map[string]struct {
		letters  string
		progress bool
		least    time.Duration
		most     time.Duration
	}{
		"nothing was finished":          {"xy", false, 4 * time.Minute, 4 * time.Minute},
		"a neighbour was finished":      {"axy", false, 30 * time.Second, 31 * time.Second},
		"a message was finished before": {"xy", true, 30 * time.Second, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{work: func(_ context.Context, j *job) rounds.Next {
					if j.name == "a" {
						return rounds.Write
					}
					j.err = outcome.Againf("no luck with %s", j.name)
					return rounds.Again
				}}
				result := s.run(t.Context(), rounds.Config{}, c.progress, c.letters)
				if took := time.Since(s.begun); took < c.least || took > c.most {
					t.Errorf("took %v, want %v to %v", took, c.least, c.most)
				}
				if names(result.Left) != "xy" || result.Left[0].err == nil || !strings.Contains(result.Left[0].err.Error(), "no luck") {
					t.Errorf("left %+v", result)
				}
			})
		})
	}
}

// TestTheBudgetIsOne: whatever the steps do with the time, the work ends with
// the budget, and what was wrong before is what is told.
func TestTheBudgetIsOne(t *testing.T) {
	trouble := outcome.Againf("the CRM is down")
	hang := func(ctx context.Context) { <-ctx.Done() }
	for name, s := range map[string]*script{
		"reading hangs": {read: func(ctx context.Context, jobs []*job) (_, again []*job) {
			hang(ctx)
			return nil, jobs
		}},
		"working hangs": {work: func(ctx context.Context, _ *job) rounds.Next {
			hang(ctx)
			return rounds.Again
		}},
		"writing hangs": {write: func(ctx context.Context, jobs []*job) []*job {
			hang(ctx)
			return jobs
		}},
		"a wait is longer than the budget": {work: func(_ context.Context, j *job) rounds.Next {
			j.err = &outcome.Error{Class: outcome.Again, Err: trouble, RetryAfter: time.Hour}
			return rounds.Again
		}},
		"always in a race": {write: func(_ context.Context, jobs []*job) []*job {
			for _, j := range jobs {
				j.err, j.raced = trouble, 7
			}
			return jobs
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				result := s.run(t.Context(), rounds.Config{Budget: time.Minute}, false, "ab")
				if took := time.Since(s.begun); took != time.Minute {
					t.Errorf("took %v", took)
				}
				if names(result.Left) != "ab" {
					t.Errorf("left %+v", result)
				}
				for _, j := range result.Left {
					if outcome.Of(j.err) != outcome.Again || j.err == nil {
						t.Errorf("%s ended with %v", j.name, j.err)
					}
				}
				if result.Rounds > 30 {
					t.Errorf("%d rounds in a minute", result.Rounds)
				}
			})
		})
	}
}

func TestTheCauseOutlivesTheEndOfTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		s := &script{work: func(ctx context.Context, j *job) rounds.Next {
			if tries++; tries == 1 {
				j.err = errors.New("the key was refused")
			} else {
				<-ctx.Done()
				j.err = fmt.Errorf("reading: %w", ctx.Err())
			}
			return rounds.Again
		}}
		result := s.run(t.Context(), rounds.Config{}, false, "a")
		if got := result.Left[0].err; got == nil || got.Error() != "the key was refused" {
			t.Errorf("the error is %v", got)
		}
	})
}

// TestEachWaitsByItself: one that was asked to wait long does not hold up one
// that was not.
func TestEachWaitsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tried := map[string]bool{}
		s := &script{}
		s.write = func(_ context.Context, jobs []*job) (again []*job) {
			for _, j := range jobs {
				if tried[j.name] {
					continue
				}
				tried[j.name] = true
				j.err = outcome.Againf("again")
				switch j.name {
				case "l":
					j.err = &outcome.Error{Class: outcome.Again, Err: j.err, RetryAfter: 20 * time.Second}
				case "r":
					j.raced = 1
				}
				again = append(again, j)
			}
			return again
		}
		c := rounds.Config{Backoff: backoff.Policy{Base: time.Nanosecond, Cap: time.Nanosecond}}
		if result := s.run(t.Context(), c, false, "lrs"); len(result.Left) != 0 {
			t.Errorf("%+v", result)
		}
		if last := s.entries[len(s.entries)-1]; !strings.HasPrefix(last, "write l @20") {
			t.Errorf("last was %s", last)
		}
		for _, e := range s.entries[:len(s.entries)-2] {
			if !strings.HasSuffix(e, "@0s") && !strings.HasSuffix(e, "ns") {
				t.Errorf("waited: %s", e)
			}
		}
	})
}

// together makes jobs that fail in one trip come back at the same time.
func together(jobs []*job) {
	for _, j := range jobs {
		j.raced = min(len(jobs)-1, 1)
	}
}

// TestAPanicCostsOnlyItsPayment: the slice that panicked is taken apart.
func TestAPanicCostsOnlyItsPayment(t *testing.T) {
	for _, step := range []string{"read", "work", "write", "invented"} {
		t.Run(step, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				bad := func(jobs ...*job) {
					together(jobs)
					if strings.Contains(names(jobs), "p") {
						panic("a nil map")
					}
				}
				s := &script{}
				switch step {
				case "read":
					s.read = func(_ context.Context, jobs []*job) (_, _ []*job) { bad(jobs...); return jobs, nil }
				case "work":
					s.work = func(_ context.Context, j *job) rounds.Next { bad(j); return rounds.Write }
				case "write":
					s.write = func(_ context.Context, jobs []*job) []*job { bad(jobs...); return nil }
				case "invented":
					s.write = func(_ context.Context, jobs []*job) []*job {
						if strings.Contains(names(jobs), "p") {
							return []*job{{name: "p"}}
						}
						return nil
					}
				}
				result := s.run(t.Context(), rounds.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, false, "apb")
				if names(result.Left) != "p" || outcome.Of(result.Left[0].err) != outcome.Again {
					t.Fatalf("left %s", names(result.Left))
				}
				if !strings.Contains(log.String(), "rounds_test.go") && step != "invented" || !strings.Contains(log.String(), "panic contained") {
					t.Errorf("the log is %s", log.String())
				}
			})
		})
	}
}

// TestWhatIsRefusedAsAWholeIsTakenApart finds the one row that makes the CRM
// refuse to read a whole batch.
func TestWhatIsRefusedAsAWholeIsTakenApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{read: func(_ context.Context, jobs []*job) (work, again []*job) {
			together(jobs)
			if !strings.Contains(names(jobs), "p") {
				return jobs, nil
			}
			for _, j := range jobs {
				j.err = outcome.Reviewf("the batch is malformed")
			}
			return nil, jobs
		}}
		result := s.run(t.Context(), rounds.Config{}, false, "apb")
		if names(result.Left) != "p" {
			t.Errorf("left %s", names(result.Left))
		}
	})
}

func TestTripsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		most := 0
		count := func(jobs []*job) {
			mu.Lock()
			defer mu.Unlock()
			most = max(most, len(jobs))
		}
		s := &script{}
		s.read = func(_ context.Context, jobs []*job) (_, _ []*job) { count(jobs); return jobs, nil }
		s.write = func(_ context.Context, jobs []*job) []*job { count(jobs); return nil }
		if result := s.run(t.Context(), rounds.Config{}, false, strings.Repeat("a", rounds.MaxSlice+1)); len(result.Left) != 0 {
			t.Errorf("%d are left", len(result.Left))
		}
		if most != rounds.MaxSlice {
			t.Errorf("a trip had %d rows, want %d", most, rounds.MaxSlice)
		}
		if n := len(s.entries); n != 4 {
			t.Errorf("%d trips: %v", n, s.entries)
		}
	})
}

// TestAbsorbedJobsAreNoSuccess: a job that another one took over was not
// finished, so the batch is held on to for the whole budget.
func TestAbsorbedJobsAreNoSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{write: func(_ context.Context, jobs []*job) []*job {
			for _, j := range jobs[1:] {
				j.absorbed = true
			}
			jobs[0].err = outcome.Againf("down")
			return jobs[:1]
		}}
		result := s.run(t.Context(), rounds.Config{}, false, "ab")
		if took := time.Since(s.begun); took != rounds.DefaultBudget || len(result.Left) != 1 {
			t.Errorf("took %v, left %s", took, names(result.Left))
		}
	})
}

func TestRereadIsAtOnceAndFinishedIsTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		known := false
		s := &script{work: func(_ context.Context, j *job) rounds.Next {
			switch {
			case j.name == "f":
				return rounds.Finished
			case !known:
				known = true
				return rounds.Reread
			default:
				return rounds.Write
			}
		}}
		if result := s.run(t.Context(), rounds.Config{}, false, "fk"); len(result.Left) != 0 {
			t.Errorf("%+v", result)
		}
		s.want(t, "read fk @0s", "read k @0s", "write k @0s")
	})
}

func TestUnconfiguredHoldsItsMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		err := rounds.Unconfigured(t.Context(), rounds.Config{Budget: time.Minute}, []string{"DataverseUrl"})
		if time.Since(begun) != time.Minute || outcome.Of(err) != outcome.Again || !strings.Contains(err.Error(), "DataverseUrl") {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
	})
}

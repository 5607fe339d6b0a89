package rounds_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"paybridge/internal/backoff"
	"paybridge/internal/outcome"
	"paybridge/internal/rounds"
)

// TestWorkOnAPaymentHasALimit: one that hangs is given up for the round, and is
// no reason to give up its invocation.
func TestWorkOnAPaymentHasALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		s := &script{}
		s.work = func(ctx context.Context, j *job) rounds.Next {
			if tries++; tries > 1 {
				return rounds.Finished
			}
			<-ctx.Done()
			if took := time.Since(s.begun); took != 90*time.Second {
				t.Errorf("worked on for %v", took)
			}
			j.err = outcome.Againf("reading: %w", ctx.Err())
			return rounds.Again
		}
		if result := s.run(t.Context(), rounds.Config{}, false, "a"); len(result.Left) != 0 {
			t.Errorf("left %+v", result)
		}
	})
}

// TestWorkSideBySideHasALimit counts how many payments of a large batch are
// worked on at once.
func TestWorkSideBySideHasALimit(t *testing.T) {
	for n, want := range map[int]time.Duration{16: 2 * time.Second, 17: 3 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{work: func(ctx context.Context, _ *job) rounds.Next {
				hold(ctx, time.Second)
				return rounds.Finished
			}}
			result := s.run(t.Context(), rounds.Config{}, false, strings.Repeat("a", n))
			if took := time.Since(s.begun); took != want || len(result.Left) != 0 {
				t.Errorf("%d seconds of work took %v, want %v", n, took, want)
			}
		})
	}
}

// TestRacesAreRunAgainAtOnceOnlyTwice: who loses more of them waits like others
// do.
func TestRacesAreRunAgainAtOnceOnlyTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lost := 0
		s := &script{}
		s.write = func(_ context.Context, jobs []*job) []*job {
			lost++
			jobs[0].err, jobs[0].raced = outcome.Againf("somebody was faster"), lost
			return jobs
		}
		s.run(t.Context(), rounds.Config{Backoff: backoff.Policy{Base: time.Hour, Cap: time.Hour}}, false, "a")
		atOnce := 0
		for _, e := range s.entries {
			if strings.HasPrefix(e, "read") && strings.HasSuffix(e, "@0s") {
				atOnce++
			}
		}
		if atOnce != 3 {
			t.Errorf("%d rounds at once, want the first and two more: %v", atOnce, s.entries)
		}
	})
}

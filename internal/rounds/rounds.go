// Package rounds takes the payments of one invocation through rounds of
// reading, working and writing, each at its own pace, until all are finished
// or there is no use in holding on. Rows are read and written many at a time,
// to save trips, and nothing waits for its neighbours: what is ready is written
// while a slow payment is still worked on, and what has to be tried again waits
// by itself. What waits, how long and when to give up is the same for every
// queue-triggered function, so it is decided here.
package rounds

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"paybridge/internal/backoff"
	"paybridge/internal/outcome"
)

const (
	// DefaultBudget is how long an invocation may work. The locks of a batch are
	// not renewed and last five minutes, so it has to end before that.
	DefaultBudget = 4 * time.Minute
	// DefaultAttempt is how long one payment may be worked on at a stretch.
	DefaultAttempt = 90 * time.Second
	// DefaultPatience is for how long what is left of a batch is held on to
	// when the rest of it is finished.
	DefaultPatience = 30 * time.Second
	// DefaultParallel is how many payments are worked on at once.
	DefaultParallel = 8
	// DefaultLinger is how long a payment that is ready waits for neighbours to
	// be written with.
	DefaultLinger = 500 * time.Millisecond
	// MaxSlice is how many rows are read or written in one trip.
	MaxSlice = 100
)

// DefaultBackoff is the wait between the rounds of one payment.
var DefaultBackoff = backoff.Policy{Base: 250 * time.Millisecond, Cap: 20 * time.Second}

// races is how often a job is tried again at once after somebody wrote what it
// was working on. After that it waits like the others.
const races = 3

// Job is the work on one payment. All methods are called by one goroutine at a
// time.
type Job interface {
	// Err is why the last round did not finish it, and Fail sets that.
	Err() error
	Fail(err error)
	// Raced is how often in all somebody wrote in between, zero when the last
	// round did not end in that.
	Raced() int
	// Absorbed says that the job lives on in another one, about the same
	// payment, that took it over. A step does not return it any more.
	Absorbed() bool
}

// Next is what comes after a job was worked on.
type Next int

const (
	// Write has the job written, together with others that are ready.
	Write Next = iota
	// Finished is the end of it: there is nothing to write.
	Finished
	// Again begins another round after a wait.
	Again
	// Reread begins another round at once: the job knows better by now which
	// row it is about.
	Reread
)

// Steps are the parts of a round. Of jobs that they do not return, Read and
// Write have finished the work.
type Steps[J Job] struct {
	// Read reads the rows of several jobs. It returns those that can be worked
	// on and those that need another round.
	Read func(ctx context.Context, jobs []J) (work, again []J)
	// Work works on one job, side by side with others. Its context ends after
	// [Config.Attempt].
	Work func(ctx context.Context, job J) Next
	// Write writes what several jobs came to and returns those that need
	// another round.
	Write func(ctx context.Context, jobs []J) (again []J)
}

// Config bounds the work. Zero fields mean the defaults above.
type Config struct {
	Budget, Attempt, Patience, Linger time.Duration
	Parallel                          int
	Backoff                           backoff.Policy
	// Logger gets the stack of a panic, which costs only the jobs that it
	// happened to. Nil discards it.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	or := func(d *time.Duration, fallback time.Duration) {
		if *d <= 0 {
			*d = fallback
		}
	}
	or(&c.Budget, DefaultBudget)
	or(&c.Attempt, DefaultAttempt)
	or(&c.Patience, DefaultPatience)
	or(&c.Linger, DefaultLinger)
	if c.Parallel <= 0 {
		c.Parallel = DefaultParallel
	}
	if c.Backoff == (backoff.Policy{}) {
		c.Backoff = DefaultBackoff
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// Result is how the work ended.
type Result[J Job] struct {
	// Left are the jobs that were not finished.
	Left []J
	// Rounds is how many the job with the most went through.
	Rounds int
}

// Run takes jobs through rounds and returns what was left of them.
//
// While nothing could be finished it never gives up before the budget is spent:
// Service Bus delivers a failed invocation's messages again at once and counts,
// so quick failures would bring them to the dead letters within seconds. Once
// something was, the trouble is not of an end but of the payments that are
// left; those are held on to for [Config.Patience] after the last success and
// then left, so that the queue goes on behind them. progress says that the
// batch had messages which were finished before.
func Run[J Job](ctx context.Context, c Config, jobs []J, progress bool, steps Steps[J]) Result[J] {
	c = c.withDefaults()
	ctx, cancel := context.WithTimeoutCause(ctx, c.Budget, fmt.Errorf("the invocation's budget of %v is spent", c.Budget))
	defer cancel()
	r := &run[J]{config: c, steps: steps, news: make(chan news[J])}
	if progress {
		r.progress = time.Now()
	}
	for _, j := range jobs {
		r.waiting = append(r.waiting, &entry[J]{job: j})
	}
	r.loop(ctx)
	result := Result[J]{Rounds: r.rounds}
	for _, e := range r.waiting {
		// The end of the budget is why the last try failed, and says nothing.
		switch err := e.job.Err(); {
		case e.trouble != nil && (err == nil || ended(err)):
			e.job.Fail(e.trouble)
		case err == nil:
			e.job.Fail(outcome.Againf("%w", context.Cause(ctx)))
		}
		result.Left = append(result.Left, e.job)
	}
	return result
}

// ended reports whether an error is the end of a context.
func ended(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// pause returns how long a job waits before its next round.
func pause[J Job](policy backoff.Policy, job J, tries int) time.Duration {
	if n := job.Raced(); n > 0 && n < races {
		return 0
	}
	return policy.Delay(tries, outcome.RetryAfter(job.Err()))
}

// Unconfigured is an invocation of a function that misses settings: it holds
// its messages for the whole budget, so that they are not used up, and fails.
func Unconfigured(ctx context.Context, c Config, missing []string) error {
	ctx, cancel := context.WithTimeout(ctx, c.withDefaults().Budget)
	defer cancel()
	<-ctx.Done()
	return outcome.Againf("not configured: set %s", strings.Join(missing, ", "))
}

// Package rounds takes the work of one invocation through rounds until all of
// it is finished or the invocation's budget is spent. What waits, how long and
// when to give up is the same for every queue-triggered function, so it is
// decided here.
package rounds

import (
	"context"
	"fmt"
	"strings"
	"time"

	"paybridge/internal/backoff"
	"paybridge/internal/outcome"
)

// DefaultBudget is how long an invocation may work. The locks of a batch are
// not renewed and last five minutes, so it has to end before that.
const DefaultBudget = 4 * time.Minute

// DefaultBackoff is the wait between rounds.
var DefaultBackoff = backoff.Policy{Base: 250 * time.Millisecond, Cap: 20 * time.Second}

// races is how often a job is tried again at once after somebody wrote what it
// was working on. After that it waits like the others.
const races = 3

// Job is one piece of work.
type Job interface {
	// Err is why the last round did not finish it.
	Err() error
	// Raced is how often in all somebody wrote in between, zero when the last
	// round did not end in that.
	Raced() int
}

// Config bounds the work. The zero value means the defaults.
type Config struct {
	Budget  time.Duration
	Backoff backoff.Policy
}

// Run calls round with the open jobs, again and again: it returns those that
// are still open. Run returns what was left when the budget was spent, and how
// many rounds there were.
//
// It never gives up earlier: Service Bus delivers a failed invocation's
// messages again at once and counts, so quick failures would bring them to the
// dead letters within seconds.
func Run[J Job](ctx context.Context, c Config, open []J, round func(context.Context, []J) []J) (left []J, count int) {
	if c.Budget == 0 {
		c.Budget = DefaultBudget
	}
	if c.Backoff == (backoff.Policy{}) {
		c.Backoff = DefaultBackoff
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.Budget, fmt.Errorf("the invocation's budget of %v is spent", c.Budget))
	defer cancel()
	for len(open) > 0 {
		count++
		if open = round(ctx, open); len(open) == 0 {
			break
		}
		if err := backoff.Wait(ctx, pause(c.Backoff, open, count)); err != nil {
			<-ctx.Done()
			break
		}
	}
	return open, count
}

// pause returns how long to wait before the next round: as long as the most
// patient of the open jobs wants.
func pause[J Job](policy backoff.Policy, open []J, count int) time.Duration {
	var longest time.Duration
	for _, j := range open {
		if n := j.Raced(); n > 0 && n < races {
			continue
		}
		longest = max(longest, policy.Delay(count, outcome.RetryAfter(j.Err())))
	}
	return longest
}

// Unconfigured is an invocation of a function that misses settings: it holds
// its messages for the whole budget, so that they are not used up, and fails.
func Unconfigured(ctx context.Context, c Config, missing []string) error {
	if c.Budget == 0 {
		c.Budget = DefaultBudget
	}
	ctx, cancel := context.WithTimeout(ctx, c.Budget)
	defer cancel()
	<-ctx.Done()
	return outcome.Againf("not configured: set %s", strings.Join(missing, ", "))
}

package rounds

import (
	"context"
	"time"
)

// telling bounds how long it takes to tell of the jobs that are given up. The
// budget of the invocation may be spent by then.
const telling = 10 * time.Second

// GiveUp tells a person of the jobs that were tried often enough. It returns
// those that go back to the queue: the others, and what tell returns because
// nobody could be told.
func GiveUp[J any](ctx context.Context, jobs []J, enough func(J) bool, tell func(context.Context, J) []J) (left []J) {
	ctx, cancel := context.WithTimeout(ctx, telling)
	defer cancel()
	for _, j := range jobs {
		if enough(j) {
			left = append(left, tell(ctx, j)...)
		} else {
			left = append(left, j)
		}
	}
	return left
}

package crmupdate

import (
	"context"

	"golang.org/x/sync/errgroup"

	"paybridge/internal/truth"
)

// readFacts reads from Stripe what each job's row and hints name, several jobs
// at once. A job that cannot be read keeps its error and does not hold up the
// others.
func (c *Config) readFacts(ctx context.Context, jobs []*job) {
	var group errgroup.Group
	group.SetLimit(c.Parallel)
	for _, j := range jobs {
		group.Go(func() error {
			j.facts, j.err = truth.Read(ctx, c.Stripe, j.account, j.row.Row, c.Livemode, truth.Names{
				Intents: j.intentIDs(), Sessions: j.sessionIDs(),
			})
			return nil
		})
	}
	_ = group.Wait()
}

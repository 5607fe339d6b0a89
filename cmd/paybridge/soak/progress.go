package soak

import (
	"context"
	"fmt"
	"time"

	"paybridge/internal/backoff"
)

// reportEvery is how often progress is shown.
const reportEvery = 5 * time.Second

// report shows progress.
func (s *soak) report(ctx context.Context) {
	for backoff.Wait(ctx, reportEvery) == nil {
		c := s.tally.snapshot()
		faults := 0
		for _, n := range c.faults {
			faults += n
		}
		waiting := "the host is down"
		if state, err := s.host.state(ctx); err == nil {
			waiting = ""
			for name, q := range state.Queues {
				waiting += fmt.Sprintf(" %s %d", name, q.Active+q.Locked)
			}
		}
		elapsed := time.Since(c.begun)
		s.cfg.Progress(fmt.Sprintf("%5.0fs  %d of %d payments (%.1f/s), %d invocations, %d faults, queues:%s",
			elapsed.Seconds(), c.payments, s.cfg.Payments, float64(c.payments)/elapsed.Seconds(), c.invocations, faults, waiting))
	}
}

package soak

import (
	"context"
	"fmt"
	"time"

	"paybridge/internal/backoff"
)

// heal waits until reconcile has nothing left to find. Dataverse posts a change
// once, and once more after a 502, 503 or 504, so what it posts while the host
// is down is lost; so is what Stripe gave up, and every dead letter.
func (s *soak) heal(ctx context.Context) error {
	rested := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, 2*patience, fmt.Errorf("reconcile still found something after %v", 2*patience))
	defer cancel()
	for {
		if err := s.settle(ctx); err != nil {
			return err
		}
		// A run that looked at everything, once all had come to the age at which
		// it counts as lost.
		last := s.tally.snapshot().last
		if last.Slow && last.Cut == "" && last.found() == 0 && last.Held == 0 && last.at.After(rested.Add(reconcileSweep)) {
			return nil
		}
		if backoff.Wait(ctx, 200*time.Millisecond) != nil {
			return context.Cause(ctx)
		}
	}
}

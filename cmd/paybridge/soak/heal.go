package soak

import (
	"context"
	"errors"
	"fmt"
	"time"

	"paybridge/internal/backoff"
)

// heal waits until reconcile has nothing left to find. Dataverse posts a change
// once, and once more after a 502, 503 or 504, so what it posts while the host
// is down is lost; so is what Stripe gave up, and every dead letter.
func (s *soak) heal(ctx context.Context) error {
	rested := time.Now()
	healing := healingOf(s.cfg.Payments)
	ctx, cancel := context.WithTimeout(ctx, healing)
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
		switch err := backoff.Wait(ctx, 200*time.Millisecond); {
		case errors.Is(err, context.DeadlineExceeded):
			return fmt.Errorf("reconcile came to no end within %v: its last run found %d things, held %d and was cut short by %q",
				healing, last.found(), last.Held, last.Cut)
		case err != nil:
			return err
		}
	}
}

// healingOf is how long reconcile may take. A run of it has two seconds, and on
// a machine that does something else besides it often sees little in these; the
// more payments there were, the more of them it has to look at.
func healingOf(payments int) time.Duration {
	return 5*patience + time.Duration(payments)*100*time.Millisecond
}

package soak

import (
	"context"
	"time"

	"paybridge/internal/backoff"
)

// longestBlackout ends a blackout during which one of the queues has nothing to
// give up: twice as long as a message takes to be delivered in vain so often.
const longestBlackout = 2 * deliveries * budget

// blackout takes the CRM away until both queues have given up messages. It is
// the outage that outlasts the delivery count, over six hours in Azure; nobody
// puts the dead letters back, so reconcile has to find what they were about.
func (s *soak) blackout(ctx context.Context) error {
	before, err := s.host.state(ctx)
	if err != nil {
		return err
	}
	s.faults.dark(1)
	defer s.faults.dark(-1)
	for end := time.Now().Add(longestBlackout); time.Now().Before(end); {
		if backoff.Wait(ctx, 200*time.Millisecond) != nil {
			return context.Cause(ctx)
		}
		now, err := s.host.state(ctx)
		if err != nil {
			return err
		}
		waiting := false
		for name, q := range now.Queues {
			waiting = waiting || q.DeadLetter == before.Queues[name].DeadLetter
		}
		if !waiting {
			return nil
		}
	}
	return nil
}

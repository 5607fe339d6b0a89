package local

import (
	"context"
	"fmt"
	"time"
)

// WaitIdle waits until nothing is on its way any more: no webhook and no step
// waits for delivery, no message is on a queue or being worked on, and none of
// it has set off anything else meanwhile.
func (l *Local) WaitIdle(ctx context.Context) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		before := l.activity()
		if l.Stripe != nil {
			if err := l.Stripe.WaitIdle(ctx); err != nil {
				return fmt.Errorf("waiting for Stripe's deliveries: %w", err)
			}
		}
		if l.Dataverse != nil {
			if err := l.Dataverse.WaitIdle(ctx); err != nil {
				return fmt.Errorf("waiting for the CRM's steps: %w", err)
			}
		}
		busy, err := l.busy(ctx)
		if err != nil {
			return err
		}
		if !busy && l.activity() == before {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// activity is a number that grows with everything that happens at either end
// and in between.
func (l *Local) activity() int {
	sum := 0
	if l.Stripe != nil {
		counts := l.Stripe.Counts()
		sum += counts.Delivered + counts.Undelivered
		for _, n := range counts.Requests {
			sum += n
		}
	}
	if l.Dataverse != nil {
		for _, n := range l.Dataverse.Counts() {
			sum += n
		}
	}
	for _, f := range l.Host().Stats().Functions {
		sum += f.Invocations
	}
	return sum
}

// busy reports whether a message waits or is being worked on.
func (l *Local) busy(ctx context.Context) (bool, error) {
	for _, name := range []string{EventsQueue, RequestsQueue} {
		queue, err := l.Queues.Queue(name)
		if err != nil {
			return false, err
		}
		counts, err := queue.Counts(ctx)
		if err != nil {
			return false, err
		}
		if counts.Active+counts.Locked+counts.Scheduled > 0 {
			return true, nil
		}
	}
	return false, nil
}

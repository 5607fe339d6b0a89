package functionshost

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"paybridge/standin/servicebus"
)

const (
	// settleTime bounds the settling of messages while the host goes down.
	settleTime = 5 * time.Second
	// receiveRetry is the wait after a queue failed to hand out messages.
	receiveRetry = time.Second
)

// receive feeds a Service Bus function until the host goes down: with
// cardinality many one batch after the other, otherwise up to
// maxConcurrentCalls messages at a time.
func (h *Host) receive(f *function) {
	parallel, size := h.limits.concurrentCalls, 1
	if f.trigger.many() {
		parallel, size = 1, h.limits.batchSize
		if n := f.trigger.MaxMessageBatchSize; n > 0 {
			size = n
		}
	}
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, parallel)
	for {
		select {
		case slots <- struct{}{}:
		case <-h.ctx.Done():
			return
		}
		messages, err := f.queue.Receive(h.ctx, size)
		if h.ctx.Err() != nil {
			h.settle(f, messages, false)
			return
		}
		if err != nil {
			h.log.Error("Receiving messages", slog.String("function", f.name), slog.Any("error", err))
			if !h.pause(receiveRetry) {
				return
			}
		}
		if len(messages) == 0 {
			<-slots
			continue
		}
		running.Go(func() {
			defer func() { <-slots }()
			h.process(f, messages)
		})
	}
}

// pause waits and reports whether the host is still up.
func (h *Host) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-h.ctx.Done():
		return false
	}
}

// process runs the function for one message or one batch and settles it: all
// messages are completed after a success and abandoned after a failure.
func (h *Host) process(f *function, messages []*servicebus.Received) {
	e, err := serviceBusEnvelope(f, messages, time.Now())
	if err != nil {
		f.stats.begin()
		f.stats.end(err)
		h.log.Error("Executed (Failed)", slog.String("function", f.name), slog.Any("error", err))
		h.settle(f, messages, false)
		return
	}
	renewing, stop := context.WithCancel(h.ctx)
	var renewer sync.WaitGroup
	if !f.trigger.many() {
		renewer.Go(func() { h.renew(renewing, f, messages[0]) })
	}
	_, err = h.invoke(f, e)
	stop()
	renewer.Wait()
	h.settle(f, messages, err == nil)
}

// settle completes or abandons messages, even while the host goes down. With
// autoCompleteMessages false on the trigger nobody settles, and the locks run
// out.
func (h *Host) settle(f *function, messages []*servicebus.Received, complete bool) {
	if auto := f.trigger.AutoCompleteMessages; auto != nil && !*auto {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(h.ctx), settleTime)
	defer cancel()
	act, doing := f.queue.Abandon, "Abandoning a message"
	if complete {
		act, doing = f.queue.Complete, "Completing a message"
	}
	for _, m := range messages {
		if err := act(ctx, m); err != nil {
			h.log.Warn(doing, slog.String("function", f.name), slog.Int64("sequence_number", m.SequenceNumber), slog.Any("error", err))
		}
	}
}

// renew keeps the lock of a message while its function runs, for at most
// maxAutoLockRenewalDuration.
func (h *Host) renew(ctx context.Context, f *function, m *servicebus.Received) {
	end := time.Now().Add(h.limits.renewal)
	for {
		wait := time.Until(m.LockedUntil) / 2
		if time.Now().Add(wait).After(end) {
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if err := f.queue.Renew(ctx, m); err != nil {
			if !errors.Is(err, context.Canceled) {
				h.log.Warn("Renewing a lock", slog.String("function", f.name), slog.Any("error", err))
			}
			return
		}
	}
}

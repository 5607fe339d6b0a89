package queues

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"paybridge/standin/servicebus"
	"paybridge/standin/servicebus/remote"
)

// Local returns the queues of a paybridge local that runs on this machine.
func Local(client remote.Client) Namespace { return local{client} }

type local struct{ client remote.Client }

// Send puts messages on a queue.
func (l local) Send(ctx context.Context, queue string, bodies ...[]byte) error {
	for chunk := range slices.Chunk(bodies, MaxPage) {
		messages := make([]servicebus.Message, len(chunk))
		for i, body := range chunk {
			messages[i] = servicebus.Message{Body: body, ContentType: contentType, MessageID: uuid.NewString()}
		}
		if err := l.client.Send(ctx, queue, messages...); err != nil {
			return explainLocal(fmt.Errorf("sending to %s: %w", queue, err))
		}
	}
	return nil
}

// Waiting returns how many messages are on the queue.
func (l local) Waiting(ctx context.Context, queue string) (int, error) {
	c, err := l.client.Counts(ctx, queue)
	if err != nil {
		return 0, explainLocal(fmt.Errorf("counting the messages of %s: %w", queue, err))
	}
	return c.Active + c.Locked + c.Scheduled, nil
}

// Settings returns the settings of the queue.
func (l local) Settings(ctx context.Context, queue string) (*Settings, error) {
	p, err := l.client.Properties(ctx, queue)
	if errors.Is(err, servicebus.ErrQueueNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, explainLocal(fmt.Errorf("reading the settings of %s: %w", queue, err))
	}
	return &Settings{
		LockDuration: p.LockDuration, MaxDeliveryCount: p.MaxDeliveryCount, DefaultMessageTTL: p.DefaultMessageTTL,
		DeadLetteringOnExpiration: p.DeadLetteringOnExpiration, DuplicateDetection: p.DuplicateDetectionWindow > 0,
		BatchedOperations: true, Status: Active,
	}, nil
}

// DeadLetters opens the dead-letter queue of a queue.
func (l local) DeadLetters(queue string) (DeadLetters, error) {
	return localDead{client: l.client, queue: queue, dead: queue + "/$DeadLetterQueue"}, nil
}

// Close does nothing: there is no connection that lasts.
func (local) Close(context.Context) error { return nil }

type localDead struct {
	client      remote.Client
	queue, dead string
}

// Peek shows dead letters.
func (l localDead) Peek(ctx context.Context, from int64, n int) ([]DeadLetter, error) {
	messages, err := l.client.Peek(ctx, l.dead, from, min(n, MaxPage))
	if err != nil {
		return nil, explainLocal(fmt.Errorf("looking into the dead letters of %s: %w", l.queue, err))
	}
	return localLetters(messages), nil
}

// localWait is how long a first dead letter is waited for. What is there is
// there at once.
const localWait = time.Second

// Receive locks dead letters.
func (l localDead) Receive(ctx context.Context, n int) ([]DeadLetter, error) {
	messages, err := l.client.Receive(ctx, l.dead, min(n, MaxPage), localWait)
	if err != nil {
		return nil, explainLocal(fmt.Errorf("receiving the dead letters of %s: %w", l.queue, err))
	}
	return localLetters(messages), nil
}

// Resubmit sends a copy and then completes the dead letter.
func (l localDead) Resubmit(ctx context.Context, letter DeadLetter) error {
	received := letter.received.(*servicebus.Received)
	message := received.Message
	message.MessageID = uuid.NewString()
	message.TimeToLive, message.ScheduledEnqueueTime = 0, time.Time{}
	if err := l.client.Send(ctx, l.queue, message); err != nil {
		return explainLocal(fmt.Errorf("sending to %s: %w", l.queue, err))
	}
	if err := l.Complete(ctx, letter); err != nil {
		return errors.Join(ErrStays, err)
	}
	return nil
}

// Complete removes the dead letter.
func (l localDead) Complete(ctx context.Context, letter DeadLetter) error {
	return l.settled("removing a dead letter of", l.client.Complete(ctx, l.dead, letter.received.(*servicebus.Received)))
}

// Abandon ends the locks.
func (l localDead) Abandon(ctx context.Context, letters ...DeadLetter) error {
	var errs []error
	for chunk := range slices.Chunk(letters, MaxPage) {
		received := make([]*servicebus.Received, len(chunk))
		for i, letter := range chunk {
			received[i] = letter.received.(*servicebus.Received)
		}
		errs = append(errs, l.settled("giving back dead letters of", l.client.Abandon(ctx, l.dead, received...)))
	}
	return errors.Join(errs...)
}

// Close does nothing.
func (localDead) Close(context.Context) error { return nil }

func (l localDead) settled(doing string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, servicebus.ErrLockLost) {
		err = errors.Join(ErrLockLost, err)
	}
	return explainLocal(fmt.Errorf("%s %s: %w", doing, l.queue, err))
}

func localLetters(messages []*servicebus.Received) []DeadLetter {
	letters := make([]DeadLetter, len(messages))
	for i, m := range messages {
		letters[i] = DeadLetter{
			SequenceNumber: m.SequenceNumber, MessageID: m.MessageID, Body: m.Body,
			EnqueuedTime: m.EnqueuedTime, DeliveryCount: m.DeliveryCount,
			Reason: m.DeadLetterReason, Description: m.DeadLetterErrorDescription,
			received: m,
		}
	}
	return letters
}

func explainLocal(err error) error {
	hint := ""
	if _, answered := errors.AsType[*remote.Error](err); !answered {
		hint = "has paybridge local ended meanwhile? Start it again and repeat the command"
	}
	return &Error{Err: err, hint: hint}
}

// contentType is that of every message that PayBridge writes.
const contentType = "application/json"

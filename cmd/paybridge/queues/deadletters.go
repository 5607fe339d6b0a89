package queues

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/google/uuid"
)

// DeadLetters opens the dead-letter queue of a queue.
func (n *namespace) DeadLetters(queue string) (DeadLetters, error) {
	from, err := n.receiver(queue, azservicebus.SubQueueDeadLetter)
	if err != nil {
		return nil, explain("opening the dead letters of "+queue, err)
	}
	return &deadLetters{queue: queue, from: from, open: n.sender}, nil
}

type deadLetters struct {
	queue string
	from  receiver
	open  func(queue string) (sender, error)
	to    sender // opened when something is resubmitted
}

// Peek shows dead letters.
func (d *deadLetters) Peek(ctx context.Context, from int64, n int) ([]DeadLetter, error) {
	messages, err := contained(func() ([]*azservicebus.ReceivedMessage, error) {
		return d.from.PeekMessages(ctx, min(n, MaxPage), &azservicebus.PeekMessagesOptions{FromSequenceNumber: &from})
	})
	if err != nil {
		return nil, explain("looking into the dead letters of "+d.queue, err)
	}
	return letters(messages, true), nil
}

// receiveWait is how long a first dead letter is waited for. Service Bus hands
// out what is there within a moment, once the link stands.
const receiveWait = 10 * time.Second

// Receive locks dead letters.
func (d *deadLetters) Receive(ctx context.Context, n int) ([]DeadLetter, error) {
	waiting, cancel := context.WithTimeout(ctx, receiveWait)
	defer cancel()
	messages, err := contained(func() ([]*azservicebus.ReceivedMessage, error) {
		return d.from.ReceiveMessages(waiting, min(n, MaxPage), nil)
	})
	if err != nil && (ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded)) {
		return nil, explain("receiving the dead letters of "+d.queue, err)
	}
	return letters(messages, false), nil
}

// errMalformed says that the SDK cannot take a message apart.
var errMalformed = &Error{
	Err:  errors.New("among the messages is one that the SDK cannot read: what its sender gave for DeadLetterReason or DeadLetterErrorDescription is no text"),
	hint: "remove it with the Service Bus Explorer of the Azure portal, or look at the others with --max and --from",
}

// contained turns the panic into an error with which the SDK (v1.11.0) meets a
// message whose sender set DeadLetterReason to something that is no text.
func contained(do func() ([]*azservicebus.ReceivedMessage, error)) (messages []*azservicebus.ReceivedMessage, err error) {
	defer func() {
		if _, ok := recover().(runtime.Error); ok {
			messages, err = nil, errMalformed
		}
	}()
	return do()
}

// Resubmit sends a copy and then completes the dead letter.
func (d *deadLetters) Resubmit(ctx context.Context, letter DeadLetter) error {
	if d.to == nil {
		to, err := d.open(d.queue)
		if err != nil {
			return explain("sending to "+d.queue, err)
		}
		d.to = to
	}
	if err := d.to.SendAMQPAnnotatedMessage(ctx, again(letter.received.(*azservicebus.ReceivedMessage)), nil); err != nil {
		return explain("sending to "+d.queue, err)
	}
	if err := d.Complete(ctx, letter); err != nil {
		return errors.Join(ErrStays, err)
	}
	return nil
}

// again is the message to send in place of a dead letter: everything that its
// sender wrote, whatever form the body has, and nothing that Service Bus noted
// on the way. Its time to live is the queue's, because the old one may have
// ended.
func again(m *azservicebus.ReceivedMessage) *azservicebus.AMQPAnnotatedMessage {
	raw := m.RawAMQPMessage
	out := &azservicebus.AMQPAnnotatedMessage{
		ApplicationProperties: maps.Clone(raw.ApplicationProperties),
		Body:                  raw.Body,
		Footer:                raw.Footer,
		Properties:            &azservicebus.AMQPAnnotatedMessageProperties{},
	}
	delete(out.ApplicationProperties, "DeadLetterReason")
	delete(out.ApplicationProperties, "DeadLetterErrorDescription")
	if raw.Properties != nil {
		*out.Properties = *raw.Properties
	}
	out.Properties.MessageID = uuid.NewString()
	out.Properties.AbsoluteExpiryTime, out.Properties.CreationTime = nil, nil
	return out
}

// Complete removes the dead letter.
func (d *deadLetters) Complete(ctx context.Context, letter DeadLetter) error {
	if err := d.from.CompleteMessage(ctx, letter.received.(*azservicebus.ReceivedMessage), nil); err != nil {
		return explain("removing a dead letter of "+d.queue, err)
	}
	return nil
}

// Abandon ends the locks.
func (d *deadLetters) Abandon(ctx context.Context, letters ...DeadLetter) error {
	var errs []error
	for _, letter := range letters {
		if err := d.from.AbandonMessage(ctx, letter.received.(*azservicebus.ReceivedMessage), nil); err != nil {
			errs = append(errs, explain("giving back a dead letter of "+d.queue, err))
		}
	}
	return errors.Join(errs...)
}

// Close ends the links.
func (d *deadLetters) Close(ctx context.Context) error {
	err := d.from.Close(ctx)
	if d.to != nil {
		err = errors.Join(err, d.to.Close(ctx))
	}
	return err
}

func letters(messages []*azservicebus.ReceivedMessage, peeked bool) []DeadLetter {
	out := make([]DeadLetter, len(messages))
	for i, m := range messages {
		out[i] = DeadLetter{
			SequenceNumber: sequenceNumber(m), MessageID: m.MessageID, Body: m.Body,
			DeliveryCount: int(m.DeliveryCount), Reason: text(m.DeadLetterReason), Description: text(m.DeadLetterErrorDescription),
			received: m,
		}
		if m.EnqueuedTime != nil {
			out[i].EnqueuedTime = m.EnqueuedTime.UTC()
		}
		// AMQP counts the deliveries that did not succeed, and the SDK adds this
		// one to it; but peeking is no delivery.
		if peeked && out[i].DeliveryCount > 0 {
			out[i].DeliveryCount--
		}
	}
	return out
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

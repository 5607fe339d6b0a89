package queues

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus"
	"github.com/Azure/go-amqp"
	"github.com/google/uuid"

	"paybridge/internal/secret"
)

// Config says which namespace of Azure Service Bus is meant.
type Config struct {
	// Connection is its connection string, also one of the emulator. It wins
	// over Host.
	Connection secret.Secret
	// Host is the namespace's host name, for access with Credential.
	Host       string
	Credential azcore.TokenCredential
	// Transport sends what is asked of the management endpoint; nil is the
	// SDK's own HTTP client.
	Transport policy.Transporter
}

// Name returns the host name of the namespace, for people.
func (c Config) Name() string {
	if c.Connection.IsZero() {
		return c.Host
	}
	if c.emulator() {
		return "the Service Bus emulator"
	}
	if u, err := url.Parse(c.part("Endpoint")); err == nil && u.Host != "" {
		return u.Host
	}
	return "Service Bus"
}

// emulator reports whether the connection string is one of the emulator.
func (c Config) emulator() bool { return strings.EqualFold(c.part("UseDevelopmentEmulator"), "true") }

// part returns a part of the connection string, empty where it has none.
func (c Config) part(name string) string {
	for part := range strings.SplitSeq(c.Connection.Reveal(), ";") {
		key, value, _ := strings.Cut(part, "=")
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// ServiceBus returns a namespace of Azure Service Bus. It connects when it is
// first used.
func ServiceBus(c Config) (Namespace, error) {
	options := &azservicebus.ClientOptions{
		ApplicationID: "PayBridge",
		RetryOptions:  azservicebus.RetryOptions{MaxRetries: 2, RetryDelay: time.Second, MaxRetryDelay: 5 * time.Second},
	}
	var client *azservicebus.Client
	var err error
	if c.Connection.IsZero() {
		client, err = azservicebus.NewClient(c.Host, c.Credential, options)
	} else {
		client, err = azservicebus.NewClientFromConnectionString(c.Connection.Reveal(), options)
	}
	var manages manager
	if err == nil {
		manages, err = management(c)
	}
	if err != nil && !c.Connection.IsZero() {
		// What could not be read is not repeated: a key is part of it.
		err = errors.New("the connection string cannot be read")
	}
	if err != nil {
		return nil, &Error{Err: fmt.Errorf("connecting to Service Bus: %w", err),
			hint: "copy ServiceBusConnection from the namespace's shared access policies: Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…"}
	}
	return &namespace{
		sender: func(queue string) (sender, error) { return client.NewSender(queue, nil) },
		receiver: func(queue string, sub azservicebus.SubQueue) (receiver, error) {
			return client.NewReceiverForQueue(queue, &azservicebus.ReceiverOptions{SubQueue: sub})
		},
		manager: manages,
		close:   client.Close,
	}, nil
}

// sender and receiver are what is used of the SDK's Sender and Receiver, as its
// documentation recommends for tests.
type sender interface {
	NewMessageBatch(context.Context, *azservicebus.MessageBatchOptions) (*azservicebus.MessageBatch, error)
	SendMessageBatch(context.Context, *azservicebus.MessageBatch, *azservicebus.SendMessageBatchOptions) error
	SendAMQPAnnotatedMessage(context.Context, *azservicebus.AMQPAnnotatedMessage, *azservicebus.SendAMQPAnnotatedMessageOptions) error
	Close(context.Context) error
}

type receiver interface {
	PeekMessages(context.Context, int, *azservicebus.PeekMessagesOptions) ([]*azservicebus.ReceivedMessage, error)
	ReceiveMessages(context.Context, int, *azservicebus.ReceiveMessagesOptions) ([]*azservicebus.ReceivedMessage, error)
	CompleteMessage(context.Context, *azservicebus.ReceivedMessage, *azservicebus.CompleteMessageOptions) error
	AbandonMessage(context.Context, *azservicebus.ReceivedMessage, *azservicebus.AbandonMessageOptions) error
	Close(context.Context) error
}

var (
	_ sender   = (*azservicebus.Sender)(nil)
	_ receiver = (*azservicebus.Receiver)(nil)
)

type namespace struct {
	sender   func(queue string) (sender, error)
	receiver func(queue string, sub azservicebus.SubQueue) (receiver, error)
	// manager reads settings, nil for the emulator.
	manager manager
	close   func(context.Context) error
}

// Send puts messages on a queue, in batches as large as the link takes.
func (n *namespace) Send(ctx context.Context, queue string, bodies ...[]byte) (err error) {
	if len(bodies) == 0 {
		return nil
	}
	to, err := n.sender(queue)
	if err != nil {
		return explain("sending to "+queue, err)
	}
	defer func() { err = errors.Join(err, to.Close(ctx)) }()
	for rest := bodies; len(rest) > 0; {
		batch, err := to.NewMessageBatch(ctx, nil)
		if err != nil {
			return explain("sending to "+queue, err)
		}
		if rest, err = fill(batch, rest); err != nil {
			return explain("sending to "+queue, err)
		}
		if err := to.SendMessageBatch(ctx, batch, nil); err != nil {
			return explain("sending to "+queue, err)
		}
	}
	return nil
}

// fill puts as many messages into the batch as fit and returns the others.
func fill(batch interface {
	AddMessage(*azservicebus.Message, *azservicebus.AddMessageOptions) error
}, bodies [][]byte) ([][]byte, error) {
	for i, body := range bodies {
		id, kind := uuid.NewString(), contentType
		err := batch.AddMessage(&azservicebus.Message{Body: body, MessageID: &id, ContentType: &kind}, nil)
		if i > 0 && errors.Is(err, azservicebus.ErrMessageTooLarge) {
			return bodies[i:], nil
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// Waiting counts by peeking, which the right to receive allows; an exact number
// would take the right to manage the namespace.
func (n *namespace) Waiting(ctx context.Context, queue string) (count int, err error) {
	doing := "counting the messages of " + queue
	from, err := n.receiver(queue, 0)
	if err != nil {
		return 0, explain(doing, err)
	}
	defer func() { err = errors.Join(err, from.Close(ctx)) }()
	for next := int64(0); count < WaitingLimit; {
		messages, err := contained(func() ([]*azservicebus.ReceivedMessage, error) {
			return from.PeekMessages(ctx, MaxPage, &azservicebus.PeekMessagesOptions{FromSequenceNumber: &next})
		})
		if err != nil {
			return 0, explain(doing, err)
		}
		if len(messages) == 0 {
			break
		}
		count += len(messages)
		next = sequenceNumber(messages[len(messages)-1]) + 1
	}
	return min(count, WaitingLimit), nil
}

// Close ends the connection.
func (n *namespace) Close(ctx context.Context) error { return n.close(ctx) }

func sequenceNumber(m *azservicebus.ReceivedMessage) int64 {
	if m.SequenceNumber == nil {
		return 0
	}
	return *m.SequenceNumber
}

// explain says what the namespace's answer means.
func explain(doing string, err error) error {
	hint := ""
	if e, ok := errors.AsType[*Error](err); ok {
		hint = e.hint
	}
	if e, ok := errors.AsType[*azservicebus.Error](err); ok {
		switch e.Code {
		case azservicebus.CodeUnauthorizedAccess:
			hint = unauthorized
		case azservicebus.CodeNotFound:
			hint = notFound
		case azservicebus.CodeConnectionLost:
			hint = "check that this machine reaches the namespace on port 5671, or that the emulator is running"
		case azservicebus.CodeLockLost:
			err = errors.Join(ErrLockLost, err)
		}
	}
	// Not everything that is refused gets a code.
	if e, ok := errors.AsType[*amqp.Error](err); ok {
		switch e.Condition {
		case amqp.ErrCondNotFound:
			hint = notFound
		case amqp.ErrCondUnauthorizedAccess:
			hint = unauthorized
		}
		if e.Description != "" {
			err = &described{err, e.Description}
		}
	}
	return &Error{Err: fmt.Errorf("%s: %w", doing, err), hint: hint}
}

const (
	unauthorized = "the connection string needs the claims Listen and Send; with az login or a managed identity assign the roles Azure Service Bus Data Receiver and Data Sender"
	notFound     = "compare PaymentEventsQueue and PaymentRequestsQueue with the queues of the namespace"
)

// described is an error of AMQP that shows its description alone.
type described struct {
	error
	text string
}

func (d *described) Error() string { return d.text }
func (d *described) Unwrap() error { return d.error }

// Package queues is the operator's way to PayBridge's queues: to put hints on
// them and to look after their dead letters. There are two kinds of namespace,
// Azure Service Bus (a real one or its emulator) over AMQP, and the one of a
// paybridge local that runs on this machine. What is deployed needs neither:
// there the Functions host moves the messages.
package queues

import (
	"context"
	"errors"
	"time"
)

// Namespace is a set of queues.
type Namespace interface {
	// Send puts messages on a queue, one for each body. They go in batches, so
	// after an error some of them may be on the queue. To send a hint twice does
	// no harm.
	Send(ctx context.Context, queue string, bodies ...[]byte) error
	// Waiting returns how many messages are on the queue, also the locked and the
	// scheduled ones. More than WaitingLimit may count as so many.
	Waiting(ctx context.Context, queue string) (int, error)
	// Settings returns the settings of the queue, nil where the namespace has no
	// such queue. The error is ErrHidden where whoever asks may not see them.
	Settings(ctx context.Context, queue string) (*Settings, error)
	// DeadLetters opens the dead-letter queue of a queue. That the queue does
	// not exist may only show when it is used.
	DeadLetters(queue string) (DeadLetters, error)
	// Close ends the connections.
	Close(ctx context.Context) error
}

// WaitingLimit is where counting stops for a namespace that has to be counted
// message by message.
const WaitingLimit = 1000

// DeadLetters is the dead-letter queue of one queue. It is used by one
// goroutine at a time.
type DeadLetters interface {
	// Peek shows up to n dead letters (MaxPage at most) from the sequence number
	// on, in its order, and locks none. None means that there are no more; fewer
	// than n does not.
	Peek(ctx context.Context, from int64, n int) ([]DeadLetter, error)
	// Receive locks up to n dead letters (MaxPage at most) and returns them. None
	// means that there was none to lock within some seconds. What is neither
	// resubmitted nor completed has to be abandoned, or nobody sees it until its
	// lock runs out.
	Receive(ctx context.Context, n int) ([]DeadLetter, error)
	// Resubmit sends a copy to the queue and then completes the dead letter, in
	// that order, so that a failure in between leaves two and never none. Then
	// the error is an ErrStays. The copy has an id of its own: under the old one
	// a queue with duplicate detection would drop it without a word.
	Resubmit(ctx context.Context, letter DeadLetter) error
	// Complete removes the dead letter for good.
	Complete(ctx context.Context, letter DeadLetter) error
	// Abandon ends the locks.
	Abandon(ctx context.Context, letters ...DeadLetter) error
	// Close ends the connection, and with it nothing that is locked.
	Close(ctx context.Context) error
}

// MaxPage is the most that one Peek or Receive returns.
const MaxPage = 100

// DeadLetter is a message of a dead-letter queue.
type DeadLetter struct {
	// SequenceNumber is Service Bus' own number of the message, unique in its
	// queue and kept on the way to the dead letters.
	SequenceNumber int64
	// MessageID is the sender's name for the message, often empty.
	MessageID string
	// Body is the payload, nil when the message is not one piece of bytes.
	Body []byte
	// EnqueuedTime is when the message was put on its queue (UTC).
	EnqueuedTime time.Time
	// DeliveryCount is how often it was delivered.
	DeliveryCount int
	// Reason and Description say why the message is here: Service Bus' own words
	// or those of who moved it.
	Reason, Description string

	// received is what settles the message, in the terms of its namespace.
	received any
}

var (
	// ErrStays says that a copy of a dead letter was sent and that the dead
	// letter itself could not be removed. It may be dropped.
	ErrStays = errors.New("the message was sent to its queue again, but it is still in the dead letters too")
	// ErrLockLost says that the lock of a dead letter ran out, or that somebody
	// else settled it. Nothing was done.
	ErrLockLost = errors.New("the lock of the dead letter is lost")
)

// Error is what a namespace answered, with what to do about it.
type Error struct {
	Err  error
	hint string
}

// Error returns what went wrong.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Hint returns what to do, empty when nothing is known.
func (e *Error) Hint() string { return e.hint }

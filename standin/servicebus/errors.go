package servicebus

import "errors"

var (
	// ErrLockLost says that the message is no longer locked by whoever tries to
	// settle or renew it: the lock ran out, or the message is settled already.
	ErrLockLost = errors.New("servicebus: the lock is lost: it expired, or the message has been settled already")
	// ErrQueueNotFound says that the namespace has no queue of that name.
	ErrQueueNotFound = errors.New("servicebus: no such queue")
	// ErrMessageTooLarge says that a message is over MaxMessageSize.
	ErrMessageTooLarge = errors.New("servicebus: the message is larger than 256 KB")
	// ErrNotAllowed says that the operation is none that this queue offers, such
	// as sending to a dead-letter queue.
	ErrNotAllowed = errors.New("servicebus: not allowed on this queue")
	// ErrClosed says that the namespace was closed.
	ErrClosed = errors.New("servicebus: the namespace is closed")
	// ErrInUse says that another process has the folder open.
	ErrInUse = errors.New("servicebus: the folder is in use by another process")

	// errCorrupt says that the file contradicts itself, which only a power cut
	// without Options.Sync, or another program, can bring about.
	errCorrupt = errors.New("servicebus: the file is damaged")
)

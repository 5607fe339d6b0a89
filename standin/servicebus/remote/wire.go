package remote

import (
	"errors"
	"time"

	"paybridge/standin/servicebus"
)

// Limits of one request. A message has up to 256 KB, a third more in JSON.
const (
	maxMessages = 100
	maxBody     = 64 << 20
	minWait     = time.Second
	maxWait     = 30 * time.Second
)

// request is the body of every operation, with the fields that it needs.
type request struct {
	Queue    string               `json:"queue"`
	Messages []servicebus.Message `json:"messages,omitempty"`
	From     int64                `json:"from,omitempty"`
	Max      int                  `json:"max,omitempty"`
	WaitMS   int64                `json:"waitMs,omitempty"`
	Locks    []lock               `json:"locks,omitempty"`
}

// lock names one delivery of a message.
type lock struct {
	SequenceNumber int64  `json:"sequenceNumber"`
	Token          string `json:"token"`
}

// answer is what every operation answers with.
type answer struct {
	Instance   string                      `json:"instance,omitempty"`
	Counts     *servicebus.Counts          `json:"counts,omitempty"`
	Properties *servicebus.QueueProperties `json:"properties,omitempty"`
	Received   []received                  `json:"received,omitempty"`
	Error      *failure                    `json:"error,omitempty"`
}

// received is a servicebus.Received.
type received struct {
	Message                    servicebus.Message `json:"message"`
	LockToken                  string             `json:"lockToken,omitempty"`
	SequenceNumber             int64              `json:"sequenceNumber"`
	DeliveryCount              int                `json:"deliveryCount"`
	EnqueuedTime               time.Time          `json:"enqueuedTime"`
	ExpiresAt                  time.Time          `json:"expiresAt"`
	LockedUntil                time.Time          `json:"lockedUntil"`
	State                      servicebus.State   `json:"state"`
	DeadLetterReason           string             `json:"deadLetterReason,omitempty"`
	DeadLetterErrorDescription string             `json:"deadLetterErrorDescription,omitempty"`
	DeadLetterSource           string             `json:"deadLetterSource,omitempty"`
}

// failure is an error of the other process.
type failure struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// codes are the errors that keep their identity on the way.
var codes = map[string]error{
	"lockLost":  servicebus.ErrLockLost,
	"notFound":  servicebus.ErrQueueNotFound,
	"tooLarge":  servicebus.ErrMessageTooLarge,
	"forbidden": servicebus.ErrNotAllowed,
	"closed":    servicebus.ErrClosed,
}

func codeOf(err error) string {
	for code, known := range codes {
		if errors.Is(err, known) {
			return code
		}
	}
	return ""
}

// Error is what the other process answered in place of a result.
type Error struct {
	text  string
	cause error
}

// Error returns what the other process said.
func (e *Error) Error() string { return e.text }

// Unwrap returns the error of package servicebus that it is, or nil.
func (e *Error) Unwrap() error { return e.cause }

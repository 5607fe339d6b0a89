package servicebus

import (
	"encoding/json"
	"fmt"
	"time"
)

// MaxMessageSize is the limit of the Standard tier for one message, body and
// properties together, in bytes.
const MaxMessageSize = 256 << 10

// Message is what a sender puts on a queue.
type Message struct {
	// Body is the payload, handed on byte for byte.
	Body []byte `json:"body,omitempty"`
	// ContentType describes the body, such as application/json.
	ContentType string `json:"contentType,omitempty"`
	// MessageID is the sender's name for the message; duplicate detection goes
	// by it. Empty stays empty: none is made up.
	MessageID string `json:"messageId,omitempty"`
	// Subject is the sender's label for the message.
	Subject string `json:"subject,omitempty"`
	// CorrelationID, To and ReplyTo are carried along unread.
	CorrelationID string `json:"correlationId,omitempty"`
	To            string `json:"to,omitempty"`
	ReplyTo       string `json:"replyTo,omitempty"`
	// ApplicationProperties are the sender's own headers. Values may be nil,
	// string, bool, any integer or float type, time.Time, or []byte. As over
	// AMQP, integers come back as int64 (or uint64 beyond its range), floats as
	// float64 and times in UTC with milliseconds.
	ApplicationProperties map[string]any `json:"-"`
	// ScheduledEnqueueTime keeps the message out of sight until then. Zero, or
	// a time that has passed, means at once.
	ScheduledEnqueueTime time.Time `json:"-"`
	// TimeToLive is how long the message is good for once it is enqueued. Zero
	// means the queue's DefaultMessageTTL, which also caps a longer one.
	TimeToLive time.Duration `json:"-"`
}

// State says where a message stands, as peeking shows it.
type State string

// The states of a message. Service Bus shows a locked message as active; so
// does State, and a LockedUntil that is not zero tells the two apart.
const (
	Active    State = "Active"
	Scheduled State = "Scheduled"
)

// Received is a message as Receive hands it out or Peek shows it.
type Received struct {
	Message
	// LockToken names this delivery; empty when the message was peeked.
	LockToken string
	// SequenceNumber is unique in its queue, and kept when the message moves to
	// the dead-letter queue. A scheduled message gets a new one when its time
	// comes.
	SequenceNumber int64
	// DeliveryCount counts the deliveries up to and including this one, from 1;
	// a peeked message may show 0.
	DeliveryCount int
	// EnqueuedTime is when the message became receivable (UTC).
	EnqueuedTime time.Time
	// ExpiresAt is the end of the message's time to live (UTC), NeverExpires
	// when it has none.
	ExpiresAt time.Time
	// LockedUntil is when the lock runs out (UTC), zero when there is none.
	LockedUntil time.Time
	// State is Active or Scheduled.
	State State
	// DeadLetterReason and DeadLetterErrorDescription say why the message is in
	// a dead-letter queue, DeadLetterSource which queue it came from; all three
	// are empty elsewhere.
	DeadLetterReason           string
	DeadLetterErrorDescription string
	DeadLetterSource           string
}

// NeverExpires is the ExpiresAt of a message without a time to live: the
// latest time that Service Bus can express.
var NeverExpires = time.Date(9999, time.December, 31, 23, 59, 59, 999999900, time.UTC)

// stored is a Message as it lies in the file and travels to another process.
type stored struct {
	bare
	Properties map[string]value `json:"properties,omitempty"`
}

// bare is a Message without its methods.
type bare Message

// MarshalJSON writes the message with the types of its application properties,
// which plain JSON would lose. ScheduledEnqueueTime and TimeToLive are left
// out: they concern the sending alone.
func (m Message) MarshalJSON() ([]byte, error) {
	s := stored{bare: bare(m)}
	for k, v := range m.ApplicationProperties {
		x, err := newValue(v)
		if err != nil {
			return nil, fmt.Errorf("application property %q: %w", k, err)
		}
		if s.Properties == nil {
			s.Properties = make(map[string]value, len(m.ApplicationProperties))
		}
		s.Properties[k] = x
	}
	return json.Marshal(s)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Message) UnmarshalJSON(data []byte) error {
	var s stored
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*m = Message(s.bare)
	for k, x := range s.Properties {
		v, err := x.decode()
		if err != nil {
			return fmt.Errorf("application property %q: %w", k, err)
		}
		if m.ApplicationProperties == nil {
			m.ApplicationProperties = make(map[string]any, len(s.Properties))
		}
		m.ApplicationProperties[k] = v
	}
	return nil
}

// encode returns the message as it is stored, or ErrMessageTooLarge, or an
// error that names the application property that cannot be sent.
func (m Message) encode() ([]byte, error) {
	size := len(m.Body) + len(m.ContentType) + len(m.MessageID) + len(m.Subject) +
		len(m.CorrelationID) + len(m.To) + len(m.ReplyTo)
	for k, v := range m.ApplicationProperties {
		x, err := newValue(v)
		if err != nil {
			return nil, fmt.Errorf("servicebus: application property %q: %w", k, err)
		}
		size += len(k) + len(x.Text)
	}
	if size > MaxMessageSize {
		return nil, fmt.Errorf("%w: %d bytes", ErrMessageTooLarge, size)
	}
	data, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encoding the message: %w", err)
	}
	return data, nil
}

func decodeMessage(data []byte) (Message, error) {
	var m Message
	if err := json.Unmarshal(data, &m); err != nil {
		return Message{}, fmt.Errorf("decoding the message: %w", err)
	}
	return m, nil
}

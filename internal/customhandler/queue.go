package customhandler

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// QueueFunction is a function with a Service Bus trigger.
type QueueFunction struct {
	// Name is the function's name, which is the name of its folder.
	Name string
	// Trigger is the name of the serviceBusTrigger binding.
	Trigger string
	// DataType is the binding's dataType. Zero means [Undeclared].
	DataType DataType
	// Cardinality is the binding's cardinality. Zero means [One].
	Cardinality Cardinality
	// Outputs are the names of the queue output bindings, none when empty.
	Outputs []string
	// Handle works on a batch, which holds one message for cardinality one. An
	// error puts every message of the batch back on the queue, to be delivered
	// again at once; without one all of them are completed. A single message
	// cannot be settled on its own.
	Handle func(context.Context, Batch) (Outputs, error)
}

// Batch is the messages of one invocation, in the order in which the host
// received them.
type Batch struct {
	Messages []Message
}

// Message is one message of a queue.
//
// Everything but Body is the host's metadata and best effort: it is zero where
// the host sent none, as it does for a run by hand over its admin API, and no
// invocation fails because of it. With cardinality one and a dataType other
// than binary it cannot be trusted at all: the host merges the members of a
// body that is a JSON object into the metadata, so that a sender can name any
// MessageID it likes. It is fit for logs, not for decisions.
type Message struct {
	// Body is the exact bytes for [Binary], the text for [Text] and, for
	// [Undeclared] with cardinality many, JSON as the host printed it.
	Body []byte
	// MessageID is what the sender or Service Bus named the message, empty when
	// it is not short and printable.
	MessageID string
	// DeliveryCount is how often the message was delivered, this time included.
	DeliveryCount int
	// SequenceNumber is the queue's own number of the message.
	SequenceNumber int64
	// EnqueuedTime is when the queue took the message in, in UTC. It is in full
	// seconds for cardinality one.
	EnqueuedTime time.Time
}

// Queue registers a function with a Service Bus trigger. It panics if f cannot
// be registered.
func (m *Mux) Queue(f QueueFunction) {
	if f.Cardinality == "" {
		f.Cardinality = One
	}
	decode := bodyDecoder(f.DataType, f.Cardinality)
	if decode == nil {
		panic(fmt.Sprintf("customhandler: function %s: no such dataType or cardinality: %q, %q", f.Name, f.DataType, f.Cardinality))
	}
	door := &function{Registered: Registered{
		Name: f.Name, Trigger: QueueTrigger, Binding: f.Trigger, Outputs: f.Outputs,
		DataType: f.DataType, Cardinality: f.Cardinality,
	}}
	door.run = func(ctx context.Context, inv *invocation, envelope []byte) ([]byte, error) {
		batch, err := decodeBatch(envelope, f.Trigger, f.Cardinality, decode)
		if err != nil {
			return nil, err
		}
		inv.messages = len(batch.Messages)
		for _, msg := range batch.Messages {
			inv.deliveries = max(inv.deliveries, msg.DeliveryCount)
		}
		outputs, err := f.Handle(ctx, batch)
		if err != nil {
			return nil, err
		}
		return inv.encode(nil, outputs)
	}
	m.register(door, f.Handle != nil)
}

// decodeBatch reads the envelope of a queue trigger.
func decodeBatch(envelope []byte, trigger string, cardinality Cardinality, decode func(string) ([][]byte, error)) (Batch, error) {
	var wire struct {
		Data     map[string]*string
		Metadata metadata
	}
	if err := decodeJSON(envelope, &wire); err != nil {
		return Batch{}, &envelopeError{doing: "decoding it", err: err}
	}
	value := wire.Data[trigger]
	if value == nil {
		return Batch{}, &envelopeError{doing: "looking for the messages", err: errNoTrigger}
	}
	bodies, err := decode(*value)
	if err != nil {
		return Batch{}, &envelopeError{doing: "decoding the messages", err: err}
	}
	batch := Batch{Messages: make([]Message, len(bodies))}
	for i, body := range bodies {
		batch.Messages[i].Body = body
	}
	if cardinality == Many {
		wire.Metadata.describeAll(batch.Messages)
	} else {
		wire.Metadata.describeOne(&batch.Messages[0])
	}
	return batch, nil
}

// bodyDecoder returns how to read the trigger's value, nil for a combination
// that does not exist. The value is always a JSON string. What it holds follows
// from the binding alone: guessing would take quotes off a body that has them
// or decode a text that happens to be base64.
func bodyDecoder(d DataType, c Cardinality) func(string) ([][]byte, error) {
	switch {
	case c == One && d == Binary:
		return func(s string) ([][]byte, error) {
			body, err := base64.StdEncoding.DecodeString(s)
			return [][]byte{body}, err
		}
	case c == One && (d == Text || d == Undeclared):
		return func(s string) ([][]byte, error) {
			var body string
			err := decodeJSON([]byte(s), &body)
			return [][]byte{[]byte(body)}, err
		}
	case c == Many && d == Binary:
		return func(s string) ([][]byte, error) {
			var bodies [][]byte
			return bodies, decodeJSON([]byte(s), &bodies)
		}
	case c == Many && d == Text:
		return func(s string) ([][]byte, error) {
			return decodeEach[string](s)
		}
	case c == Many && d == Undeclared:
		return func(s string) ([][]byte, error) {
			return decodeEach[json.RawMessage](s)
		}
	default:
		return nil
	}
}

// decodeEach reads an array of bodies.
func decodeEach[T string | json.RawMessage](s string) ([][]byte, error) {
	var elements []T
	if err := decodeJSON([]byte(s), &elements); err != nil {
		return nil, err
	}
	bodies := make([][]byte, len(elements))
	for i, e := range elements {
		bodies[i] = []byte(e)
	}
	return bodies, nil
}

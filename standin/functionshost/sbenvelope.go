package functionshost

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"paybridge/standin/functionshost/newtonsoft"
	"paybridge/standin/servicebus"
)

// property is one entry of the binding data of a Service Bus trigger, in the
// order of the real extension.
type property struct {
	name string
	// one is the value with cardinality one, nil to leave it out; many is the
	// element of its array.
	one, many func(*servicebus.Received) *newtonsoft.Token
}

func properties() []property {
	text := func(name string, get func(*servicebus.Received) string) property {
		return property{
			name: name,
			one: func(r *servicebus.Received) *newtonsoft.Token {
				if get(r) == "" {
					return nil
				}
				return encodedText(get(r))
			},
			many: func(r *servicebus.Received) *newtonsoft.Token {
				if get(r) == "" {
					return newtonsoft.NewNull()
				}
				return newtonsoft.NewString(get(r))
			},
		}
	}
	number := func(name string, get func(*servicebus.Received) int64) property {
		value := func(r *servicebus.Received) *newtonsoft.Token { return newtonsoft.NewInteger(get(r)) }
		return property{name, func(r *servicebus.Received) *newtonsoft.Token { return encoded(value(r)) }, value}
	}
	date := func(name string, utc bool, get func(*servicebus.Received) time.Time) property {
		return property{
			name: name,
			one: func(r *servicebus.Received) *newtonsoft.Token {
				layout := "2006-01-02T15:04:05+00:00"
				if utc {
					layout = "2006-01-02T15:04:05"
				}
				return newtonsoft.NewString(get(r).UTC().Format(layout))
			},
			many: func(r *servicebus.Received) *newtonsoft.Token { return newtonsoft.NewTime(get(r), utc) },
		}
	}
	dict := func(name string) property {
		value := func(r *servicebus.Received) *newtonsoft.Token { return applicationProperties(r) }
		return property{name, value, value}
	}
	expires := func(r *servicebus.Received) time.Time { return r.ExpiresAt }
	enqueued := func(r *servicebus.Received) time.Time { return r.EnqueuedTime }
	subject := func(r *servicebus.Received) string { return r.Subject }
	none := func(*servicebus.Received) string { return "" }
	return []property{
		number("DeliveryCount", func(r *servicebus.Received) int64 { return int64(r.DeliveryCount) }),
		text("DeadLetterSource", func(r *servicebus.Received) string { return r.DeadLetterSource }),
		text("LockToken", func(r *servicebus.Received) string { return r.LockToken }),
		date("ExpiresAtUtc", true, expires),
		date("ExpiresAt", false, expires),
		date("EnqueuedTimeUtc", true, enqueued),
		date("EnqueuedTime", false, enqueued),
		text("MessageId", func(r *servicebus.Received) string { return r.MessageID }),
		text("ContentType", func(r *servicebus.Received) string { return r.ContentType }),
		text("ReplyTo", func(r *servicebus.Received) string { return r.ReplyTo }),
		number("SequenceNumber", func(r *servicebus.Received) int64 { return r.SequenceNumber }),
		text("To", func(r *servicebus.Received) string { return r.To }),
		text("Subject", subject),
		text("Label", subject),
		text("CorrelationId", func(r *servicebus.Received) string { return r.CorrelationID }),
		dict("ApplicationProperties"),
		dict("UserProperties"),
		text("SessionId", none),
		text("ReplyToSessionId", none),
		text("PartitionKey", none),
		text("TransactionPartitionKey", none),
	}
}

func applicationProperties(r *servicebus.Received) *newtonsoft.Token {
	o := newtonsoft.NewObject()
	for _, name := range slices.Sorted(maps.Keys(r.ApplicationProperties)) {
		value := newtonsoft.NewNull()
		switch v := r.ApplicationProperties[name].(type) {
		case time.Time:
			value = newtonsoft.NewTime(v, true)
		case string:
			value = newtonsoft.NewString(v)
		default:
			if text, err := json.Marshal(v); err == nil {
				if t, err := newtonsoft.Parse(text); err == nil {
					value = t
				}
			}
		}
		o.Set(name, value)
	}
	return o
}

// serviceBusEnvelope is the request of a Service Bus trigger for one message,
// or for a batch with cardinality many.
func serviceBusEnvelope(f *function, messages []*servicebus.Received, now time.Time) (*envelope, error) {
	metadata := serviceBusObjects()
	data := newtonsoft.NewObject()
	if f.trigger.many() {
		value, err := batchValue(&f.trigger, messages)
		if err != nil {
			return nil, err
		}
		data.Set(f.trigger.Name, value)
		for _, p := range properties() {
			list := newtonsoft.NewArray()
			for _, m := range messages {
				list.Items = append(list.Items, p.many(m))
			}
			metadata.Set(p.name+"Array", encoded(list))
		}
		addSys(metadata, f.name, now)
		return &envelope{data, metadata}, nil
	}
	m := messages[0]
	for _, p := range properties() {
		if value := p.one(m); value != nil {
			metadata.Set(p.name, value)
		}
	}
	addSys(metadata, f.name, now)
	data.Set(f.trigger.Name, singleValue(f, metadata, m.Body))
	return &envelope{data, metadata}, nil
}

// singleValue converts the body of one message. Unless it is asked for as
// bytes, a body that is a JSON object overwrites binding data.
func singleValue(f *function, metadata *newtonsoft.Token, body []byte) *newtonsoft.Token {
	if f.trigger.binary() {
		return base64Of(body)
	}
	text := decodeUTF8(body)
	mergePayload(metadata, text)
	return encodedText(text)
}

// batchValue converts the bodies of a batch to one string with a JSON array.
func batchValue(t *binding, messages []*servicebus.Received) (*newtonsoft.Token, error) {
	list := newtonsoft.NewArray()
	for _, m := range messages {
		var item *newtonsoft.Token
		switch {
		case t.binary():
			item = base64Of(m.Body)
		case strings.EqualFold(t.DataType, "string"):
			item = newtonsoft.NewString(decodeUTF8(m.Body))
		default:
			parsed, err := newtonsoft.Parse([]byte(decodeUTF8(m.Body)))
			if err != nil {
				return nil, fmt.Errorf("binding %s: converting message %d of the batch to an object: %w", t.Name, m.SequenceNumber, err)
			}
			item = parsed
		}
		list.Items = append(list.Items, item)
	}
	return encoded(list), nil
}

func (b *binding) many() bool   { return strings.EqualFold(b.Cardinality, "many") }
func (b *binding) binary() bool { return strings.EqualFold(b.DataType, "binary") }

// serviceBusObjects starts the binding data with the objects of the extension
// that mean nothing outside .NET.
func serviceBusObjects() *newtonsoft.Token {
	o := newtonsoft.NewObject()
	for _, name := range []string{"MessageReceiver", "MessageSession", "MessageActions", "SessionActions", "ReceiveActions"} {
		o.Set(name, newtonsoft.NewObject())
	}
	client := newtonsoft.NewObject()
	client.Set("FullyQualifiedNamespace", newtonsoft.NewString("localhost"))
	client.Set("IsClosed", newtonsoft.NewBool(false))
	client.Set("TransportType", newtonsoft.NewInteger(0))
	client.Set("Identifier", newtonsoft.NewString("functionshost"))
	o.Set("Client", client)
	return o
}

// manualEnvelope is a Service Bus trigger that is run by hand: the input is the
// body, and there is no message to tell of.
func manualEnvelope(f *function, input string, now time.Time) (*envelope, error) {
	metadata, data := newtonsoft.NewObject(), newtonsoft.NewObject()
	addSys(metadata, f.name, now)
	if !f.trigger.many() {
		data.Set(f.trigger.Name, singleValue(f, metadata, []byte(input)))
		return &envelope{data, metadata}, nil
	}
	value, err := batchValue(&f.trigger, []*servicebus.Received{{Message: servicebus.Message{Body: []byte(input)}}})
	if err != nil {
		return nil, err
	}
	data.Set(f.trigger.Name, value)
	return &envelope{data, metadata}, nil
}

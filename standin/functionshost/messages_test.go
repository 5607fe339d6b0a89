package functionshost

import (
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"paybridge/standin/servicebus"
)

// messagesOf returns the messages that a captured Service Bus envelope tells
// of. Where the body has overwritten the message id, any id will do.
func messagesOf(t *testing.T, envelope string, many bool, dataType string) []*servicebus.Received {
	t.Helper()
	var e struct {
		Data     map[string]string
		Metadata map[string]any
	}
	decode(t, envelope, &e)
	var data string
	for _, data = range e.Data {
	}
	if !many {
		body := data
		if dataType == "binary" {
			body = unbase64(t, data)
		} else {
			decode(t, data, &body)
		}
		id, token := "", ""
		decode(t, e.Metadata["MessageId"].(string), &id)
		decode(t, e.Metadata["LockToken"].(string), &token)
		return []*servicebus.Received{{
			Message: servicebus.Message{
				Body: []byte(body), ContentType: "application/json", MessageID: id,
				ApplicationProperties: map[string]any{"k": "v", "n": int64(7)},
			},
			LockToken: token, SequenceNumber: 1, DeliveryCount: 1,
			ExpiresAt:    date(t, e.Metadata["ExpiresAt"].(string)).Add(123456700),
			EnqueuedTime: date(t, e.Metadata["EnqueuedTime"].(string)).Add(123456700),
			LockedUntil:  time.Now().Add(time.Hour),
		}}
	}
	var bodies []json.RawMessage
	decode(t, data, &bodies)
	list := func(name string, to any) { decode(t, e.Metadata[name+"Array"].(string), to) }
	var ids, tokens, expires, enqueued []string
	var numbers []int64
	list("MessageId", &ids)
	list("LockToken", &tokens)
	list("ExpiresAt", &expires)
	list("EnqueuedTime", &enqueued)
	list("SequenceNumber", &numbers)
	var messages []*servicebus.Received
	for i := range bodies {
		body := string(bodies[i])
		switch dataType {
		case "string":
			decode(t, body, &body)
		case "binary":
			decode(t, body, &body)
			body = unbase64(t, body)
		}
		messages = append(messages, &servicebus.Received{
			Message:   servicebus.Message{Body: []byte(body), ContentType: "application/json", MessageID: ids[i]},
			LockToken: tokens[i], SequenceNumber: numbers[i], DeliveryCount: 1,
			ExpiresAt: date(t, expires[i]), EnqueuedTime: date(t, enqueued[i]),
		})
	}
	return messages
}

func decode(t *testing.T, text string, to any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), to); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func unbase64(t *testing.T, text string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func date(t *testing.T, text string) time.Time {
	t.Helper()
	d, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

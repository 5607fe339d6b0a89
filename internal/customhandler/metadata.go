package customhandler

import (
	"encoding/json"
	"strings"
	"time"
	"unicode"
)

// maxMessageID bounds a message id; Service Bus allows 128 characters.
const maxMessageID = 128

// metadata is what is read of the host's metadata about queue messages: a
// value each for cardinality one, an array each for cardinality many. Every
// member may be absent, of any kind or made up by the sender of a message.
type metadata struct {
	MessageID       lenient[string] `json:"MessageId"`
	DeliveryCount   lenient[int]
	SequenceNumber  lenient[int64]
	EnqueuedTimeUTC lenient[string] `json:"EnqueuedTimeUtc"`

	MessageIDs       lenient[[]lenient[string]] `json:"MessageIdArray"`
	DeliveryCounts   lenient[[]lenient[int]]    `json:"DeliveryCountArray"`
	SequenceNumbers  lenient[[]lenient[int64]]  `json:"SequenceNumberArray"`
	EnqueuedTimesUTC lenient[[]lenient[string]] `json:"EnqueuedTimeUtcArray"`
}

// UnmarshalJSON reads what it can and never fails.
func (m *metadata) UnmarshalJSON(data []byte) error {
	type members metadata
	_ = json.Unmarshal(data, (*members)(m))
	return nil
}

// lenient is a value that stays zero when it cannot be read.
type lenient[T any] struct{ value T }

// UnmarshalJSON reads the value itself or, as the host sends most metadata, a
// JSON string that holds it. It never fails.
func (l *lenient[T]) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		var inner T
		if json.Unmarshal([]byte(text), &inner) == nil {
			l.value = inner
			return nil
		}
	}
	var plain T
	if json.Unmarshal(data, &plain) == nil {
		l.value = plain
	}
	return nil
}

// describeOne fills in what is known of a single message.
func (m *metadata) describeOne(msg *Message) {
	msg.describe(m.MessageID.value, m.DeliveryCount.value, m.SequenceNumber.value, m.EnqueuedTimeUTC.value)
}

// describeAll fills in what is known of a batch. An array of another length
// than the batch describes some other messages and is left alone.
func (m *metadata) describeAll(all []Message) {
	for i := range all {
		all[i].describe(
			at(m.MessageIDs, i, len(all)), at(m.DeliveryCounts, i, len(all)),
			at(m.SequenceNumbers, i, len(all)), at(m.EnqueuedTimesUTC, i, len(all)))
	}
}

func at[T any](values lenient[[]lenient[T]], i, length int) (zero T) {
	if len(values.value) != length {
		return zero
	}
	return values.value[i].value
}

func (msg *Message) describe(id string, deliveries int, sequence int64, enqueued string) {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	if len(id) <= maxMessageID && !strings.ContainsFunc(id, unprintable) {
		msg.MessageID = id
	}
	msg.DeliveryCount = max(deliveries, 0)
	msg.SequenceNumber = sequence
	msg.EnqueuedTime = parseTime(enqueued)
}

// parseTime reads a time as the host prints it: RFC 3339 with or without a
// fraction, and without an offset where it means UTC. What cannot be read is
// the zero time, as is the year 1 that stands for "never".
func parseTime(s string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 1 {
			return t.UTC()
		}
	}
	return time.Time{}
}

package customhandler_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/customhandler"
)

func message(body, id string, sequence int64, enqueued string) customhandler.Message {
	at, err := time.Parse(time.RFC3339, enqueued)
	if err != nil {
		panic(err)
	}
	return customhandler.Message{Body: []byte(body), MessageID: id, DeliveryCount: 1, SequenceNumber: sequence, EnqueuedTime: at}
}

func TestQueueCaptures(t *testing.T) {
	const single = `{"orderId":7,"MessageId":"spoof","nested":{"a":1},"arr":[1]}`
	batch := func(ids, times []string) []customhandler.Message {
		return []customhandler.Message{
			message(`{"i":2,"MessageId":"spoof"}`, ids[0], 2, times[0]),
			message(`{"i":3,"MessageId":"spoof"}`, ids[1], 3, times[1]),
			message(`{"i":4,"MessageId":"spoof"}`, ids[2], 4, times[2]),
			message(`{"i":5,"MessageId":"spoof"}`, ids[3], 5, times[3]),
		}
	}
	for _, tt := range []struct {
		file, trigger string
		dataType      customhandler.DataType
		cardinality   customhandler.Cardinality
		want          []customhandler.Message
	}{
		{
			"servicebus-one-binary.json", "message", customhandler.Binary, customhandler.One,
			[]customhandler.Message{message(single, "e8d08de9a0d542cea7af795298a6c45d", 1, "2026-11-23T20:53:29Z")},
		},
		// Without dataType binary the sender's MessageId has replaced the real one.
		{
			"servicebus-one-string.json", "message", customhandler.Text, customhandler.One,
			[]customhandler.Message{message(single, "spoof", 1, "2026-11-23T20:53:29Z")},
		},
		{
			"servicebus-one-no-datatype.json", "message", customhandler.Undeclared, customhandler.One,
			[]customhandler.Message{message(single, "spoof", 1, "2026-11-23T20:53:29Z")},
		},
		{
			"servicebus-many-binary.json", "hints", customhandler.Binary, customhandler.Many,
			batch(
				[]string{"8ee3b077afce4cb4860043cecfb4cc6f", "713a9ac4fd0b45bbaabce77191c2cf30", "cee618d10a6047eca7a9b614e18f3ea1", "09a92148fec3424c9ff85a31d103d418"},
				[]string{"2026-11-23T21:03:48.218269Z", "2026-11-23T21:03:48.2391802Z", "2026-11-23T21:03:48.2659236Z", "2026-11-23T21:03:48.2959795Z"}),
		},
		{
			"servicebus-many-string.json", "hints", customhandler.Text, customhandler.Many,
			batch(
				[]string{"a96f0629251a4b44ac3fc07a0f50b743", "5be0575f50df4d2f824af8aec05ca574", "82f52004aa3341d09587b0a4cfb1152f", "138fdda0e50d4060959d3088044bc398"},
				[]string{"2026-11-23T21:03:48.2285858Z", "2026-11-23T21:03:48.2507107Z", "2026-11-23T21:03:48.279619Z", "2026-11-23T21:03:48.3084195Z"}),
		},
		{
			"servicebus-many-no-datatype.json", "message", customhandler.Undeclared, customhandler.Many,
			[]customhandler.Message{
				message(`{"i":2}`, "cc5842d0a154477395d22f7c489dfc0e", 2, "2026-11-23T20:53:29.7936579Z"),
				message(`{"i":3}`, "1b0c34f39296445f9e3121d4d19f3038", 3, "2026-11-23T20:53:29.8161372Z"),
			},
		},
	} {
		t.Run(tt.file, func(t *testing.T) {
			c := readCapture(t, tt.file)
			var got customhandler.Batch
			mux, log := newMux()
			mux.Queue(customhandler.QueueFunction{
				Name: c.function(), Trigger: tt.trigger, DataType: tt.dataType, Cardinality: tt.cardinality,
				Handle: func(_ context.Context, b customhandler.Batch) (customhandler.Outputs, error) {
					got = b
					return nil, nil
				},
			})
			accepted3(t)(c.send(t, mux))
			if diff := cmp.Diff(tt.want, got.Messages); diff != "" {
				t.Errorf("the messages differ (-want +got):\n%s", diff)
			}
			if line := log.last(t); line["messages"] != float64(len(tt.want)) || line["delivery_count_max"] != 1.0 {
				t.Errorf("the log line is %v", line)
			}
		})
	}
}

// TestMetadataNeverFailsAnInvocation runs a message whose metadata is absent,
// of the wrong kind, or made up by its sender.
func TestMetadataNeverFailsAnInvocation(t *testing.T) {
	enqueued := time.Date(2026, 11, 23, 20, 53, 29, 0, time.UTC)
	for _, tt := range []struct {
		name, metadata string
		want           customhandler.Message
	}{
		{"absent", ``, customhandler.Message{}},
		{"null", `,"Metadata":null`, customhandler.Message{}},
		{"empty", `,"Metadata":{}`, customhandler.Message{}},
		{"a number", `,"Metadata":7`, customhandler.Message{}},
		{"an array", `,"Metadata":[{"MessageId":"a"}]`, customhandler.Message{}},
		{
			"objects", `,"Metadata":{"MessageId":{"a":1},"DeliveryCount":{},"SequenceNumber":[],"EnqueuedTimeUtc":{}}`,
			customhandler.Message{},
		},
		{
			"nulls", `,"Metadata":{"MessageId":null,"DeliveryCount":null,"SequenceNumber":null,"EnqueuedTimeUtc":null}`,
			customhandler.Message{},
		},
		{
			"texts", `,"Metadata":{"MessageId":"\"m\"","DeliveryCount":"\"many\"","SequenceNumber":"x","EnqueuedTimeUtc":"yesterday"}`,
			customhandler.Message{MessageID: "m"},
		},
		{
			"out of range", `,"Metadata":{"DeliveryCount":"-1","SequenceNumber":"99999999999999999999","EnqueuedTimeUtc":"0001-01-01T00:00:00"}`,
			customhandler.Message{},
		},
		{
			"plain values", `,"Metadata":{"MessageId":"m","DeliveryCount":3,"SequenceNumber":9007199254740993,"EnqueuedTimeUtc":"2026-11-23T21:53:29+01:00"}`,
			customhandler.Message{MessageID: "m", DeliveryCount: 3, SequenceNumber: 9007199254740993, EnqueuedTime: enqueued},
		},
		{"unprintable id", `,"Metadata":{"MessageId":"\"a\\nb\""}`, customhandler.Message{}},
		{"longest id", `,"Metadata":{"MessageId":"\"` + strings.Repeat("m", 128) + `\""}`, customhandler.Message{MessageID: strings.Repeat("m", 128)}},
		{"long id", `,"Metadata":{"MessageId":"\"` + strings.Repeat("m", 129) + `\""}`, customhandler.Message{}},
		{"arrays of another length", `,"Metadata":{"MessageIdArray":"[\"a\",\"b\"]","DeliveryCountArray":"[]"}`, customhandler.Message{}},
		{"arrays of another kind", `,"Metadata":{"MessageIdArray":"[{}]","DeliveryCountArray":"7","EnqueuedTimeUtcArray":"x"}`, customhandler.Message{}},
	} {
		for _, cardinality := range []customhandler.Cardinality{customhandler.One, customhandler.Many} {
			t.Run(tt.name+"/"+string(cardinality), func(t *testing.T) {
				value, want := `\"{}\"`, tt.want
				if cardinality == customhandler.Many {
					value, want = `[\"{}\"]`, customhandler.Message{}
				}
				want.Body = []byte(`{}`)
				var got customhandler.Batch
				mux, _ := newMux()
				mux.Queue(customhandler.QueueFunction{
					Name: "hints", Trigger: "message", DataType: customhandler.Text, Cardinality: cardinality,
					Handle: func(_ context.Context, b customhandler.Batch) (customhandler.Outputs, error) {
						got = b
						return nil, nil
					},
				})
				envelope := `{"Data":{"message":"` + value + `"}` + tt.metadata + `}`
				accepted3(t)(capture{Method: http.MethodPost, Path: "/hints", Body: envelope}.serve(mux))
				if diff := cmp.Diff([]customhandler.Message{want}, got.Messages); diff != "" {
					t.Errorf("the messages differ (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestBodiesFollowTheBinding shows the same bytes in the envelope read by each
// kind of binding.
func TestBodiesFollowTheBinding(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		dataType    customhandler.DataType
		cardinality customhandler.Cardinality
		want        []string
	}{
		{"quotes of its own", `"\"\\\"a\\\"\""`, customhandler.Text, customhandler.One, []string{`"a"`}},
		{"text like base64", `"\"abcd\""`, customhandler.Text, customhandler.One, []string{"abcd"}},
		{"base64", `"abcd"`, customhandler.Binary, customhandler.One, []string{"\x69\xb7\x1d"}},
		{"empty body", `""`, customhandler.Binary, customhandler.One, []string{""}},
		{"empty text", `"\"\""`, customhandler.Undeclared, customhandler.One, []string{""}},
		{"many texts", `"[\"abcd\",\"\",\"plain\"]"`, customhandler.Text, customhandler.Many, []string{"abcd", "", "plain"}},
		{"many binaries", `"[\"abcd\",\"\",\"//4=\"]"`, customhandler.Binary, customhandler.Many, []string{"\x69\xb7\x1d", "", "\xff\xfe"}},
		{"many values", `"[{\"a\": 1.10},\"abcd\",7]"`, customhandler.Undeclared, customhandler.Many, []string{`{"a": 1.10}`, `"abcd"`, `7`}},
		{"none", `"[]"`, customhandler.Binary, customhandler.Many, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			mux, _ := newMux()
			mux.Queue(customhandler.QueueFunction{
				Name: "hints", Trigger: "message", DataType: tt.dataType, Cardinality: tt.cardinality,
				Handle: func(_ context.Context, b customhandler.Batch) (customhandler.Outputs, error) {
					for _, m := range b.Messages {
						got = append(got, string(m.Body))
					}
					return nil, nil
				},
			})
			accepted3(t)(capture{Method: http.MethodPost, Path: "/hints", Body: `{"Data":{"message":` + tt.value + `}}`}.serve(mux))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("the bodies differ (-want +got):\n%s", diff)
			}
		})
	}
}

package customhandler_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"paybridge/internal/customhandler"
)

// FuzzEnvelope sends anything at all to a function of every kind: nothing
// panics, every answer is one that the host takes, an HTTP caller is always
// answered, and the other two kinds fail exactly when their function did not
// run.
func FuzzEnvelope(f *testing.F) {
	for _, name := range captureNames(f) {
		f.Add(readCapture(f, name).Body)
	}
	for _, envelope := range []string{
		``, `null`, `{"Data":{}}`, `{"Data":{"hints":"[\"%\"]"}}`, `{"Metadata":{"MessageIdArray":"[7]"},"Data":{"hints":"[\"\"]"}}`,
		`{"Data":{"req":{"Body":"%","Headers":{"content-type":["multipart/x"]}}}}`, `{"Data":{"timer":{"ScheduleStatus":{"Last":7}}}}`,
		strings.Repeat(`{"Data":`, 100),
	} {
		f.Add(envelope)
	}
	type kind struct {
		dataType    customhandler.DataType
		cardinality customhandler.Cardinality
	}
	kinds := map[string]kind{
		"binary":  {customhandler.Binary, customhandler.One},
		"text":    {customhandler.Text, customhandler.One},
		"binarys": {customhandler.Binary, customhandler.Many},
		"texts":   {customhandler.Text, customhandler.Many},
		"values":  {customhandler.Undeclared, customhandler.Many},
	}
	f.Fuzz(func(t *testing.T, envelope string) {
		ran := false
		mux := customhandler.New(customhandler.Options{MaxBody: 64 << 10})
		mux.HTTP(customhandler.HTTPFunction{
			Name: "hook", Trigger: "req", Response: "res",
			Handle: func(_ context.Context, r *customhandler.Request) (customhandler.Reply, error) {
				ran = true
				if !r.HasBody && (r.Exact || len(r.Body) > 0) {
					t.Error("there is a body where there is none")
				}
				return customhandler.Reply{}, nil
			},
		})
		for name, kind := range kinds {
			for _, trigger := range []string{"message", "hints"} {
				mux.Queue(customhandler.QueueFunction{
					Name: name + "-" + trigger, Trigger: trigger, DataType: kind.dataType, Cardinality: kind.cardinality,
					Handle: func(_ context.Context, b customhandler.Batch) (customhandler.Outputs, error) {
						ran = true
						if kind.cardinality == customhandler.One && len(b.Messages) != 1 {
							t.Errorf("%d messages, want 1", len(b.Messages))
						}
						for _, m := range b.Messages {
							if len(m.MessageID) > 128 || m.DeliveryCount < 0 || m.EnqueuedTime.Location() != m.EnqueuedTime.UTC().Location() {
								t.Errorf("the metadata %v was let through", m)
							}
							if kind.dataType == customhandler.Undeclared && !json.Valid(m.Body) {
								t.Errorf("the body %q is not JSON", m.Body)
							}
						}
						return nil, nil
					},
				})
			}
		}
		mux.Timer(customhandler.TimerFunction{
			Name: "tick", Trigger: "timer",
			Handle: func(context.Context, customhandler.Timer) (customhandler.Outputs, error) {
				ran = true
				return nil, nil
			},
		})
		for _, f := range mux.Functions() {
			ran = false
			status, contentType, body := capture{Method: http.MethodPost, Path: "/" + f.Name, Body: envelope}.serve(mux)
			if ran || f.Trigger == customhandler.HTTPTrigger {
				answer := accepted(t, status, contentType, body)
				if f.Trigger == customhandler.HTTPTrigger && (answer.reply(t).StatusCode == http.StatusOK) != ran {
					t.Errorf("the caller got %s although ran is %v", body, ran)
				}
			} else if status != http.StatusInternalServerError || contentType != "application/json" || body == "" {
				t.Errorf("%s did not run and was answered %d %q %q", f.Name, status, contentType, body)
			}
		}
	})
}

// FuzzMessage holds the encoder to its promise: a message arrives byte for
// byte or the invocation fails.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{`{"a":1.10}`, `["é"]`, ` [1]`, `"2026-11-23T18:21:00Z"`, ``, "{\"a\":\"\xff\"}", `{"a":"\ud800"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		mux, _ := replying(customhandler.Reply{Outputs: customhandler.Outputs{"message": {message}}}, nil)
		status, contentType, body := call.serve(mux)
		if status != http.StatusOK {
			return
		}
		got := accepted(t, status, contentType, body).messages(t, "message")
		if len(got) != 1 || got[0] != string(message) {
			t.Errorf("%q was sent as %q", message, got)
		}
	})
}

package customhandler_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/customhandler"
)

// replying returns a Mux with one HTTP function that answers reply, or JSON's
// error if that is what it got.
func replying(reply customhandler.Reply, err error) (*customhandler.Mux, *logged) {
	mux, log := newMux()
	mux.HTTP(customhandler.HTTPFunction{
		Name: "hook", Trigger: "req", Response: "res", Outputs: []string{"message", "other"},
		Handle: func(context.Context, *customhandler.Request) (customhandler.Reply, error) { return reply, err },
	})
	return mux, log
}

var call = capture{Method: http.MethodPost, Path: "/hook", Body: `{"Data":{"req":{"Method":"POST"}}}`}

// TestAnswersThatTheHostTakes compares whole answers, and with the answers that
// a host was seen to pass on as they were meant.
func TestAnswersThatTheHostTakes(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "host-envelopes", "answers.json"))
	if err != nil {
		t.Fatal(err)
	}
	var observed []struct {
		Name   string
		Answer struct{ Body string }
	}
	if err := json.Unmarshal(raw, &observed); err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	for _, o := range observed {
		known[o.Name] = o.Answer.Body
	}
	text := map[string]string{"content-type": "text/plain"}
	for _, tt := range []struct {
		name     string
		reply    customhandler.Reply
		want     string
		observed string
	}{
		{
			"all zero", customhandler.Reply{},
			`{"Outputs":{"res":{"statusCode":200,"headers":{"Content-Type":"application/json"},"body":""}},"Logs":null,"ReturnValue":null}`, "",
		},
		{
			"text", customhandler.Reply{Status: http.StatusNotFound, Header: text, Body: []byte("é <&> \u2028")},
			`{"Outputs":{"res":{"statusCode":404,"headers":{"content-type":"text/plain"},"body":"é \u003c\u0026\u003e \u2028"}},"Logs":null,"ReturnValue":null}`, "",
		},
		{
			"headers", customhandler.Reply{Header: map[string]string{"Content-Type": "application/json", "X-A": "b", "Retry-After": "5"}, Body: []byte("{}")},
			"", "headers",
		},
		{
			"messages", customhandler.Reply{
				Header: map[string]string{}, Body: []byte("ok"),
				Outputs: customhandler.Outputs{"message": {[]byte(`{"a":1}`), []byte(`{"b":2}`)}, "other": nil},
			},
			"", "message: array of strings",
		},
		{
			"two queues", customhandler.Reply{Outputs: customhandler.Outputs{"other": {[]byte(` [1.10, "2026-11-23T18:21:00Z"]`)}, "message": {[]byte(`{}`)}}},
			`{"Outputs":{"message":["{}"],"other":[" [1.10, \"2026-11-23T18:21:00Z\"]"],"res":{"statusCode":200,"headers":{"Content-Type":"application/json"},"body":""}},"Logs":null,"ReturnValue":null}`, "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mux, _ := replying(tt.reply, nil)
			status, contentType, body := call.send(t, mux)
			got := accepted(t, status, contentType, body)
			if tt.want != "" {
				var a, b any
				if err := json.Unmarshal([]byte(tt.want), &a); err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal([]byte(body), &b); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(a, b); diff != "" {
					t.Errorf("the answer differs (-want +got):\n%s", diff)
				}
				return
			}
			if known[tt.observed] == "" {
				t.Fatalf("no answer named %q was observed", tt.observed)
			}
			want := accepted(t, status, contentType, known[tt.observed])
			wantReply := want.reply(t)
			if wantReply.Headers == nil {
				wantReply.Headers = map[string]string{"Content-Type": "application/json"}
			}
			if diff := cmp.Diff(wantReply, got.reply(t)); diff != "" {
				t.Errorf("the reply differs from the observed one (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want.messages(t, "message"), got.messages(t, "message")); diff != "" {
				t.Errorf("the messages differ from the observed ones (-want +got):\n%s", diff)
			}
			if got.Outputs["other"] != nil {
				t.Errorf("an output without messages was sent: %s", got.Outputs["other"])
			}
		})
	}
}

// TestAnswersThatWouldNotArrive are refused before anything is answered,
// instead of being lost or changed by the host.
func TestAnswersThatWouldNotArrive(t *testing.T) {
	message := func(body string) customhandler.Reply {
		return customhandler.Reply{Outputs: customhandler.Outputs{"message": {[]byte(`{}`), []byte(body)}}}
	}
	header := func(name, value string) customhandler.Reply {
		return customhandler.Reply{Header: map[string]string{name: value}}
	}
	for name, reply := range map[string]customhandler.Reply{
		"message not UTF-8":         message("{\"a\":\"\xff\"}"),
		"message empty":             message(""),
		"message a date":            message("2026-11-23T18:21:00Z"),
		"message a JSON date":       message(`"2026-11-23T18:21:00Z"`),
		"message a number":          message("7"),
		"message broken":            message(`{"a":`),
		"message with more":         message(`{} {}`),
		"unknown output":            {Outputs: customhandler.Outputs{"Message": {[]byte(`{}`)}}},
		"unknown output, no bodies": {Outputs: customhandler.Outputs{"Message": nil}},
		"output is the response":    {Outputs: customhandler.Outputs{"res": {[]byte(`{}`)}}},
		"body not UTF-8":            {Body: []byte("\xff")},
		"body a date":               {Body: []byte("2026-11-23T18:21:00Z")},
		"body another date":         {Body: []byte("/Date(1700000000000)/")},
		"header a date":             header("X-At", "2026-11-23T18:21:00"),
		"header not UTF-8":          header("X-At", "\xff"),
		"header of two lines":       header("X-At", "a\r\nX-B: c"),
		"header without a name":     header("", "a"),
		"header with a broken name": header("X At", "a"),
		"status too small":          {Status: 199},
		"status too large":          {Status: 600},
	} {
		t.Run(name, func(t *testing.T) {
			mux, log := replying(reply, nil)
			status, contentType, body := call.send(t, mux)
			if status != http.StatusInternalServerError || contentType != "application/json" || body != `{"error":"the invocation failed"}` {
				t.Errorf("answered %d %q %s, want 500", status, contentType, body)
			}
			if line := log.last(t); line["outcome"] != "failed" || line["outputs"] != 0.0 || line["status"] != 500.0 {
				t.Errorf("the log line is %v", line)
			}
		})
	}
}

func TestJSON(t *testing.T) {
	mux, _ := replying(customhandler.JSON(http.StatusBadRequest, map[string]string{"error": "<no>"}))
	want := hostReply{http.StatusBadRequest, map[string]string{"Content-Type": "application/json"}, `{"error":"<no>"}`}
	if diff := cmp.Diff(want, accepted3(t)(call.send(t, mux)).reply(t)); diff != "" {
		t.Errorf("the reply differs (-want +got):\n%s", diff)
	}
	if _, err := customhandler.JSON(http.StatusOK, make(chan int)); err == nil {
		t.Error("what is not JSON was encoded")
	}
}

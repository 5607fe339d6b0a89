package customhandler_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/customhandler"
)

// registerAll registers a function of every kind, each of which counts its calls.
func registerAll(mux *customhandler.Mux, calls *int) {
	mux.HTTP(customhandler.HTTPFunction{
		Name: "hook", Trigger: "req", Response: "res", Outputs: []string{"message"},
		Handle: func(context.Context, *customhandler.Request) (customhandler.Reply, error) {
			*calls++
			return customhandler.JSON(http.StatusOK, "ok")
		},
	})
	mux.Queue(customhandler.QueueFunction{
		Name: "hints", Trigger: "message", DataType: customhandler.Binary, Cardinality: customhandler.Many,
		Handle: func(context.Context, customhandler.Batch) (customhandler.Outputs, error) {
			*calls++
			return nil, nil
		},
	})
	mux.Timer(customhandler.TimerFunction{
		Name: "tick", Trigger: "timer", Outputs: []string{"a", "b"},
		Handle: func(context.Context, customhandler.Timer) (customhandler.Outputs, error) {
			*calls++
			return nil, nil
		},
	})
}

func TestRouting(t *testing.T) {
	var calls int
	mux, _ := newMux()
	registerAll(mux, &calls)
	for _, tt := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, "/", http.StatusOK},
		{http.MethodHead, "/", http.StatusOK},
		{http.MethodPost, "/", http.StatusNotFound},
		{http.MethodGet, "/hook", http.StatusNotFound},
		{http.MethodPut, "/hook", http.StatusNotFound},
		{http.MethodPost, "/Hook", http.StatusNotFound},
		{http.MethodPost, "/hook/", http.StatusNotFound},
		{http.MethodPost, "/api/hook", http.StatusNotFound},
		{http.MethodPost, "/other", http.StatusNotFound},
	} {
		res := httptest.NewRecorder()
		mux.ServeHTTP(res, httptest.NewRequest(tt.method, tt.path, strings.NewReader("{}")))
		if res.Code != tt.want || res.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s %s was answered %d %v, want %d", tt.method, tt.path, res.Code, res.Header(), tt.want)
		}
	}
	if calls != 0 {
		t.Errorf("%d functions ran, want none", calls)
	}
}

func TestMissingFunctionIsLogged(t *testing.T) {
	mux, log := newMux()
	capture{Method: http.MethodPost, Path: "/a%22b"}.serve(mux)
	if log.String() != "" {
		t.Errorf("what is not a function name was logged: %s", log)
	}
	capture{Method: http.MethodPost, Path: "/crmupdate"}.serve(mux)
	if line := log.last(t); line["level"] != "ERROR" || line["function"] != "crmupdate" {
		t.Errorf("the log line is %v", line)
	}
}

func TestFunctions(t *testing.T) {
	var calls int
	mux, _ := newMux()
	registerAll(mux, &calls)
	want := []customhandler.Registered{
		{Name: "hints", Trigger: customhandler.QueueTrigger, Binding: "message", DataType: customhandler.Binary, Cardinality: customhandler.Many},
		{Name: "hook", Trigger: customhandler.HTTPTrigger, Binding: "req", Response: "res", Outputs: []string{"message"}},
		{Name: "tick", Trigger: customhandler.TimerTrigger, Binding: "timer", Outputs: []string{"a", "b"}},
	}
	if diff := cmp.Diff(want, mux.Functions()); diff != "" {
		t.Errorf("the functions differ (-want +got):\n%s", diff)
	}
}

func TestRegistrationMistakesPanic(t *testing.T) {
	reply := func(context.Context, *customhandler.Request) (customhandler.Reply, error) {
		return customhandler.Reply{}, nil
	}
	work := func(context.Context, customhandler.Batch) (customhandler.Outputs, error) { return nil, nil }
	for name, mistake := range map[string]func(*customhandler.Mux){
		"no name": func(m *customhandler.Mux) {
			m.HTTP(customhandler.HTTPFunction{Trigger: "req", Response: "res", Handle: reply})
		},
		"a path": func(m *customhandler.Mux) {
			m.HTTP(customhandler.HTTPFunction{Name: "a/b", Trigger: "req", Response: "res", Handle: reply})
		},
		"no trigger": func(m *customhandler.Mux) {
			m.HTTP(customhandler.HTTPFunction{Name: "a", Response: "res", Handle: reply})
		},
		"no response": func(m *customhandler.Mux) {
			m.HTTP(customhandler.HTTPFunction{Name: "a", Trigger: "req", Handle: reply})
		},
		"no function": func(m *customhandler.Mux) { m.Timer(customhandler.TimerFunction{Name: "a", Trigger: "t"}) },
		"response twice": func(m *customhandler.Mux) {
			m.HTTP(customhandler.HTTPFunction{Name: "a", Trigger: "req", Response: "res", Outputs: []string{"res"}, Handle: reply})
		},
		"no such data type": func(m *customhandler.Mux) {
			m.Queue(customhandler.QueueFunction{Name: "a", Trigger: "m", DataType: "stream", Handle: work})
		},
		"no such cardinality": func(m *customhandler.Mux) {
			m.Queue(customhandler.QueueFunction{Name: "a", Trigger: "m", Cardinality: "few", Handle: work})
		},
		"twice": func(m *customhandler.Mux) {
			m.Queue(customhandler.QueueFunction{Name: "a", Trigger: "m", Handle: work})
			m.Queue(customhandler.QueueFunction{Name: "a", Trigger: "m", Handle: work})
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("was registered")
				}
			}()
			mistake(customhandler.New(customhandler.Options{}))
		})
	}
}

// TestUnreadableEnvelopes shows that an HTTP caller is told 400, which the host
// passes on, and that the other triggers fail.
func TestUnreadableEnvelopes(t *testing.T) {
	for name, envelope := range map[string]string{
		"empty":           ``,
		"cut off":         `{"Data":{"req":{"Method":"POS`,
		"null":            `null`,
		"an array":        `[1]`,
		"no data":         `{"Metadata":{}}`,
		"data null":       `{"Data":null}`,
		"no trigger":      `{"Data":{"else":1}}`,
		"trigger null":    `{"Data":{"req":null,"message":null,"timer":null}}`,
		"wrong kind":      `{"Data":{"req":[7],"message":7,"timer":7}}`,
		"broken base64":   `{"Data":{"req":{"Headers":{"content-type":["application/octet-stream"]},"Body":"%"},"message":"[\"%\"]","timer":[]}}`,
		"broken contents": `{"Data":{"req":{"Headers":{"a":1}},"message":"[","timer":"x"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			var calls int
			mux, log := newMux()
			registerAll(mux, &calls)
			answer := accepted3(t)(capture{Method: http.MethodPost, Path: "/hook", Body: envelope}.serve(mux))
			if got := answer.reply(t); got.StatusCode != http.StatusBadRequest || got.Body == "" {
				t.Errorf("the caller got %v, want 400", got)
			}
			if line := log.last(t); line["outcome"] != "failed" || line["status"] != 400.0 || line["error"] == nil {
				t.Errorf("the log line is %v", line)
			}
			for _, path := range []string{"/hints", "/tick"} {
				status, contentType, body := capture{Method: http.MethodPost, Path: path, Body: envelope}.serve(mux)
				if status != http.StatusInternalServerError || contentType != "application/json" || body == "" {
					t.Errorf("%s was answered %d %q %q, want 500", path, status, contentType, body)
				}
				if line := log.last(t); line["outcome"] != "failed" {
					t.Errorf("the log line is %v", line)
				}
			}
			if calls != 0 {
				t.Errorf("%d functions ran, want none", calls)
			}
		})
	}
}

func TestLimit(t *testing.T) {
	envelopes := map[string]string{
		"/hook":  `{"Data":{"req":{"Method":"POST"}}}`,
		"/hints": `{"Data":{"message":"[]"}}`,
		"/tick":  `{"Data":{"timer":{}}}`,
	}
	const limit = 1 << 20
	for path, envelope := range envelopes {
		for _, tt := range []struct {
			name string
			size int
			runs bool
		}{
			{"at the limit", limit, true},
			{"one byte more", limit + 1, false},
			// More than the buffers of the connection hold: the sender sees the
			// answer only if the rest is read.
			{"far more", 20 * limit, false},
		} {
			t.Run(strings.Trim(path, "/")+"/"+tt.name, func(t *testing.T) {
				var calls int
				log := &logged{}
				mux := customhandler.New(customhandler.Options{MaxBody: limit, Logger: newLogger(log)})
				registerAll(mux, &calls)
				padded := envelope + strings.Repeat(" ", tt.size-len(envelope))
				status, contentType, body := capture{Method: http.MethodPost, Path: path, Body: padded}.send(t, mux)
				if (calls == 1) != tt.runs {
					t.Errorf("ran %d times", calls)
				}
				switch {
				case tt.runs:
					accepted(t, status, contentType, body)
				case path == "/hook":
					if got := accepted(t, status, contentType, body).reply(t); got.StatusCode != http.StatusRequestEntityTooLarge {
						t.Errorf("the caller got %v, want 413", got)
					}
					if line := log.last(t); line["status"] != 413.0 || line["refused"] == nil || line["outcome"] != "ok" {
						t.Errorf("the log line is %v", line)
					}
				case status != http.StatusInternalServerError || body == "":
					t.Errorf("answered %d %s, want 500", status, body)
				}
			})
		}
	}
}

// TestLargeWebhookReachesItsFunction holds the default limit to its promise: a
// body of a little more than 1 MiB in its worst form arrives.
func TestLargeWebhookReachesItsFunction(t *testing.T) {
	body := `{"a":"` + strings.Repeat("\u0001", 1<<20) + `"}`
	quoted := `{\"a\":\"` + strings.Repeat(`\u0001`, 1<<20) + `\"}`
	envelope := `{"Data":{"req":{"Method":"POST","Body":"` + quoted + `"}},"Metadata":{"a":"` + strings.Repeat(`\u0001`, 1<<20) + `"}}`
	var got []byte
	mux, _ := newMux()
	mux.HTTP(customhandler.HTTPFunction{
		Name: "hook", Trigger: "req", Response: "res",
		Handle: func(_ context.Context, r *customhandler.Request) (customhandler.Reply, error) {
			got = r.Body
			return customhandler.Reply{Status: http.StatusRequestEntityTooLarge}, nil
		},
	})
	answer := accepted3(t)(capture{Method: http.MethodPost, Path: "/hook", Body: envelope}.serve(mux))
	if !bytes.Equal(got, []byte(body)) || answer.reply(t).StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("got a body of %d bytes, want %d", len(got), len(body))
	}
}

// TestLastSuccess counts an invocation that ended well, and neither one that
// failed nor one whose caller was refused.
func TestLastSuccess(t *testing.T) {
	status, failure := http.StatusBadRequest, errors.New("no")
	mux := customhandler.New(customhandler.Options{MaxBody: 1000})
	mux.HTTP(customhandler.HTTPFunction{Name: "hook", Trigger: "req", Response: "res", Handle: func(context.Context, *customhandler.Request) (customhandler.Reply, error) {
		return customhandler.Reply{Status: status}, nil
	}})
	mux.Timer(customhandler.TimerFunction{Name: "tick", Trigger: "timer", Handle: func(context.Context, customhandler.Timer) (customhandler.Outputs, error) {
		return nil, failure
	}})
	call := func(name, body string) {
		mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/"+name, strings.NewReader(body)))
	}
	call("hook", `{"Data":{"req":{"Method":"GET"}}}`)
	call("hook", `{`)
	call("hook", strings.Repeat(" ", 1001))
	call("tick", `{"Data":{"timer":{}}}`)
	for _, name := range []string{"hook", "tick", "none"} {
		if at := mux.LastSuccess(name); !at.IsZero() {
			t.Errorf("%s succeeded at %v", name, at)
		}
	}
	status, failure = http.StatusOK, nil
	began := time.Now()
	call("hook", `{"Data":{"req":{"Method":"GET"}}}`)
	call("tick", `{"Data":{"timer":{}}}`)
	for _, name := range []string{"hook", "tick"} {
		if at := mux.LastSuccess(name); at.Before(began) {
			t.Errorf("%s succeeded at %v", name, at)
		}
	}
}

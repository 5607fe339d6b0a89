package customhandler_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"paybridge/internal/customhandler"
	"paybridge/internal/secret/leak"
)

// functionKey is in the Url, the Query and the Metadata of two of the captures.
const functionKey = "functionKeyThatMustNeverBeLogged"

// assertNoLeak fails if the function key is in any of the texts.
func assertNoLeak(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		leak.New(functionKey).Assert(t, "an answer or a log", text)
	}
}

// careless prints a request in every way that a function might by accident.
func careless(r *customhandler.Request) string {
	type wrapped struct {
		Request  *customhandler.Request
		Value    customhandler.Request
		Header   customhandler.Header
		Query    customhandler.Query
		Requests []*customhandler.Request
	}
	w := wrapped{r, *r, r.Header, r.Query, []*customhandler.Request{r}}
	encoded, err := json.Marshal(w)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%v %+v %#v %s %q %x %v %+v %#v %s %v %+v %#v %v %s", r, r, r, r, r, r, w, w, w, *r, r.Header, r.Query, r.Query, &w, encoded)
}

// TestNothingLeaksTheFunctionKey runs every captured request, behind every door, through functions
// that end well, fail, panic in several ways, and print what they were given.
func TestNothingLeaksTheFunctionKey(t *testing.T) {
	ends := map[string]func(careless string) error{
		"fine":         func(string) error { return nil },
		"failing":      func(c string) error { return fmt.Errorf("working on %s", c) },
		"panicking":    func(c string) error { panic(c) },
		"panic error":  func(c string) error { panic(errors.New(c)) },
		"panic object": func(c string) error { panic(struct{ text string }{c}) },
		"aborting":     func(string) error { panic(http.ErrAbortHandler) },
	}
	doors := map[string]func(mux *customhandler.Mux, name string, end func(string) error){
		"http": func(mux *customhandler.Mux, name string, end func(string) error) {
			mux.HTTP(customhandler.HTTPFunction{
				Name: name, Trigger: "req", Response: "res",
				Handle: func(ctx context.Context, r *customhandler.Request) (customhandler.Reply, error) {
					customhandler.Annotate(ctx, slog.Any("request", r), slog.Any("header", r.Header), slog.Any("query", r.Query), slog.Any("in a slice", []any{r, r.Header}))
					reply := customhandler.Reply{Body: []byte(careless(r))}
					return reply, end(careless(r))
				},
			})
		},
		"http with another trigger": func(mux *customhandler.Mux, name string, end func(string) error) {
			mux.HTTP(customhandler.HTTPFunction{
				Name: name, Trigger: "other", Response: "res",
				Handle: func(context.Context, *customhandler.Request) (customhandler.Reply, error) {
					return customhandler.Reply{}, end("")
				},
			})
		},
		"queue": func(mux *customhandler.Mux, name string, end func(string) error) {
			mux.Queue(customhandler.QueueFunction{
				Name: name, Trigger: "req", DataType: customhandler.Binary, Cardinality: customhandler.Many,
				Handle: func(context.Context, customhandler.Batch) (customhandler.Outputs, error) { return nil, end("") },
			})
		},
		"timer": func(mux *customhandler.Mux, name string, end func(string) error) {
			mux.Timer(customhandler.TimerFunction{
				Name: name, Trigger: "req",
				Handle: func(context.Context, customhandler.Timer) (customhandler.Outputs, error) { return nil, end("") },
			})
		},
	}
	for _, file := range captureNames(t) {
		for door, register := range doors {
			for ending, end := range ends {
				t.Run(file+"/"+door+"/"+ending, func(t *testing.T) {
					c := readCapture(t, file)
					mux, log := newMux()
					register(mux, c.function(), end)
					_, _, body := c.serve(mux)
					assertNoLeak(t, body, log.String())
					if lines := strings.Count(log.String(), "\n"); lines != 1 {
						t.Errorf("%d log lines, want 1: %s", lines, log)
					}
				})
			}
		}
		t.Run(file+"/unregistered", func(t *testing.T) {
			mux, log := newMux()
			status, _, body := readCapture(t, file).serve(mux)
			if status != http.StatusNotFound {
				t.Errorf("answered %d, want 404", status)
			}
			assertNoLeak(t, body, log.String())
		})
	}
}

func TestFailedInvocations(t *testing.T) {
	for _, tt := range []struct {
		name             string
		end              func() error
		outcome, logText string
		stack            bool
	}{
		{"error", func() error { return errors.New("the row is locked") }, "failed", "the row is locked", false},
		{"panic", func() error { panic("out of luck") }, "panic", "panic: out of luck", true},
		{"nil map", func() error { return fill(nil) }, "panic", "panic: assignment to entry in nil map", true},
		{"abort", func() error { panic(http.ErrAbortHandler) }, "panic", "panic: net/http: abort Handler", false},
		{"long", func() error { return errors.New(strings.Repeat("x", 10<<10)) }, "failed", strings.Repeat("x", 2<<10) + "… (cut)", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := readCapture(t, "http-plain.json")
			mux, log := newMux()
			mux.HTTP(customhandler.HTTPFunction{
				Name: c.function(), Trigger: "req", Response: "res",
				Handle: func(ctx context.Context, _ *customhandler.Request) (customhandler.Reply, error) {
					customhandler.Annotate(ctx, slog.String("payment", "pi_1"))
					return customhandler.Reply{Status: http.StatusOK}, tt.end()
				},
			})
			status, contentType, body := c.send(t, mux)
			if status != http.StatusInternalServerError || contentType != "application/json" || body != `{"error":"the invocation failed"}` {
				t.Errorf("answered %d %q %s", status, contentType, body)
			}
			line := log.last(t)
			if line["msg"] != "invocation" || line["level"] != "ERROR" || line["outcome"] != tt.outcome || line["error"] != tt.logText {
				t.Errorf("the log line is %v", line)
			}
			if line["invocation_id"] != c.Headers["X-Azure-Functions-InvocationId"] || line["payment"] != "pi_1" || line["status"] != 500.0 {
				t.Errorf("the log line is %v", line)
			}
			if _, has := line["stack"]; has != tt.stack {
				t.Errorf("has a stack: %v, want %v", has, tt.stack)
			}
		})
	}
}

func TestInvocationIDIsBounded(t *testing.T) {
	for _, tt := range []struct{ sent, want string }{
		{"12295746-7da7-4a47-ae0e-12df7b1aed6d", "12295746-7da7-4a47-ae0e-12df7b1aed6d"},
		{"", ""},
		{"a b", ""},
		{"a\"b", ""},
		{strings.Repeat("a", 64), strings.Repeat("a", 64)},
		{strings.Repeat("a", 65), ""},
	} {
		c := readCapture(t, "timer.json")
		c.Headers["X-Azure-Functions-InvocationId"] = tt.sent
		mux, log := newMux()
		mux.Timer(customhandler.TimerFunction{
			Name: c.function(), Trigger: "timer",
			Handle: func(context.Context, customhandler.Timer) (customhandler.Outputs, error) { return nil, nil },
		})
		c.serve(mux)
		if got := log.last(t)["invocation_id"]; got != tt.want {
			t.Errorf("%q was logged as %q, want %q", tt.sent, got, tt.want)
		}
	}
}

// fill writes into a map that is nil when a programmer forgot to make it.
func fill(m map[string]int) error {
	m["a"] = 1
	return nil
}

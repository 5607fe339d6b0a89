package functionshost

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/standin/servicebus"
)

const captures = "../../internal/customhandler/testdata/host-envelopes"

type capturedAnswer struct {
	Name   string
	Answer struct {
		Status      int
		ContentType *string
		Body        string
	}
	HTTP struct {
		Status      int
		ContentType string
		Headers     map[string]string
		Body        string
		Hangs       bool
	}
	Messages       []string
	OutputDataType string
}

// TestAnswers gives every captured answer to the host and expects of it what
// the real host did.
func TestAnswers(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(captures, "answers.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []capturedAnswer
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	byName := make(map[string]capturedAnswer)
	for _, c := range all {
		byName[c.Name] = c
	}
	ns := bus(t, servicebus.QueueProperties{}, "out")
	output := `{"type":"serviceBus","direction":"out","name":"message","queueName":"%OUT%","connection":"X"`
	serve := func(w http.ResponseWriter, r *http.Request) {
		c := byName[query(r, "case")]
		w.Header()["Content-Type"] = nil
		if c.Answer.ContentType != nil {
			w.Header().Set("Content-Type", *c.Answer.ContentType)
		}
		w.WriteHeader(c.Answer.Status)
		_, _ = w.Write([]byte(c.Answer.Body))
	}
	run := func(more string) (*Host, *scripted) {
		root := app(t, map[string]string{
			"host.json": hostJSON(more),
			"plain":     httpFunction("plain", output+`}`),
			"binary":    httpFunction("binary", output+`,"dataType":"binary"}`),
		})
		return startScripted(t, Config{ScriptRoot: root, Queues: Queues(ns), Settings: map[string]string{"OUT": "out"}}, serve)
	}
	patient, s := run("")
	hasty, killed := run(`,"functionTimeout":"00:00:00.2"`)
	for _, c := range all {
		t.Run(c.Name, func(t *testing.T) {
			h := patient
			if c.HTTP.Hangs {
				h = hasty
			}
			function := "plain"
			if c.OutputDataType != "" {
				function = c.OutputDataType
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL()+"/api/"+function, nil)
			if err != nil {
				t.Fatal(err)
			}
			values := req.URL.Query()
			values.Set("case", c.Name)
			res, body := call(t, http.MethodPost, h.URL()+"/api/"+function+"?"+values.Encode(), "")
			if c.HTTP.Hangs {
				if res.StatusCode != http.StatusInternalServerError || body != "" {
					t.Errorf("after the timeout: status %d, body %q", res.StatusCode, body)
				}
				await(t, "killing the handler", killed.recycled)
				return
			}
			if len(s.recycled) > 0 {
				t.Fatal("the handler was killed")
			}
			if res.StatusCode != c.HTTP.Status {
				t.Errorf("status %d, want %d", res.StatusCode, c.HTTP.Status)
			}
			if got := res.Header.Get("Content-Type"); got != c.HTTP.ContentType {
				t.Errorf("content type %q, want %q", got, c.HTTP.ContentType)
			}
			for name, want := range c.HTTP.Headers {
				if got := res.Header.Get(name); got != want {
					t.Errorf("header %s: %q, want %q", name, got, want)
				}
			}
			if body != c.HTTP.Body {
				t.Errorf("body %q, want %q", body, c.HTTP.Body)
			}
			if diff := cmp.Diff(c.Messages, drain(t, ns, "out")); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

// drain takes all messages from a queue and returns their bodies in order of
// their sequence numbers.
func drain(t *testing.T, ns *servicebus.Namespace, name string) []string {
	t.Helper()
	q, err := ns.Queue(name)
	if err != nil {
		t.Fatal(err)
	}
	bodies := []string{}
	for from := int64(0); ; {
		page, err := q.Peek(context.Background(), from, 100)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, m := range page {
			if m.ContentType != "text/plain" || m.MessageID != "" {
				t.Errorf("content type %q, message id %q", m.ContentType, m.MessageID)
			}
			bodies = append(bodies, string(m.Body))
			from = m.SequenceNumber + 1
		}
	}
	for range bodies {
		got, err := q.Receive(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := q.Complete(t.Context(), got[0]); err != nil {
			t.Fatal(err)
		}
	}
	return bodies
}

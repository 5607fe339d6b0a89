package customhandler_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"paybridge/internal/customhandler"
)

// sendTo posts the capture to the server at url.
func (c capture) sendTo(t testing.TB, url string) (status int, contentType, body string) {
	t.Helper()
	// A reader of unknown length is sent in chunks.
	req, err := http.NewRequestWithContext(t.Context(), c.Method, url+c.Path, io.MultiReader(strings.NewReader(c.Body)))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range c.Headers {
		if name != "Host" && name != "Transfer-Encoding" {
			req.Header.Set(name, value)
		}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	read, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Content-Type"), string(read)
}

// hostAnswer is an answer as the host reads it.
type hostAnswer struct {
	Outputs     map[string]json.RawMessage
	Logs        []string
	ReturnValue any
}

// hostReply is the value of an http output as the host reads it.
type hostReply struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
}

// accepted reads an answer, and fails unless the host would take it.
func accepted(t testing.TB, status int, contentType, body string) hostAnswer {
	t.Helper()
	if status != http.StatusOK || contentType != "application/json" {
		t.Fatalf("answered %d with %q, want 200 with application/json; body %s", status, contentType, body)
	}
	var answer *hostAnswer
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer == nil || answer.Outputs == nil {
		t.Fatalf("the host would not take the answer %q: %v", body, err)
	}
	return *answer
}

// reply returns the http output res.
func (a hostAnswer) reply(t testing.TB) hostReply {
	t.Helper()
	var r hostReply
	if err := json.Unmarshal(a.Outputs["res"], &r); err != nil {
		t.Fatalf("res is %q: %v", a.Outputs["res"], err)
	}
	return r
}

// messages returns what a queue output sends.
func (a hostAnswer) messages(t testing.TB, binding string) []string {
	t.Helper()
	if a.Outputs[binding] == nil {
		return nil
	}
	var m []string
	if err := json.Unmarshal(a.Outputs[binding], &m); err != nil {
		t.Fatalf("%s is %q: %v", binding, a.Outputs[binding], err)
	}
	return m
}

// logged is a buffer of JSON log lines.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// last returns the last line by its keys.
func (l *logged) last(t testing.TB) map[string]any {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(l.String()), "\n")
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &line); err != nil {
		t.Fatalf("the last log line is %q: %v", lines[len(lines)-1], err)
	}
	return line
}

// newLogger writes JSON lines to w.
func newLogger(w io.Writer) *slog.Logger { return slog.New(slog.NewJSONHandler(w, nil)) }

// newMux returns a Mux and its log.
func newMux() (*customhandler.Mux, *logged) {
	log := &logged{}
	return customhandler.New(customhandler.Options{Logger: newLogger(log)}), log
}

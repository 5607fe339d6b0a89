package customhandler_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// capture is one request that a Functions host sent.
type capture struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

// readCapture reads one of the captured requests by the name of its file.
func readCapture(t testing.TB, name string) capture {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "host-envelopes", name))
	if err != nil {
		t.Fatal(err)
	}
	var c capture
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return c
}

// captureNames returns the files of all captured requests.
func captureNames(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "host-envelopes", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, path := range paths {
		if name := filepath.Base(path); name != "answers.json" {
			names = append(names, name)
		}
	}
	if len(names) != 18 {
		t.Fatalf("there are %d captures, want 18", len(names))
	}
	return names
}

// function is the name of the function that the host called.
func (c capture) function() string { return strings.TrimPrefix(c.Path, "/") }

// send hands the captured request to h over real HTTP, chunked as it was.
func (c capture) send(t testing.TB, h http.Handler) (status int, contentType, body string) {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	return c.sendTo(t, server.URL)
}

// serve hands the captured request to h without a network, where a test does
// so many times.
func (c capture) serve(h http.Handler) (status int, contentType, body string) {
	req := httptest.NewRequest(c.Method, c.Path, strings.NewReader(c.Body))
	for name, value := range c.Headers {
		req.Header.Set(name, value)
	}
	res := httptest.NewRecorder()
	h.ServeHTTP(res, req)
	return res.Code, res.Header().Get("Content-Type"), res.Body.String()
}

package dataverse_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"paybridge/standin/dataverse"
)

// noon is what the clock of the tests shows.
func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 500, time.UTC) }

// env is a stand-in behind real HTTP.
type env struct {
	t      *testing.T
	server *dataverse.Server
	url    string
	token  string
}

func open(t *testing.T, change func(*dataverse.Config)) *env {
	t.Helper()
	cfg := dataverse.Config{Dir: t.TempDir(), Tables: dataverse.PayBridgeTables(), Now: noon}
	if change != nil {
		change(&cfg)
	}
	s, err := dataverse.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(s)
	t.Cleanup(func() {
		front.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &env{t: t, server: s, url: front.URL, token: "app"}
}

// answer is a response with its body read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) code() string {
	var e struct {
		Error struct{ Code string }
	}
	if json.Unmarshal([]byte(a.body), &e) != nil {
		return ""
	}
	return e.Error.Code
}

func (a answer) object(t *testing.T) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(a.body))
	d.UseNumber()
	var o map[string]any
	if err := d.Decode(&o); err != nil {
		t.Fatalf("decoding %q: %v", a.body, err)
	}
	return o
}

func (a answer) rows(t *testing.T) []map[string]any {
	t.Helper()
	list, ok := a.object(t)["value"].([]any)
	if !ok {
		t.Fatalf("no rows in %d %s", a.status, a.body)
	}
	rows := make([]map[string]any, len(list))
	for i := range list {
		rows[i] = list[i].(map[string]any)
	}
	return rows
}

// do sends a request to a path below the API's root; headers are "Name: value".
func (e *env) do(method, path, body string, headers ...string) answer {
	e.t.Helper()
	target := path
	if !strings.HasPrefix(path, "http") {
		target = e.url + "/api/data/v9.2/" + path
	}
	r, err := http.NewRequestWithContext(e.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	if e.token != "" {
		r.Header.Set("Authorization", "Bearer "+e.token)
	}
	r.Header.Set("Content-Type", "application/json")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(text)}
}

// must sends a request that has to be answered with a status.
func (e *env) must(status int, method, path, body string, headers ...string) answer {
	e.t.Helper()
	a := e.do(method, path, body, headers...)
	if a.status != status {
		e.t.Fatalf("%s %s = %d %s, want %d", method, path, a.status, a.body, status)
	}
	return a
}

const (
	rowA = "aaaaaaaa-0000-4000-8000-000000000001"
	rowB = "aaaaaaaa-0000-4000-8000-000000000002"
)

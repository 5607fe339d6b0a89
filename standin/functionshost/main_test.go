package functionshost

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"paybridge/standin/functionshost/worker"
	"paybridge/standin/servicebus"
)

// TestMain makes the test binary a custom handler when it is started as one.
func TestMain(m *testing.M) {
	if port := os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"); port != "" {
		os.Exit(childMain(port))
	}
	os.Exit(m.Run())
}

// childMain is the handler process of the tests. What it does is told by the
// path and, for HTTP functions, by the query.
func childMain(port string) int {
	l, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("listening")
	if text := os.Getenv("CHILD_EXIT"); text != "" {
		code, _ := strconv.Atoi(text)
		return code
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /exit", func(_ http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(query(r, "code"))
		fmt.Fprintln(os.Stderr, "leaving with", code)
		os.Exit(code)
	})
	mux.HandleFunc("POST /hang", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("POST /pid", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"Outputs":{"res":{"body":"%d %s"}}}`, os.Getpid(), os.Getenv("GREETING"))
	})
	if err := http.Serve(l, mux); err != nil {
		return 1
	}
	return 0
}

// query reads one query parameter of the public request in an envelope.
func query(r *http.Request, name string) string {
	var e struct {
		Data struct {
			Req struct{ Query map[string]string }
		}
	}
	_ = json.NewDecoder(r.Body).Decode(&e)
	return e.Data.Req.Query[name]
}

// scripted is a handler inside the test process.
type scripted struct {
	server   *httptest.Server
	client   *http.Client
	done     chan struct{}
	recycled chan struct{}

	mu   sync.Mutex
	gone chan struct{}
}

func newScripted(t *testing.T, serve http.HandlerFunc) *scripted {
	t.Helper()
	s := &scripted{
		server:   httptest.NewServer(serve),
		client:   worker.NewClient(),
		done:     make(chan struct{}),
		recycled: make(chan struct{}, 100),
		gone:     make(chan struct{}),
	}
	t.Cleanup(s.server.Close)
	t.Cleanup(s.client.CloseIdleConnections)
	return s
}

func (s *scripted) Session(context.Context) (*worker.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &worker.Session{URL: s.server.URL, Client: s.client, Gone: s.gone}, nil
}

func (s *scripted) Recycle(*worker.Session) {
	s.mu.Lock()
	close(s.gone)
	s.gone = make(chan struct{})
	s.mu.Unlock()
	s.recycled <- struct{}{}
}

func (s *scripted) Kill()                 {}
func (s *scripted) PID() int              { return 0 }
func (s *scripted) Restarts() int         { return 0 }
func (s *scripted) Done() <-chan struct{} { return s.done }
func (s *scripted) Err() error            { return nil }
func (s *scripted) Close()                {}

// app writes a script root: files maps paths to contents.
func app(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	if files["host.json"] == "" {
		files["host.json"] = hostJSON("")
	}
	for path, text := range files {
		if !strings.Contains(path, ".json") {
			path += "/function.json"
		}
		file := filepath.Join(root, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// hostJSON is a host.json with more members, each with a comma before it.
func hostJSON(more string) string {
	return `{"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"%EXE%"}}` + more + `}`
}

// httpFunction is the function.json of an HTTP function with more bindings.
func httpFunction(route string, more ...string) string {
	return `{"bindings":[{"type":"httpTrigger","direction":"in","name":"req","authLevel":"function","route":"` + route + `"},` +
		`{"type":"http","direction":"out","name":"res"}` + strings.Join(append([]string{""}, more...), ",") + `]}`
}

// bus opens a namespace with these queues.
func bus(t *testing.T, p servicebus.QueueProperties, names ...string) *servicebus.Namespace {
	t.Helper()
	ns, err := servicebus.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ns.Close() })
	for _, name := range names {
		if err := ns.CreateQueue(name, p); err != nil {
			t.Fatal(err)
		}
	}
	return ns
}

func start(t *testing.T, cfg Config) *Host {
	t.Helper()
	cfg.Addr = "127.0.0.1:0"
	h, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// startScripted starts a host on an app whose handler is inside the test.
func startScripted(t *testing.T, cfg Config, serve http.HandlerFunc) (*Host, *scripted) {
	t.Helper()
	s := newScripted(t, serve)
	cfg.worker = func(context.Context) (handler, error) { return s, nil }
	return start(t, cfg), s
}

// startProcess starts a host whose handler is the test binary.
func startProcess(t *testing.T, cfg Config) *Host {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{"EXE": exe}
	maps.Copy(settings, cfg.Settings)
	cfg.Settings = settings
	return start(t, cfg)
}

// call sends a request and returns the response with its body read.
func call(t *testing.T, method, url, body string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

// soon is how long a test waits for what must happen.
const soon = 20 * time.Second

func await(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(soon):
		t.Fatalf("%s did not happen", what)
	}
}

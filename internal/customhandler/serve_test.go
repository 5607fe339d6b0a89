package customhandler_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"paybridge/internal/customhandler"
)

// serving is a Serve that runs in a test.
type serving struct {
	url   string
	stop  context.CancelFunc
	ended chan error
}

// startServing serves h on a free port until the test ends or stop is called.
func startServing(t *testing.T, h http.Handler, drain time.Duration) *serving {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	s := &serving{url: "http://" + listener.Addr().String(), stop: stop, ended: make(chan error, 1)}
	go func() {
		s.ended <- customhandler.Serve(ctx, customhandler.ServeOptions{Listener: listener, Handler: h, Drain: drain})
	}()
	t.Cleanup(stop)
	return s
}

// slow registers a function tick that says when it has begun and ends when it
// may, or with its context.
func slow(mux *customhandler.Mux) (begun, may chan struct{}) {
	begun, may = make(chan struct{}), make(chan struct{})
	mux.Timer(customhandler.TimerFunction{
		Name: "tick", Trigger: "timer",
		Handle: func(ctx context.Context, _ customhandler.Timer) (customhandler.Outputs, error) {
			close(begun)
			select {
			case <-may:
				return nil, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		},
	})
	return begun, may
}

// tick posts a tick and returns the status, or 0 when there was no answer.
func (s *serving) tick(ctx context.Context) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/tick", strings.NewReader(`{"Data":{"timer":{}}}`))
	if err != nil {
		return 0
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode
}

func TestServeLetsARunningInvocationEnd(t *testing.T) {
	mux, _ := newMux()
	begun, may := slow(mux)
	s := startServing(t, mux, time.Minute)
	status := make(chan int, 1)
	go func() { status <- s.tick(t.Context()) }()
	<-begun
	s.stop()
	// New connections are refused from here on, but the end of the context does
	// not reach the function.
	for {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			break
		}
		_ = conn.Close()
	}
	select {
	case err := <-s.ended:
		t.Fatalf("ended with %v while an invocation ran", err)
	default:
	}
	close(may)
	if got := <-status; got != http.StatusOK {
		t.Errorf("the invocation was answered %d, want 200", got)
	}
	if err := <-s.ended; err != nil {
		t.Errorf("ended with %v, want nil", err)
	}
}

func TestServeCutsOffWhatDoesNotEnd(t *testing.T) {
	mux, _ := newMux()
	begun, _ := slow(mux)
	s := startServing(t, mux, time.Millisecond)
	status := make(chan int, 1)
	go func() { status <- s.tick(t.Context()) }()
	<-begun
	s.stop()
	if err := <-s.ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ended with %v, want the deadline", err)
	}
	if got := <-status; got == http.StatusOK {
		t.Error("the invocation was answered 200")
	}
}

// TestServeEndsOnlyWithAnError loses its listener, which must not look like an
// intended end: exit code 0 makes the host give up on the app.
func TestServeEndsOnlyWithAnError(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	mux, _ := newMux()
	if err := customhandler.Serve(t.Context(), customhandler.ServeOptions{Listener: listener, Handler: mux}); err == nil {
		t.Error("returned nil while its context lives")
	}
}

func TestServePorts(t *testing.T) {
	mux, _ := newMux()
	for _, port := range []int{0, -1, 65536} {
		if err := customhandler.Serve(t.Context(), customhandler.ServeOptions{Port: port, Handler: mux}); err == nil {
			t.Errorf("port %d was served", port)
		}
	}
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	if err := customhandler.Serve(t.Context(), customhandler.ServeOptions{Port: port, Handler: mux}); err == nil {
		t.Error("a port that is taken was served")
	}
}

func TestServeAnswersAtOnce(t *testing.T) {
	mux, _ := newMux()
	s := startServing(t, mux, 0)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("answered %d, want 200", res.StatusCode)
	}
}

// TestHeadersAreBounded: net/http allows 4 KiB more than it is told for the
// request line and its own buffer.
func TestHeadersAreBounded(t *testing.T) {
	mux, _ := newMux()
	s := startServing(t, mux, 0)
	for size, want := range map[int]int{64 << 10: http.StatusOK, 64<<10 + 4<<10: http.StatusRequestHeaderFieldsTooLarge} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X", strings.Repeat("x", size))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
		if res.StatusCode != want {
			t.Errorf("a header of %d bytes is answered with %d, want %d", size, res.StatusCode, want)
		}
	}
}

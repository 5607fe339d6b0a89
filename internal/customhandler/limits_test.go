package customhandler_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"paybridge/internal/customhandler"
)

// pipes is a listener without a network, so that a test can have a clock of its
// own.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.accepted:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// dial returns the host's end of a connection to the app.
func (p *pipes) dial(t *testing.T) net.Conn {
	host, app := net.Pipe()
	t.Cleanup(func() { _ = host.Close() })
	p.accepted <- app
	return host
}

// hangsUp reads what the app has to say and returns how long it took until the
// app ended the connection.
func hangsUp(t *testing.T, conn net.Conn) (said string, after time.Duration) {
	t.Helper()
	begun := time.Now()
	text, err := io.ReadAll(conn)
	if err != nil {
		t.Error(err)
	}
	return string(text), time.Since(begun)
}

// TestWaitsForTheHostAreBounded: a connection that falls silent is ended, before
// a request, within its header, within an envelope, and after one.
func TestWaitsForTheHostAreBounded(t *testing.T) {
	const header = "POST /tick HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
	for name, c := range map[string]struct {
		sent  string
		after time.Duration
		says  string
	}{
		"no request":       {"", 10 * time.Second, ""},
		"half a header":    {header[:30], 10 * time.Second, ""},
		"half an envelope": {header + `{"Data":`, time.Minute, "500 Internal Server Error"},
		"after a request":  {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 15 * time.Minute, "200 OK"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				mux, _ := newMux()
				mux.Timer(customhandler.TimerFunction{
					Name: "tick", Trigger: "timer",
					Handle: func(context.Context, customhandler.Timer) (customhandler.Outputs, error) {
						t.Error("it runs")
						return nil, nil
					},
				})
				listener := &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
				ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
				ended := make(chan error)
				go func() {
					ended <- customhandler.Serve(ctx, customhandler.ServeOptions{Listener: listener, Handler: mux})
				}()
				conn := listener.dial(t)
				go func() { _, _ = io.WriteString(conn, c.sent) }()
				said, after := hangsUp(t, conn)
				if after != c.after || !strings.Contains(said, c.says) {
					t.Errorf("ended after %v with %q, want %v and %q", after, said, c.after, c.says)
				}
				stop()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestDrainingHasALimit: what still runs five seconds after the end was asked
// for is cut off.
func TestDrainingHasALimit(t *testing.T) {
	for runs, cut := range map[time.Duration]bool{4 * time.Second: false, 6 * time.Second: true} {
		synctest.Test(t, func(t *testing.T) {
			mux, _ := newMux()
			begun, may := slow(mux)
			listener := &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
			ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
			ended := make(chan error)
			go func() {
				ended <- customhandler.Serve(ctx, customhandler.ServeOptions{Listener: listener, Handler: mux})
			}()
			conn := listener.dial(t)
			const envelope = `{"Data":{"timer":{}}}`
			go func() {
				fmt.Fprintf(conn, "POST /tick HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(envelope), envelope)
				if res, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
					_ = res.Body.Close()
				}
			}()
			<-begun
			time.AfterFunc(runs, func() { close(may) })
			stop()
			if err := <-ended; errors.Is(err, context.DeadlineExceeded) != cut {
				t.Errorf("an invocation of %v: %v", runs, err)
			}
			synctest.Wait()
		})
	}
}

// TestErrorsAreLoggedUpToTheirLimit and say when something was cut off.
func TestErrorsAreLoggedUpToTheirLimit(t *testing.T) {
	for n, cut := range map[int]bool{2 << 10: false, 2<<10 + 1: true} {
		mux, log := newMux()
		mux.Timer(customhandler.TimerFunction{
			Name: "tick", Trigger: "timer",
			Handle: func(context.Context, customhandler.Timer) (customhandler.Outputs, error) {
				return nil, errors.New(strings.Repeat("x", n))
			},
		})
		capture{Method: http.MethodPost, Path: "/tick", Body: `{"Data":{"timer":{}}}`}.serve(mux)
		text, _ := log.last(t)["error"].(string)
		if strings.HasSuffix(text, "(cut)") != cut || !strings.HasPrefix(text, strings.Repeat("x", 2<<10)) {
			t.Errorf("of an error of %d bytes %d are logged", n, len(text))
		}
	}
}

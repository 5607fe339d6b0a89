package outbound_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"paybridge/internal/outbound"
)

// forgotten is a connection that something in between may forget: what is sent
// goes nowhere from then on, and nothing comes back.
type forgotten struct {
	net.Conn
	lost *atomic.Bool
}

func (f *forgotten) Write(p []byte) (int, error) {
	if f.lost.Load() {
		return len(p), nil
	}
	return f.Conn.Write(p)
}

// pipes is a listener without a network, for a clock of the test's own.
type pipes struct{ conns, closed chan net.Conn }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// TestAForgottenConnectionIsGivenUp: the request on it fails within seconds, and
// the next one goes over a new connection.
func TestAForgottenConnectionIsGivenUp(t *testing.T) {
	certified := httptest.NewUnstartedServer(nil)
	certified.StartTLS()
	certificate, config := certified.Certificate(), certified.TLS.Clone()
	certified.Close()
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	synctest.Test(t, func(t *testing.T) {
		listener := &pipes{conns: make(chan net.Conn), closed: make(chan net.Conn)}
		config.NextProtos = []string{"h2"}
		server := &http.Server{TLSConfig: config, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, r.Proto)
		})}
		ended := make(chan error)
		go func() { ended <- server.ServeTLS(listener, "", "") }()
		var lost *atomic.Bool
		dialed := 0
		transport := outbound.Transport(4)
		transport.Proxy = nil
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, ServerName: "example.com"}
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			dialed++
			lost = &atomic.Bool{}
			listener.conns <- there
			return &forgotten{here, lost}, nil
		}
		ask := func() (string, error) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://example.com/", nil)
			if err != nil {
				return "", err
			}
			resp, err := (&http.Client{Transport: transport}).Do(req)
			if err != nil {
				return "", err
			}
			body, err := io.ReadAll(resp.Body)
			if err := resp.Body.Close(); err != nil {
				t.Error(err)
			}
			return string(body), err
		}
		if proto, err := ask(); err != nil || proto != "HTTP/2.0" {
			t.Fatalf("%s, %v", proto, err)
		}
		lost.Store(true)
		begun := time.Now()
		_, err := ask()
		if took := time.Since(begun); took > 15*time.Second {
			t.Errorf("after %v: %v", took, err)
		}
		if _, err := ask(); err != nil || dialed != 2 {
			t.Errorf("over connection %d: %v", dialed, err)
		}
		transport.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
}

package dataverse

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

const (
	aGUID   = "7d577253-3ef0-4a0a-bb7f-8335c2596e70"
	aSecret = "a-token-that-must-not-be-seen"
)

// seen is one request as the server got it.
type seen struct {
	method, uri, body string
	header            http.Header
}

// script is a server that answers the n-th request with its n-th step, and
// keeps what it was asked. It fails the test when it runs out of steps.
type script struct {
	*httptest.Server
	mu    sync.Mutex
	asked []seen
}

type step = http.HandlerFunc

func newScript(t *testing.T, steps ...step) *script {
	t.Helper()
	s := &script{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("reading the request: %v", err)
		}
		s.mu.Lock()
		n := len(s.asked)
		s.asked = append(s.asked, seen{method: r.Method, uri: r.RequestURI, body: string(body), header: r.Header})
		s.mu.Unlock()
		if n >= len(steps) {
			t.Errorf("request %d was not expected: %s %s", n+1, r.Method, r.RequestURI)
			w.WriteHeader(http.StatusTeapot)
			return
		}
		steps[n](w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *script) requests() []seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// answer answers with a status, headers as "Name: value" and a body.
func answer(status int, body string, headers ...string) step {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Set(name, value)
		}
		if status != http.StatusNoContent && w.Header().Get("Content-Type") == "" {
			w.Header().Set("Content-Type", "application/json; odata.metadata=minimal")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// fault answers as Dataverse does when something is wrong.
func fault(status int, code string, headers ...string) step {
	return answer(status, fmt.Sprintf(`{"error":{"code":%q,"message":"A message."}}`, code), headers...)
}

// cut drops the connection without an answer.
func cut(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// tokens is a credential that counts and numbers its tokens.
type tokens struct {
	count atomic.Int32
	err   error
}

func (c *tokens) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if c.err != nil {
		return azcore.AccessToken{}, c.err
	}
	return azcore.AccessToken{Token: fmt.Sprintf("%s-%d", aSecret, c.count.Add(1)), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func quick() *Options {
	return &Options{Retry: policy.RetryOptions{MaxRetries: 3, RetryDelay: time.Millisecond, MaxRetryDelay: time.Second}}
}

func newTestClient(t *testing.T, s *script) *Client {
	t.Helper()
	c, err := New(s.URL, &tokens{}, quick())
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return c
}

func mustID(t *testing.T, guid string) Key {
	t.Helper()
	key, err := ID(guid)
	if err != nil {
		t.Fatalf("ID: %v", err)
	}
	return key
}

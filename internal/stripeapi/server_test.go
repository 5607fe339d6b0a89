package stripeapi

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"paybridge/internal/secret"
	"paybridge/internal/secret/leak"
)

const testKey = "sk_test_51MadeUpForTestsOnly"

// answer is what the test's Stripe says to a path.
type answer struct {
	status int // zero means 200
	header http.Header
	body   string
}

// fakeStripe answers by path and keeps what it was asked.
type fakeStripe struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]answer
	asked   []*http.Request
}

func newStripe(t *testing.T, answers map[string]answer) *fakeStripe {
	t.Helper()
	f := &fakeStripe{answers: answers}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeStripe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.asked = append(f.asked, r)
	a, ok := f.answers[r.URL.Path]
	f.mu.Unlock()
	if !ok {
		a = answer{status: http.StatusNotFound, body: `{"error":{"type":"invalid_request_error","message":"Unrecognized request URL"}}`}
	}
	maps.Copy(w.Header(), a.header)
	w.Header().Set("Request-Id", "req_MadeUp1")
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = w.Write([]byte(a.body))
}

func (f *fakeStripe) requests() []*http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

func (f *fakeStripe) client() *Client {
	return New(Config{Key: secret.New(testKey), BaseURL: f.URL, Version: "1.2.3"})
}

// leaksNothing fails the test when an error tells what it must not.
func leaksNothing(t *testing.T, err error) {
	t.Helper()
	leak.New(testKey, "MadeUpForTestsOnly").Assert(t, "an error", err.Error())
	for _, s := range []string{"4242", "@", "\n"} {
		if strings.Contains(err.Error(), s) {
			t.Errorf("error %q tells %q", err, s)
		}
	}
}

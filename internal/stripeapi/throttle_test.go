package stripeapi

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"paybridge/internal/outcome"
	"paybridge/internal/secret"
)

// crowded is a Stripe that takes a second for each request and counts how many
// it has at a time.
type crowded struct {
	mu               sync.Mutex
	now, most, total int
	status           int
	body, retryAfter string
}

func (c *crowded) RoundTrip(req *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.now++
	c.total++
	c.most = max(c.most, c.now)
	res := &http.Response{StatusCode: c.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(c.body)), Request: req}
	res.Header.Set("Retry-After", c.retryAfter)
	c.mu.Unlock()
	<-time.After(time.Second)
	c.mu.Lock()
	c.now--
	c.mu.Unlock()
	return res, nil
}

// burst asks so often at once and returns how many were under way at a time.
func (c *crowded) burst(t *testing.T, client *Client, n, status int, body string) (most int, err error) {
	t.Helper()
	c.most, c.status, c.body = 0, status, body
	errs := make(chan error, n)
	for range n {
		go func() { errs <- client.Ping(t.Context()) }()
	}
	for range n {
		err = <-errs
	}
	return c.most, err
}

func TestFewerAtATimeWhenStripeThrottles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowded{}
		client := New(Config{Key: secret.New(testKey), HTTPClient: &http.Client{Transport: c}, MaxConcurrent: 8, Timeout: time.Hour})
		const list, limit = `{"object":"list","data":[]}`, `{"error":{"type":"invalid_request_error","code":"rate_limit"}}`
		for i, step := range []struct {
			n, status int
			body      string
			want      int
		}{
			{20, 200, list, 8},
			{8, 429, `{"error":{"code":"lock_timeout"}}`, 8},
			{8, 500, `<html>`, 8},
			{8, 302, ``, 8},
			{16, 200, list, 8},
			{8, 429, limit, 8},
			{20, 200, list, 6}, // four, and one more for each round that went well
			{60, 200, list, 8},
		} {
			if most, _ := c.burst(t, client, step.n, step.status, step.body); most != step.want {
				t.Errorf("burst %d had %d at a time, want %d", i+1, most, step.want)
			}
		}
	})
}

// TestNobodyAsksWhileStripeWantsToBeLeftAlone: a Retry-After within the time of
// a request is waited out by everybody, a longer one comes back at once.
func TestNobodyAsksWhileStripeWantsToBeLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowded{retryAfter: "7"}
		client := New(Config{Key: secret.New(testKey), HTTPClient: &http.Client{Transport: c}})
		if _, err := c.burst(t, client, 1, 429, `{"error":{"code":"rate_limit"}}`); outcome.RetryAfter(err) != 7*time.Second {
			t.Errorf("error %v", err)
		}
		begun := time.Now()
		if _, err := c.burst(t, client, 1, 200, `{"object":"list","data":[]}`); err != nil || time.Since(begun) != 8*time.Second {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		c.retryAfter = "120"
		if _, err := c.burst(t, client, 1, 503, ``); outcome.RetryAfter(err) != 2*time.Minute {
			t.Errorf("error %v", err)
		}
		begun = time.Now()
		total := c.total
		_, err := c.burst(t, client, 1, 200, `{"object":"list","data":[]}`)
		if outcome.Of(err) != outcome.Again || outcome.RetryAfter(err) != 2*time.Minute || time.Since(begun) != 0 || c.total != total {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		leaksNothing(t, err)
	})
}

// TestHeededContext: a context that ends while Stripe is silent, or while the
// request waits for others, ends the call.
func TestHeededContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowded{status: 200, body: `{"object":"list","data":[]}`}
		client := New(Config{Key: secret.New(testKey), HTTPClient: &http.Client{Transport: c}, MaxConcurrent: 1, Timeout: time.Hour})
		go func() { _ = client.Ping(t.Context()) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		begun := time.Now()
		if err := client.Ping(ctx); outcome.Of(err) != outcome.Again || time.Since(begun) != 300*time.Millisecond {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		<-time.After(time.Second)
		synctest.Wait()
	})
}

// silent is a Stripe that never answers.
type silent struct{}

func (silent) RoundTrip(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, context.Cause(req.Context())
}

func TestARequestHasALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := New(Config{Key: secret.New(testKey), HTTPClient: &http.Client{Transport: silent{}}})
		begun := time.Now()
		if err := client.Ping(t.Context()); outcome.Of(err) != outcome.Again || time.Since(begun) != 20*time.Second {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
	})
}

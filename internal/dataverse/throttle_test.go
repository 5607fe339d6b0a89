package dataverse

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"paybridge/internal/outcome"
)

// crowded is a Dataverse that takes a second for each request and counts how
// many it has at a time.
type crowded struct {
	mu        sync.Mutex
	now, most int
	total     int
	answer    func() *http.Response
}

func (c *crowded) Do(*http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.now++
	c.total++
	c.most = max(c.most, c.now)
	answer := c.answer
	c.mu.Unlock()
	<-time.After(time.Second)
	c.mu.Lock()
	c.now--
	c.mu.Unlock()
	return answer(), nil
}

// says makes an answer.
func says(status int, body string, header ...string) func() *http.Response {
	return func() *http.Response {
		resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
		for i := 0; i < len(header); i += 2 {
			resp.Header.Set(header[i], header[i+1])
		}
		return resp
	}
}

const whoIAm = `{"UserId":"` + aGUID + `"}`

// burst asks so often at once, and returns how many were under way at a time
// and what one of them ended with.
func (c *crowded) burst(t *testing.T, client *Client, n int, answer func() *http.Response) (most int, err error) {
	t.Helper()
	c.most, c.answer = 0, answer
	errs := make(chan error, n)
	for range n {
		go func() {
			_, err := client.WhoAmI(t.Context())
			errs <- err
		}()
	}
	for range n {
		err = <-errs
	}
	return c.most, err
}

// TestFewerAtATimeWhenDataverseThrottles follows the client from eight at a
// time down, and up again.
func TestFewerAtATimeWhenDataverseThrottles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowded{}
		client, err := New("http://127.0.0.1:1", nil, &Options{Transport: c, Retry: policy.RetryOptions{MaxRetries: -1, TryTimeout: time.Hour}})
		if err != nil {
			t.Fatal(err)
		}
		fine, hint := says(200, whoIAm), says(200, whoIAm, "x-ms-dop-hint", "3")
		full := says(429, `{"error":{"code":"0x80072326"}}`)
		for i, step := range []struct {
			n      int
			answer func() *http.Response
			want   int
		}{
			{20, fine, 8},
			{8, full, 8},
			{20, fine, 6}, // four, and one more for each round that went well
			{60, fine, 8},
			{8, hint, 8},
			{20, hint, 3},
			{3, fine, 3},
		} {
			if most, _ := c.burst(t, client, step.n, step.answer); most != step.want {
				t.Errorf("burst %d had %d at a time, want %d", i+1, most, step.want)
			}
		}
	})
}

// TestNobodyAsksWhileDataverseWantsToBeLeftAlone: the Retry-After of one is
// everybody's, and a wait that there is no time for is not begun.
func TestNobodyAsksWhileDataverseWantsToBeLeftAlone(t *testing.T) {
	for _, status := range []int{429, 503} {
		synctest.Test(t, func(t *testing.T) {
			c := &crowded{}
			client, err := New("http://127.0.0.1:1", nil, &Options{Transport: c, Retry: policy.RetryOptions{MaxRetries: -1, TryTimeout: time.Minute}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.burst(t, client, 1, says(status, "", "Retry-After", "30")); outcome.RetryAfter(err) != 30*time.Second {
				t.Errorf("error %v", err)
			}
			begun := time.Now()
			if _, err := c.burst(t, client, 1, says(200, whoIAm)); err != nil || time.Since(begun) != 31*time.Second {
				t.Errorf("after %v: %v", time.Since(begun), err)
			}
			if _, err := c.burst(t, client, 1, says(status, "", "Retry-After", "300")); outcome.RetryAfter(err) != 5*time.Minute {
				t.Errorf("error %v", err)
			}
			begun = time.Now()
			total := c.total
			_, err = c.burst(t, client, 1, says(200, whoIAm))
			if outcome.Of(err) != outcome.Again || outcome.RetryAfter(err) != 5*time.Minute || time.Since(begun) != 0 || c.total != total {
				t.Errorf("after %v: %v", time.Since(begun), err)
			}
			if _, ok := errors.AsType[*notSentError](err); !ok {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestClientsThatRepeatOtherwiseShareTheGate: one that is patient knows of the
// throttle that the other one met.
func TestClientsThatRepeatOtherwiseShareTheGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crowded{}
		client, err := New("http://127.0.0.1:1", nil, &Options{Transport: c, Retry: policy.RetryOptions{MaxRetries: -1}})
		if err != nil {
			t.Fatal(err)
		}
		if !client.LastServed().IsZero() {
			t.Errorf("served at %v", client.LastServed())
		}
		patient := client.WithRetry(policy.RetryOptions{MaxRetries: 2, RetryDelay: time.Second})
		for _, step := range []struct {
			client *Client
			want   int
		}{{client, 1}, {patient, 3}} {
			c.total = 0
			if _, err := c.burst(t, step.client, 1, says(503, "")); err == nil || c.total != step.want {
				t.Errorf("%d attempts, want %d: %v", c.total, step.want, err)
			}
		}
		if most, _ := c.burst(t, client, 8, says(429, "")); most != 8 {
			t.Errorf("%d at a time, want 8", most)
		}
		if most, err := c.burst(t, patient, 5, says(200, whoIAm)); most != 4 || err != nil {
			t.Errorf("%d at a time, %v", most, err)
		}
		if patient.LastServed() != time.Now() || client.LastServed() != time.Now() {
			t.Errorf("served at %v and %v", patient.LastServed(), client.LastServed())
		}
	})
}

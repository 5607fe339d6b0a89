// Package people acts at the two ends as people do: those in the CRM who ask
// for payments over the Web API, the shop that calls Stripe's API, and the
// customers who pay, fail and object.
package people

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// NewClient returns a client for many requests at once to the two ends.
func NewClient() *http.Client {
	return &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: time.Minute},
	}
}

// call sends a request and returns the answer's JSON, with numbers as they
// were written.
func call(ctx context.Context, client *http.Client, method, url string, header http.Header, body string) (int, map[string]any, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, nil, err
	}
	req.Header = header
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || len(text) == 0 {
		return resp.StatusCode, nil, err
	}
	var answer map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		return resp.StatusCode, nil, fmt.Errorf("%s %s: %d and no JSON", method, req.URL.Path, resp.StatusCode)
	}
	return resp.StatusCode, answer, nil
}

// Refused is an answer that says no.
type Refused struct {
	Method, Path string
	Status       int
	Answer       map[string]any
}

// Error describes the answer.
func (r *Refused) Error() string {
	text, err := json.Marshal(r.Answer)
	if err != nil {
		text = nil
	}
	return fmt.Sprintf("%s %s: %d %s", r.Method, r.Path, r.Status, text)
}

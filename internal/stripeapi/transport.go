package stripeapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"paybridge/internal/backoff"
	"paybridge/internal/throttle"
)

// maxAnswer bounds an answer in bytes. The largest that PayBridge asks for, a
// page of a hundred disputes, is a tenth of it.
const maxAnswer = 8 << 20

// transport stands between stripe-go and the wire and does what stripe-go
// leaves open: it sends no more at a time than Stripe takes, bounds answers, refuses redirects, names PayBridge, and
// makes an error of Stripe's out of every answer with an error status, so that
// the status is not lost when a proxy answers in Stripe's place with HTML.
type transport struct {
	base http.RoundTripper
	// agent is added to the User-Agent. stripe-go's own way is a setting for
	// the whole process.
	agent string
	gate  *throttle.Gate
}

// RoundTrip sends the request.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("User-Agent", req.Header.Get("User-Agent")+" "+t.agent)
	leave, err := t.gate.Enter(req.Context())
	if err != nil {
		return nil, err
	}
	res, err := t.base.RoundTrip(req)
	if err != nil {
		leave(throttle.Answer{})
		return nil, err
	}
	res.Body = http.MaxBytesReader(nil, res.Body, maxAnswer)
	switch {
	case res.StatusCode >= 400:
		code, err := withStripeError(res)
		answer := throttle.Answer{RetryAfter: leftAlone(res)}
		// Another request that holds the same object is no matter of how many.
		answer.Throttled = res.StatusCode == http.StatusTooManyRequests && code != lockTimeout
		leave(answer)
		if err != nil {
			return nil, err
		}
	case res.StatusCode >= 300:
		leave(throttle.Answer{})
		return nil, errors.Join(fmt.Errorf("a redirect (HTTP status %d), which Stripe never sends", res.StatusCode), res.Body.Close())
	default:
		res.Body = &leaving{ReadCloser: res.Body, leave: sync.OnceFunc(func() { leave(throttle.Answer{Served: true}) })}
	}
	return res, nil
}

// lockTimeout is Stripe's code for an object that another request holds.
const lockTimeout = "lock_timeout"

// leftAlone is for how long Stripe wants no requests at all.
func leftAlone(res *http.Response) time.Duration {
	if res.StatusCode != http.StatusTooManyRequests && res.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	return backoff.RetryAfter(res.Header)
}

// leaving is a body that tells when it was read to the end.
type leaving struct {
	io.ReadCloser
	leave func()
}

// Close closes the body.
func (l *leaving) Close() error {
	l.leave()
	return l.ReadCloser.Close()
}

// withStripeError replaces the body of an error that is not Stripe's and
// returns the error's code.
func withStripeError(res *http.Response) (code string, err error) {
	body, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return "", fmt.Errorf("reading an answer with HTTP status %d: %w", res.StatusCode, err)
	}
	var answer struct {
		Error *struct {
			Code any `json:"code"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Error == nil {
		body = []byte(`{"error":{"type":"api_error","message":"the answer is not one of Stripe's"}}`)
	} else {
		code, _ = answer.Error.Code.(string)
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	res.ContentLength = int64(len(body))
	return code, nil
}

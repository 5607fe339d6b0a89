package dataverse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"paybridge/internal/backoff"
	"paybridge/internal/outbound"
	"paybridge/internal/throttle"
)

// maxResponse bounds the body of one answer, after unpacking.
const maxResponse = 16 << 20

// newHTTPClient returns the client that production uses. It has no cookie jar
// on purpose: Dataverse's limits are per web server, and its affinity cookie
// would tie all requests to one. Redirects are not followed, so a token goes
// nowhere but to the organisation.
func newHTTPClient(maxConcurrent int) *http.Client {
	t := outbound.Transport(maxConcurrent)
	t.MaxConnsPerHost = maxConcurrent
	return &http.Client{CheckRedirect: outbound.NoRedirect, Transport: t}
}

// transport reads the whole answer under a bound, behind a gate that lets
// through as many requests as Dataverse takes. Counting them here rather than
// relying on the number of connections also limits HTTP/2, and leaves room
// while a request waits for its next attempt.
type transport struct {
	inner policy.Transporter
	gate  *throttle.Gate
}

func newTransport(inner policy.Transporter, gate *throttle.Gate) *transport {
	return &transport{inner: inner, gate: gate}
}

// Do sends one attempt.
func (t *transport) Do(req *http.Request) (*http.Response, error) {
	leave, err := t.gate.Enter(req.Context())
	if err != nil {
		return nil, &notSentError{err}
	}
	resp, err := t.send(req)
	if err != nil {
		leave(throttle.Answer{})
		return nil, err
	}
	suggested, _ := strconv.Atoi(resp.Header.Get("x-ms-dop-hint"))
	answer := throttle.Answer{
		Served:    resp.StatusCode < 400,
		Throttled: resp.StatusCode == http.StatusTooManyRequests,
		Suggested: suggested,
	}
	if resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable {
		answer.RetryAfter = backoff.RetryAfter(resp.Header)
	}
	leave(answer)
	return resp, nil
}

func (t *transport) send(req *http.Request) (*http.Response, error) {
	resp, err := t.inner.Do(req)
	if err != nil {
		// The text of a url.Error holds the address with its query.
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return nil, &unansweredError{"sending", err}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse+1))
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, &unansweredError{"receiving", err}
	}
	if len(body) > maxResponse {
		return nil, tooLargeError{}
	}
	if token, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer "); ok && resp.StatusCode >= 300 {
		// An answer that repeats the request must not carry the token into an
		// error.
		body = bytes.ReplaceAll(body, []byte(token), []byte("[token]"))
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// notSentError says that a request was not let through the gate.
type notSentError struct{ error }

// Unwrap returns why.
func (e *notSentError) Unwrap() error { return e.error }

// tooLargeError says that an answer went over the bound. Its method
// NonRetriable tells azcore that asking again would bring the same.
type tooLargeError struct{}

// Error describes the error.
func (tooLargeError) Error() string {
	return fmt.Sprintf("the answer is larger than %d bytes", maxResponse)
}

// NonRetriable marks the error for azcore.
func (tooLargeError) NonRetriable() {}

package stripeapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxAnswer bounds an answer in bytes. The largest that PayBridge asks for, a
// page of a hundred disputes, is a tenth of it.
const maxAnswer = 8 << 20

// transport stands between stripe-go and the wire and does what stripe-go
// leaves open: it bounds answers, refuses redirects, names PayBridge, and
// makes an error of Stripe's out of every answer with an error status, so that
// the status is not lost when a proxy answers in Stripe's place with HTML.
type transport struct {
	base http.RoundTripper
	// agent is added to the User-Agent. stripe-go's own way is a setting for
	// the whole process.
	agent string
}

// RoundTrip sends the request.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("User-Agent", req.Header.Get("User-Agent")+" "+t.agent)
	res, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	res.Body = http.MaxBytesReader(nil, res.Body, maxAnswer)
	switch {
	case res.StatusCode >= 400:
		return withStripeError(res)
	case res.StatusCode >= 300:
		return nil, errors.Join(fmt.Errorf("a redirect (HTTP status %d), which Stripe never sends", res.StatusCode), res.Body.Close())
	}
	return res, nil
}

// withStripeError replaces the body of an error that is not Stripe's.
func withStripeError(res *http.Response) (*http.Response, error) {
	body, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return nil, fmt.Errorf("reading an answer with HTTP status %d: %w", res.StatusCode, err)
	}
	var answer struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil || len(answer.Error) == 0 || answer.Error[0] != '{' {
		body = []byte(`{"error":{"type":"api_error","message":"the answer is not one of Stripe's"}}`)
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	res.ContentLength = int64(len(body))
	return res, nil
}

package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"paybridge/internal/secret"
	"paybridge/internal/stripeapi"
)

// Answer is what the app said to a signed event.
type Answer struct {
	// Status is the HTTP status.
	Status int
	// Reason is what the function gave as its reason, empty where it was not the
	// function that answered.
	Reason string
}

// maxReply bounds what is read of the app's reply in bytes.
const maxReply = 4 << 10

// probeTimeout bounds one question to the app, a cold start of it included.
const probeTimeout = 30 * time.Second

// Probe sends the app an event of a type that nobody acts on, signed with a
// secret, as Stripe would: it changes nothing, and the answer tells whether the
// app knows the secret and the URL has the right function key. No error repeats
// the URL.
func Probe(ctx context.Context, client *http.Client, to, signing secret.Secret, live bool, now time.Time) (Answer, error) {
	if client == nil {
		client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	body := fmt.Appendf(nil, `{"id":"evt_PayBridgeProbe","object":"event","type":"paybridge.probe","created":%d,"livemode":%t,"data":{"object":{}}}`, now.Unix(), live)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.Reveal(), bytes.NewReader(body))
	if err != nil {
		return Answer{}, errors.New("the endpoint's URL cannot be read")
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Stripe-Signature", stripeapi.Sign(body, signing, now))
	res, err := client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // Its own text has the URL.
		}
		return Answer{}, fmt.Errorf("the app does not answer: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	answer := Answer{Status: res.StatusCode}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
	if err != nil {
		return Answer{}, fmt.Errorf("the app's answer cannot be read: %w", err)
	}
	var reply struct{ Reason string }
	if json.Unmarshal(text, &reply) == nil {
		answer.Reason = reply.Reason
	}
	return answer, nil
}

// Taken reports whether the app knows the secret.
func (a Answer) Taken() bool { return a.Status == http.StatusOK }

// String says what the app answered.
func (a Answer) String() string {
	if a.Reason == "" {
		return fmt.Sprintf("it answers %d %s", a.Status, http.StatusText(a.Status))
	}
	return fmt.Sprintf("it answers %d, %s", a.Status, a.Reason)
}

// Remedy says what to do about an answer that is no.
func (a Answer) Remedy() string {
	switch {
	case a.Status == http.StatusUnauthorized || a.Status == http.StatusForbidden:
		return "the function key in the endpoint's URL is not the app's: run paybridge setup stripe with the right one"
	case a.Status == http.StatusNotFound:
		return "check that the app is deployed and that its address is right"
	case a.Status == http.StatusServiceUnavailable && a.Reason != "":
		return "set what the app misses: see its health, and paybridge doctor"
	case a.Reason == stripeapi.ErrNoMatch.Error():
		return "the app has not read the new secret: restart it, or wait up to a day, then run this again"
	case a.Reason == stripeapi.ErrExpired.Error() || a.Reason == stripeapi.ErrFromFuture.Error():
		return "set the clock of this machine right and run this again"
	default:
		return "look at the app's log and run this again"
	}
}

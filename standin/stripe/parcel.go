package stripe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// parcel reads the endpoint and renders the body in its version; no endpoint when it is gone, disabled, or the event is.
func (s *Server) parcel(d delivery) (*endpoint, []byte, error) {
	var to *endpoint
	var body []byte
	err := s.view(d.Account, func(c *change) error {
		found, err := load[endpoint](c.home(), kindEndpoint, "id", d.Endpoint)
		if gone(err) || err == nil && found.Status != "enabled" {
			return nil
		}
		if err != nil {
			return err
		}
		e, err := load[event](c, kindEvent, "id", d.Event)
		if gone(err) {
			return nil
		}
		if err != nil {
			return err
		}
		e.APIVersion = found.version(s)
		e.Pending = max(e.Pending, 1)
		shown, err := render(e)
		if err != nil {
			return err
		}
		to = found
		body, err = pretty(shown)
		return err
	})
	return to, body, err
}

func gone(err error) bool {
	bad, ok := errors.AsType[*apiError](err)
	return ok && bad.Code == "resource_missing"
}

func ignoreGone(err error) error {
	if gone(err) {
		return nil
	}
	return err
}

// attemptDelivery posts the body; nil when the endpoint answered 2xx in time.
func (s *Server) attemptDelivery(to *endpoint, body []byte) error {
	ctx, cancel := context.WithTimeout(s.stopped, s.cfg.Delivery.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	now := s.cfg.Now()
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
	req.Header.Set("Accept", "*/*; q=0.5, application/xml")
	req.Header.Set("Cache-Control", "no-cache")
	req.Header.Set("Stripe-Signature", signature(now, body, to.signers(now)))
	resp, err := s.cfg.Delivery.Client.Do(req)
	if err != nil {
		return fmt.Errorf("posting: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // what could be read was read
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxBody)); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return errors.New("the endpoint answered " + strings.TrimSpace(resp.Status))
	}
	return nil
}

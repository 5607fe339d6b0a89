package soak

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"paybridge/internal/crm"
	"paybridge/standin/dataverse"
	"paybridge/standin/stripe"
)

// ends are Stripe and the CRM, which outlive everything that is killed.
type ends struct {
	stripe                  *stripe.Server
	dataverse               *dataverse.Server
	stripeURL, dataverseURL string
	servers                 []*http.Server
}

// retries is how often, and every how long, Stripe delivers a webhook again
// that was not taken: its days of trying, compressed.
const (
	retries    = 1000
	retryEvery = 250 * time.Millisecond
)

func openEnds(ctx context.Context, dir string, cfg Config, faults *injector) (_ *ends, err error) {
	e := &ends{}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	listener, err := listen(ctx)
	if err != nil {
		return nil, err
	}
	awkward := cfg.Faults.on(Webhooks)
	steps := dataverse.Steps{Twice: -1, Late: -1, LateBy: 300 * time.Millisecond, Concurrency: 16}
	if awkward {
		steps.Twice, steps.Late = 0.3, 0.3
	}
	e.dataverse, err = dataverse.Open(dataverse.Config{
		Dir: filepath.Join(dir, "dataverse"), Tables: dataverse.PayBridgeTables(), OrganizationHost: listener.Addr().String(),
		Faults: faults.dataverse, PartFaults: faults.part, Steps: steps,
	})
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	e.dataverseURL = e.serve(listener, e.dataverse)
	if listener, err = listen(ctx); err != nil {
		return nil, err
	}
	delivery := stripe.Delivery{Twice: -1, Late: -1, LateBy: 500 * time.Millisecond, Concurrency: 16, Timeout: budget}
	if awkward {
		delivery.Twice, delivery.Late = 0.3, 0.3
	}
	for range retries {
		delivery.Backoff = append(delivery.Backoff, retryEvery)
	}
	e.stripe, err = stripe.Open(stripe.Config{
		Dir: filepath.Join(dir, "stripe"), Seed: cfg.Seed, SettleAfter: -1, SearchLag: time.Second,
		Delivery: delivery, Faults: faults.stripe, PublicURL: "http://" + listener.Addr().String(),
	})
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	e.stripeURL = e.serve(listener, e.stripe)
	return e, nil
}

func listen(ctx context.Context) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for an end: %w", err)
	}
	return listener, nil
}

func (e *ends) serve(listener net.Listener, handler http.Handler) string {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	e.servers = append(e.servers, server)
	go func() { _ = server.Serve(listener) }()
	return "http://" + listener.Addr().String()
}

// register tells both ends where the functions are, with the key that opens
// them, and returns the secret that webhooks are signed with.
func (e *ends) register(functions, key string) (secret string, err error) {
	endpoint, err := e.stripe.Register(functions+"/api/stripe/webhook?code="+key, nil)
	if err != nil {
		return "", err
	}
	mapping := crm.PaymentMapping()
	return endpoint.Secret, e.dataverse.RegisterWebhook(dataverse.Webhook{
		Name: "PayBridge", URL: functions + "/api/crm/webhook", Code: key, Table: mapping.Table, Filter: mapping.Asks(),
	})
}

// waitIdle waits until neither end has anything to post.
func (e *ends) waitIdle(ctx context.Context) error {
	if err := e.stripe.WaitIdle(ctx); err != nil {
		return fmt.Errorf("waiting for Stripe's deliveries: %w", err)
	}
	if err := e.dataverse.WaitIdle(ctx); err != nil {
		return fmt.Errorf("waiting for the CRM's steps: %w", err)
	}
	return nil
}

// activity is a number that grows with everything that happens at either end.
func (e *ends) activity() int {
	counts := e.stripe.Counts()
	sum := counts.Delivered + counts.Undelivered
	for _, n := range counts.Requests {
		sum += n
	}
	for _, n := range e.dataverse.Counts() {
		sum += n
	}
	return sum
}

func (e *ends) close() error {
	var errs []error
	for _, server := range e.servers {
		errs = append(errs, server.Close())
	}
	if e.stripe != nil {
		errs = append(errs, e.stripe.Close())
	}
	if e.dataverse != nil {
		errs = append(errs, e.dataverse.Close())
	}
	return errors.Join(errs...)
}

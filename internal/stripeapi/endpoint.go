package stripeapi

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/secret"

	"github.com/stripe/stripe-go/v76"
)

// APIVersion is the version of Stripe's API that PayBridge speaks, and the one
// that its webhook endpoint is pinned to.
const APIVersion = stripe.APIVersion

// Endpoint is a webhook endpoint at Stripe.
type Endpoint struct {
	// ID is we_….
	ID string
	// Address is where Stripe delivers to, less the query, so that it can be
	// shown.
	Address string
	// URL is the whole of it. Its query holds a function key.
	URL secret.Secret
	// APIVersion is the version in which events are rendered, empty for the
	// default of the account. It cannot be changed.
	APIVersion string
	// Events are the types of the events that are delivered, in order. "*"
	// stands for all.
	Events []string
	// Enabled is false for an endpoint that a person or Stripe has turned off.
	Enabled bool
	// Livemode says which of Stripe's two worlds it is in.
	Livemode bool
	// Created is when it was made, in UTC.
	Created time.Time
	// Metadata is what others have noted on it.
	Metadata map[string]string
}

// EndpointParams are what is to be set on an endpoint. What is zero is left as
// it is.
type EndpointParams struct {
	URL         secret.Secret
	Events      []string
	Description string
	// Metadata is merged into what is there.
	Metadata map[string]string
	// Enable turns the endpoint on.
	Enable bool
}

// maxEndpoints bounds how many endpoints are listed. Stripe lets an account have
// sixteen.
const maxEndpoints = 1000

// Endpoints lists the webhook endpoints of the account in the mode of the key,
// newest first.
func (c *Client) Endpoints(ctx context.Context) ([]Endpoint, error) {
	params := &stripe.WebhookEndpointListParams{}
	params.Context, params.Limit = ctx, stripe.Int64(100)
	var all []Endpoint
	list := c.api.WebhookEndpoints.List(params)
	for list.Next() {
		if len(all) == maxEndpoints {
			return nil, outcome.Reviewf("There are more than %d webhook endpoints at Stripe. Remove those that nobody needs.", maxEndpoints)
		}
		all = append(all, endpointOf(list.WebhookEndpoint()))
	}
	if err := list.Err(); err != nil {
		return nil, c.failed("listing the webhook endpoints", err)
	}
	return all, nil
}

// CreateEndpoint makes a webhook endpoint pinned to APIVersion. The signing
// secret is told here and never again.
func (c *Client) CreateEndpoint(ctx context.Context, p EndpointParams) (Endpoint, secret.Secret, error) {
	const doing = "creating the webhook endpoint"
	params := p.params(ctx)
	params.APIVersion = stripe.String(APIVersion)
	made, err := c.api.WebhookEndpoints.New(params)
	if err != nil {
		return Endpoint{}, secret.Secret{}, c.failed(doing, err)
	}
	if made.ID == "" || made.Secret == "" {
		return Endpoint{}, secret.Secret{}, outcome.Againf("%s: the answer has no id or no secret", doing)
	}
	return endpointOf(made), secret.New(made.Secret), nil
}

// UpdateEndpoint changes a webhook endpoint.
func (c *Client) UpdateEndpoint(ctx context.Context, id string, p EndpointParams) (Endpoint, error) {
	if err := checkEndpoint(id); err != nil {
		return Endpoint{}, err
	}
	changed, err := c.api.WebhookEndpoints.Update(id, p.params(ctx))
	if err != nil {
		return Endpoint{}, c.failed("changing the webhook endpoint "+id, err)
	}
	return endpointOf(changed), nil
}

// DeleteEndpoint deletes a webhook endpoint, and with it what is still to be
// delivered there. One that is gone already is no error.
func (c *Client) DeleteEndpoint(ctx context.Context, id string) error {
	if err := checkEndpoint(id); err != nil {
		return err
	}
	params := &stripe.WebhookEndpointParams{}
	params.Context = ctx
	if _, err := c.api.WebhookEndpoints.Del(id, params); err != nil {
		if failed := c.failed("deleting the webhook endpoint "+id, err); !errors.Is(failed, ErrNotFound) {
			return failed
		}
	}
	return nil
}

func checkEndpoint(id string) error {
	if !payment.ValidStripeID(id, "we") {
		return outcome.Reviewf("%s is not the id of a webhook endpoint. Look for the endpoint in Stripe's Dashboard.", clean(id, 60))
	}
	return nil
}

func (p EndpointParams) params(ctx context.Context) *stripe.WebhookEndpointParams {
	params := &stripe.WebhookEndpointParams{Metadata: p.Metadata}
	params.Context = ctx
	if !p.URL.IsZero() {
		params.URL = stripe.String(p.URL.Reveal())
	}
	if len(p.Events) > 0 {
		params.EnabledEvents = stripe.StringSlice(p.Events)
	}
	if p.Description != "" {
		params.Description = stripe.String(p.Description)
	}
	if p.Enable {
		params.Disabled = stripe.Bool(false)
	}
	return params
}

func endpointOf(e *stripe.WebhookEndpoint) Endpoint {
	return Endpoint{
		ID: e.ID, Address: address(e.URL), URL: secret.New(e.URL), APIVersion: e.APIVersion,
		Events: slices.Sorted(slices.Values(e.EnabledEvents)), Enabled: e.Status == "enabled", Livemode: e.Livemode,
		Created: time.Unix(e.Created, 0).UTC(), Metadata: e.Metadata,
	}
}

// address returns a URL without what may be secret in it.
func address(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(a URL that cannot be read)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

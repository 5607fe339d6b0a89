package endpoint

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"paybridge/internal/secret"
	"paybridge/internal/stripeapi"
)

// create makes a new endpoint and stores its secret before those that are there.
func (r *run) create(ctx context.Context) error {
	var template *stripeapi.Endpoint
	if len(r.plan.old) > 0 {
		template = &r.plan.old[0]
	}
	to := r.url(template)
	if to.IsZero() {
		return &Error{
			Message: "the function key is not set, without which the app does not let Stripe in",
			Remedy:  "put it into PAYBRIDGE_FUNCTION_KEY, or into a file for --function-key-file: az functionapp keys list --resource-group GROUP --name APP --query functionKeys.default --output tsv",
		}
	}
	kept := slices.DeleteFunc(slices.Clone(r.list), func(s stored) bool {
		return s.endpoint != "" && !slices.ContainsFunc(r.plan.old, func(e stripeapi.Endpoint) bool { return e.ID == s.endpoint })
	})
	if len(kept) >= maxSecrets {
		return &Error{
			Message: fmt.Sprintf("the vault lists %d signing secrets, and the app takes no more than %d", len(kept), maxSecrets),
			Remedy:  "take those out that are not in use any more: finish the last roll with --retire, or store the secret of the endpoint that is in use alone",
		}
	}
	var made stripeapi.Endpoint
	var signing secret.Secret
	err := r.step("create", "a webhook endpoint for "+r.App+Path+", because "+r.plan.create, func() (err error) {
		made, signing, err = create(ctx, r.Stripe, r.App, to)
		return err
	})
	if err != nil {
		return err
	}
	r.list = slices.Insert(kept, 0, stored{signing, made.ID})
	err = r.step("store", "its signing secret as "+name()+" in the vault "+r.Vault.Name(), func() error {
		return r.store(ctx, made.ID)
	})
	if err != nil || r.DryRun {
		return err
	}
	// What it was all for is done. The mark only tells others that it is.
	made, err = mark(ctx, r.Stripe, r.App, made.ID, signing)
	r.plan.current = &made
	return err
}

func create(ctx context.Context, client *stripeapi.Client, app string, to secret.Secret) (stripeapi.Endpoint, secret.Secret, error) {
	return client.CreateEndpoint(ctx, stripeapi.EndpointParams{
		URL: to, Events: stripeapi.EventTypes(), Description: "PayBridge", Metadata: map[string]string{MetadataApp: host(app)},
	})
}

// mark notes on an endpoint that its secret is kept.
func mark(ctx context.Context, client *stripeapi.Client, app, id string, signing secret.Secret) (stripeapi.Endpoint, error) {
	return client.UpdateEndpoint(ctx, id, stripeapi.EndpointParams{
		Metadata: map[string]string{MetadataApp: host(app), MetadataSecret: Fingerprint(signing)},
	})
}

// Register makes an endpoint as Setup does, for whoever keeps its secret
// elsewhere than in a vault.
func Register(ctx context.Context, client *stripeapi.Client, app string, to secret.Secret) (stripeapi.Endpoint, secret.Secret, error) {
	made, signing, err := create(ctx, client, app, to)
	if err == nil {
		made, err = mark(ctx, client, app, made.ID, signing)
	}
	return made, signing, err
}

// store writes the list. Where that does not work, the endpoint whose secret is
// lost by it is deleted at once; should that not work either, the next run does.
func (r *run) store(ctx context.Context, made string) error {
	value, tags := join(r.list)
	err := r.Vault.Write(ctx, name(), value, tags)
	if err == nil {
		return nil
	}
	// Whether the vault has it is not known when the answer was lost, so it is
	// asked.
	if kept, reading := r.Vault.Read(ctx, name()); reading == nil && kept.Value.Equal(value) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if undone := r.Stripe.DeleteEndpoint(ctx, made); undone == nil {
		r.Say("deleted the webhook endpoint %s again", made)
	}
	return err
}

// url is where an endpoint should deliver to, empty where that is not known
// without the function key.
func (c *Config) url(e *stripeapi.Endpoint) secret.Secret {
	to := c.App + Path
	if !c.FunctionKey.IsZero() {
		return secret.New(to + "?code=" + url.QueryEscape(c.FunctionKey.Reveal()))
	}
	if e != nil {
		if u, err := url.Parse(e.URL.Reveal()); err == nil && u.Query().Get("code") != "" {
			return secret.New(to + "?" + u.RawQuery)
		}
	}
	if c.keyless() {
		return secret.New(to)
	}
	if e != nil {
		return secret.New(to)
	}
	return secret.Secret{}
}

// keyless reports whether the app is a Functions host on this machine, which
// asks for no keys.
func (c *Config) keyless() bool { return strings.HasPrefix(c.App, "http://") }

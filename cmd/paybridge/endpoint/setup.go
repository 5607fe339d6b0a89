package endpoint

import (
	"context"
	"net/http"
	"strings"
	"time"

	"paybridge/cmd/paybridge/vault"
	"paybridge/internal/secret"
	"paybridge/internal/stripeapi"
)

// Config says which app's endpoint is to be set up, and how.
type Config struct {
	Stripe *stripeapi.Client
	Vault  *vault.Vault
	// App is the address of the function app without a path, such as
	// https://pay.azurewebsites.net.
	App string
	// FunctionKey opens the app's function. Where it is not set an endpoint that
	// is there keeps the key that its URL has.
	FunctionKey secret.Secret
	// Roll makes a new endpoint with a new secret beside the one that is there.
	Roll bool
	// Retire deletes the endpoints beside the current one, and drops their
	// secrets.
	Retire bool
	// DryRun says what would be done and does nothing.
	DryRun bool
	// Say is told each thing that was done.
	Say func(format string, args ...any)
	// HTTP asks the app whether it takes the secret. Nil means a client of its
	// own.
	HTTP *http.Client
	// Now is the clock, time.Now when nil.
	Now func() time.Time
}

// Setup makes the endpoint what it should be. Run again it does nothing, and
// run after a crash it does what is missing.
//
// The error is an *Error or a *vault.Error where there is something to do about
// it, else that of the client.
func Setup(ctx context.Context, c Config) error { return explain(c.setup(ctx)) }

func (c Config) setup(ctx context.Context) error {
	if c.Now == nil {
		c.Now = time.Now
	}
	run, err := c.read(ctx)
	if err != nil {
		return err
	}
	if c.Roll && run.plan.current != nil && len(run.plan.old) > 1 {
		return &Error{
			Message: "the last roll is not finished: " + ids(run.plan.old[1:]) + " is still there beside " + run.plan.old[0].ID,
			Remedy:  "finish it with --retire, then roll again",
		}
	}
	if err := run.apply(ctx); err != nil {
		return err
	}
	switch {
	case c.Retire:
		return run.retire(ctx)
	case run.done == 0:
		c.Say("nothing to do: the webhook endpoint %s is as it should be", run.plan.current.ID)
	}
	run.remind()
	return nil
}

// run is one run of Setup.
type run struct {
	*Config
	plan plan
	list []stored
	done int
}

func (c *Config) read(ctx context.Context) (*run, error) {
	all, err := c.Stripe.Endpoints(ctx)
	if err != nil {
		return nil, err
	}
	kept, err := c.Vault.Read(ctx, name())
	if err != nil {
		return nil, err
	}
	list := readStored(kept, all)
	return &run{Config: c, list: list, plan: c.decide(Ours(all, c.App), list)}, nil
}

// step does one thing, such as to create an endpoint, and says so; in a dry run
// it only says that it would.
func (r *run) step(verb, what string, do func() error) error {
	r.done++
	if r.DryRun {
		r.Say("would %s %s", verb, what)
		return nil
	}
	if err := do(); err != nil {
		return err
	}
	r.Say("%s %s", past[verb], what)
	return nil
}

var past = map[string]string{"create": "created", "change": "changed", "delete": "deleted", "store": "stored", "keep": "kept"}

func (r *run) apply(ctx context.Context) error {
	for _, e := range r.plan.lost {
		err := r.step("delete", "the webhook endpoint "+e.ID+", whose signing secret was never stored", func() error {
			return r.Stripe.DeleteEndpoint(ctx, e.ID)
		})
		if err != nil {
			return err
		}
	}
	if r.plan.create != "" {
		return r.create(ctx)
	}
	if len(r.plan.reasons) > 0 {
		id := r.plan.current.ID
		err := r.step("change", "the webhook endpoint "+id+": "+strings.Join(r.plan.reasons, "; "), func() error {
			changed, err := r.Stripe.UpdateEndpoint(ctx, id, r.plan.correction)
			r.plan.current = &changed
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// remind says what is left to a person.
func (r *run) remind() {
	if len(r.plan.old) > 0 {
		r.Say("%s is still there and delivers too, so nothing is lost meanwhile", ids(r.plan.old))
		r.Say("next: restart the app, or wait up to a day until it has read the new secret, then run this again with --retire")
		return
	}
	if r.plan.create != "" {
		r.Say("next: restart the app so that it reads the secret: az functionapp restart --resource-group GROUP --name APP")
	}
}

func ids(endpoints []stripeapi.Endpoint) string {
	var all []string
	for _, e := range endpoints {
		all = append(all, e.ID)
	}
	return strings.Join(all, ", ")
}

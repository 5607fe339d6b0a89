package endpoint

import (
	"context"
	"fmt"
	"time"
)

// retryFor is for how long Stripe tries again to deliver an event.
//
// Source: https://docs.stripe.com/webhooks, "Retry behavior".
const retryFor = 3 * 24 * time.Hour

// retire deletes the endpoints beside the current one once the app takes what
// is signed with the current secret, and then drops their secrets.
func (r *run) retire(ctx context.Context) error {
	if r.plan.create != "" {
		r.remind()
		if r.DryRun {
			return nil
		}
		return &Error{
			Message: "a new webhook endpoint was made, so there is nothing to retire yet",
			Remedy:  "restart the app, then run this again with --retire",
		}
	}
	at := find(r.list, r.plan.current.ID)
	only := []stored{r.list[at]}
	if len(r.plan.old) == 0 && len(r.list) == 1 {
		r.Say("nothing to retire: %s is the only webhook endpoint of the app and its secret the only one in the vault", r.plan.current.ID)
		return nil
	}
	if err := r.inUse(ctx, only[0]); err != nil {
		return err
	}
	if len(r.plan.old) > 0 {
		if err := r.delivered(ctx); err != nil {
			return err
		}
	}
	for _, e := range r.plan.old {
		err := r.step("delete", "the old webhook endpoint "+e.ID, func() error { return r.Stripe.DeleteEndpoint(ctx, e.ID) })
		if err != nil {
			return err
		}
	}
	if len(r.list) == 1 {
		return nil
	}
	return r.step("keep", fmt.Sprintf("the secret of %s alone in the vault %s", r.plan.current.ID, r.Vault.Name()), func() error {
		value, tags := join(only)
		return r.Vault.Write(ctx, name(), value, tags)
	})
}

// inUse asks the app whether it takes what is signed with the secret.
func (r *run) inUse(ctx context.Context, s stored) error {
	answer, err := Probe(ctx, r.HTTP, r.plan.current.URL, s.secret, r.Stripe.Livemode(), r.Now())
	if err != nil {
		return &Error{Message: "whether the app has the new secret cannot be told: " + err.Error(), Remedy: "check that the app runs and run this again"}
	}
	if answer.Taken() {
		return nil
	}
	return &Error{
		Message: fmt.Sprintf("the app does not take the secret of %s yet: %s", s.endpoint, answer),
		Remedy:  answer.Remedy(),
	}
}

// delivered makes sure that nothing is on its way that only an old endpoint can
// bring: an event from before the second in which the current one was made.
func (r *run) delivered(ctx context.Context) error {
	since := r.plan.current.Created
	from := r.Now().Add(-retryFor)
	if !from.Before(since) {
		return nil
	}
	u, err := r.Stripe.Undelivered(ctx, from, since.Add(-time.Second))
	if err != nil {
		return err
	}
	if u.Count == 0 && !u.More {
		return nil
	}
	return &Error{
		Message: fmt.Sprintf("Stripe still tries to deliver events from before %s was made, %d of them, the oldest from %s; the old endpoint may be the one that brings them",
			r.plan.current.ID, u.Count, u.Oldest.Format(time.RFC3339)),
		Remedy: "see in Stripe's Dashboard why they are not taken, send them again from there, or wait until Stripe gives them up on " + since.Add(retryFor).Format("2 January"),
	}
}

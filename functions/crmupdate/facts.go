package crmupdate

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"
)

// readFacts reads from Stripe what each job's row and hints name, several jobs
// at once. A job that cannot be read keeps its error and does not hold up the
// others.
func (c *Config) readFacts(ctx context.Context, jobs []*job) {
	var group errgroup.Group
	group.SetLimit(c.Parallel)
	for _, j := range jobs {
		group.Go(func() error {
			j.facts, j.err = c.factsOf(ctx, j)
			return nil
		})
	}
	_ = group.Wait()
}

// factsOf reads the objects of one payment. Everything is read in one trip,
// but for an intent that its Checkout Session is expected to bring along and
// did not.
func (c *Config) factsOf(ctx context.Context, j *job) (payment.Facts, error) {
	recorded := j.row.Recorded
	if names := recorded.PaymentIntentID != "" || recorded.CheckoutSessionID != ""; names && recorded.Status != 0 && recorded.Livemode != c.Livemode {
		return payment.Facts{}, outcome.Reviewf("The row records a payment of %s mode, but this deployment handles %s mode. Clear the Stripe ids of the row, or use the deployment of the other mode.", mode(recorded.Livemode), mode(c.Livemode))
	}
	sessions := appendNew(j.sessionIDs(), recorded.CheckoutSessionID)
	intents := j.intentIDs()
	for _, id := range namedIntents(j.row.LastError) {
		intents = appendNew(intents, id)
	}
	bySession := ""
	if recorded.CheckoutSessionID != "" {
		// The session that the row records brings the intent that the row
		// records: reading both would be one request too many.
		bySession = recorded.PaymentIntentID
		intents = slices.DeleteFunc(intents, func(id string) bool { return id == bySession })
	} else {
		intents = appendNew(intents, recorded.PaymentIntentID)
	}
	facts, err := c.readAll(ctx, j.account, intents, sessions)
	if err != nil || bySession == "" {
		return facts, err
	}
	for _, s := range facts.Sessions {
		if s.Intent != nil && s.Intent.ID == bySession {
			return facts, nil
		}
	}
	more, err := c.readAll(ctx, j.account, []string{bySession}, nil)
	facts.Intents = append(facts.Intents, more.Intents...)
	return facts, err
}

// readAll reads objects side by side. There are rarely more than two.
func (c *Config) readAll(ctx context.Context, account string, intents, sessions []string) (payment.Facts, error) {
	var (
		facts payment.Facts
		mu    sync.Mutex
	)
	group, ctx := errgroup.WithContext(ctx)
	for _, id := range intents {
		group.Go(func() error {
			intent, err := c.Stripe.Intent(ctx, account, id)
			mu.Lock()
			defer mu.Unlock()
			facts.Intents = append(facts.Intents, intent)
			return err
		})
	}
	for _, id := range sessions {
		group.Go(func() error {
			session, err := c.Stripe.Session(ctx, account, id)
			mu.Lock()
			defer mu.Unlock()
			facts.Sessions = append(facts.Sessions, session)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return payment.Facts{}, err
	}
	return facts, nil
}

func mode(live bool) string {
	if live {
		return "live"
	}
	return "test"
}

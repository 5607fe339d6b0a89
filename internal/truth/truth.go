// Package truth reads from Stripe everything that is true of one payment row.
// Both directions start with it: a hint and a change in the CRM only say that
// it is time to look.
package truth

import (
	"context"
	"regexp"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"
)

// Reader reads Stripe's objects; it is package stripeapi. The account is the
// connected account to read from, empty for one's own.
type Reader interface {
	Intent(ctx context.Context, account, id string) (payment.Intent, error)
	Session(ctx context.Context, account, id string) (payment.Session, error)
}

// Names are the ids of Stripe objects that somebody has named.
type Names struct {
	Intents, Sessions []string
}

// Add names ids of PaymentIntents and Checkout Sessions, each once; an empty one
// names nothing.
func (n *Names) Add(ids ...string) {
	for _, id := range ids {
		if payment.ValidStripeID(id, "cs") {
			n.Sessions = appendNew(n.Sessions, id)
		} else {
			n.Intents = appendNew(n.Intents, id)
		}
	}
}

// All returns what is named.
func (n *Names) All() []string { return slices.Concat(n.Intents, n.Sessions) }

// Read reads what the row records and what else is named, in one trip, but for
// an intent that its Checkout Session was expected to bring along and did not.
// A row that records objects of the other mode is an error of class review:
// this deployment's key cannot see them.
func Read(ctx context.Context, r Reader, account string, row payment.Row, livemode bool, named Names) (payment.Facts, error) {
	recorded := row.Recorded
	if names := recorded.PaymentIntentID != "" || recorded.CheckoutSessionID != ""; names && recorded.Status != 0 && recorded.Livemode != livemode {
		return payment.Facts{}, outcome.Reviewf("The row records a payment of %s mode, but this deployment handles %s mode. Clear the Stripe ids of the row, or use the deployment of the other mode.", mode(recorded.Livemode), mode(livemode))
	}
	sessions := appendNew(slices.Clone(named.Sessions), recorded.CheckoutSessionID)
	intents := slices.Clone(named.Intents)
	for _, id := range mentioned(row.LastError) {
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
	facts, err := all(ctx, r, account, intents, sessions)
	if err != nil || bySession == "" {
		return facts, err
	}
	for _, s := range facts.Sessions {
		if s.Intent != nil && s.Intent.ID == bySession {
			return facts, nil
		}
	}
	more, err := all(ctx, r, account, []string{bySession}, nil)
	facts.Intents = append(facts.Intents, more.Intents...)
	return facts, err
}

// all reads objects side by side. There are rarely more than two.
func all(ctx context.Context, r Reader, account string, intents, sessions []string) (payment.Facts, error) {
	var (
		facts payment.Facts
		mu    sync.Mutex
	)
	group, ctx := errgroup.WithContext(ctx)
	for _, id := range intents {
		group.Go(func() error {
			intent, err := r.Intent(ctx, account, id)
			mu.Lock()
			defer mu.Unlock()
			facts.Intents = append(facts.Intents, intent)
			return err
		})
	}
	for _, id := range sessions {
		group.Go(func() error {
			session, err := r.Session(ctx, account, id)
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

// mentioned finds the PaymentIntents in the row's last error. A row that was
// paid twice has to be judged by both payments until one of them is refunded,
// and the sentence that says so is where both ids are kept.
func mentioned(lastError string) []string {
	const most = 6
	ids := mention.FindAllString(lastError, most)
	slices.Sort(ids)
	return slices.Compact(ids)
}

var mention = regexp.MustCompile(`\bpi_[A-Za-z0-9]{5,250}\b`)

func appendNew(ids []string, id string) []string {
	if id == "" || slices.Contains(ids, id) {
		return ids
	}
	return append(ids, id)
}

func mode(live bool) string {
	if live {
		return "live"
	}
	return "test"
}

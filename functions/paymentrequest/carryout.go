package paymentrequest

import (
	"context"
	"errors"
	"slices"
	"time"

	"paybridge/internal/advice"
	"paybridge/internal/judge"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/stripeapi"
	"paybridge/internal/truth"
)

const (
	// maxSteps bounds what one round does for one row. The longest way is to
	// close a few attempts and to make one.
	maxSteps = 8
	// keyLife is how long an idempotency key is relied on. Stripe keeps them for
	// at least 24 hours; a row that is older is searched for before something is
	// made for it.
	keyLife = 23 * time.Hour
)

// carryOut does what the row asks for, one step at a time, until both ends
// agree. What a person has to be told ends up in the job's reason; the error is
// of class again.
func (c *Config) carryOut(ctx context.Context, j *job) error {
	if !judge.Asks(j.row) {
		return c.lookAgain(ctx, j)
	}
	if err := c.read(ctx, j); err != nil {
		j.Blind = true
		return c.told(j, err)
	}
	for range maxSteps {
		step, err := payment.Decide(j.row.Row, j.facts)
		if err != nil {
			j.Tell(err)
			return nil
		}
		if step.Action == payment.Nothing {
			return nil
		}
		if creates(step) && !j.look && c.Now().Sub(j.row.Created) > keyLife {
			// The key of an earlier try may be forgotten: look before making.
			j.look = true
			if err := c.search(ctx, j); err != nil {
				return err
			}
			continue
		}
		done, err := c.do(ctx, j, step)
		switch {
		case err == nil && done:
			return nil
		case err == nil:
		case stripeapi.IsStale(err):
			// The customer was faster: see what is true now.
			err := c.read(ctx, j)
			if err == nil {
				err = c.pair(ctx, j, step)
			}
			if err != nil {
				j.Blind = true
				return c.told(j, err)
			}
		case stripeapi.IsIdempotencyConflict(err):
			// An earlier try made the object with other parameters and did not
			// live to write it down.
			j.look = true
			if err := c.search(ctx, j); err != nil {
				return err
			}
			if again, _ := payment.Decide(j.row.Row, j.facts); creates(again) && again.After == step.After {
				return err // the search does not know it yet
			}
		case stripeapi.IsReplayedFailure(err):
			if err := c.lost(ctx, j, step, err); err != nil {
				return err
			}
		default:
			return c.told(j, err)
		}
	}
	return outcome.Againf("carrying out %q: more than %d steps did not lead to agreement", j.row.Text(), maxSteps)
}

// lost looks for what may have been made although Stripe failed and repeats
// that failure for as long as it keeps the key. Lists show at once what was
// made, so what they do not show was not, and is asked for under another key.
// The search for PaymentIntents lags: there the error stays, and the event of
// the one that was made, or the end of the key, settles it.
func (c *Config) lost(ctx context.Context, j *job, step payment.Step, err error) error {
	if creates(step) {
		j.look = true
		if err := c.search(ctx, j); err != nil {
			return err
		}
		if again, _ := payment.Decide(j.row.Row, j.facts); again != step {
			return nil
		}
	}
	if step.Action == payment.CreateIntent {
		return err
	}
	j.spent = append(j.spent, key(j.id, step))
	return nil
}

// lookAgain is for a row that asks for nothing.
func (c *Config) lookAgain(ctx context.Context, j *job) error {
	if judge.Idle(j.row, j.named) {
		j.Blind = true
		return nil
	}
	err := c.read(ctx, j)
	if outcome.Of(err) == outcome.Again {
		return err
	}
	j.Look(j.row, j.facts, err)
	return nil
}

// told sorts an error: what a person has to see goes to the row, the rest is
// tried again.
func (c *Config) told(j *job, err error) error {
	if outcome.Of(err) != outcome.Review {
		return err
	}
	if e, ok := errors.AsType[*stripeapi.Error](err); ok && len(j.steps) > 0 {
		err = &payment.Refusal{Reason: advice.Refused(e)}
	}
	j.Tell(err)
	return nil
}

func creates(step payment.Step) bool {
	return step.Action == payment.CreateIntent || step.Action == payment.CreateSession
}

func (c *Config) read(ctx context.Context, j *job) (err error) {
	j.facts, err = truth.Read(ctx, c.Stripe, "", j.row.Row, c.Livemode, j.named)
	if err == nil && j.look {
		err = c.search(ctx, j)
	}
	return err
}

// pair finds the Checkout Session of a PaymentIntent that could not be canceled
// or changed. The row may name the intent alone, and while the session is open
// the intent is the session's.
func (c *Config) pair(ctx context.Context, j *job, step payment.Step) error {
	if step.Action != payment.CancelIntent && step.Action != payment.UpdateIntent {
		return nil
	}
	if slices.ContainsFunc(j.facts.Sessions, func(s payment.Session) bool { return s.Intent != nil && s.Intent.ID == step.ID }) {
		return nil
	}
	session, found, err := c.Stripe.SessionOf(ctx, "", step.ID)
	if err == nil && found {
		j.facts.Sessions = append(j.facts.Sessions, session)
	}
	return err
}

// search adds what Stripe has for the row and the row does not name.
func (c *Config) search(ctx context.Context, j *job) error {
	intents, err := c.Stripe.FindIntents(ctx, "", j.id)
	if err != nil {
		return err
	}
	for _, in := range intents {
		if !slices.ContainsFunc(j.facts.Intents, func(known payment.Intent) bool { return known.ID == in.ID }) {
			j.facts.Intents = append(j.facts.Intents, in)
		}
	}
	if j.row.Ask.CollectBy != payment.ByLink {
		return nil
	}
	sessions, err := c.Stripe.FindSessions(ctx, "", j.id, c.Now().Add(-24*time.Hour))
	if err != nil {
		return err
	}
	for _, s := range sessions {
		if !slices.ContainsFunc(j.facts.Sessions, func(known payment.Session) bool { return known.ID == s.ID }) {
			j.facts.Sessions = append(j.facts.Sessions, s)
		}
	}
	return nil
}

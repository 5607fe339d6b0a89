package provision

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"paybridge/internal/backoff"
	"paybridge/internal/dataverse"
	"paybridge/internal/outcome"
)

// part is one thing that an environment is to have.
type part struct {
	name string
	// look reads what is there and says what is to be done. It changes nothing.
	look func(context.Context) (finding, error)
	// limit bounds the part; zero means Patience.Part.
	limit time.Duration
}

// finding is what a look found.
type finding struct {
	// is says what there is, for a part of which nothing is missing.
	is string
	// todo is what is missing, in order.
	todo []action
	// left is what differs and is for a person, notes is what is worth knowing.
	left, notes []string
}

// action does one thing that is missing.
type action struct {
	// subject is what it is done to, empty for the part itself; text is what was
	// done: "made with 23 columns".
	subject, text string
	// do does it; nil waits for what Dataverse does by itself.
	do func(context.Context) error
	// tolerant goes on to the next action where Dataverse refuses this one,
	// because it may have been done before and does not show yet.
	tolerant bool
}

// ensure brings one part to where nothing is missing: it looks, does what is
// missing and looks again.
func (s *setup) ensure(ctx context.Context, p part) error {
	limit := p.limit
	if limit == 0 {
		limit = s.patience.Part
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	attempt := &attempt{setup: s, part: p, done: map[string]bool{}}
	for {
		found, err := p.look(ctx)
		if err == nil && (len(found.todo) == 0 || s.plan.DryRun) {
			attempt.conclude(found)
			return nil
		}
		if err == nil {
			err = attempt.act(ctx, found.todo)
		}
		if err := attempt.wait(ctx, err); err != nil {
			return err
		}
	}
}

// attempt is the work on one part.
type attempt struct {
	*setup
	part part
	// done are the actions that Dataverse said it has done.
	done  map[string]bool
	tries int
	last  error
}

// errNotShown says that what was done does not show yet.
var errNotShown = errors.New("what was made does not show yet")

// errUnderWay says that Dataverse is at work by itself.
var errUnderWay = errors.New("the index is being built")

// act does what is missing. What was done before and does not show yet is not
// done again, because it would be there twice.
func (a *attempt) act(ctx context.Context, todo []action) error {
	var refused error
	for _, next := range todo {
		switch {
		case next.do == nil:
			a.report(Event{Waiting, a.subject(next), next.text})
			return errUnderWay
		case a.done[a.subject(next)+next.text]:
			if refused != nil {
				return refused
			}
			return errNotShown
		}
		a.report(Event{Kind: Working, Part: a.subject(next)})
		err := next.do(ctx)
		if next.tolerant && refusal(err) {
			refused = err
			continue
		}
		if err != nil {
			return err
		}
		a.done[a.subject(next)+next.text] = true
		a.result.Changes++
		a.report(Event{Made, a.subject(next), next.text})
	}
	return nil
}

func (a *attempt) subject(next action) string {
	if next.subject == "" {
		return a.part.name
	}
	return next.subject
}

// wait ends the part with an error that waiting does not mend, and waits for a
// moment otherwise. After an action that went well there is no wait.
func (a *attempt) wait(ctx context.Context, err error) error {
	if err == nil {
		a.tries = 0
		return nil
	}
	if ctx.Err() != nil {
		return a.gaveUp(ctx, err)
	}
	if !passing(err) {
		return fmt.Errorf("%s: %w", a.part.name, err)
	}
	a.last = err
	a.tries++
	// An index of few rows is there in a second or two.
	delay := backoff.Policy{Base: a.patience.First / 2, Cap: a.patience.KeyPoll}.Ceiling(a.tries)
	if !errors.Is(err, errUnderWay) {
		policy := backoff.Policy{Base: a.patience.First, Cap: a.patience.Longest}
		delay = max(policy.Delay(a.tries, outcome.RetryAfter(err)), policy.Base/4)
		a.report(Event{Waiting, a.part.name, fmt.Sprintf("trying again in %v: %v", delay.Round(100*time.Millisecond), err)})
	}
	if backoff.Wait(ctx, delay) != nil {
		return a.gaveUp(ctx, err)
	}
	return nil
}

// gaveUp is the error of a part whose time is over, or that was interrupted.
// What it waited for says more than that a request was cut off.
func (a *attempt) gaveUp(ctx context.Context, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		err = context.Cause(ctx)
	case a.last != nil:
		err = fmt.Errorf("waited long enough: %w", a.last)
	}
	return fmt.Errorf("%s: %w", a.part.name, err)
}

// conclude reports a part as it is in the end.
func (a *attempt) conclude(found finding) {
	for _, next := range found.todo {
		if next.do != nil {
			a.result.Changes++
			a.report(Event{Planned, a.subject(next), next.text})
		}
	}
	if len(found.todo) == 0 && len(a.done) == 0 && len(found.left) == 0 {
		a.report(Event{Unchanged, a.part.name, found.is})
	}
	for _, text := range found.left {
		a.result.Left++
		a.report(Event{Left, a.part.name, text})
	}
	for _, text := range found.notes {
		a.report(Event{Note, a.part.name, text})
	}
}

// The codes of what is there already: names that are taken, a record with the
// same key, a value that a choice has.
func taken() []string {
	return []string{"0x80040237", "0x80060892", "0x80060304", "0x80047013", "0x80047010"}
}

// passing says whether looking again in a moment may help: after a lost answer,
// a throttle, the lock of another customization, an error that comes and goes,
// a definition that was made a moment ago and is not everywhere yet, and where
// somebody else made the same thing at the same time.
func passing(err error) bool {
	e, ok := errors.AsType[*dataverse.Error](err)
	if !ok {
		return errors.Is(err, errNotShown) || errors.Is(err, errUnderWay) || dataverse.IsUnanswered(err)
	}
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return false
	case http.StatusNotFound:
		return true
	}
	for _, code := range taken() {
		if strings.EqualFold(e.Code, code) {
			return true
		}
	}
	return e.Class() == outcome.Again
}

// refusal says whether Dataverse refused a request for good.
func refusal(err error) bool {
	e, ok := errors.AsType[*dataverse.Error](err)
	return ok && e.Status == http.StatusBadRequest
}

// Refused is something that setup cannot go on from, with what to do about it.
type Refused struct {
	Problem, Remedy string
}

// Error returns the problem.
func (r *Refused) Error() string { return r.Problem }

// Hint returns what to do.
func (r *Refused) Hint() string { return r.Remedy }

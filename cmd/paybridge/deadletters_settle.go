package main

import (
	"context"
	"errors"
	"fmt"

	"paybridge/cmd/paybridge/deadletters"
)

// settleFlags say how something is changed.
type settleFlags struct {
	DryRun bool `help:"Show what would be done, and do nothing."`
	Yes    bool `short:"y" help:"Do not ask."`
}

// resubmitDeadLetters puts some of them on their queue again.
type resubmitDeadLetters struct {
	deadLetterFlags
	deadLetterNames
	settleFlags
}

// Validate refuses what cannot be meant.
func (c *resubmitDeadLetters) Validate() error {
	return errors.Join(c.deadLetterFlags.Validate(), c.check())
}

// Run shows which they are, asks, and does it.
func (c *resubmitDeadLetters) Run(ctx context.Context, t *terminal) error {
	return c.settle(ctx, t, c.deadLetterNames, c.settleFlags, deed{
		do: deadletters.Resubmit, question: "Put %s on the queue again?", done: "resubmitted %s",
		warn: deadletters.Unreadable, warning: "no function can read %s: it would be logged and lost",
	})
}

// dropDeadLetters removes some of them for good.
type dropDeadLetters struct {
	deadLetterFlags
	deadLetterNames
	settleFlags
}

// Validate refuses what cannot be meant.
func (c *dropDeadLetters) Validate() error {
	return errors.Join(c.deadLetterFlags.Validate(), c.check())
}

// Run shows which they are, asks, and does it.
func (c *dropDeadLetters) Run(ctx context.Context, t *terminal) error {
	return c.settle(ctx, t, c.deadLetterNames, c.settleFlags, deed{
		do: deadletters.Drop, question: "Drop %s for good?", done: "dropped %s",
		warn: deadletters.OutOfStep, warning: "the payment of %s is still out of step: after this only reconcile or another event can heal it",
	})
}

// deed is what is done to the letters, with its words.
type deed struct {
	do             deadletters.Deed
	question, done string
	// warn is the state of letters that should rather be left as they are.
	warn    deadletters.State
	warning string
}

func (f deadLetterFlags) settle(ctx context.Context, t *terminal, names deadLetterNames, how settleFlags, d deed) (err error) {
	box, err := f.open(ctx, t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, box.Close(context.WithoutCancel(ctx))) }()
	chosen, err := box.choose(names)
	if err != nil {
		return err
	}
	if len(chosen) == 0 {
		t.say("There are no such dead letters: nothing to do.")
		return nil
	}
	if err := box.show(t, chosen); err != nil {
		return err
	}
	unwise, err := deadletters.Selection{Only: []deadletters.State{d.warn}}.From(chosen)
	if err != nil {
		return err
	}
	if len(unwise) > 0 {
		t.say("warning: "+d.warning, plural(len(unwise), "dead letter"))
	}
	question := fmt.Sprintf(d.question, plural(len(chosen), "dead letter"))
	switch {
	case how.DryRun:
		t.say("Dry run: nothing was changed. Without --dry-run the question would be: %s", question)
		return nil
	case !how.Yes:
		if yes, err := t.ask(ctx, question); err != nil || !yes {
			if err == nil {
				t.say("Nothing was changed.")
			}
			return err
		}
	}
	for _, q := range box.queues {
		if err := box.settleQueue(ctx, t, q.Name, of(chosen, q.Name), d); err != nil {
			return err
		}
	}
	return nil
}

// settleQueue does the deed to the letters of one queue and says what became
// of each.
func (b *deadLetterBox) settleQueue(ctx context.Context, t *terminal, queue string, letters []*deadletters.Letter, d deed) error {
	if len(letters) == 0 {
		return nil
	}
	shown := len(letters)
	result, err := deadletters.Settle(ctx, b.Queues, queue, of(b.letters, queue), letters, d.do, func(left int) {
		if left < shown {
			t.progress("  %d of %d", len(letters)-left, len(letters))
			shown = left
		}
	})
	if n := len(result.Done); n > 0 || err == nil {
		t.say("%s: "+d.done, queue, plural(n, "dead letter"))
	}
	for _, kind := range []struct {
		numbers []int64
		text    string
	}{
		{result.Doubled, "%s: sent again, but still in the dead letters too: %v. That does no harm; drop them."},
		{result.Lost, "%s: nothing was done to %v, their lock was lost. Run the command again."},
		{result.Gone, "%s: not found any more: %v. Somebody else has settled them or is about to."},
	} {
		if len(kind.numbers) > 0 {
			t.say(kind.text, queue, kind.numbers)
		}
	}
	if errors.Is(err, deadletters.ErrTooMany) {
		return &hinted{fmt.Errorf("%s: %w", queue, err), "run the command again; to get at those behind, settle the ones before them first"}
	}
	return err
}

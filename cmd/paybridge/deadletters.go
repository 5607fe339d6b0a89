package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"paybridge/cmd/paybridge/deadletters"
	"paybridge/cmd/paybridge/queues"
	"paybridge/cmd/paybridge/target"
)

// deadLettersCommand looks after the messages that were given up.
type deadLettersCommand struct {
	List     listDeadLetters     `cmd:"" help:"Show the dead letters, and which of them somebody else has healed meanwhile."`
	Explain  explainDeadLetters  `cmd:"" help:"Show everything that is known about some of them."`
	Resubmit resubmitDeadLetters `cmd:"" help:"Put them on their queue again."`
	Drop     dropDeadLetters     `cmd:"" help:"Remove them for good."`
}

// deadLetterFlags say where the dead letters are.
type deadLetterFlags struct {
	target.Flags `embed:""`
	Queue        string `enum:"both,events,requests" default:"both" help:"Look at one queue only: events (PaymentEventsQueue) or requests (PaymentRequestsQueue)."`
	Max          int    `default:"1000" help:"Look at no more than so many dead letters of each queue."`
	From         int64  `help:"Begin at this number, to go on where an earlier look stopped."`
}

// deadLetterNames choose some of them.
type deadLetterNames struct {
	Names []string `arg:"" optional:"" name:"which" help:"Numbers of dead letters, message ids, ids of payment rows, or Stripe ids (pi_…, cs_…, evt_…)."`
	All   bool     `help:"All of them."`
	Only  []string `enum:"in-step,out-of-step,left-alone,unreadable,not-compared" placeholder:"STATE" help:"Of these only those in a state: in-step, out-of-step, left-alone, unreadable or not-compared."`
}

// Validate refuses what cannot be meant, before anything is looked at.
func (f deadLetterFlags) Validate() error {
	if f.Max < 1 {
		return errors.New("--max has to be at least 1")
	}
	return nil
}

// check refuses a choice that may not be the one that is meant.
func (n deadLetterNames) check() error {
	switch {
	case len(n.Names) == 0 && !n.All && len(n.Only) == 0:
		return errors.New("which dead letters? Name them by number, message id or payment, or say --all or --only in-step")
	case len(n.Names) > 0 && n.All:
		return errors.New("either --all, or some by name")
	default:
		return nil
	}
}

// deadLetterBox is what the dead letters were found in.
type deadLetterBox struct {
	*target.Target
	queues  []deadletters.Queue
	letters []*deadletters.Letter
	// more names the queues that hold more than was looked at.
	more []string
}

// open reads the dead letters and compares their payments at both ends.
func (f deadLetterFlags) open(ctx context.Context, t *terminal) (*deadLetterBox, error) {
	found, err := f.Open(ctx, process())
	if err != nil {
		return nil, err
	}
	box := &deadLetterBox{Target: found}
	if err := box.read(ctx, t, f); err != nil {
		return nil, errors.Join(err, found.Close(context.WithoutCancel(ctx)))
	}
	return box, nil
}

func (b *deadLetterBox) read(ctx context.Context, t *terminal, f deadLetterFlags) error {
	s := b.Settings
	all := []deadletters.Queue{{Name: s.PaymentEventsQueue, Kind: deadletters.Hints}, {Name: s.PaymentRequestsQueue, Kind: deadletters.Changes}}
	needed := []string{"ServiceBusConnection", "PaymentEventsQueue", "PaymentRequestsQueue"}
	switch f.Queue {
	case "events":
		b.queues, needed = all[:1], needed[:2]
	case "requests":
		b.queues, needed = all[1:], []string{needed[0], needed[2]}
	default:
		b.queues = all
	}
	if err := b.Require(needed...); err != nil {
		return err
	}
	t.progress("looking at %s…", b)
	for _, q := range b.queues {
		letters, more, err := deadletters.Read(ctx, b.Queues, q, f.From, f.Max)
		if err != nil {
			return err
		}
		b.letters = append(b.letters, letters...)
		if more {
			b.more = append(b.more, fmt.Sprintf("%s holds more: look further with --from %d", q.Name, letters[len(letters)-1].SequenceNumber+1))
		}
	}
	b.compare(ctx, t)
	return ctx.Err()
}

func (b *deadLetterBox) compare(ctx context.Context, t *terminal) {
	comparer := deadletters.Comparer{
		Missing: b.Settings.Unset("StripeSecretKey", "DataverseUrl"), Mapping: b.Mapping,
		Livemode: b.Settings.Livemode(), Org: b.Settings.OrgHost(),
	}
	if len(comparer.Missing) == 0 {
		comparer.Rows, comparer.Stripe = b.Rows, b.Stripe
	}
	if len(b.letters) > 0 {
		t.progress("comparing the payments of %d dead letters at both ends…", len(b.letters))
	}
	comparer.Compare(ctx, b.letters, func(done, all int) {
		if done < all {
			t.progress("  %d of %d payments", done, all)
		}
	})
}

// listDeadLetters shows them.
type listDeadLetters struct {
	deadLetterFlags
}

// Run prints a table for each queue.
func (c *listDeadLetters) Run(ctx context.Context, t *terminal) (err error) {
	box, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, box.Close(context.WithoutCancel(ctx))) }()
	if err := box.show(t, box.letters); err != nil {
		return err
	}
	for _, q := range box.queues {
		n, err := box.Queues.Waiting(ctx, q.Name)
		if err != nil {
			return err
		}
		if n > 0 {
			t.say("%s: %s on the queue itself", q.Name, waiting(n))
		}
	}
	for _, more := range box.more {
		t.say("%s", more)
	}
	if len(box.letters) > 0 {
		t.say("\nLook closer: paybridge deadletters explain <number>")
	}
	return nil
}

// show prints some of the letters, by queue.
func (b *deadLetterBox) show(t *terminal, letters []*deadletters.Letter) error {
	for _, q := range b.queues {
		its := of(letters, q.Name)
		if len(its) == 0 {
			t.say("%s: no dead letters", q.Name)
			continue
		}
		t.say("%s: %s (%s)", q.Name, plural(len(its), "dead letter"), deadletters.Summary(its))
		if err := deadletters.List(t.out, its); err != nil {
			return err
		}
		if why := deadletters.Uncompared(its); why != "" {
			t.say("  not compared: %s", why)
		}
	}
	return nil
}

func of(letters []*deadletters.Letter, queue string) []*deadletters.Letter {
	return slices.DeleteFunc(slices.Clone(letters), func(l *deadletters.Letter) bool { return l.Queue != queue })
}

func waiting(n int) string {
	if n >= queues.WaitingLimit {
		return fmt.Sprintf("%d messages or more", n)
	}
	return plural(n, "message")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// explainDeadLetters shows some of them closely.
type explainDeadLetters struct {
	deadLetterFlags
	deadLetterNames
}

// Validate refuses what cannot be meant.
func (c *explainDeadLetters) Validate() error {
	return errors.Join(c.deadLetterFlags.Validate(), c.check())
}

// Run prints what is known.
func (c *explainDeadLetters) Run(ctx context.Context, t *terminal) (err error) {
	box, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, box.Close(context.WithoutCancel(ctx))) }()
	chosen, err := box.choose(c.deadLetterNames)
	if err != nil {
		return err
	}
	if len(chosen) == 0 {
		t.say("There are no such dead letters.")
	}
	for i, letter := range chosen {
		if i > 0 {
			t.say("")
		}
		if err := deadletters.Explain(t.out, letter); err != nil {
			return err
		}
	}
	return nil
}

// choose returns the letters that are meant.
func (b *deadLetterBox) choose(n deadLetterNames) ([]*deadletters.Letter, error) {
	selection := deadletters.Selection{Names: n.Names}
	for _, word := range n.Only {
		selection.Only = append(selection.Only, deadletters.States()[word])
	}
	chosen, err := selection.From(b.letters)
	if errors.Is(err, deadletters.ErrAmbiguous) {
		return nil, &hinted{err, "add --queue events or --queue requests"}
	}
	if err != nil {
		hint := "paybridge deadletters list shows those there are"
		if len(b.more) > 0 {
			hint = strings.Join(b.more, "; ")
		}
		return nil, &hinted{err, hint}
	}
	return chosen, nil
}

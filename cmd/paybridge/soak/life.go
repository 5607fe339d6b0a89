package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"paybridge/cmd/paybridge/soak/oracle"
	"paybridge/cmd/paybridge/soak/people"
)

// life is one payment from the row on, with everything that people, customers
// and banks do about it.
type life struct {
	*soak
	n   int
	rng *rand.Rand

	money  money
	amount int // in the money's own steps
	row    string
	// intent and session are what the customer pays just now.
	intent, session string
	// hasty says that nobody waits for an answer, doomed that somebody deletes
	// the row, foreign that the payment is none of the CRM's.
	hasty, doomed, deleted, foreign bool
	// asked bounds how many PaymentIntents and Checkout Sessions may be made for
	// the row: one for each time that somebody asked for a payment or changed
	// what was asked for. made is how many the life made itself.
	asked, made int
	// turns are what has happened, failed says that a try to pay has failed.
	turns  map[Turn]bool
	failed bool
	// told is what was done, missed what was waited for in vain.
	told   []string
	missed []string
}

// money is a currency with what an amount of one step is in it.
type money struct {
	code string
	// major and minor are one step, in the currency's major unit as text with
	// the factor, and in Stripe's minor unit.
	major, minor int
}

var moneys = []money{
	{"EUR", 1, 100}, {"EUR", 1, 100}, {"USD", 1, 100}, {"JPY", 100, 100}, {"KWD", 1, 1000}, {"ISK", 100, 10000},
}

func (m money) text(steps int) string { return fmt.Sprint(steps * m.major) }

func (m money) inMinor(steps int) string { return fmt.Sprint(steps * m.minor) }

// newLife draws what is decided at birth.
func newLife(s *soak, n int) *life {
	l := &life{soak: s, n: n, rng: rand.New(rand.NewPCG(s.cfg.Seed, uint64(n)))}
	l.money = moneys[l.rng.IntN(len(moneys))]
	l.amount = 10 + l.rng.IntN(90)
	l.foreign = l.chance(0.03)
	// Drawn even when the fault is off, so that it does not move the rest.
	l.hasty = l.chance(0.25) && s.cfg.Faults.on(Haste)
	l.doomed = l.chance(0.02) && s.cfg.Faults.on(Delete)
	return l
}

func (l *life) chance(p float64) bool { return l.rng.Float64() < p }

func pick[T any](l *life, options ...T) T { return options[l.rng.IntN(len(options))] }

func (l *life) tell(format string, args ...any) {
	l.told = append(l.told, fmt.Sprintf(format, args...))
}

// errOver ends a life that cannot go on: what it waited for did not come, or
// nothing is left to be done.
var errOver = errors.New("nothing more happens to this payment")

// lead lives the life. The error is for what keeps the soak from going on.
func (l *life) lead(ctx context.Context) error {
	begin := l.ask
	switch {
	case l.foreign:
		begin = l.elsewhere
	case l.chance(0.35):
		begin = l.sell
	}
	err := begin(ctx)
	if err == nil {
		err = l.pay(ctx)
	}
	if err == nil {
		err = l.afterwards(ctx)
	}
	if err == nil && l.doomed {
		err = l.delete(ctx)
	}
	if errors.Is(err, errOver) {
		return nil
	}
	return err
}

// until waits until the row is as it should be. A patience that ends ends the
// life; those in haste have little, and go on.
func (l *life) until(ctx context.Context, what string, is func(row map[string]any) bool) error {
	begun, wait := time.Now(), longestWait
	if l.hasty {
		wait = time.Duration(l.rng.Int64N(int64(hasteWait)))
	}
	end := time.NewTimer(wait)
	defer end.Stop()
	for {
		changed := l.rows.next(l.row)
		row, err := l.crm.Read(ctx, l.row)
		if err != nil {
			return fmt.Errorf("reading the row: %w", err)
		}
		if is(row) {
			l.tally.waited(time.Since(begun))
			return nil
		}
		select {
		case <-changed:
		case <-end.C:
			if l.hasty {
				return nil
			}
			l.tell("waited in vain until %s", what)
			l.missed = append(l.missed, fmt.Sprintf("%s; after %v it asks for %s, handled %q and says %q", what, wait,
				oracle.Text(row, "pb_request"+oracle.Label), oracle.Text(row, "pb_handledrequest"), oracle.Text(row, "pb_lasterror")))
			return errOver
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// longestWait is how long somebody waits for an answer before they give up:
// longer than the CRM is away, and reconcile then takes to find what was lost
// meanwhile, with what has piled up behind it.
const (
	longestWait = longestBlackout + reconcileAfter + reconcileSweep + 30*time.Second
	hasteWait   = 1500 * time.Millisecond
)

// agrees waits until the row shows what Stripe says by now.
func (l *life) agrees(ctx context.Context) error {
	if l.row == "" || l.deleted || l.hasty {
		return nil
	}
	want := oracle.Truth(asking{ctx, l.shop}, l.intent, l.session)
	if l.made > 0 {
		// Before a Checkout Session of the shop's is completed no event names it.
		delete(want, "pb_checkoutsessionid")
	}
	return l.until(ctx, "the row shows "+want["pb_status"]+" of "+l.object(), func(row map[string]any) bool {
		shown := oracle.Shown(row)
		for column, value := range want {
			if shown[column] != value {
				return false
			}
		}
		return true
	})
}

// object is what the customer pays.
func (l *life) object() string {
	if l.session != "" {
		return l.session
	}
	return l.intent
}

// asking looks things up at Stripe one by one.
type asking struct {
	ctx  context.Context
	shop *people.Stripe
}

// Intent reads a PaymentIntent with its charge.
func (a asking) Intent(id string) oracle.Object {
	return a.get("/v1/payment_intents/" + id + "?expand[]=latest_charge")
}

// Session reads a Checkout Session, none for no id.
func (a asking) Session(id string) oracle.Object {
	if id == "" {
		return nil
	}
	return a.get("/v1/checkout/sessions/" + id)
}

// Dispute reads the latest dispute about a PaymentIntent.
func (a asking) Dispute(intent string) oracle.Object {
	list, _ := a.get("/v1/disputes?limit=1&payment_intent=" + intent)["data"].([]any)
	if len(list) == 0 {
		return nil
	}
	o, _ := list[0].(oracle.Object)
	return o
}

func (a asking) get(path string) oracle.Object {
	o, err := a.shop.Get(a.ctx, path)
	if err != nil {
		return nil
	}
	return o
}

// refused reports whether an end said no to what is not possible any more: in
// haste that happens, and it is nothing.
func (l *life) refused(what string, err error) error {
	no, ok := errors.AsType[*people.Refused](err)
	switch {
	case err == nil:
		l.tell("%s", what)
		return nil
	case ok && (l.hasty || l.deleted) || strings.HasPrefix(err.Error(), "stripe stand-in:") && l.hasty:
		return errOver
	case ok:
		return fmt.Errorf("%s: %w", what, no)
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
}

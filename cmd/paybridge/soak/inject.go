package soak

import (
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"paybridge/standin/dataverse"
	"paybridge/standin/stripe"
)

// injector decides what befalls the app's requests. Some faults are drawn for
// each request: the nth request to an end meets the same one in every run with
// the same seed, though another payment may be behind it. The others are
// episodes, which begin with a certain payment.
type injector struct {
	cfg   Config
	tally *tally
	// killHandler kills the handler and reports whether there was one.
	killHandler func() bool

	crmRequests, stripeRequests atomic.Int64
	resting                     atomic.Bool

	mu      sync.Mutex
	pending map[Fault]int // how many of the next requests an episode befalls
	until   time.Time     // the end of an outage
	blacked int           // how many blackouts there are just now
	fuse    int           // calls until the handler is killed, when armed
	armed   bool
}

func newInjector(cfg Config, t *tally) *injector {
	return &injector{cfg: cfg, tally: t, pending: map[Fault]int{}}
}

// rest ends all faults.
func (i *injector) rest() { i.resting.Store(true) }

// draw is the source for the nth decision of one kind.
func (i *injector) draw(of string, n int64) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(of))
	return rand.New(rand.NewPCG(i.cfg.Seed^h.Sum64(), uint64(n)))
}

// The fractions of requests that meet each of the faults that are drawn.
const (
	perRequest       = 0.01
	perStripeRequest = 0.01
)

// hit reports whether a fault that is drawn for each request happens.
func (i *injector) hit(kind Fault, rng *rand.Rand, fraction float64) bool {
	// Drawn even when the kind is off, so that one kind does not move another.
	return rng.Float64() < fraction && i.cfg.Faults.on(kind)
}

// due reports whether an episode befalls this request.
func (i *injector) due(kind Fault) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.pending[kind] == 0 {
		return false
	}
	i.pending[kind]--
	return true
}

func (i *injector) begin(kind Fault, times int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.pending[kind] += times
}

// ours reports whether a request is the app's and not a person's.
func ours(r *http.Request) bool { return strings.Contains(r.UserAgent(), "PayBridge") }

// call counts the fuse of a kill down, and kills while the request is there:
// what it asks for happens, and its answer finds nobody.
func (i *injector) call() {
	i.mu.Lock()
	blown := i.armed && i.fuse == 0
	if i.armed {
		i.fuse--
	}
	if blown {
		i.armed = false
	}
	i.mu.Unlock()
	if blown && i.killHandler() {
		i.tally.fault(KillHandler)
	}
}

// arm sets the handler up to be killed at a call from now on.
func (i *injector) arm(calls int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.armed, i.fuse = true, calls
}

// dataverse is asked before each request to the CRM.
func (i *injector) dataverse(r *http.Request) *dataverse.Fault {
	if i.resting.Load() || !ours(r) {
		return nil
	}
	i.call()
	rng := i.draw("dataverse", i.crmRequests.Add(1))
	if f := i.down(rng); f != nil {
		return f
	}
	met := func(kind Fault, f dataverse.Fault) *dataverse.Fault {
		i.tally.fault(kind)
		return &f
	}
	switch {
	case i.due(Hang):
		return met(Hang, dataverse.Fault{Delay: budget + budget/2, Reset: dataverse.ResetAfter})
	case i.due(Token):
		return met(Token, dataverse.Fault{Status: http.StatusUnauthorized})
	case i.hit(Throttle, rng, perRequest):
		code := []string{"0x80072321", "0x80072322", "0x80072326"}[rng.IntN(3)]
		return met(Throttle, *dataverse.Throttled(code, time.Second))
	case i.hit(Unavailable, rng, perRequest):
		return met(Unavailable, dataverse.Fault{Status: http.StatusServiceUnavailable})
	case i.hit(Cut, rng, perRequest):
		return met(Cut, dataverse.Fault{Reset: []dataverse.Reset{dataverse.ResetBefore, dataverse.ResetAfter, dataverse.ResetAfter}[rng.IntN(3)]})
	}
	return nil
}

// dark begins a blackout, or with -1 ends it.
func (i *injector) dark(more int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.blacked += more
}

// down is what the CRM answers during an outage or a blackout.
func (i *injector) down(rng *rand.Rand) *dataverse.Fault {
	i.mu.Lock()
	out, black := time.Now().Before(i.until), i.blacked > 0
	i.mu.Unlock()
	switch {
	case black:
		i.tally.fault(Blackout)
	case out:
		i.tally.fault(Outage)
	default:
		return nil
	}
	if rng.IntN(2) == 0 {
		return &dataverse.Fault{Reset: dataverse.ResetBefore}
	}
	return &dataverse.Fault{Status: http.StatusServiceUnavailable}
}

// part is asked before each operation of a batch.
func (i *injector) part(method, _ string, header http.Header) *dataverse.Fault {
	if i.resting.Load() || method != http.MethodPatch || header.Get("If-Match") == "" || !i.due(Races) {
		return nil
	}
	i.tally.fault(Races)
	return dataverse.VersionMismatch()
}

// stripe is asked before each request to Stripe.
func (i *injector) stripe(r *http.Request) *stripe.Fault {
	if i.resting.Load() || !ours(r) {
		return nil
	}
	i.call()
	rng := i.draw("stripe", i.stripeRequests.Add(1))
	met := func(kind Fault, f stripe.Fault) *stripe.Fault {
		i.tally.fault(kind)
		return &f
	}
	switch {
	case i.due(StripeHang):
		return met(StripeHang, stripe.Fault{Delay: budget + budget/2, Drop: true, AfterCommit: rng.IntN(2) == 0})
	case i.due(stripeToken):
		return met(Token, stripe.Fault{Status: http.StatusUnauthorized, Code: "api_key_expired", Message: "Expired API Key provided."})
	case i.hit(StripeThrottle, rng, perStripeRequest):
		f := stripe.Fault{Status: http.StatusTooManyRequests, Code: []string{"rate_limit", "lock_timeout"}[rng.IntN(2)]}
		if rng.IntN(4) == 0 {
			f.RetryAfter = time.Second
		}
		return met(StripeThrottle, f)
	case i.hit(StripeErrors, rng, perStripeRequest):
		return met(StripeErrors, []stripe.Fault{{Status: 500}, {Status: 500, AfterCommit: true}, {Status: 500, Stored: true}, {Status: 500, Stored: true, Undone: undoable(r)}}[rng.IntN(4)])
	case i.hit(StripeCut, rng, perStripeRequest):
		return met(StripeCut, stripe.Fault{Drop: true, AfterCommit: rng.IntN(2) == 0})
	}
	return nil
}

// undoable reports whether a request may be answered with a stored failure and
// not be done. Whether a PaymentIntent was made only its event tells for sure,
// and without one PayBridge waits until Stripe forgets the key.
func undoable(r *http.Request) bool { return !strings.HasSuffix(r.URL.Path, "/payment_intents") }

// stripeToken is the half of Token that is Stripe's.
const stripeToken Fault = "stripe's token"

package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"paybridge/cmd/paybridge/local"
)

// episode is a fault that begins with a certain payment.
type episode struct {
	kind Fault
	rng  *rand.Rand
}

// every is after how many payments an episode comes round, on average. Each
// comes at least once.
var every = map[Fault]int{
	KillHandler: 150, KillHost: 500, Races: 200, Hang: 1500, StripeHang: 1500, Outage: 5000, Blackout: 10000, Token: 250, Poison: 100,
}

// episodes are the episodes of the whole run, by the payment with which they
// begin.
func (i *injector) episodes() map[int][]episode {
	plan := map[int][]episode{}
	for _, kind := range AllFaults {
		if every[kind] == 0 || !i.cfg.Faults.on(kind) {
			continue
		}
		rng := i.draw("episodes of "+string(kind), 0)
		among := i.cfg.Payments
		if kind == Blackout {
			among = max(1, among/2) // so that enough is still to come for both queues
		}
		for n := range max(1, i.cfg.Payments/every[kind]) {
			at := rng.IntN(among)
			plan[at] = append(plan[at], episode{kind: kind, rng: i.draw(string(kind), int64(n))})
		}
	}
	return plan
}

// strike lets an episode happen.
func (s *soak) strike(ctx context.Context, e episode) error {
	i := s.faults
	switch e.kind {
	case KillHandler:
		i.arm(e.rng.IntN(20))
	case KillHost:
		s.tally.fault(KillHost)
		return s.host.kill(ctx)
	case Races:
		i.begin(Races, 10+e.rng.IntN(30))
	case Hang:
		i.begin(Hang, 1)
	case StripeHang:
		i.begin(StripeHang, 1)
	case Token:
		i.begin(Token, 1+e.rng.IntN(3))
		i.begin(stripeToken, 1+e.rng.IntN(3))
	case Outage:
		i.mu.Lock()
		i.until = time.Now().Add(outage)
		i.mu.Unlock()
	case Blackout:
		return s.blackout(ctx)
	case Poison:
		for _, queue := range []string{local.EventsQueue, local.RequestsQueue} {
			body := poison[e.rng.IntN(len(poison))]
			if err := s.host.send(ctx, queue, []byte(body)); err != nil {
				return fmt.Errorf("putting poison on %s: %w", queue, err)
			}
			s.tally.fault(Poison)
		}
	default:
		return fmt.Errorf("no way to bring %s about", e.kind)
	}
	return nil
}

// poison are messages that nobody can make sense of.
var poison = []string{
	"", "not JSON", "{", `"text"`, `[]`, `{}`, `{"v":99,"livemode":false}`, `{"v":1,"livemode":"yes"}`,
	`{"v":1,"livemode":false,"paymentIntent":"../charges/ch_1"}`, `{"v":1,"livemode":false,"event":"evt_1')/$ref?x=("}`,
	`{"v":1,"payment":"no GUID"}`, "\x00\xff\xfe", strings.Repeat("x", 100_000), `{"v":1}{"v":1}`,
}

package e2e

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/local"
	"paybridge/internal/backoff"
	"paybridge/standin/stripe"
)

// killer kills the handler at random instants, without a warning, whenever it
// is up. To the host each is a crash; after the third it gives up and the
// platform starts another one.
type killer struct {
	w     *world
	kills atomic.Int64
	done  sync.WaitGroup
}

func (k *killer) start(ctx context.Context, times int64) {
	rng := rand.New(rand.NewPCG(7, 7))
	k.done.Go(func() {
		for k.kills.Load() < times {
			if backoff.Wait(ctx, time.Duration(rng.Int64N(int64(60*time.Millisecond)))) != nil {
				return
			}
			host := k.w.Host()
			if host.HandlerPID() == 0 {
				continue
			}
			host.KillHandler()
			k.kills.Add(1)
		}
	})
}

// TestHandlerIsKilledAtRandomInstants kills the handler twenty times over a
// hundred payments.
func TestHandlerIsKilledAtRandomInstants(t *testing.T) {
	t.Parallel()
	const kills, payments = 20, 100
	w := start(t, awkward, func(c *local.Config) {
		set := c.Stripe
		c.Stripe = func(s *stripe.Config) {
			set(s)
			for range 200 {
				s.Delivery.Backoff = append(s.Delivery.Backoff, 200*time.Millisecond)
			}
		}
	})
	begun := time.Now()
	k := &killer{w: w}
	k.start(t.Context(), kills)
	lives := make([]*payment, payments)
	for i := range lives {
		// The payments are spread over the kills.
		w.until("the handler was killed again", func() bool { return k.kills.Load() >= int64(i*kills/payments)-1 })
		lives[i] = scenarios[i%len(scenarios)].lead(w)
	}
	k.done.Wait()
	w.settle()
	took := time.Since(begun)
	wrong := 0
	for _, p := range lives {
		if diff := cmp.Diff(p.truth(p.intentID, p.sessionID), shown(w.read(p.row))); diff != "" {
			wrong++
			t.Errorf("row %s: Stripe says (-), the row shows (+):\n%s", p.row, diff)
		}
	}
	w.timeline()
	if bodies := w.peek(local.EventsQueue + "/$DeadLetterQueue"); len(bodies) > 0 {
		t.Errorf("dead letters: %q", bodies)
	}
	if took > time.Minute {
		t.Errorf("it took %v", took)
	}
	if w.HostRestarts() == 0 {
		t.Error("the platform never had to start a new host")
	}
	t.Logf("%d payments, %d kills, %d hosts started anew, %v", payments, k.kills.Load(), w.HostRestarts(), took.Round(time.Millisecond))
}

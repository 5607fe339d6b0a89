// Package soak drives the whole of PayBridge with a seeded random history of
// payments through faults that the seed chooses, and compares every row with
// Stripe in the end. What runs is what is deployed: the packed binary under the
// Functions host, over HTTP, the host and its queues in a process of their own
// that is killed like a machine. The ends are the stand-ins.
package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"paybridge/cmd/paybridge/soak/people"
	"paybridge/internal/backoff"
)

// Config says how much of what.
type Config struct {
	// Payments is how many payments are led, at least one.
	Payments int
	// Seed chooses the history and the faults.
	Seed uint64
	// Faults are the kinds to inject.
	Faults Faults
	// Parallel is how many payments are under way at once. Zero means 128.
	Parallel int
	// Dist is the packed script root, Data a folder for the state.
	Dist, Data string
	// Command makes the command that runs platform.Serve.
	Command func() *exec.Cmd
	// Log gets every line of the handler; nil keeps none.
	Log io.Writer
	// Progress gets a line now and then; nil means silence.
	Progress func(line string)
}

// The budget of an invocation, 4 minutes in Azure, is compressed, and with it
// the outages that last several of them: a second of a soak is a minute. The
// delivery count, 100 in Azure, is compressed as well, to one that outlasts an
// outage all the same.
const (
	budget     = 4 * time.Second
	deliveries = 8
	outage     = 12 * time.Second
	patience   = 3 * time.Minute

	reconcileEvery = "*/5 * * * * *"
	reconcileAfter = 10 * time.Second
	reconcileSweep = 20 * time.Second
)

// soak is a running one.
type soak struct {
	cfg    Config
	ends   *ends
	host   *host
	crm    *people.CRM
	shop   *people.Stripe
	tally  *tally
	faults *injector
	rows   *watch

	mu    sync.Mutex
	lives []*life
}

// Run leads the payments, lets everything come to rest, and judges. The error
// is for what kept it from judging; what is wrong is in the report.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	if cfg.Parallel == 0 {
		cfg.Parallel = 128
	}
	if cfg.Progress == nil {
		cfg.Progress = func(string) {}
	}
	s := &soak{cfg: cfg, tally: newTally(cfg.Log), rows: newWatch()}
	begun := time.Now()
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	err := s.run(ctx)
	var report *Report
	if err == nil {
		report, err = s.judge(ctx)
	}
	if err := errors.Join(err, s.close()); err != nil {
		return nil, err
	}
	// Not before the host is gone: its last lines may show a secret too.
	s.count(report)
	report.Took = time.Since(begun)
	return report, nil
}

// open starts both ends, then the host, and introduces them to each other.
func (s *soak) open(ctx context.Context) (err error) {
	s.faults = newInjector(s.cfg, s.tally)
	if s.ends, err = openEnds(ctx, filepath.Join(s.cfg.Data, "ends"), s.cfg, s.faults); err != nil {
		return err
	}
	s.ends.dataverse.Subscribe(s.rows.changed)
	client := people.NewClient()
	if s.crm, err = people.OpenCRM(ctx, s.ends.dataverseURL, client); err != nil {
		return err
	}
	s.shop = people.OpenStripe(s.ends.stripeURL, s.ends.stripe.SecretKey(), client)
	if s.host, err = startHost(ctx, s.cfg, s.ends, s.tally); err != nil {
		return err
	}
	s.faults.killHandler = func() bool { return s.host.killHandler(ctx) }
	return nil
}

func (s *soak) close() error {
	if s.host != nil {
		s.host.close()
	}
	if s.ends != nil {
		return s.ends.close()
	}
	return nil
}

// run leads every payment and waits until all is quiet.
func (s *soak) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var around sync.WaitGroup
	watching, stop := context.WithCancel(ctx)
	around.Go(func() { s.report(watching) })
	around.Go(func() { s.host.poll(watching) })
	around.Go(func() {
		if err := s.host.watch(watching); err != nil {
			cancel(err)
		}
	})
	defer around.Wait()
	defer stop()

	episodes := s.faults.episodes()
	slots := make(chan struct{}, s.cfg.Parallel)
	var living, striking sync.WaitGroup
	for n := range s.cfg.Payments {
		for _, e := range episodes[n] {
			striking.Go(func() {
				if err := s.strike(ctx, e); err != nil {
					cancel(err)
				}
			})
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		l := s.born(n)
		living.Go(func() {
			defer func() { <-slots }()
			if err := l.lead(ctx); err != nil {
				cancel(fmt.Errorf("payment %d: %w", n, err))
			}
			s.tally.led()
		})
	}
	living.Wait()
	striking.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	s.faults.rest()
	if err := s.settle(ctx); err != nil {
		return err
	}
	if len(s.cfg.Faults) == 0 {
		return nil // Nothing can have been lost, and healing would hide what was.
	}
	return s.heal(ctx)
}

// settle waits until no webhook, no step and no message is on its way, and
// none of it has set off anything else meanwhile.
func (s *soak) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it did not come to rest within %v", patience))
	defer cancel()
	for {
		before := s.ends.activity()
		if err := s.ends.waitIdle(ctx); err != nil {
			return err
		}
		busy, err := s.host.busy(ctx)
		if err != nil {
			return err
		}
		if !busy && s.ends.activity() == before {
			return nil
		}
		if err := backoff.Wait(ctx, 50*time.Millisecond); err != nil {
			return context.Cause(ctx)
		}
	}
}

// born makes the nth life, whose draws depend on the seed and on n alone.
func (s *soak) born(n int) *life {
	l := newLife(s, n)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lives = append(s.lives, l)
	if l.hasty {
		s.tally.fault(Haste)
	}
	return l
}

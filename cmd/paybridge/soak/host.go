package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"paybridge/cmd/paybridge/soak/people"
	"paybridge/cmd/paybridge/soak/platform"
	"paybridge/internal/backoff"
	"paybridge/internal/secret/leak"
)

// host is the process of the Functions host, killed and started again.
type host struct {
	cfg       Config
	spec      platform.Spec
	tally     *tally
	functions string
	finder    *leak.Finder
	client    *http.Client

	mu      sync.RWMutex // held for writing while there is no process
	process *platform.Process
}

// startHost finds an address for the functions, introduces it to both ends and
// starts the process there.
func startHost(ctx context.Context, cfg Config, e *ends, t *tally) (*host, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	h := &host{cfg: cfg, tally: t, functions: fmt.Sprintf("http://127.0.0.1:%d", port), client: people.NewClient()}
	key := randomKey()
	secret, err := e.register(h.functions, key)
	if err != nil {
		return nil, err
	}
	h.spec = platform.Spec{
		Dist: cfg.Dist, Data: filepath.Join(cfg.Data, "platform"), Port: port,
		FunctionKeys: map[string]string{"default": key, "_master": randomKey()},
		Settings: map[string]string{
			"DataverseUrl": e.dataverseURL, "StripeApiBase": e.stripeURL, "StripeSecretKey": e.stripe.SecretKey(), "StripeWebhookSecret": secret,
			"PaymentSuccessUrl": "https://shop.example/thanks", "PaymentCancelUrl": "https://shop.example/cart", "InvocationTimeout": budget.String(),
			"ReconcileSchedule": reconcileEvery, "ReconcileAfter": reconcileAfter.String(), "ReconcileSweep": reconcileSweep.String(),
		},
		MaxDeliveryCount: deliveries,
	}
	h.finder = leak.New(key, h.spec.FunctionKeys["_master"], e.stripe.SecretKey(), secret)
	t.finder = h.finder
	h.process, err = h.start(ctx)
	return h, err
}

// freePort finds a port below those that the kernel gives to connections, so
// that none takes it while the host is down.
func freePort(ctx context.Context) (int, error) {
	for range 100 {
		port := 15000 + rand.IntN(15000)
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return port, listener.Close()
		}
	}
	return 0, errors.New("no port is free for the functions")
}

// randomKey is a function key like those that Azure makes, awkward in URLs.
func randomKey() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	var b strings.Builder
	for range 54 {
		b.WriteByte(letters[rand.IntN(len(letters))])
	}
	return b.String() + "=="
}

func (h *host) start(ctx context.Context) (*platform.Process, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("the host's process was not ready within a minute"))
	defer cancel()
	return platform.Start(ctx, h.cfg.Command(), h.spec, h.tally.line)
}

// kill sends SIGKILL to the process and starts it again on the same data.
func (h *host) kill(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.process.Kill()
	var err error
	for range 5 {
		var next *platform.Process
		if next, err = h.start(ctx); err == nil {
			h.process = next
			return nil
		}
		if backoff.Wait(ctx, time.Second) != nil {
			break
		}
	}
	return fmt.Errorf("starting the host again: %w", err)
}

// watch returns when the process ends without the soak having killed it, or
// when ctx is done, which is no error.
func (h *host) watch(ctx context.Context) error {
	current := func() *platform.Process {
		h.mu.RLock()
		defer h.mu.RUnlock()
		return h.process
	}
	for {
		p := current()
		select {
		case <-ctx.Done():
			return nil
		case <-p.Ended():
		}
		// A kill holds the lock until there is another one.
		if current() == p {
			return errors.New("the host's process ended by itself: was something else on this machine killing processes, or short of memory?")
		}
	}
}

// killHandler sends SIGKILL to the handler.
func (h *host) killHandler(ctx context.Context) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.process.KillHandler(ctx)
}

func (h *host) send(ctx context.Context, queue string, body []byte) error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.process.Send(ctx, queue, body)
}

func (h *host) state(ctx context.Context) (platform.State, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.process.State(ctx)
}

func (h *host) deadLetters(ctx context.Context) ([]platform.DeadLetter, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.process.DeadLetters(ctx)
}

// busy reports whether a message waits or is being worked on.
func (h *host) busy(ctx context.Context) (bool, error) {
	s, err := h.state(ctx)
	for _, q := range s.Queues {
		if q.Active+q.Locked+q.Scheduled > 0 {
			return true, err
		}
	}
	return false, err
}

// poll asks for the health again and again, which must never show a secret.
func (h *host) poll(ctx context.Context) {
	for backoff.Wait(ctx, time.Second) == nil {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.functions+"/api/health", nil)
		if err != nil {
			return
		}
		resp, err := h.client.Do(req)
		if err != nil {
			continue // the host is down just now
		}
		text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		_ = resp.Body.Close()
		if err == nil {
			h.tally.health(resp.StatusCode, string(text))
		}
	}
}

func (h *host) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.process != nil {
		h.process.Kill()
	}
}

// org is how Stripe's objects name the CRM.
func (h *host) org() string { return strings.TrimPrefix(h.spec.Settings["DataverseUrl"], "http://") }

package functionshost

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"paybridge/standin/functionshost/worker"
)

// version is the host version that this package imitates.
const version = "4.1037.0.0"

// defaultFunctionTimeout holds when host.json says nothing, as everywhere but
// on the Consumption plan.
const defaultFunctionTimeout = 30 * time.Minute

// Host is a running host.
type Host struct {
	cfg       Config
	log       *slog.Logger
	opts      options
	functions []*function
	problems  []Problem
	limits    limits

	worker   handler
	listener net.Listener
	server   *http.Server

	ctx    context.Context // ends when the host goes down
	stop   context.CancelCauseFunc
	loops  sync.WaitGroup
	closed sync.Once
	done   chan struct{}
}

// limits are the numbers of host.json that the host goes by.
type limits struct {
	functionTimeout time.Duration // zero means none
	concurrentCalls int
	batchSize       int
	renewal         time.Duration
	forward, proxy  bool
}

// handler is the custom handler's process, of which *worker.Worker is the real
// one.
type handler interface {
	Session(ctx context.Context) (*worker.Session, error)
	Recycle(s *worker.Session)
	Kill()
	PID() int
	Restarts() int
	Done() <-chan struct{}
	Err() error
	Close()
}

// errShutDown is why a host goes down when Close is called.
var errShutDown = errors.New("the host is shut down")

// Start reads the app, starts its handler and returns once the handler listens
// and requests are taken. The context bounds the start only. Start refuses an
// app without a usable function; functions with a problem are left out and
// listed by Problems.
func Start(ctx context.Context, cfg Config) (*Host, error) {
	root, err := filepath.Abs(cfg.ScriptRoot)
	if err != nil {
		return nil, fmt.Errorf("finding the script root: %w", err)
	}
	cfg.ScriptRoot = root
	h := &Host{cfg: cfg, log: cfg.logger(), done: make(chan struct{})}
	if h.opts, err = readHostJSON(root, cfg.Settings); err != nil {
		return nil, err
	}
	if err := h.readLimits(); err != nil {
		return nil, err
	}
	if err := h.index(); err != nil {
		return nil, err
	}
	if h.listener = cfg.Listener; h.listener == nil {
		if h.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.addr()); err != nil {
			return nil, fmt.Errorf("listening for requests: %w", err)
		}
	}
	start := h.startWorker
	if cfg.worker != nil {
		start = cfg.worker
	}
	if h.worker, err = start(ctx); err != nil {
		_ = h.listener.Close()
		return nil, err
	}
	h.ctx, h.stop = context.WithCancelCause(context.Background())
	h.serve()
	h.listen()
	h.loops.Go(h.watch)
	return h, nil
}

func (h *Host) readLimits() error {
	var errs [7]error
	o, l := h.opts, &h.limits
	l.functionTimeout, errs[0] = o.span("functionTimeout", defaultFunctionTimeout)
	l.concurrentCalls, errs[1] = o.number("extensions:serviceBus:maxConcurrentCalls", 16*runtime.NumCPU())
	l.batchSize, errs[2] = o.number("extensions:serviceBus:maxMessageBatchSize", 1000)
	l.renewal, errs[3] = o.span("extensions:serviceBus:maxAutoLockRenewalDuration", 5*time.Minute)
	l.forward, errs[4] = o.flag("customHandler:enableForwardingHttpRequest", false)
	l.proxy, errs[5] = o.flag("customHandler:enableProxyingHttpRequest", false)
	if h.cfg.InitializationTimeout == 0 {
		h.cfg.InitializationTimeout, errs[6] = o.span("customHandler:initializationTimeout", 0)
	}
	return errors.Join(errs[:]...)
}

// listen starts what waits for messages and time.
func (h *Host) listen() {
	for _, f := range h.functions {
		switch {
		case f.trigger.is(serviceBusTrigger):
			h.loops.Go(func() { h.receive(f) })
		case f.trigger.is(timerTrigger):
			h.startTimer(f)
		}
	}
}

// watch takes the host down when the handler is given up.
func (h *Host) watch() {
	select {
	case <-h.worker.Done():
		err := h.worker.Err()
		if !errors.Is(err, worker.ErrClosed) {
			h.log.Error("The host shuts down", slog.Any("error", err))
		}
		h.stop(err)
		// Whoever is being served is failed by the end of the handler.
		_ = h.server.Close()
	case <-h.ctx.Done():
	}
	h.closed.Do(func() { close(h.done) })
}

// Close kills the handler without a warning and takes the host down. Messages
// that were being worked on are abandoned. It is safe to call it twice.
func (h *Host) Close() {
	h.stop(errShutDown)
	h.worker.Close()
	_ = h.server.Close()
	h.loops.Wait()
	h.closed.Do(func() { close(h.done) })
}

// Done is closed when the host has gone down, by Close or by itself.
func (h *Host) Done() <-chan struct{} { return h.done }

// Err returns why the host went down by itself: worker.ErrCrashed after the
// third crash, or what kept the handler from starting again. It is nil before,
// and after Close.
func (h *Host) Err() error {
	if h.ctx.Err() == nil {
		return nil
	}
	if err := context.Cause(h.ctx); !errors.Is(err, errShutDown) {
		return err
	}
	return nil
}

// URL returns the address of the host, without a slash at the end.
func (h *Host) URL() string { return "http://" + h.listener.Addr().String() }

// HandlerPID returns the process id of the handler, zero while it is down.
func (h *Host) HandlerPID() int { return h.worker.PID() }

// KillHandler sends SIGKILL to the handler and returns when it is gone. To the
// host this is a crash like any other.
func (h *Host) KillHandler() { h.worker.Kill() }

// Problems lists the functions that are not indexed, or fail always, and why.
func (h *Host) Problems() []Problem { return append([]Problem(nil), h.problems...) }

package local

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"paybridge/internal/backoff"
	"paybridge/standin/dataverse"
	"paybridge/standin/functionshost"
	"paybridge/standin/servicebus"
)

// startFunctions finds the address of the functions, tells Stripe and the CRM
// about it, starts the host there and lets the CRM's posts go.
func (l *Local) startFunctions(ctx context.Context) error {
	listener, err := listen(ctx, l.cfg.FunctionsPort, l.state.FunctionsPort)
	if err != nil {
		return fmt.Errorf("listening for the functions: %w", err)
	}
	// Until the host has it the port is held, or somebody else might take it.
	handed := false
	defer func() {
		if !handed {
			_ = listener.Close()
		}
	}()
	addr := listener.Addr().(*net.TCPAddr)
	l.state.FunctionsPort = addr.Port
	l.urls.Functions = "http://" + addr.String()
	if err := l.registerWebhook(ctx); err != nil {
		return err
	}
	if err := l.registerStep(); err != nil {
		return err
	}
	l.state.Endpoints = &l.urls
	if err := l.state.write(l.cfg.Data); err != nil {
		return err
	}
	l.settings = appSettings(l.cfg.Settings, l.urls)
	if l.host, err = l.startHost(ctx, listener); err != nil {
		return err
	}
	handed = true
	l.holdSteps(false)
	running, stop := context.WithCancel(context.Background())
	l.stop = stop
	if !l.cfg.NoRestart {
		l.platform.Go(func() { l.keepRunning(running) })
	}
	return nil
}

// startHost starts the host on the listener, or where the last one listened.
func (l *Local) startHost(ctx context.Context, on net.Listener) (*functionshost.Host, error) {
	return functionshost.Start(ctx, functionshost.Config{
		ScriptRoot: l.cfg.Dist, Addr: fmt.Sprintf("127.0.0.1:%d", l.state.FunctionsPort), Listener: on, Settings: l.settings,
		Queues: l.watched(functionshost.Queues(l.Queues)), Logger: l.log, HandlerOutput: l.cfg.HandlerOutput,
		RequireKeys: l.cfg.RequireKeys, FunctionKeys: l.cfg.FunctionKeys,
		StateDir: filepath.Join(l.cfg.Data, "timers"),
	})
}

// watched lets Config.Sent hear of what is sent.
func (l *Local) watched(open func(string) (functionshost.Queue, error)) func(string) (functionshost.Queue, error) {
	if l.cfg.Sent == nil {
		return open
	}
	return func(name string) (functionshost.Queue, error) {
		queue, err := open(name)
		return watchedQueue{Queue: queue, sent: func(body []byte) { l.cfg.Sent(name, body) }}, err
	}
}

type watchedQueue struct {
	functionshost.Queue
	sent func(body []byte)
}

// Send sends and tells.
func (q watchedQueue) Send(ctx context.Context, messages ...servicebus.Message) error {
	for _, m := range messages {
		q.sent(m.Body)
	}
	return q.Queue.Send(ctx, messages...)
}

// holdSteps keeps the CRM's posts back while there are no functions. Azure's
// front end does not refuse a call meanwhile, it lets it wait.
func (l *Local) holdSteps(hold bool) {
	switch {
	case l.Dataverse == nil:
	case hold:
		l.Dataverse.HoldSteps()
	default:
		l.Dataverse.ReleaseSteps()
	}
}

// keepRunning starts a new host when one has given up on its handler, as the
// platform does.
func (l *Local) keepRunning(ctx context.Context) {
	policy := backoff.Policy{Base: 200 * time.Millisecond, Cap: 5 * time.Second}
	for {
		host := l.Host()
		select {
		case <-ctx.Done():
			return
		case <-host.Done():
		}
		l.holdSteps(true)
		host.Close()
		for attempt := 1; ; attempt++ {
			if backoff.Wait(ctx, policy.Delay(attempt, 0)) != nil {
				return
			}
			next, err := l.startHost(ctx, nil)
			if err != nil {
				l.log.Error("the platform could not start the host", slog.Any("error", err))
				continue
			}
			l.mu.Lock()
			l.host = next
			l.restarts++
			l.mu.Unlock()
			if ctx.Err() != nil {
				next.Close()
			}
			l.holdSteps(false)
			break
		}
	}
}

// registerStep registers what setup registers in a real CRM: the service
// endpoint and its steps on the payment table, which listen to what the CRM
// asks for and to nothing that PayBridge writes.
func (l *Local) registerStep() error {
	if l.Dataverse == nil || l.cfg.EmptyDataverse {
		return nil
	}
	mapping := l.mapping
	return l.Dataverse.RegisterWebhook(dataverse.Webhook{
		Name: "PayBridge", URL: l.urls.Functions + "/api/crm/webhook", Code: l.cfg.FunctionKeys["default"],
		Table: mapping.Table, Filter: mapping.Asks(),
	})
}

package functionshost

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"paybridge/standin/servicebus"
)

// Config says what to run.
type Config struct {
	// ScriptRoot is the folder with host.json and a sub-folder for each
	// function.
	ScriptRoot string
	// Addr is where the host listens. Empty means 127.0.0.1:7071, port 0 any
	// free port.
	Addr string
	// Listener, when set, is where the host listens in place of Addr. A host that
	// has started closes it.
	Listener net.Listener
	// Settings are the app settings: they resolve %NAME% in bindings, override
	// host.json as AzureFunctionsJobHost__… and are the handler's environment,
	// together with the few variables that a process needs to run at all.
	Settings map[string]string
	// Queues opens the queue behind a Service Bus binding. Nil is an app
	// without queues: functions that use one are not indexed.
	Queues func(name string) (Queue, error)
	// Logger gets what the host logs. Nil discards.
	Logger *slog.Logger
	// HandlerOutput gets the lines that the handler prints. Nil discards. An
	// *os.File is handed to the handler itself, see [worker.Config].
	HandlerOutput io.Writer
	// RequireKeys enforces the authLevel of HTTP functions, as Azure does and
	// Core Tools by default do not.
	RequireKeys bool
	// FunctionKeys maps a key's id, such as default, to the key. The id _master
	// opens functions of level admin and the /admin paths too.
	FunctionKeys map[string]string
	// InitializationTimeout bounds the handler's start. Zero means
	// customHandler.initializationTimeout of host.json, else 30 seconds.
	InitializationTimeout time.Duration
	// StateDir keeps when timers last ran. Empty forgets it at the end.
	StateDir string

	// worker replaces the process in tests.
	worker func(context.Context) (handler, error)
}

// Queue is what the host needs of a Service Bus queue. Every *servicebus.Queue
// is one.
type Queue interface {
	Send(ctx context.Context, messages ...servicebus.Message) error
	// Receive waits for at least one message, locked for the receiver, and
	// returns at most max.
	Receive(ctx context.Context, max int) ([]*servicebus.Received, error)
	Complete(ctx context.Context, r *servicebus.Received) error
	Abandon(ctx context.Context, r *servicebus.Received) error
	// Renew extends the lock and sets r.LockedUntil.
	Renew(ctx context.Context, r *servicebus.Received) error
}

// Queues returns the queues of a namespace in the form that Config wants.
func Queues(ns *servicebus.Namespace) func(name string) (Queue, error) {
	return func(name string) (Queue, error) { return ns.Queue(name) }
}

func (c *Config) addr() string {
	if c.Addr == "" {
		return "127.0.0.1:7071"
	}
	return c.Addr
}

func (c *Config) logger() *slog.Logger {
	if c.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Logger
}

// inherited are the variables of this process that the handler gets too. All
// others come from the app settings, as in Azure.
func inherited() []string {
	return []string{"PATH", "HOME", "TMPDIR", "LANG", "TZ", "USER", "SSL_CERT_FILE", "SSL_CERT_DIR",
		"SystemRoot", "SystemDrive", "ComSpec", "PATHEXT", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "GOCOVERDIR"}
}

// environment is the handler's environment without the port.
func (c *Config) environment() []string {
	var env []string
	for _, name := range inherited() {
		if _, set := c.Settings[name]; set {
			continue
		}
		if value, set := os.LookupEnv(name); set {
			env = append(env, name+"="+value)
		}
	}
	for name, value := range c.Settings {
		env = append(env, name+"="+value)
	}
	return append(env, "FUNCTIONS_APP_ROOT_PATH="+c.ScriptRoot)
}

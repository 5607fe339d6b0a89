package customhandler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	// readHeaderWithin bounds how long a connection may take over a request's
	// header.
	readHeaderWithin = 10 * time.Second
	// maxHeader bounds the header of a request, in bytes. The host's own is a
	// few hundred; what its caller sent comes in the envelope.
	maxHeader = 64 << 10
	// idleFor is longer than the host keeps a connection of its own pool, so
	// that the host closes it first and never sends an invocation into one that
	// is just being closed here.
	idleFor = 15 * time.Minute
	// defaultDrain is ServeOptions.Drain when it is zero.
	defaultDrain = 5 * time.Second
)

// ServeOptions configures [Serve].
type ServeOptions struct {
	// Listener is where to listen. Nil means 127.0.0.1 and Port.
	Listener net.Listener
	// Port is the port that the host named in FUNCTIONS_CUSTOMHANDLER_PORT. It
	// is not used when there is a Listener.
	Port int
	// Handler answers the requests; it is a [Mux].
	Handler http.Handler
	// Logger gets what the HTTP server has to say. Nil discards it.
	Logger *slog.Logger
	// Drain is how long running invocations may go on after the end of the
	// context. Zero means 5 seconds.
	Drain time.Duration
}

// Serve serves until ctx ends, then stops accepting, lets running invocations
// come to an end for [ServeOptions.Drain], and returns nil, or an error when
// they had to be cut off. While ctx lives it returns only an error, and a
// program that gets one must exit with a code other than 0: the host restarts a
// process that crashed, but takes exit code 0 for intended and answers every
// later call with an empty 500.
//
// There is no write timeout: functionTimeout in host.json is the limit of an
// invocation, and the host enforces it.
func Serve(ctx context.Context, o ServeOptions) error {
	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	listener := o.Listener
	if listener == nil {
		if o.Port < 1 || o.Port > 65535 {
			return fmt.Errorf("listening: %d is not a port that the host could have named", o.Port)
		}
		var err error
		var config net.ListenConfig
		listener, err = config.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(o.Port)))
		if err != nil {
			return fmt.Errorf("listening: %w", err)
		}
	}
	// The end of ctx must not cut off what is being drained.
	base, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	server := &http.Server{
		Handler:           o.Handler,
		ReadHeaderTimeout: readHeaderWithin,
		MaxHeaderBytes:    maxHeader,
		IdleTimeout:       idleFor,
		BaseContext:       func(net.Listener) context.Context { return base },
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	drain := o.Drain
	if drain == 0 {
		drain = defaultDrain
	}
	within, cancel := context.WithTimeout(base, drain)
	defer cancel()
	if err := server.Shutdown(within); err != nil {
		cut()
		return fmt.Errorf("draining: %w", errors.Join(err, server.Close()))
	}
	return nil
}

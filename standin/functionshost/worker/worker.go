// Package worker keeps the custom handler's process running the way the
// Functions host does: on a port that is picked once, with the host's
// environment, polled until it answers, restarted at once when it dies, given
// up after the third crash within half an hour, and only ever ended by SIGKILL.
package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

// ErrDead is returned for every call after the process has left with exit
// code 0: the host takes that for a process that wanted to go, does not start
// it again and fails everything that needs it.
var ErrDead = errors.New("the handler exited with code 0 and is not started again")

// ErrCrashed ends a worker whose process has crashed too often.
var ErrCrashed = errors.New("Exceeded http worker restart retry count. Shutting down Functions Host") //nolint:staticcheck // The host's own sentence.

// ErrClosed is returned after Close.
var ErrClosed = errors.New("the worker is closed")

// Config describes the process.
type Config struct {
	// Path is the executable, Args its arguments and Dir its working folder.
	Path string
	Args []string
	Dir  string
	// Env is the whole environment; the port variables are added to it.
	Env []string
	// Port pins the port; zero picks a free one.
	Port int
	// InitializationTimeout bounds the wait for the first answer to GET /.
	// Zero means 30 seconds, the host's default.
	InitializationTimeout time.Duration
	// Logger gets what the host logs about the process and the process's own
	// lines. Nil discards.
	Logger *slog.Logger
	// Output gets the process's lines as they are. Nil discards. An *os.File is
	// handed to the process itself, as by os/exec: then nothing that it printed
	// is lost when this process is killed, and the host does not see the lines.
	Output io.Writer
	// StderrIsPlain turns off that a line on stderr is an error by itself
	// (useStdErrorStreamForErrorsOnly false).
	StderrIsPlain bool
}

// Worker is the supervised process.
type Worker struct {
	cfg     Config
	log     *slog.Logger
	crashes crashCounter

	done chan struct{}

	mu       sync.Mutex
	err      error // why done is closed
	dead     bool  // exit code 0
	current  *generation
	ready    chan struct{} // closed when current answers, dead is set or done is closed
	restarts int
}

// Session is one life of the process: what is sent to it dies with it.
type Session struct {
	// URL is the address of the process, without a slash at the end.
	URL string
	// Client sends requests to this life of the process only, so that no
	// request goes out on a connection to an earlier one.
	Client *http.Client
	// Gone is closed when this life has ended.
	Gone <-chan struct{}
}

// Start starts the process and returns once it answers. An error means that it
// could not be started, did not answer in time or ended too often.
func Start(ctx context.Context, cfg Config) (*Worker, error) {
	if cfg.Port == 0 {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		cfg.Port = port
	}
	if cfg.InitializationTimeout <= 0 {
		cfg.InitializationTimeout = 30 * time.Second
	}
	if cfg.Output == nil {
		cfg.Output = io.Discard
	}
	w := &Worker{cfg: cfg, log: cfg.Logger, done: make(chan struct{}), ready: make(chan struct{})}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	if _, direct := cfg.Output.(*os.File); !direct {
		w.cfg.Output = &lockedWriter{w: cfg.Output}
	}
	gen, err := w.spawn()
	if err != nil {
		return nil, err
	}
	go w.supervise(gen)
	if _, err := w.Session(ctx); err != nil {
		w.Close()
		return nil, fmt.Errorf("waiting for the handler to listen: %w", err)
	}
	return w, nil
}

// Session returns the running process, waiting while it is being restarted.
// The error is ErrDead, ErrCrashed, ErrClosed or the context's.
func (w *Worker) Session(ctx context.Context) (*Session, error) {
	for {
		w.mu.Lock()
		ready, gen, dead, err := w.ready, w.current, w.dead, w.err
		w.mu.Unlock()
		if err != nil {
			return nil, err
		}
		if dead {
			return nil, ErrDead
		}
		select {
		case <-ready:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		w.mu.Lock()
		same := gen != nil && gen == w.current && ready == w.ready && !w.dead && w.err == nil
		w.mu.Unlock()
		if same {
			return &Session{URL: w.URL(), Client: gen.client, Gone: gen.gone}, nil
		}
	}
}

// URL returns the address of the process, the same for all its lives.
func (w *Worker) URL() string { return "http://" + w.addr() }

func (w *Worker) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(w.cfg.Port)) }

// PID returns the process id, zero while there is no process.
func (w *Worker) PID() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.current == nil {
		return 0
	}
	return w.current.pid()
}

// Restarts returns how often the process was started again.
func (w *Worker) Restarts() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.restarts
}

// Done is closed when the worker has ended for good: after Close or the third
// crash. A process that left with exit code 0 does not close it.
func (w *Worker) Done() <-chan struct{} { return w.done }

// Err returns why Done is closed, nil before.
func (w *Worker) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Kill sends SIGKILL to the process and returns when it is gone. To the worker
// this is a crash.
func (w *Worker) Kill() { w.end(false) }

// Recycle kills the process of this session and starts it again, as the host
// does after a function timeout. It does not count as a crash.
func (w *Worker) Recycle(s *Session) {
	w.mu.Lock()
	same := w.current != nil && s.Gone == w.current.gone
	w.mu.Unlock()
	if same {
		w.end(true)
	}
}

func (w *Worker) end(deliberate bool) {
	w.mu.Lock()
	gen := w.current
	if gen != nil {
		w.unready()
		gen.deliberate = gen.deliberate || deliberate
	}
	w.mu.Unlock()
	if gen != nil {
		gen.kill()
		<-gen.gone
	}
}

// Close kills the process without a warning and returns when it is gone.
func (w *Worker) Close() {
	w.finish(ErrClosed)
	w.mu.Lock()
	gen := w.current
	w.mu.Unlock()
	if gen != nil {
		gen.kill()
		<-gen.gone
	}
}

// unready makes new sessions wait for the next life. The caller holds mu.
func (w *Worker) unready() {
	select {
	case <-w.ready:
		w.ready = make(chan struct{})
	default:
	}
}

// finish ends the worker for good and wakes whoever waits.
func (w *Worker) finish(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return
	}
	w.err = err
	close(w.done)
	w.wake()
}

// wake closes ready. The caller holds mu.
func (w *Worker) wake() {
	select {
	case <-w.ready:
	default:
		close(w.ready)
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("picking a port for the handler: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return 0, fmt.Errorf("picking a port for the handler: %w", err)
	}
	return port, nil
}

package customhandler

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultMaxBody is the size limit of an envelope in bytes when
// [Options.MaxBody] is zero, 16 MiB. The host writes an HTTP body twice, as an
// escaped string and once more taken apart in the metadata, so a webhook of
// 1 MiB makes an envelope of 2 to 4 MiB, and up to 13 MiB if every byte of it
// has to be escaped as \u00XX; a batch of 32 hints of 16 KiB in base64 makes
// under 1 MiB. A webhook of somewhat more than 1 MiB therefore still reaches
// its function, which can answer for itself that it is too large.
const DefaultMaxBody = 16 << 20

const (
	// readWithin bounds how long the host may take to hand over an envelope.
	readWithin = time.Minute
	// drainTimes bounds how much of an oversize envelope is read and thrown
	// away, as a multiple of the limit. The host reads the answer only after it
	// has sent everything, and its own limit for a request body is 100 MB.
	drainTimes = 32
	// keepBuffer is the largest read buffer that is kept for the next envelope.
	keepBuffer = 256 << 10
)

// Options configures a [Mux].
type Options struct {
	// Logger gets one line per invocation. Nil discards them.
	Logger *slog.Logger
	// MaxBody is the size limit of an envelope in bytes. Zero means
	// [DefaultMaxBody].
	MaxBody int64
}

// Mux is the http.Handler that the Functions host talks to. Functions are
// registered before it serves; serving is safe for concurrent use.
type Mux struct {
	logger    *slog.Logger
	maxBody   int64
	functions map[string]*function
	buffers   sync.Pool
}

// function is a registered function behind its door.
type function struct {
	Registered
	// run decodes the envelope, calls the function and encodes the answer. It
	// notes on inv what belongs on the invocation's log line.
	run func(ctx context.Context, inv *invocation, envelope []byte) ([]byte, error)
	// succeeded is when an invocation last ended well, zero while none has.
	succeeded atomic.Pointer[time.Time]
}

// New returns a Mux without functions.
func New(o Options) *Mux {
	m := &Mux{logger: o.Logger, maxBody: o.MaxBody, functions: map[string]*function{}}
	if m.logger == nil {
		m.logger = slog.New(slog.DiscardHandler)
	}
	if m.maxBody <= 0 {
		m.maxBody = DefaultMaxBody
	}
	m.buffers.New = func() any { return new(bytes.Buffer) }
	return m
}

// LastSuccess returns when an invocation of a function last ended well: without
// an error and, for an HTTP caller, with a status below 400. It is zero while
// none has.
func (m *Mux) LastSuccess(name string) time.Time {
	if f := m.functions[name]; f != nil {
		if at := f.succeeded.Load(); at != nil {
			return *at
		}
	}
	return time.Time{}
}

// errTooLarge means that the envelope exceeded [Options.MaxBody].
var errTooLarge = errors.New("the envelope is too large")

// ServeHTTP runs the function that the path names. GET / is the host's
// question whether the process is up and is answered at once with 200.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		answer(w, http.StatusOK, []byte(`{"status":"up"}`))
		return
	}
	var f *function
	if r.Method == http.MethodPost && len(r.URL.Path) > 1 {
		f = m.functions[r.URL.Path[1:]]
	}
	if f == nil {
		m.refuse(w, r)
		return
	}
	m.invoke(w, r, f)
}

// refuse answers what is no invocation of a registered function. A POST with
// the name of one that is missing is a deployment whose function.json and
// binary do not belong together, which the host shows only as an empty 500.
func (m *Mux) refuse(w http.ResponseWriter, r *http.Request) {
	if name := r.URL.Path[min(1, len(r.URL.Path)):]; r.Method == http.MethodPost && functionName.MatchString(name) {
		m.logger.LogAttrs(r.Context(), slog.LevelError, "no such function", slog.String("function", name))
	}
	answer(w, http.StatusNotFound, []byte(`{"error":"no such function"}`))
}

// invoke runs one invocation from the envelope to the answer and its log line.
func (m *Mux) invoke(w http.ResponseWriter, r *http.Request, f *function) {
	inv := &invocation{id: invocationID(r.Header), function: f, start: time.Now()}
	ctx := context.WithValue(r.Context(), invocationKey{}, inv)

	buf := m.buffers.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= keepBuffer {
			buf.Reset()
			m.buffers.Put(buf)
		}
	}()

	var body []byte
	err := m.read(w, r, buf)
	switch {
	case err == nil:
		body, err = inv.call(ctx, buf.Bytes())
	case errors.Is(err, errTooLarge) && f.Trigger == HTTPTrigger:
		inv.refused = err
		body, err = inv.replyWith(http.StatusRequestEntityTooLarge, "the request is too large")
	}

	status := http.StatusOK
	if err != nil {
		// What went wrong is for the log only: the host may show this body.
		status, body = http.StatusInternalServerError, []byte(`{"error":"the invocation failed"}`)
		inv.res, inv.sent = http.StatusInternalServerError, 0
	}
	inv.log(ctx, m.logger, err)
	if err == nil && inv.refused == nil && inv.unread == nil && inv.res < http.StatusBadRequest {
		now := time.Now()
		f.succeeded.Store(&now)
	}
	answer(w, status, body)
}

// read reads the envelope, which the host sends chunked. More than the limit
// is errTooLarge, with the rest read and thrown away so that the host, which
// is still sending, gets to see the answer.
func (m *Mux) read(w http.ResponseWriter, r *http.Request, buf *bytes.Buffer) error {
	// A recorder in a test knows no deadlines, and none is needed there.
	deadline := http.NewResponseController(w)
	_ = deadline.SetReadDeadline(time.Now().Add(readWithin))
	_, err := buf.ReadFrom(io.LimitReader(r.Body, m.maxBody+1))
	if err == nil && int64(buf.Len()) > m.maxBody {
		err = errTooLarge
		if _, drained := io.Copy(io.Discard, io.LimitReader(r.Body, drainTimes*m.maxBody)); drained != nil {
			err = errors.Join(errTooLarge, drained)
		}
	}
	if err == nil {
		// What follows on the connection is the server's to wait for. After an
		// error the deadline stays: the server looks for the rest of the envelope
		// before it answers, and without one it would do so for ever.
		_ = deadline.SetReadDeadline(time.Time{})
	} else if !errors.Is(err, errTooLarge) {
		err = &envelopeError{doing: "reading it", err: err}
	}
	return err
}

// answer writes a complete JSON answer. The header comes first: an answer that
// the host cannot tell to be JSON is a failed invocation.
func answer(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// An error here means that the host has gone, and there is nobody to tell.
	_, _ = w.Write(body)
}

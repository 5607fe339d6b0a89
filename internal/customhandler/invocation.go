package customhandler

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"paybridge/internal/contain"
)

// invocationHeader is where the host says which invocation a request is.
const invocationHeader = "X-Azure-Functions-InvocationId"

const (
	// maxInvocationID bounds the id; the host sends a GUID of 36 characters.
	maxInvocationID = 64
	// maxErrorText bounds what of an error's text is logged, in bytes.
	maxErrorText = 2 << 10
	// maxStack bounds what of a panic's stack is logged, in bytes.
	maxStack = 8 << 10
)

type invocationKey struct{}

// invocation is one run of a function and what its log line will say.
type invocation struct {
	id       string
	function *function
	start    time.Time

	// res is the status that an HTTP caller gets, zero while there is none.
	res int
	// refused says why an HTTP caller was answered without the function, unread
	// that its envelope could not be read. The latter is no fault of the
	// caller's, and although the host sees a success it is logged as a failure.
	refused, unread error
	// messages and deliveries describe a queue batch; sent counts the messages
	// that the answer sends.
	messages, deliveries, sent int

	mu    sync.Mutex
	attrs []slog.Attr
}

// InvocationID returns the host's id of the invocation that ctx belongs to,
// empty where there is none. The host puts the same id on its own log lines.
func InvocationID(ctx context.Context) string {
	if inv, ok := ctx.Value(invocationKey{}).(*invocation); ok {
		return inv.id
	}
	return ""
}

// Annotate adds attributes to the log line of the invocation that ctx belongs
// to. Without one it does nothing, so code that runs in other places may call
// it too.
func Annotate(ctx context.Context, attrs ...slog.Attr) {
	inv, ok := ctx.Value(invocationKey{}).(*invocation)
	if !ok {
		return
	}
	inv.mu.Lock()
	defer inv.mu.Unlock()
	inv.attrs = append(inv.attrs, attrs...)
}

// invocationID returns the id in h if it is one: it goes into log lines, so
// anything that is not short and plain counts as absent.
func invocationID(h http.Header) string {
	id := h.Get(invocationHeader)
	if len(id) > maxInvocationID {
		return ""
	}
	for _, c := range []byte(id) {
		if c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return ""
		}
	}
	return id
}

// call runs the function's door and turns a panic into an error: the process
// lives on.
func (inv *invocation) call(ctx context.Context, envelope []byte) (body []byte, err error) {
	if p := contain.Call(func() { body, err = inv.function.run(ctx, inv, envelope) }); p != nil {
		return nil, p
	}
	return body, err
}

// log writes the invocation's one line.
func (inv *invocation) log(ctx context.Context, logger *slog.Logger, err error) {
	if err == nil {
		err = inv.unread
	}
	level, outcome := slog.LevelInfo, "ok"
	if err != nil {
		level, outcome = slog.LevelError, "failed"
	}
	panicked, isPanic := errors.AsType[*contain.Panic](err)
	if isPanic {
		outcome = "panic"
	}
	attrs := make([]slog.Attr, 0, 16)
	attrs = append(attrs,
		slog.String("invocation_id", inv.id),
		slog.String("function", inv.function.Name),
		slog.String("trigger", string(inv.function.Trigger)),
		slog.String("outcome", outcome))
	switch inv.function.Trigger {
	case HTTPTrigger:
		attrs = append(attrs, slog.Int("status", inv.res))
	case QueueTrigger:
		attrs = append(attrs, slog.Int("messages", inv.messages), slog.Int("delivery_count_max", inv.deliveries))
	case TimerTrigger:
	}
	attrs = append(attrs,
		slog.Int("outputs", inv.sent),
		slog.Float64("duration_ms", float64(time.Since(inv.start).Microseconds())/1000))
	if inv.refused != nil {
		attrs = append(attrs, slog.String("refused", bounded(inv.refused.Error(), maxErrorText)))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", bounded(err.Error(), maxErrorText)))
	}
	if isPanic && panicked.Stack != nil {
		attrs = append(attrs, slog.String("stack", bounded(string(panicked.Stack), maxStack)))
	}
	inv.mu.Lock()
	attrs = append(attrs, inv.attrs...)
	inv.mu.Unlock()
	logger.LogAttrs(ctx, level, "invocation", attrs...)
}

// bounded cuts text to at most limit bytes and says so.
func bounded(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return text[:limit] + "… (cut)"
}

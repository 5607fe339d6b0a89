package functionshost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"paybridge/standin/functionshost/worker"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 256 << 20

// errTimeout is a function that ran past functionTimeout.
var errTimeout = errors.New("the function timed out")

// invoke runs a function in JSON mode: envelope to the handler, answer back,
// outputs sent. Every error is a failed invocation, which HTTP callers see as
// an empty 500.
func (h *Host) invoke(f *function, e *envelope) (*answer, error) {
	return track(h, f, func(ctx context.Context, s *worker.Session, id string) (*answer, error) {
		res, body, err := post(ctx, s, f.name, id, e.text())
		if err != nil {
			return nil, err
		}
		a, err := readAnswer(res.StatusCode, res.Header.Get("Content-Type"), body)
		if errors.Is(err, errNoResult) {
			select {
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			case <-s.Gone:
				return nil, errors.New("the handler was restarted while its empty answer was waited on")
			}
		}
		if err != nil {
			return nil, err
		}
		a.mergeReturn(f.outputs)
		for _, line := range a.logs {
			h.log.Info(line, slog.String("category", "Function."+f.name+".User"), slog.String("invocation_id", id))
		}
		return a, sendOutputs(ctx, a, f.outputs)
	})
}

// track runs one invocation: it waits for the handler, ends the invocation at
// functionTimeout with the handler killed and started again, and keeps count.
func track[T any](h *Host, f *function, run func(ctx context.Context, s *worker.Session, id string) (T, error)) (T, error) {
	id := uuid.NewString()
	log := h.log.With(slog.String("function", f.name), slog.String("invocation_id", id))
	f.stats.begin()
	started := time.Now()
	result, err := func() (T, error) {
		var none T
		if f.broken != nil {
			return none, f.broken
		}
		s, err := h.worker.Session(h.ctx)
		if err != nil {
			return none, err
		}
		ctx, cancel := h.ctx, context.CancelFunc(func() {})
		if h.limits.functionTimeout > 0 {
			ctx, cancel = context.WithTimeoutCause(h.ctx, h.limits.functionTimeout, errTimeout)
		}
		defer cancel()
		result, err := run(ctx, s, id)
		if err != nil && errors.Is(context.Cause(ctx), errTimeout) {
			log.Error("Timeout value was exceeded by the function", slog.Duration("timeout", h.limits.functionTimeout))
			h.worker.Recycle(s)
			return none, errTimeout
		}
		return result, err
	}()
	f.stats.end(err)
	if err != nil {
		log.Error("Executed (Failed)", slog.Duration("duration", time.Since(started)), slog.Any("error", err))
	} else {
		log.Debug("Executed (Succeeded)", slog.Duration("duration", time.Since(started)))
	}
	return result, err
}

// post sends an envelope to the handler as the host does: chunked, with its
// three headers.
func post(ctx context.Context, s *worker.Session, function, id, body string) (*http.Response, []byte, error) {
	// Hiding the reader's type makes net/http send the body chunked.
	reader := struct{ io.Reader }{strings.NewReader(body)}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/"+function, reader)
	if err != nil {
		return nil, nil, fmt.Errorf("building the request to the handler: %w", err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	addHostHeaders(req.Header, id)
	req.Header.Set("User-Agent", "Azure-Functions-Host/"+version)
	res, err := s.Client.Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("calling the handler: %w", err)
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return nil, nil, fmt.Errorf("reading the answer: %w", err)
	}
	return res, answer, nil
}

// addHostHeaders adds the host's headers, spelt as the host spells them.
func addHostHeaders(header http.Header, id string) {
	for name, value := range map[string]string{
		"X-Azure-Functions-HostVersion": version, "X-Azure-Functions-InvocationId": id,
	} {
		header.Del(name)
		header[name] = []string{value}
	}
}

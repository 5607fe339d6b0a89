package functionshost

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// bodyLimit is how large a request may be unless the setting
// FUNCTIONS_REQUEST_BODY_SIZE_LIMIT says otherwise, in bytes.
const bodyLimit = 104857600

// serve starts the public front.
func (h *Host) serve() {
	var routed []*function
	for _, f := range h.functions {
		if f.route != nil {
			routed = append(routed, f)
		}
	}
	slices.SortStableFunc(routed, func(a, b *function) int { return a.route.before(b.route) })
	limit := int64(bodyLimit)
	if n, err := strconv.ParseInt(h.cfg.Settings["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"], 10, 64); err == nil && n > 0 {
		limit = n
	}
	admin := h.admin()
	public := func(w http.ResponseWriter, r *http.Request) {
		wire := wireHeaders(r)
		if r.URL.Path == "/" {
			return // the host's own page
		}
		if strings.HasPrefix(r.URL.Path, "/admin/") {
			admin.ServeHTTP(w, r)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		for _, f := range routed {
			if !f.route.allows(r.Method) {
				continue
			}
			if params, ok := f.route.match(r.URL.EscapedPath()); ok {
				h.call(w, r, f, wire, params)
				return
			}
		}
		w.WriteHeader(http.StatusNotFound)
	}
	h.server = &http.Server{
		Handler:           http.HandlerFunc(public),
		ReadHeaderTimeout: time.Minute,
		ConnContext:       withHeaderTap,
		ErrorLog:          slog.NewLogLogger(h.log.Handler(), slog.LevelDebug),
	}
	h.loops.Go(func() {
		if err := h.server.Serve(headerTapListener{h.listener}); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			h.log.Error("Serving requests", slog.Any("error", err))
		}
	})
}

// call answers a request that a function's route matches.
func (h *Host) call(w http.ResponseWriter, r *http.Request, f *function, wire []header, params []param) {
	keyID := h.keyID(requestKey(r))
	if !h.admits(f.trigger.AuthLevel, keyID) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch {
	case f.onlyHTTP && h.limits.proxy:
		h.proxy(w, r, f)
		return
	case f.onlyHTTP && h.limits.forward:
		h.forward(w, r, f)
		return
	}
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	a, err := h.invoke(f, httpEnvelope(f, &publicRequest{
		method: r.Method, url: publicURL(r), query: r.URL.RawQuery,
		headers: wire, params: params, keyID: keyID, body: body,
	}, time.Now()))
	var out *reply
	if err == nil {
		out, err = a.httpReply(f.outputs)
	}
	if err != nil {
		h.log.Error("Answering the request", slog.String("function", f.name), slog.Any("error", err))
		out = &reply{status: http.StatusInternalServerError}
	}
	writeReply(w, out)
}

// readBody reads a body that has a length. A chunked one is left alone, as the
// host does. It has answered the request when it returns false.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	if r.ContentLength <= 0 {
		return nil, true
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		return body, true
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok && tooLarge != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	} else {
		w.WriteHeader(http.StatusBadRequest)
	}
	return nil, false
}

func writeReply(w http.ResponseWriter, r *reply) {
	for _, h := range r.headers {
		switch strings.ToLower(h.name) {
		case "content-length", "transfer-encoding":
		default:
			w.Header()[h.name] = h.values
		}
	}
	if len(r.headers) == 0 {
		// Keeps net/http from guessing a content type.
		w.Header()["Content-Type"] = nil
	}
	w.WriteHeader(r.status)
	_, _ = io.WriteString(w, r.body)
}

// requestKey is the function key of a request, from its header or its query.
func requestKey(r *http.Request) string {
	if key := r.Header.Get("x-functions-key"); key != "" {
		return key
	}
	for _, q := range parseQuery(r.URL.RawQuery) {
		if strings.EqualFold(q.name, "code") {
			return q.values[len(q.values)-1]
		}
	}
	return ""
}

// publicURL is the absolute address that the client asked for.
func publicURL(r *http.Request) string {
	u := "http://" + r.Host + r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		u += "?" + r.URL.RawQuery
	}
	return u
}

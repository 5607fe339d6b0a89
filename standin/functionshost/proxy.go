package functionshost

import (
	"context"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"paybridge/standin/functionshost/worker"
)

// proxy streams a request to the same path of the handler and the response
// back, as enableProxyingHttpRequest does. The handler's status is the
// caller's; the invocation fails only when the handler could not be reached.
func (h *Host) proxy(w http.ResponseWriter, r *http.Request, f *function) {
	_, err := track(h, f, func(ctx context.Context, s *worker.Session, id string) (struct{}, error) {
		target, err := url.Parse(s.URL)
		if err != nil {
			return struct{}{}, err
		}
		ctx, stop := joined(r.Context(), ctx)
		defer stop()
		var failed error
		p := &httputil.ReverseProxy{
			Rewrite: func(pr *httputil.ProxyRequest) {
				pr.SetURL(target)
				pr.Out.Host = pr.In.Host
				addHostHeaders(pr.Out.Header, id)
			},
			Transport:     s.Client.Transport,
			FlushInterval: -1,
			ModifyResponse: func(res *http.Response) error {
				res.Header.Set("X-Ms-Invocation-Id", id)
				return nil
			},
			ErrorHandler: func(_ http.ResponseWriter, _ *http.Request, err error) { failed = err },
		}
		p.ServeHTTP(w, r.WithContext(ctx))
		return struct{}{}, failed
	})
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// forward sends a rebuilt request to the same path of the handler, as
// enableForwardingHttpRequest does: with a body only when it has a length, a
// query with repeated values joined, and the response buffered.
func (h *Host) forward(w http.ResponseWriter, r *http.Request, f *function) {
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	type buffered struct {
		res  *http.Response
		body []byte
	}
	b, err := track(h, f, func(ctx context.Context, s *worker.Session, id string) (*buffered, error) {
		query := url.Values{}
		for _, q := range parseQuery(r.URL.RawQuery) {
			query.Set(q.name, strings.Join(q.values, ","))
		}
		target := s.URL + r.URL.EscapedPath()
		if len(query) > 0 {
			target += "?" + query.Encode()
		}
		req, err := http.NewRequestWithContext(ctx, r.Method, target, strings.NewReader(string(body)))
		if err != nil {
			return nil, err
		}
		req.Header = r.Header.Clone()
		for _, hop := range []string{"Connection", "Transfer-Encoding", "Content-Length"} {
			req.Header.Del(hop)
		}
		req.Host = r.Host
		addHostHeaders(req.Header, id)
		req.Header.Set("User-Agent", "Azure-Functions-Host/"+version)
		client := http.Client{Transport: s.Client.Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}
		res, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		defer func() { _ = res.Body.Close() }()
		answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
		return &buffered{res, answer}, err
	})
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	for name, values := range b.res.Header {
		if name != "Content-Length" && name != "Connection" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(b.res.StatusCode)
	_, _ = w.Write(b.body)
}

// joined returns a context with the values of the first that ends with either,
// for the reason of the one that ended.
func joined(a, b context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(a)
	stop := context.AfterFunc(b, func() { cancel(context.Cause(b)) })
	return ctx, func() { stop(); cancel(nil) }
}

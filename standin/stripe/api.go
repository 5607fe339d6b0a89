package stripe

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
)

// maxBody bounds a request's body.
const maxBody = 1 << 20

var (
	versionForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$`)
	accountForm = regexp.MustCompile(`^acct_[A-Za-z0-9]{1,64}$`)
)

// requestRef is what an event tells about the request that caused it; null where nothing did.
type requestRef struct {
	ID             *string `json:"id"`
	IdempotencyKey *string `json:"idempotency_key"`
}

// call is one API request on its way through a handler.
type call struct {
	*change
	http *http.Request
	form *form
	base string
}

// id is the {id} of the path.
func (c *call) id() string { return c.http.PathValue("id") }

// operation serves one method of the API. It returns an object, a document or a list; an *apiError is what the client
// is told, any other error a 500.
type operation func(*call) (any, error)

// answer is a response before it is written.
type answer struct {
	Status   int    `json:"status"`
	Body     []byte `json:"body"`
	replayed bool
	original string // the request that the answer was first given to
}

// api wraps an operation in what all of them share: the key, the account, faults, idempotency, one transaction,
// unknown parameters, expansion and the envelope.
func (s *Server) api(run operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		requestID := "req_" + randomText(14)
		w.Header().Set("Request-Id", requestID)
		s.counts.request(r.Pattern)
		result, fault := s.serve(r, requestID, run)
		if fault != nil {
			fault.write(w)
			return
		}
		s.cfg.Logger.LogAttrs(r.Context(), slog.LevelDebug, "stripe stand-in: request", slog.String("request", requestID),
			slog.String("pattern", r.Pattern), slog.Int("status", result.Status), slog.Bool("replayed", result.replayed))
		header := w.Header()
		if result.replayed {
			header.Set("Idempotent-Replayed", "true")
		}
		if key := r.Header.Get("Idempotency-Key"); key != "" && r.Method == http.MethodPost {
			header.Set("Idempotency-Key", key)
			header.Set("Original-Request", orElse(result.original, requestID))
		}
		header.Set("Stripe-Version", orElse(r.Header.Get("Stripe-Version"), s.cfg.APIVersion))
		writeJSON(w, result)
	}
}

func writeJSON(w http.ResponseWriter, result *answer) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache, no-store")
	w.WriteHeader(result.Status)
	// A client that went away is no concern of the server's.
	_, _ = w.Write(result.Body)
}

func (s *Server) serve(r *http.Request, requestID string, run operation) (*answer, *Fault) {
	account, bad := s.admit(r)
	if bad != nil {
		return s.envelope(bad, requestID), nil
	}
	fields, raw, bad := readForm(r)
	if bad != nil {
		return s.envelope(bad, requestID), nil
	}
	request := requestRef{ID: &requestID}
	var key *keyed
	if name := r.Header.Get("Idempotency-Key"); name != "" && r.Method == http.MethodPost {
		request.IdempotencyKey = &name
		if key, bad = s.claim(account, name, r, raw); bad != nil {
			return s.envelope(bad, requestID), nil
		}
		defer s.inFlight.release(key)
		key.request = requestID
	}
	if !s.limiter.allow(s.cfg.RateLimit) {
		return nil, &Fault{Status: http.StatusTooManyRequests, Code: "rate_limit"}
	}
	fault := s.fault(r)
	if fault != nil && fault.Stored && key != nil {
		key.instead, key.undone = fault.answer(), fault.Undone
	}
	if fault != nil && !fault.AfterCommit && !fault.Stored {
		if fault = fault.happen(r.Context(), s.stopped); fault != nil {
			return nil, fault
		}
	}
	if err := s.sweep(); err != nil {
		return s.broken(r.Context(), err, requestID), nil
	}
	result := s.transact(r, account, request, fields, key, run)
	if fault != nil {
		fault = fault.happen(r.Context(), s.stopped)
	}
	return result, fault
}

// transact runs the operation in one transaction together with the answer stored for its idempotency key.
func (s *Server) transact(r *http.Request, account string, request requestRef, fields *form, key *keyed, run operation) *answer {
	var result *answer
	work := func(c *change) error {
		if key != nil {
			stored, err := key.stored(c)
			if err != nil || stored != nil {
				result = stored
				return err
			}
			if key.undone {
				result = key.instead
				return key.store(c, result)
			}
		}
		value, err := run(&call{change: c, http: r, form: fields, base: s.base(r)})
		kept, refused := errors.AsType[*apiError](err)
		if err != nil && (!refused || !kept.keep) {
			return err
		}
		if bad := fields.settle(); bad != nil {
			return bad
		}
		if refused {
			result = s.envelope(kept, *request.ID)
		} else if result, err = c.present(value, fields.texts("expand")); err != nil {
			return err
		}
		if key != nil {
			return key.store(c, result)
		}
		return nil
	}
	var err error
	if r.Method == http.MethodGet {
		err = s.view(account, work)
	} else {
		err = s.update(account, request, work)
	}
	if bad, ok := errors.AsType[*apiError](err); ok {
		return s.envelope(bad, *request.ID)
	}
	if err != nil {
		return s.broken(r.Context(), err, *request.ID)
	}
	return result
}

// settle is what is wrong with the parameters as a whole once a handler has read them.
func (f *form) settle() *apiError {
	f.texts("expand")
	if bad := f.problem(); bad != nil {
		return bad
	}
	return f.unread()
}

// present renders what an operation returned.
func (c *change) present(value any, expand []string) (*answer, error) {
	body := value
	if o, ok := value.(object); ok {
		d, err := render(o)
		if err != nil {
			return nil, err
		}
		body = d
	}
	if d, ok := body.(document); ok {
		if err := c.expand(d, expand); err != nil {
			return nil, err
		}
	}
	raw, err := pretty(body)
	if err != nil {
		return nil, err
	}
	return &answer{Status: http.StatusOK, Body: raw}, nil
}

func (s *Server) envelope(bad *apiError, requestID string) *answer {
	shown := *bad
	shown.RequestLogURL = "https://dashboard.stripe.com/test/logs/" + requestID
	raw, err := pretty(map[string]any{"error": &shown})
	if err != nil {
		raw = []byte(`{"error":{"type":"api_error","message":"An error occurred while rendering an error."}}`)
	}
	return &answer{Status: bad.status, Body: raw}
}

func (s *Server) broken(ctx context.Context, err error, requestID string) *answer {
	s.cfg.Logger.LogAttrs(ctx, slog.LevelError, "stripe stand-in: request broke", slog.String("request", requestID), slog.Any("error", err))
	return s.envelope(refuse(http.StatusInternalServerError, typeAPI, "", "", "An error occurred with our connection to Stripe."), requestID)
}

// base is the URL that links for people start with.
func (s *Server) base(r *http.Request) string {
	if s.cfg.PublicURL != "" {
		return s.cfg.PublicURL
	}
	return "http://" + r.Host
}

func unknownURL(r *http.Request) *apiError {
	return refuse(http.StatusNotFound, typeInvalidRequest, "", "", "Unrecognized request URL ("+r.Method+": "+r.URL.Path+
		"). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.")
}

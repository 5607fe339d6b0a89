package stripe

import (
	"context"
	"net/http"
	"time"
)

// defaultIdleWait bounds GET /_standin/idle where the request says nothing.
const defaultIdleWait = 30 * time.Second

// controlRoutes are the control surface over HTTP: form-encoded parameters in, JSON out, no key asked for.
func (s *Server) controlRoutes(mux *http.ServeMux) {
	for pattern, do := range map[string]func(*http.Request, *form) (any, error){
		"POST /_standin/payment_intents/{id}/pay": func(r *http.Request, f *form) (any, error) {
			return nil, s.Pay(r.PathValue("id"), orText(f.text("method"), "pm_card_visa"))
		},
		"POST /_standin/payment_intents/{id}/authenticate": func(r *http.Request, f *form) (any, error) {
			result := f.oneOf("result", "succeeded", "failed")
			return nil, s.Authenticate(r.PathValue("id"), orText(result, "succeeded") == "succeeded")
		},
		"POST /_standin/payment_intents/{id}/settle": func(r *http.Request, _ *form) (any, error) {
			return nil, s.Settle(r.PathValue("id"))
		},
		"POST /_standin/payment_intents/{id}/bounce": func(r *http.Request, f *form) (any, error) {
			return nil, s.Bounce(r.PathValue("id"), orText(f.text("code"), ""))
		},
		"POST /_standin/payment_intents/{id}/dispute": s.controlDispute,
		"POST /_standin/charges/{id}/dispute":         s.controlDispute,
		"POST /_standin/disputes/{id}/close": func(r *http.Request, f *form) (any, error) {
			return nil, s.CloseDispute(r.PathValue("id"), orText(f.oneOf("outcome", "won", "lost"), "lost") == "won")
		},
		"POST /_standin/disputes/{id}/escalate": func(r *http.Request, _ *form) (any, error) {
			return nil, s.EscalateDispute(r.PathValue("id"))
		},
		"POST /_standin/refunds/{id}/settle": func(r *http.Request, _ *form) (any, error) {
			return nil, s.SettleRefund(r.PathValue("id"))
		},
		"POST /_standin/refunds/{id}/fail": func(r *http.Request, f *form) (any, error) {
			return nil, s.FailRefund(r.PathValue("id"), orText(f.text("reason"), ""))
		},
		"POST /_standin/checkout/sessions/{id}/pay": func(r *http.Request, f *form) (any, error) {
			return nil, s.PaySession(r.PathValue("id"), Payer{
				Method: orText(f.text("method"), ""), Email: orText(f.text("email"), ""), Name: orText(f.text("name"), ""),
			})
		},
		"POST /_standin/checkout/sessions/{id}/expire": func(r *http.Request, _ *form) (any, error) {
			return nil, s.ExpireSession(r.PathValue("id"))
		},
		"POST /_standin/silences": func(_ *http.Request, f *form) (any, error) {
			kind, times := f.need("type"), f.whole("times")
			if times == nil {
				times = new(int64(1))
			}
			if bad := f.problem(); bad != nil {
				return nil, bad
			}
			return nil, s.Silence(kind, int(*times))
		},
		"DELETE /_standin/events": func(_ *http.Request, f *form) (any, error) {
			removed, err := s.DeleteEvents(orText(f.text("type"), ""))
			return map[string]int{"deleted": removed}, err
		},
		"DELETE /_standin/events/{id}": func(r *http.Request, _ *form) (any, error) {
			return nil, s.DeleteEvent(r.PathValue("id"))
		},
		"POST /_standin/events/{id}/resend": func(r *http.Request, f *form) (any, error) {
			return nil, s.Resend(r.PathValue("id"), orText(f.text("endpoint"), ""))
		},
		"POST /_standin/webhook_endpoints/{id}/roll_secret": func(r *http.Request, f *form) (any, error) {
			keep := f.whole("keep_old_seconds")
			if keep == nil {
				keep = new(int64((24 * time.Hour).Seconds()))
			}
			value, err := s.RollSecret(r.PathValue("id"), time.Duration(*keep)*time.Second)
			return map[string]string{"secret": value}, err
		},
		"POST /_standin/deliveries/hold": func(*http.Request, *form) (any, error) {
			s.HoldDeliveries()
			return nil, nil
		},
		"POST /_standin/deliveries/release": func(*http.Request, *form) (any, error) {
			s.ReleaseDeliveries()
			return nil, nil
		},
		"POST /_standin/faults": s.controlFault,
		"POST /_standin/tick":   func(*http.Request, *form) (any, error) { return nil, s.Tick() },
		"GET /_standin/counts":  func(*http.Request, *form) (any, error) { return s.Counts(), nil },
		"GET /_standin/idle": func(r *http.Request, f *form) (any, error) {
			wait := defaultIdleWait
			if ms := f.whole("timeout_ms"); ms != nil {
				wait = time.Duration(*ms) * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(r.Context(), wait)
			defer cancel()
			return nil, s.WaitIdle(ctx)
		},
	} {
		mux.HandleFunc(pattern, s.control(do))
	}
}

func (s *Server) control(do func(*http.Request, *form) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		result := &answer{Status: http.StatusOK}
		fields, _, bad := readForm(r)
		var err error
		if bad == nil {
			var value any
			value, err = do(r, fields)
			if value == nil {
				value = map[string]bool{"ok": true}
			}
			if err == nil {
				bad = fields.settle()
			}
			if err == nil && bad == nil {
				result.Body, err = pretty(value)
			}
		}
		if err != nil {
			bad = invalid("", "", err.Error())
		}
		if bad != nil {
			result = s.envelope(bad, "")
		}
		writeJSON(w, result)
	}
}

func (s *Server) controlDispute(r *http.Request, f *form) (any, error) {
	about := Complaint{Reason: orText(f.text("reason"), ""), Inquiry: f.isTrue("inquiry")}
	if amount := f.whole("amount"); amount != nil {
		about.Amount = *amount
	}
	if bad := f.problem(); bad != nil {
		return nil, bad
	}
	id, err := s.Dispute(r.PathValue("id"), about)
	return map[string]string{"dispute": id}, err
}

func (s *Server) controlFault(_ *http.Request, f *form) (any, error) {
	number := func(name string, fallback int64) int64 {
		if value := f.whole(name); value != nil {
			return *value
		}
		return fallback
	}
	method, path := orText(f.text("method"), ""), orText(f.text("path"), "/v1/")
	fault := Fault{
		Status: int(number("status", 0)), Code: orText(f.text("code"), ""), Message: orText(f.text("message"), ""),
		RetryAfter: time.Duration(number("retry_after", 0)) * time.Second, Delay: time.Duration(number("delay_ms", 0)) * time.Millisecond,
		Drop: f.isTrue("drop"), AfterCommit: f.isTrue("after_commit"), Stored: f.isTrue("stored"),
	}
	times := int(number("times", 1))
	if bad := f.problem(); bad != nil {
		return nil, bad
	}
	s.FaultNext(method, path, times, fault)
	return nil, nil
}

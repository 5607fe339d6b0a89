package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/customhandler"
	"paybridge/internal/webhook"
)

// told is what the sender of a call is answered, what goes onto the queue and
// what the log says of it.
type told struct {
	Status         int
	Body           string
	Messages       []string
	Result, Reason string
}

// answered carries an answer to the host and returns what becomes of it there.
func answered(t *testing.T, answer func(context.Context) (customhandler.Reply, error)) told {
	t.Helper()
	var log bytes.Buffer
	mux := customhandler.New(customhandler.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	mux.HTTP(customhandler.HTTPFunction{
		Name: "hook", Trigger: "req", Response: "res", Outputs: []string{"message"},
		Handle: func(ctx context.Context, _ *customhandler.Request) (customhandler.Reply, error) { return answer(ctx) },
	})
	recorder := httptest.NewRecorder()
	mux.ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(`{"Data":{"req":{"Method":"POST"}}}`)))
	var toHost struct {
		Outputs struct {
			Res struct {
				StatusCode int
				Body       string
			}
			Message []string
		}
	}
	var line struct{ Result, Reason string }
	for text, into := range map[string]any{recorder.Body.String(): &toHost, log.String(): &line} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
	}
	return told{toHost.Outputs.Res.StatusCode, toHost.Outputs.Res.Body, toHost.Outputs.Message, line.Result, line.Reason}
}

// TestAnswers: what is taken and what is left alone is acknowledged, so that
// nobody sends it again, and only what is taken goes onto the queue.
func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(context.Context) (customhandler.Reply, error)
		want   told
	}{
		"enqueued": {
			func(ctx context.Context) (customhandler.Reply, error) {
				return webhook.Enqueued(ctx, "message", []byte(`{"v":1}`))
			},
			told{http.StatusOK, `{"received":true}`, []string{`{"v":1}`}, "enqueued", ""},
		},
		"left alone": {
			func(ctx context.Context) (customhandler.Reply, error) {
				return webhook.LeftAlone(ctx, "PayBridge's own change.")
			},
			told{http.StatusOK, `{"received":true,"reason":"PayBridge's own change."}`, nil, "left alone", "PayBridge's own change."},
		},
		"refused for now": {
			func(ctx context.Context) (customhandler.Reply, error) {
				return webhook.Refused(ctx, http.StatusServiceUnavailable, "not configured", "Set StripeSecretKey.")
			},
			told{http.StatusServiceUnavailable, `{"received":false,"reason":"not configured","hint":"Set StripeSecretKey."}`, nil, "refused", "not configured"},
		},
		"refused for good": {
			func(ctx context.Context) (customhandler.Reply, error) {
				return webhook.Refused(ctx, http.StatusBadRequest, "the body is <html> & no event", "")
			},
			told{http.StatusBadRequest, `{"received":false,"reason":"the body is <html> & no event"}`, nil, "refused", "the body is <html> & no event"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, answered(t, c.answer)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

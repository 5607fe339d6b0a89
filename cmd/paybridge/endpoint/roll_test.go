package endpoint_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"paybridge/cmd/paybridge/endpoint"
	"paybridge/internal/secret"
	"paybridge/internal/stripeapi"
)

// post changes something at Stripe as a person does in the Dashboard.
func (w *world) post(path, form string) string {
	w.t.Helper()
	values, err := url.ParseQuery(form)
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, path, strings.NewReader(values.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.stripe.SecretKey())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res := &recorder{header: http.Header{}}
	w.stripe.ServeHTTP(res, req)
	if res.status > 299 {
		w.t.Fatalf("%s: %s", path, res.body.String())
	}
	return res.body.String()
}

// recorder is an http.ResponseWriter that keeps the answer.
type recorder struct {
	header http.Header
	status int
	body   strings.Builder
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// handMade is an endpoint that a person made, with its secret put into the
// vault by hand.
func (w *world) handMade(version string) string {
	w.t.Helper()
	w.post("/v1/webhook_endpoints", "api_version="+version+"&enabled_events[]=payment_intent.succeeded&url="+w.url+endpoint.Path+"?code="+url.QueryEscape(functionKey))
	made, err := w.stripe.Endpoints()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.vault.Write(w.t.Context(), "stripe-webhook-secret", secret.New(made[0].Secret+"\n"), nil); err != nil {
		w.t.Fatal(err)
	}
	return made[0].ID
}

// The secret is rolled with both endpoints delivering meanwhile, and the old one
// goes when the app has shown that it takes the new secret.
func TestRoll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.setup(); err != nil {
		t.Fatal(err)
	}
	w.restart()
	first := w.endpoints()[0]
	if err := w.setup(roll); err != nil {
		t.Fatal(err)
	}
	said := strings.Join(w.said, "\n")
	if !strings.Contains(said, first.ID+" is still there") || !strings.Contains(said, "--retire") {
		t.Errorf("said %s", said)
	}
	// The app knows the old secret only, so the old endpoint has to stay.
	err := w.setup(retire)
	if e, ok := errors.AsType[*endpoint.Error](err); !ok || !strings.Contains(e.Hint(), "restart it") {
		t.Errorf("got %v", err)
	}
	if len(w.endpoints()) != 2 {
		t.Error("the old endpoint is gone before its time")
	}
	if err := w.setup(roll); err == nil || !strings.Contains(err.Error(), "the last roll is not finished") {
		t.Errorf("got %v", err)
	}
	w.good(2)
	if err := w.setup(retire, dry); err != nil || len(w.endpoints()) != 2 {
		t.Errorf("a dry run retired: %v", err)
	}
	if err := w.setup(retire); err != nil {
		t.Fatal(err)
	}
	w.good(1)
	if now := w.endpoints()[0]; now.ID == first.ID {
		t.Error("the new endpoint was retired")
	}
	writes := w.kv.Writes()
	if err := w.setup(retire); err != nil || w.kv.Writes() != writes || !strings.Contains(w.said[0], "nothing to retire") {
		t.Errorf("said %v, %v", w.said, err)
	}
}

// The key that the page on deploying tells an operator to make is enough for all
// of it.
func TestOperatorsKeyIsEnough(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.client = stripeapi.New(stripeapi.Config{Key: secret.New("rk_test_operator"), BaseURL: w.stripeURL})
	for _, how := range []func(*endpoint.Config){nop, roll, retire} {
		w.must(w.setup(how))
		w.restart()
	}
	w.good(1)
	w.client = stripeapi.New(stripeapi.Config{Key: secret.New("rk_test_reader"), BaseURL: w.stripeURL})
	err := w.setup(roll)
	if e, ok := errors.AsType[*endpoint.Error](err); !ok || !strings.Contains(e.Hint(), "may write webhook endpoints and read events (rak_webhook_write, rak_event_read)") {
		t.Errorf("got %v", err)
	}
}

// An event that only the old endpoint can bring keeps it alive.
func TestRetireWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.setup(); err != nil {
		t.Fatal(err)
	}
	// The app has no secret yet, so it does not take this event.
	made := w.post("/v1/payment_intents", "amount=1250&currency=eur")
	w.post("/v1/payment_intents/"+regexp.MustCompile(`pi_\w+`).FindString(made)+"/cancel", "")
	if err := w.stripe.WaitIdle(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.nextSecond()
	if err := w.setup(roll); err != nil {
		t.Fatal(err)
	}
	w.restart()
	err := w.setup(retire)
	if e, ok := errors.AsType[*endpoint.Error](err); !ok || !strings.Contains(e.Message, "1 of them") {
		t.Errorf("got %v", err)
	}
	if len(w.endpoints()) != 2 {
		t.Error("the old endpoint is gone before its time")
	}
	events, err := w.stripe.DeleteEvents("") // As if it were delivered.
	if err != nil || events != 2 {
		t.Fatalf("%d events, %v", events, err)
	}
	if err := w.setup(retire); err != nil {
		t.Fatal(err)
	}
	w.good(1)
}

// What the app answers decides what is told.
func TestRetireRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.setup(); err != nil {
		t.Fatal(err)
	}
	if err := w.setup(roll); err != nil {
		t.Fatal(err)
	}
	w.restart()
	err := w.setup(retire, func(c *endpoint.Config) { c.FunctionKey = secret.New("wrong") })
	if e, ok := errors.AsType[*endpoint.Error](err); !ok || !strings.Contains(e.Hint(), "function key") {
		t.Errorf("got %v", err)
	}
	err = w.setup(retire, func(c *endpoint.Config) {
		c.HTTP = &http.Client{Transport: broken{}}
	})
	if err == nil || !strings.Contains(err.Error(), "the app does not answer") || strings.Contains(err.Error(), "code=") {
		t.Errorf("got %v", err)
	}
	if len(w.endpoints()) != 2 {
		t.Error("the old endpoint is gone before its time")
	}
}

type broken struct{}

func (broken) RoundTrip(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

// A process that is killed with any of its requests leaves nothing that the
// next run does not put right, and the app is never left without the secret of
// an endpoint that delivers.
func TestKilled(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]func(*endpoint.Config){"setup": nop, "roll": roll, "retire": retire} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/after=%v", name, after), func(t *testing.T) {
				t.Parallel()
				for n := 0; ; n++ {
					w := newWorld(t)
					want := 1
					if name != "setup" {
						w.must(w.setup())
						w.restart()
					}
					if name == "retire" {
						w.must(w.setup(roll))
						w.restart()
					}
					w.dieAt(n, after)
					err := w.setup(how)
					w.live()
					if err == nil {
						if n < 2 {
							t.Errorf("done in %d requests", n)
						}
						return
					}
					w.must(w.setup())
					if name != "setup" && len(w.endpoints()) == 2 {
						w.restart()
						w.must(w.setup(retire))
					}
					w.good(want)
					w.must(w.setup(retire)) // Leftovers among the secrets.
					w.good(want)
					if len(w.app.secrets) != 1 {
						t.Errorf("killed at %d: %d secrets are left", n, len(w.app.secrets))
					}
				}
			})
		}
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

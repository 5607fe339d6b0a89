package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"paybridge/cmd/paybridge/local"
	"paybridge/cmd/paybridge/pack/packtest"
	"paybridge/standin/stripe"
)

// world is a running PayBridge with both ends.
type world struct {
	*local.Local
	t *testing.T
	// output is what the handler prints, answers what it says to those who call
	// its functions.
	output, answers *output
	config          local.Config
	// urls are those of a PayBridge in another process, zero for this one's.
	urls local.Endpoints
	// account is the connected account in whose name the test speaks to Stripe,
	// empty for the platform's own.
	account string
}

// output collects texts.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start runs PayBridge until the end of the test, when nothing secret may have
// come to light.
func start(t *testing.T, changes ...func(*local.Config)) *world {
	t.Helper()
	w := &world{t: t, output: &output{}, answers: &output{}}
	packtest.Consult(t)
	w.config = local.Config{Dist: dist, Data: t.TempDir(), HandlerOutput: w.output}
	for _, change := range changes {
		change(&w.config)
	}
	w.open()
	t.Cleanup(func() {
		w.keepsSecrets()
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log("the handler said:\n" + w.output.String())
		}
	})
	return w
}

// Endpoints returns where everything is.
func (w *world) Endpoints() local.Endpoints {
	if w.Local == nil {
		return w.urls
	}
	return w.Local.Endpoints()
}

// open starts PayBridge on the world's data.
func (w *world) open() {
	w.t.Helper()
	l, err := local.Start(w.t.Context(), w.config)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Local = l
}

// reopen ends everything and starts it again on the same data.
func (w *world) reopen() {
	w.t.Helper()
	if err := w.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.open()
}

// awkward makes Stripe repeat and reorder a good part of its deliveries, and
// leaves to the test when banks decide.
func awkward(c *local.Config) {
	c.Stripe = func(s *stripe.Config) {
		s.SettleAfter = -1
		s.Delivery.Twice, s.Delivery.Late, s.Delivery.LateBy = 0.5, 0.5, 50*time.Millisecond
	}
}

// call sends a request and returns the answer's JSON, with numbers as they
// were written.
func (w *world) call(method, url string, header http.Header, body []byte) (int, map[string]any) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if header != nil {
		req.Header = header
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.answers != nil && strings.HasPrefix(url, w.Endpoints().Functions) {
		_, _ = w.answers.Write(append(text, '\n'))
	}
	var answer map[string]any
	numbers := json.NewDecoder(bytes.NewReader(text))
	numbers.UseNumber()
	if len(text) > 0 && numbers.Decode(&answer) != nil {
		answer = map[string]any{"text": string(text)}
	}
	return resp.StatusCode, answer
}

// patience bounds every wait for the pipeline.
const patience = time.Minute

func patient() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience)
}

// settle waits until no webhook and no message is on its way.
func (w *world) settle() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	if err := w.WaitIdle(ctx); err != nil {
		w.t.Fatalf("waiting for the pipeline to come to rest: %v", err)
	}
}

// drain waits until the CRM's steps have nothing to post and no message is on
// a queue, whatever Stripe still holds back.
func (w *world) drain() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	if err := w.Dataverse.WaitIdle(ctx); err != nil {
		w.t.Fatalf("waiting for the steps: %v", err)
	}
	w.until("the queues are empty", func() bool { return w.on(local.EventsQueue)+w.on(local.RequestsQueue) == 0 })
}

// messages is how many messages of Stripe's news wait or are being worked on.
func (w *world) messages() int {
	w.t.Helper()
	return w.on(local.EventsQueue)
}

// on is how many messages of a queue wait or are being worked on.
func (w *world) on(name string) int {
	w.t.Helper()
	queue, err := w.Queues.Queue(name)
	if err != nil {
		w.t.Fatal(err)
	}
	counts, err := queue.Counts(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return counts.Active + counts.Locked + counts.Scheduled
}

// until waits for something to become true.
func (w *world) until(what string, true func() bool) {
	w.t.Helper()
	w.within(patience, what, true)
}

// within is until with a bound of its own.
func (w *world) within(bound time.Duration, what string, true func() bool) {
	w.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(bound)
	defer end.Stop()
	for !true() {
		select {
		case <-tick.C:
		case <-end.C:
			w.t.Fatalf("waited %v in vain until %s", bound, what)
		}
	}
}

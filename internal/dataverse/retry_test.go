package dataverse

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/outcome"
)

const oneRow = `{"@odata.etag":"W/\"1\"","name":"A"}`

func TestWhatIsRepeated(t *testing.T) {
	const throttled = "0x80072322"
	get := func(c *Client) error {
		_, err := c.Get(t.Context(), "accounts", mustID(t, aGUID), nil)
		return err
	}
	update := func(c *Client) error {
		_, err := c.Update(t.Context(), "accounts", mustID(t, aGUID), Values{"name": "A"}, nil)
		return err
	}
	upsert := func(c *Client) error {
		_, err := c.Upsert(t.Context(), "accounts", mustID(t, aGUID), Values{"name": "A"}, nil)
		return err
	}
	ifAbsent := func(c *Client) error {
		_, err := c.Upsert(t.Context(), "accounts", mustID(t, aGUID), Values{"name": "A"}, &WriteOptions{Condition: IfAbsent()})
		return err
	}
	create := func(c *Client) error {
		_, err := c.Create(t.Context(), "accounts", Values{"name": "A"}, nil)
		return err
	}
	batch := func(op Operation) func(c *Client) error {
		return func(c *Client) error {
			_, err := c.Batch(t.Context(), []BatchItem{{Changeset: []Operation{op}}}, nil)
			return err
		}
	}
	batchUpdate := batch(Operation{Method: Update, Set: "accounts", Key: mustID(t, aGUID), Values: Values{"name": "A"}})
	batchCreate := batch(Operation{Method: Create, Set: "accounts", Values: Values{"name": "A"}})

	again := func(name string, do func(*Client) error, first ...step) {
		t.Helper()
		t.Run(name+" is repeated", func(t *testing.T) {
			last := answer(200, oneRow)
			if strings.Contains(name, "batch") {
				last = multipartAnswer(200, "--batchresponse_1\nContent-Type: multipart/mixed; boundary=b\n\n--b\nHTTP/1.1 204 No Content\n\n--b--\n--batchresponse_1--")
			}
			s := newScript(t, append(first, last)...)
			if err := do(newTestClient(t, s)); err != nil {
				t.Errorf("error %v", err)
			}
			for i, r := range s.requests() {
				if diff := cmp.Diff(s.requests()[0].body, r.body); diff != "" {
					t.Errorf("attempt %d has another body: %s", i+1, diff)
				}
			}
			if got := len(s.requests()); got != len(first)+1 {
				t.Errorf("%d attempts, want %d", got, len(first)+1)
			}
		})
	}
	once := func(name string, do func(*Client) error, first step) {
		t.Helper()
		t.Run(name+" is not repeated", func(t *testing.T) {
			s := newScript(t, first)
			if err := do(newTestClient(t, s)); err == nil {
				t.Error("no error")
			}
		})
	}

	again("a read after 429", get, fault(429, throttled, "Retry-After-Ms: 1"))
	again("a read after 408", get, answer(408, ""))
	again("a read after 500, 502 and 503", get, fault(500, "0x80044150"), answer(502, "<html>"), answer(503, ""))
	again("a read after 504", get, answer(504, "", "X-Ms-Retry-After-Ms: 2"))
	again("a read after an unexpected error", get, fault(400, "0x80040216"))
	again("a read after a cut connection", get, cut)
	again("an update after 503", update, answer(503, ""))
	again("an upsert after a cut connection", upsert, cut)
	again("an upsert after losing the race", upsert, fault(412, "0x80060892"))
	again("an upsert after losing the race twice", upsert, fault(412, "0x80040237"), fault(412, "0x80060892"))
	again("a create after 429", create, fault(429, throttled, "Retry-After-Ms: 1"))
	again("a batch of updates after a cut connection", batchUpdate, cut)
	again("a batch of creates after 429", batchCreate, fault(429, throttled))

	once("a read after 400", get, fault(400, "0x80060888"))
	once("a read after 403", get, fault(403, "0x80040220"))
	once("a read after 404", get, fault(404, "0x80040217"))
	once("a read after a plug-in's no", get, fault(500, "0x80040265"))
	once("an update of another version", update, fault(412, "0x80060882"))
	once("a conditional upsert of a row that exists", ifAbsent, fault(412, "0x80040237"))
	once("an upsert after duplicate detection", upsert, fault(412, "0x80040333"))
	once("a create after 500", create, fault(500, "0x80044150"))
	once("a create after 503", create, answer(503, ""))
	once("a create after a cut connection", create, cut)
	once("a create after an unexpected error", create, fault(400, "0x80040216"))
	once("a batch with a create after a cut connection", batchCreate, cut)
	once("a redirect", get, answer(302, "", "Location: https://login.example.com/"))
	once("an answer that is no row", get, answer(200, "<html>"))
}

func TestRepeatsEnd(t *testing.T) {
	s := newScript(t, answer(503, ""), answer(503, ""), answer(503, ""), answer(503, ""))
	_, err := newTestClient(t, s).Get(t.Context(), "accounts", mustID(t, aGUID), nil)
	if e, ok := errors.AsType[*Error](err); !ok || e.Status != 503 || outcome.Of(err) != outcome.Again {
		t.Errorf("error %v", err)
	}
	s = newScript(t, fault(412, "0x80060892"), fault(412, "0x80060892"), fault(412, "0x80060892"))
	_, err = newTestClient(t, s).Upsert(t.Context(), "accounts", mustID(t, aGUID), Values{}, nil)
	if !IsDuplicate(err) || outcome.Of(err) != outcome.Again {
		t.Errorf("error %v", err)
	}
}

func TestALongRetryAfterComesBackAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		header string
		ctx    func() (context.Context, context.CancelFunc)
		want   time.Duration
	}{
		"longer than the longest wait": {"Retry-After: 37", func() (context.Context, context.CancelFunc) { return t.Context(), func() {} }, 37 * time.Second},
		"longer than the deadline": {"Retry-After: 1", func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(t.Context(), 900*time.Millisecond)
		}, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := c.ctx()
			defer cancel()
			s := newScript(t, fault(429, "0x80072321", c.header))
			_, err := newTestClient(t, s).Get(ctx, "accounts", mustID(t, aGUID), nil)
			e, ok := errors.AsType[*Error](err)
			if !ok || e.RetryAfter != c.want || e.Code != "0x80072321" {
				t.Fatalf("error %v", err)
			}
			if outcome.Of(err) != outcome.Again || outcome.RetryAfter(err) != c.want {
				t.Errorf("outcome %v after %v", outcome.Of(err), outcome.RetryAfter(err))
			}
		})
	}
}

// TestCutAfterCommit shows what a caller sees whose first attempt was done
// though its answer was lost: the conflict, which makes it read again.
func TestCutAfterCommit(t *testing.T) {
	var version atomic.Int32
	version.Store(1)
	write := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-Match") != `W/"1"` || version.Load() != 1 {
			fault(412, "0x80060882")(w, r)
			return
		}
		version.Add(1)
		cut(w, r)
	}
	s := newScript(t, write, write)
	_, err := newTestClient(t, s).Update(t.Context(), "accounts", mustID(t, aGUID), Values{"name": "A"}, &WriteOptions{Condition: IfMatch(`W/"1"`)})
	if !IsConcurrencyConflict(err) || outcome.Of(err) != outcome.Again {
		t.Errorf("error %v", err)
	}
	if version.Load() != 2 {
		t.Errorf("written %d times", version.Load()-1)
	}
}

func TestACreateIsRepeatedWhenItWasNeverSent(t *testing.T) {
	server := httptest.NewServer(answer(204, "", "OData-EntityId: x("+aGUID+")"))
	defer server.Close()
	calls := 0
	o := quick()
	o.Transport = transportFunc(func(req *http.Request) (*http.Response, error) {
		calls++
		if calls == 1 {
			return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		}
		return http.DefaultClient.Do(req)
	})
	c, err := New(server.URL, &tokens{}, o)
	if err != nil {
		t.Fatal(err)
	}
	w, err := c.Create(t.Context(), "accounts", Values{"name": "A"}, nil)
	if err != nil || w.ID.String() != aGUID || !w.Created {
		t.Errorf("Create = %+v, %v", w, err)
	}
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) Do(req *http.Request) (*http.Response, error) { return f(req) }

func TestCancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		o := quick()
		o.Transport = transportFunc(func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		})
		c, err := New("http://127.0.0.1:1", nil, o)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			_, err := c.WhoAmI(ctx)
			done <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) || outcome.Of(err) != outcome.Again {
			t.Errorf("error %v", err)
		}
	})
}

func TestOneAttemptHasALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		o := &Options{Transport: transportFunc(func(req *http.Request) (*http.Response, error) {
			attempts++
			<-req.Context().Done()
			return nil, req.Context().Err()
		})}
		c, err := New("http://127.0.0.1:1", nil, o)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err = c.WhoAmI(t.Context())
		if !errors.Is(err, context.DeadlineExceeded) || outcome.Of(err) != outcome.Again {
			t.Errorf("error %v", err)
		}
		if took := time.Since(start); attempts != 5 || took < 10*time.Minute || took > 12*time.Minute {
			t.Errorf("%d attempts in %v", attempts, took)
		}
	})
}

func TestMaxConcurrent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		release := make(chan struct{})
		o := quick()
		o.MaxConcurrent = 2
		o.Transport = transportFunc(func(*http.Request) (*http.Response, error) {
			most.Store(max(most.Load(), now.Add(1)))
			<-release
			now.Add(-1)
			return nil, &tooLargeError{}
		})
		c, err := New("http://127.0.0.1:1", nil, o)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			go func() {
				if _, err := c.WhoAmI(t.Context()); err == nil {
					t.Error("no error")
				}
			}()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		synctest.Wait()
		if _, err := c.WhoAmI(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting for a slot: %v", err)
		}
		if now.Load() != 2 {
			t.Errorf("%d at a time, want 2", now.Load())
		}
		close(release)
		synctest.Wait()
		if most.Load() != 2 {
			t.Errorf("at most %d at a time, want 2", most.Load())
		}
	})
}

package crmwebhook

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"paybridge/internal/customhandler"
)

// dataverse answers who is calling, or does not.
type dataverse struct {
	mu    sync.Mutex
	asked int
	err   error
	// takes is how long an answer takes.
	takes time.Duration
}

func (d *dataverse) whoAmI(ctx context.Context) (string, error) {
	d.mu.Lock()
	d.asked++
	err, takes := d.err, d.takes
	d.mu.Unlock()
	select {
	case <-time.After(takes):
		return own, err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (d *dataverse) set(err error, takes time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err, d.takes = err, takes
}

func TestSelfIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &dataverse{takes: time.Second}
		s := newSelf(d.whoAmI)
		var wait sync.WaitGroup
		for range 20 {
			wait.Go(func() {
				if user, err := s.user(t.Context()); user != own || err != nil {
					t.Errorf("got %q, %v", user, err)
				}
			})
		}
		wait.Wait()
		<-time.After(24 * time.Hour)
		d.set(errors.New("gone"), 0)
		if user, err := s.user(t.Context()); user != own || err != nil {
			t.Errorf("a day later: %q, %v", user, err)
		}
		if d.asked != 1 {
			t.Errorf("asked %d times", d.asked)
		}
	})
}

func TestSelfIsWaitedForTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &dataverse{takes: time.Hour}
		s := newSelf(d.whoAmI)
		began := time.Now()
		var wait sync.WaitGroup
		for range 5 {
			wait.Go(func() {
				if user, _ := s.user(t.Context()); user != "" {
					t.Errorf("got %q", user)
				}
				if took := time.Since(began); took > selfWithin {
					t.Errorf("it took %s", took)
				}
			})
		}
		wait.Wait()
	})
}

func TestSelfIsAskedAgainAfterAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &dataverse{err: errors.New("no answer")}
		s := newSelf(d.whoAmI)
		step := func(wantUser, wantErr string, asked int) {
			t.Helper()
			user, err := s.user(t.Context())
			if user != wantUser || (err != nil) != (wantErr != "") || err != nil && !strings.Contains(err.Error(), wantErr) {
				t.Errorf("got %q, %v", user, err)
			}
			if d.asked != asked {
				t.Errorf("asked %d times, want %d", d.asked, asked)
			}
		}
		step("", "no answer", 1)
		d.set(nil, 0)
		step("", "", 1)
		<-time.After(selfAgain - 1)
		step("", "", 1)
		<-time.After(1)
		step(own, "", 2)
		step(own, "", 2)
	})
}

// TestSelfOutlivesACallerThatLeaves: a caller that hangs up says nothing about
// Dataverse.
func TestSelfOutlivesACallerThatLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &dataverse{takes: time.Second}
		s := newSelf(d.whoAmI)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if user, err := s.user(ctx); user != "" || !errors.Is(err, context.Canceled) {
			t.Errorf("got %q, %v", user, err)
		}
		if user, err := s.user(t.Context()); user != own || err != nil {
			t.Errorf("the next one got %q, %v", user, err)
		}
	})
}

// TestChangesAreKnownAsOwnOnceDataverseAnswers: what cannot be told is not
// left alone, and asked about again.
func TestChangesAreKnownAsOwnOnceDataverseAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &dataverse{err: errors.New("no answer")}
		cfg := config()
		cfg.Self = d.whoAmI
		f := Function(cfg)
		body := strings.ReplaceAll(posted(t, "update"), `"InitiatingUserId":"`+person, `"InitiatingUserId":"`+own)
		for i, want := range []int{1, 1, 0} {
			reply, err := f.Handle(t.Context(), &customhandler.Request{Body: []byte(body), HasBody: true})
			if err != nil || len(reply.Outputs[output]) != want {
				t.Errorf("call %d: %d messages, %v", i, len(reply.Outputs[output]), err)
			}
			d.set(nil, 0)
			if i == 1 {
				<-time.After(selfAgain)
			}
		}
	})
}

package reconcile

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"paybridge/internal/crm"
	"paybridge/internal/customhandler"
	"paybridge/internal/drift"
	"paybridge/internal/stripeapi"
)

// quiet is both ends of a PayBridge in which nothing ever happened. Reading the
// bookmark waits until it may go on.
type quiet struct {
	asked, goOn chan struct{}
	err         error
	saved       int
}

func (q *quiet) Page(context.Context, stripeapi.PageQuery) ([]stripeapi.Listed, bool, error) {
	return nil, false, nil
}

func (q *quiet) Match(context.Context, crm.Match) (crm.Matched, error) { return crm.Matched{}, nil }

func (q *quiet) Scan(_ context.Context, scans []crm.Scan) ([]crm.Scanned, error) {
	return make([]crm.Scanned, len(scans)), nil
}

func (q *quiet) Bookmark(_ context.Context, name string) (crm.Bookmark, error) {
	if q.asked != nil {
		q.asked <- struct{}{}
		<-q.goOn
	}
	return crm.Bookmark{Name: name}, q.err
}

func (q *quiet) SaveBookmark(context.Context, crm.Bookmark) error {
	q.saved++
	return nil
}

func over(q *quiet, missing ...string) customhandler.TimerFunction {
	return Function(Config{Missing: missing, Logger: slog.New(slog.DiscardHandler), Finder: drift.New(drift.Config{
		Stripe: q, Rows: q, After: time.Minute, SweepAfter: time.Hour, Window: 72 * time.Hour, Limit: 10,
	})})
}

// TestRunsDoNotOverlap starts a second run while the first one is under way.
func TestRunsDoNotOverlap(t *testing.T) {
	q := &quiet{asked: make(chan struct{}), goOn: make(chan struct{})}
	f := over(q)
	first := make(chan error, 1)
	go func() {
		_, err := f.Handle(t.Context(), customhandler.Timer{})
		first <- err
	}()
	<-q.asked
	// It would wait for the bookmark, which nobody lets it read.
	if outputs, err := f.Handle(t.Context(), customhandler.Timer{}); err != nil || outputs != nil {
		t.Errorf("the second run: %v %v", outputs, err)
	}
	close(q.goOn)
	if err := <-first; err != nil || q.saved != 1 {
		t.Errorf("the first run: %v, bookmark saved %d times", err, q.saved)
	}
}

func TestRunThatCannotBeginFails(t *testing.T) {
	if _, err := over(&quiet{err: errors.New("the CRM is down")}).Handle(t.Context(), customhandler.Timer{}); err == nil {
		t.Error("no error without a bookmark")
	}
	_, err := over(&quiet{}, "DataverseUrl").Handle(t.Context(), customhandler.Timer{})
	if err == nil || !strings.Contains(err.Error(), "DataverseUrl") {
		t.Errorf("without settings: %v", err)
	}
}

// silent is a CRM that stops to answer, at a request of this name.
type silent struct {
	*quiet
	at string
}

func (s *silent) until(ctx context.Context, request string) error {
	if s.at != request {
		return nil
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

func (s *silent) Bookmark(ctx context.Context, name string) (crm.Bookmark, error) {
	return crm.Bookmark{Name: name}, s.until(ctx, "reading the bookmark")
}

func (s *silent) Scan(ctx context.Context, scans []crm.Scan) ([]crm.Scanned, error) {
	return make([]crm.Scanned, len(scans)), s.until(ctx, "reading rows")
}

func (s *silent) SaveBookmark(ctx context.Context, _ crm.Bookmark) error {
	return s.until(ctx, "writing the bookmark")
}

// TestRunEndsBeforeTheHostKillsTheApp: the host waits for four minutes and 50
// seconds and then kills whatever else the app is doing too.
func TestRunEndsBeforeTheHostKillsTheApp(t *testing.T) {
	for at, c := range map[string]struct {
		took  time.Duration
		fails bool
	}{
		"reading the bookmark": {4 * time.Minute, true},
		"reading rows":         {2 * time.Minute, false},
		"writing the bookmark": {4 * time.Minute, true},
	} {
		t.Run(at, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &silent{quiet: &quiet{}, at: at}
				f := Function(Config{Logger: slog.New(slog.DiscardHandler), Finder: drift.New(drift.Config{
					Stripe: s, Rows: s, After: time.Minute, SweepAfter: time.Hour, Window: 72 * time.Hour, Limit: 10,
				})})
				ctx, kill := context.WithTimeout(t.Context(), 4*time.Minute+50*time.Second)
				defer kill()
				begun := time.Now()
				_, err := f.Handle(ctx, customhandler.Timer{})
				if took := time.Since(begun); took != c.took || (err != nil) != c.fails {
					t.Errorf("after %v: %v", took, err)
				}
			})
		})
	}
}

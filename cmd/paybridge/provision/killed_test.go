package provision_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"paybridge/cmd/paybridge/provision"
	cloud "paybridge/standin/dataverse"
)

// TestARunThatWasKilledAnywhereIsFinishedByTheNext cuts the run off at each of
// its requests: before Dataverse got it, and after Dataverse did it.
func TestARunThatWasKilledAnywhereIsFinishedByTheNext(t *testing.T) {
	t.Run("making", func(t *testing.T) { killedAnywhere(t, func(t *testing.T) *world { return newWorld(t, nil) }) })
	t.Run("correcting", func(t *testing.T) {
		killedAnywhere(t, func(t *testing.T) *world { return broken(t, outdated, publishing) })
	})
}

func killedAnywhere(t *testing.T, begin func(*testing.T) *world) {
	t.Helper()
	whole := begin(t)
	methods := []string{}
	whole.faults = func(_ int, r *http.Request) *cloud.Fault {
		methods = append(methods, r.Method)
		return nil
	}
	whole.done(plan())
	for i, method := range methods {
		at := i + 1
		for name, reset := range map[string]cloud.Reset{"before": cloud.ResetBefore, "after": cloud.ResetAfter} {
			if method == http.MethodGet && reset == cloud.ResetAfter {
				continue // there is nothing that could have been done
			}
			t.Run(fmt.Sprintf("%d/%s", at, name), func(t *testing.T) {
				t.Parallel()
				w := begin(t)
				ctx, kill := context.WithCancelCause(t.Context())
				killed := errors.New("killed")
				w.faults = func(n int, _ *http.Request) *cloud.Fault {
					if n < at {
						return nil
					}
					// Not for the request under way, which reaches Dataverse.
					kill(killed)
					return &cloud.Fault{Reset: reset}
				}
				_, err := provision.Run(ctx, w.client, plan(), provision.Options{Patience: impatient()})
				if err == nil {
					t.Fatal("the run was not cut off")
				}
				w.working.Wait()
				w.faults = nil
				w.done(plan())
				w.complete()
			})
		}
	}
}

// TestMisfortunesAreWaitedOut lets each request fail once, in all the ways in
// which Dataverse fails while definitions are made.
func TestMisfortunesAreWaitedOut(t *testing.T) {
	for name, fault := range map[string]*cloud.Fault{
		"locked":             cloud.CustomizationLocked(),
		"throttled":          cloud.Throttled("0x80072322", 0),
		"not there yet":      {Status: http.StatusNotFound, Code: "0x80040217", Message: "Could not find an entity with the name given."},
		"unexpected":         {Status: http.StatusBadRequest, Code: "0x80040216", Message: "An unexpected error occurred."},
		"deadlock":           {Status: http.StatusInternalServerError, Code: "0x80044150", Message: "Generic SQL error. Transaction was deadlocked."},
		"gateway":            {Status: http.StatusBadGateway},
		"lost before":        {Reset: cloud.ResetBefore},
		"done and then lost": {Reset: cloud.ResetAfter},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			failed := map[string]bool{}
			w.faults = func(n int, r *http.Request) *cloud.Fault {
				// The reading of the organisation is not part of the making.
				key := r.Method + " " + r.URL.String()
				if n <= 2 || failed[key] || r.Method == http.MethodGet && n%3 != 0 {
					return nil
				}
				failed[key] = true
				return fault
			}
			w.done(plan())
			w.faults = nil
			w.complete()
		})
	}
}

func TestWhatNoWaitingMendsIsSaidAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	w.faults = func(_ int, r *http.Request) *cloud.Fault {
		if r.Method == http.MethodGet {
			return nil
		}
		return &cloud.Fault{Status: http.StatusForbidden, Code: "0x80040220", Message: "Principal user is missing prvCreatePublisher privilege"}
	}
	if _, _, err := w.setup(plan()); err == nil || len(w.written()) != 1 {
		t.Errorf("%v after %v", err, w.written())
	}
}

func TestWaitingHasAnEnd(t *testing.T) {
	w := newWorld(t, nil)
	w.faults = func(_ int, r *http.Request) *cloud.Fault {
		if r.Method == http.MethodGet {
			return nil
		}
		return cloud.CustomizationLocked()
	}
	patience := impatient()
	patience.Part = 100 * time.Millisecond
	_, err := provision.Run(t.Context(), w.client, plan(), provision.Options{Patience: patience})
	if err == nil || !errorContains(err, "publisher paybridge: waited long enough", "0x80071151") {
		t.Errorf("the error is %v", err)
	}
}

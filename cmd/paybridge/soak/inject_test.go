package soak

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// request is one of the app's, or of a person's.
func request(t *testing.T, agent string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/refunds", nil)
	r.Header.Set("User-Agent", agent)
	return r
}

const app = "PayBridge/1.0"

// meet lets an injector decide about many requests to both ends.
func (i *injector) meet(t *testing.T, agent string) {
	t.Helper()
	for range 2000 {
		i.dataverse(request(t, agent))
		i.stripe(request(t, agent))
		i.part(http.MethodPatch, "", http.Header{"If-Match": {`W/"1"`}})
	}
}

// TestEveryFaultIsInjected goes through the kinds, each by itself: it happens
// to the app, no other does, and once all is to rest nothing does.
func TestEveryFaultIsInjected(t *testing.T) {
	byRequest := Faults{Throttle, Unavailable, Cut, StripeThrottle, StripeErrors, StripeCut}
	begun := Faults{Races, Hang, StripeHang, Token, Outage}
	// These are brought about by the host, the ends and the lives, and a
	// blackout lasts until the queues say so.
	elsewhere := Faults{Webhooks, KillHandler, KillHost, Blackout, Poison, Haste, Delete}
	all := slices.Concat(byRequest, begun, elsewhere)
	for _, kind := range AllFaults {
		if !slices.Contains(all, kind) {
			t.Errorf("nobody injects %s", kind)
		}
	}
	for _, kind := range slices.Concat(byRequest, begun) {
		s := &soak{cfg: Config{Payments: 500, Seed: 1, Faults: Faults{kind}}, tally: newTally(nil)}
		s.faults = newInjector(s.cfg, s.tally)
		for _, episodes := range s.faults.episodes() {
			for _, e := range episodes {
				if err := s.strike(t.Context(), e); err != nil {
					t.Fatal(err)
				}
			}
		}
		s.faults.meet(t, "a person")
		if got := s.tally.snapshot().faults; got[kind] > 0 && kind != Races {
			t.Errorf("%s happened to a person: %v", kind, got)
		}
		s.faults.meet(t, app)
		got := s.tally.snapshot().faults
		if got[kind] == 0 || len(got) != 1 {
			t.Errorf("with %s on there happened %v", kind, got)
		}
		s.faults.rest()
		s.faults.meet(t, app)
		if diff := cmp.Diff(got, s.tally.snapshot().faults); diff != "" {
			t.Errorf("at rest %s happened:\n%s", kind, diff)
		}
	}
}

// TestEveryEpisodeComesAtLeastOnce, also in a short soak, and a blackout so
// early that enough is still to come.
func TestEveryEpisodeComesAtLeastOnce(t *testing.T) {
	for _, payments := range []int{1, 500, 20000} {
		seen := map[Fault]int{}
		i := newInjector(Config{Payments: payments, Seed: 3, Faults: AllFaults}, newTally(nil))
		for at, episodes := range i.episodes() {
			for _, e := range episodes {
				seen[e.kind]++
				if at >= payments || e.kind == Blackout && at > payments/2 {
					t.Errorf("%s begins with payment %d of %d", e.kind, at, payments)
				}
			}
		}
		for kind, n := range every {
			if want := max(1, payments/n); seen[kind] != want {
				t.Errorf("of %d payments, %s comes %d times, want %d", payments, kind, seen[kind], want)
			}
		}
	}
}

// TestSeedDecides what happens, and another one decides otherwise.
func TestSeedDecides(t *testing.T) {
	decisions := func(seed uint64) (all []any) {
		s := &soak{cfg: Config{Payments: 500, Seed: seed, Faults: AllFaults}, tally: newTally(nil)}
		s.faults = newInjector(s.cfg, s.tally)
		s.faults.killHandler = func() bool { return true }
		for n := range 500 {
			l := newLife(s, n)
			all = append(all, l.money.code, l.amount, l.hasty, l.doomed, l.foreign)
			for _, e := range s.faults.episodes()[n] {
				all = append(all, string(e.kind), e.rng.Uint64())
			}
			f, g := s.faults.dataverse(request(t, app)), s.faults.stripe(request(t, app))
			all = append(all, f == nil, g == nil)
		}
		return all
	}
	if diff := cmp.Diff(decisions(7), decisions(7)); diff != "" {
		t.Errorf("the same seed decided otherwise:\n%s", diff)
	}
	if cmp.Equal(decisions(7), decisions(8)) {
		t.Error("another seed decided the same")
	}
}

package crm_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"paybridge/internal/crm"
	"paybridge/internal/dataverse"
	"paybridge/internal/payment"
	cloud "paybridge/standin/dataverse"
)

// TestTripsAreAsLargeAsDataverseTakes reads and writes a thousand operations in
// one trip each, and one more in two.
func TestTripsAreAsLargeAsDataverseTakes(t *testing.T) {
	e := open(t, nil)
	for extra, want := range []int{1, 2} {
		n := dataverse.MaxOperations + extra
		before := e.cloud.Counts()["batch"]
		events := make([]string, n)
		changes := make([]crm.Change, n/2)
		for i := range n {
			events[i] = fmt.Sprintf("evt_%d_%d", extra, i)
			change := &changes[min(i/2, len(changes)-1)]
			change.Events = append(change.Events, crm.Event{ID: events[i], Outcome: crm.Applied})
		}
		loaded, err := e.store.Load(t.Context(), nil, events)
		if err != nil || len(loaded.Events) != 0 || len(loaded.Unread) != 0 {
			t.Fatalf("%d events: %v, %d are there, %d unread", n, err, len(loaded.Events), len(loaded.Unread))
		}
		if trips := e.cloud.Counts()["batch"] - before; trips != want {
			t.Errorf("%d events were read in %d trips, want %d", n, trips, want)
		}
		before = e.cloud.Counts()["batch"]
		for i, err := range e.store.Save(t.Context(), changes) {
			if err != nil {
				t.Fatalf("change %d: %v", i, err)
			}
		}
		if trips := e.cloud.Counts()["batch"] - before; trips != want {
			t.Errorf("%d events were written in %d trips, want %d", n, trips, want)
		}
		if loaded, err = e.store.Load(t.Context(), nil, events); err != nil || len(loaded.Events) != n {
			t.Errorf("%v, %d of %d events are there", err, len(loaded.Events), n)
		}
	}
}

// TestAnEventThatCannotBeReadIsItsOwnTrouble: the rows and the other events of
// the trip are read all the same.
func TestAnEventThatCannotBeReadIsItsOwnTrouble(t *testing.T) {
	e := open(t, func(c *cloud.Config) {
		c.PartFaults = func(_, path string, _ http.Header) *cloud.Fault {
			if strings.Contains(path, "evt_bad") {
				return &cloud.Fault{Status: http.StatusForbidden, Code: "0x80040220", Message: "no"}
			}
			return nil
		}
	})
	if errs := e.store.Save(t.Context(), []crm.Change{{Events: []crm.Event{{ID: "evt_good", Outcome: crm.Applied}}}}); errs[0] != nil {
		t.Fatal(errs[0])
	}
	loaded, err := e.store.Load(t.Context(), nil, []string{"evt_bad", "evt_good", "evt_new", "evt:odd"})
	if err != nil {
		t.Fatal(err)
	}
	if loaded.Events["evt_good"].Outcome != crm.Applied || len(loaded.Events) != 1 {
		t.Errorf("events %v", loaded.Events)
	}
	if len(loaded.Unread) != 2 || loaded.Unread["evt_bad"] == nil || loaded.Unread["evt:odd"] == nil {
		t.Errorf("unread %v", loaded.Unread)
	}
}

func TestBookmarksAreBounded(t *testing.T) {
	e := open(t, nil)
	for n, ok := range map[int]bool{10_000: true, 10_001: false} {
		mark, err := e.store.Bookmark(t.Context(), fmt.Sprintf("of-%d", n))
		if err != nil {
			t.Fatal(err)
		}
		mark.Place = strings.Repeat("x", n)
		if err := e.store.SaveBookmark(t.Context(), mark); (err == nil) != ok {
			t.Errorf("%d characters: %v", n, err)
		}
	}
}

// TestMatchesAreBounded: more than a match takes would be more rows than come
// back in one page.
func TestMatchesAreBounded(t *testing.T) {
	e := open(t, nil)
	ids := func(prefix string, n int) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf("%s_%d", prefix, i)
		}
		return list
	}
	rows := make([]payment.RowID, crm.MaxMatch)
	for i := range rows {
		rows[i] = payment.RowID(fmt.Sprintf("00000000-0000-4000-8000-%012d", i))
	}
	const n = crm.MaxMatch
	full := crm.Match{Events: ids("evt", n), IDs: rows, Intents: ids("pi", n), Sessions: ids("cs", n)}
	if _, err := e.store.Match(t.Context(), full); err != nil {
		t.Errorf("%d of each kind: %v", n, err)
	}
	for kind, match := range map[string]crm.Match{
		"events": {Events: ids("evt", n+1)}, "rows": {IDs: append(rows, "3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01")}, "intents": {Intents: ids("pi", n+1)}, "sessions": {Sessions: ids("cs", n+1)},
	} {
		if _, err := e.store.Match(t.Context(), match); err == nil {
			t.Errorf("%d %s are taken", n+1, kind)
		}
	}
}

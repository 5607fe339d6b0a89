package crmupdate_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	cloud "paybridge/standin/dataverse"
)

// closed is a CRM whose payment rows take no change, as an order that was
// fulfilled, and which refuses as many writes of the timeline.
func closed(timeline int) func(*cloud.Config) {
	return func(c *cloud.Config) {
		c.PartFaults = func(method, path string, _ http.Header) *cloud.Fault {
			switch {
			case method != http.MethodPatch:
				return nil
			case strings.HasPrefix(path, "pb_paymentevents"):
				if timeline--; timeline < 0 {
					return nil
				}
			}
			return &cloud.Fault{Status: http.StatusBadRequest, Code: "0x80040265", Message: "This order is closed."}
		}
	}
}

// TestRowThatTakesNoChangeIsToldInTheTimeline: no number of further deliveries
// would bring the payment to the row.
func TestRowThatTakesNoChangeIsToldInTheTimeline(t *testing.T) {
	for name, c := range map[string]struct {
		refused int
		points  bool
		amount  string
		says    string
	}{
		"a payment that would be applied":         {0, true, "12.50", "Completed: 12.50 EUR received."},
		"a payment that needs review anyway":      {0, true, "99", "The row asks for 99 EUR"},
		"no timeline row may point to it":         {1, false, "12.50", "Completed: 12.50 EUR received."},
		"review anyway, and nothing may point to": {1, false, "99", "The row asks for 99 EUR"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, closed(c.refused))
			defer r.close()
			r.config.Budget = 5 * time.Second
			row, intent := r.row(1)
			r.crm(http.MethodPut, "pb_payments("+row+")/pb_amount", `{"value":`+c.amount+`}`)
			tell := func() string {
				if err := r.run(hint("evt_1", intent, row)); err != nil {
					t.Fatal(err)
				}
				if len(r.unfinished()) > 0 {
					t.Fatalf("back on the queue: %q", r.unfinished())
				}
				return r.crm(http.MethodGet, "pb_paymentevents(pb_stripeeventid='evt_1')", "")
			}
			entry := tell()
			if again := tell(); again != entry {
				t.Errorf("the entry was written again: %s, before %s", again, entry)
			}
			r.shows(row, 0)
			for _, want := range []string{c.says, "The row cannot show it: ", "This order is closed."} {
				if !strings.Contains(entry, want) {
					t.Errorf("the timeline does not say %q: %s", want, entry)
				}
			}
			if n := strings.Count(entry, "The row cannot show it"); n != 1 {
				t.Errorf("the timeline says so %d times: %s", n, entry)
			}
			if points := strings.Contains(entry, row+`"`) && !strings.Contains(entry, `"_pb_paymentid_value":null`); points != c.points {
				t.Errorf("the entry points to the row: %t: %s", points, entry)
			}
		})
	}
}

// TestWhatCannotBeToldAnywhereWaits: it is the CRM that is not set up right.
func TestWhatCannotBeToldAnywhereWaits(t *testing.T) {
	r := newRig(t, closed(1_000_000))
	defer r.close()
	r.config.Budget = 200 * time.Millisecond
	row, intent := r.row(1)
	if err := r.run(hint("evt_1", intent, row)); err == nil || !strings.Contains(err.Error(), "This order is closed.") {
		t.Errorf("the invocation ended with %v", err)
	}
}

package payment_test

import (
	"slices"
	"testing"

	"paybridge/internal/payment"
)

// TestStatusesKeepTheirPlace pins the order: a row stores the place of its
// status in the list.
func TestStatusesKeepTheirPlace(t *testing.T) {
	want := []string{
		"Requested", "Pending", "Requires action", "Processing", "Authorized", "Completed", "Failed", "Canceled",
		"Partially refunded", "Refunded", "Disputed", "Charged back",
	}
	var got []string
	for _, s := range payment.Statuses() {
		got = append(got, s.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for s, want := range map[payment.Status]string{0: "Status(0)", -1: "Status(-1)", 13: "Status(13)"} {
		if s.String() != want {
			t.Errorf("%d is %q", int(s), s)
		}
	}
}

package crm

import (
	"context"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"
)

// Note writes to the timeline alone. It is for what a person has to know about
// a row that takes no change, not even in its last error: an order that was
// fulfilled, or one that somebody's plug-in guards. Where the CRM does not even
// let a timeline row point to the row, it stands by itself. The errors are those
// of Save.
func (s *Store) Note(ctx context.Context, row *Row, events []Event) error {
	err := s.Save(ctx, []Change{{Row: row, Events: events}})[0]
	if row != nil && outcome.Of(err) == outcome.Review {
		err = s.Save(ctx, []Change{{Events: events}})[0]
	}
	return err
}

// RequestEvent is the entry of the timeline about what a row asks for. No event
// of Stripe's stands behind it, so a row has one, which the next one replaces.
func RequestEvent(row payment.RowID) Event {
	return Event{ID: "request-" + string(row), Type: "request"}
}

package crm

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"paybridge/internal/dataverse"
	"paybridge/internal/payment"
)

// MaxMatch is how many ids of each kind one Match takes, together not more
// than Dataverse takes as conditions of one query, and what they find not more
// than one page.
const MaxMatch = 100

// Match asks in one round trip which of many things the CRM knows.
type Match struct {
	// Events are ids of Stripe Events.
	Events []string
	// IDs, Intents and Sessions are what rows are looked for by.
	IDs               []payment.RowID
	Intents, Sessions []string
}

// Matched is what the CRM knows of a Match.
type Matched struct {
	events   map[string]bool
	byID     map[payment.RowID]*Row
	byStripe map[string]*Row
}

// HasEvent reports whether the timeline has the event.
func (m Matched) HasEvent(id string) bool { return m.events[id] }

// Row returns the row with the id, else the one that records the PaymentIntent
// or the Checkout Session, else nil.
func (m Matched) Row(by By) *Row {
	if row := m.byID[by.ID]; row != nil {
		return row
	}
	if row := m.byStripe[by.PaymentIntent]; row != nil {
		return row
	}
	return m.byStripe[by.CheckoutSession]
}

// Match looks up everything that is asked for, in one request however many
// ids there are. More than MaxMatch of a kind are refused.
func (s *Store) Match(ctx context.Context, match Match) (Matched, error) {
	if n := max(len(match.Events), len(match.IDs), len(match.Intents), len(match.Sessions)); n > MaxMatch {
		return Matched{}, fmt.Errorf("looking for payment rows: %d ids of a kind, more than %d", n, MaxMatch)
	}
	matched := Matched{events: map[string]bool{}, byID: map[payment.RowID]*Row{}, byStripe: map[string]*Row{}}
	var (
		items []dataverse.BatchItem
		takes []func(dataverse.Row) error
	)
	if ids := distinct(match.Events); len(ids) > 0 {
		items = append(items, dataverse.BatchItem{Read: &dataverse.Read{Set: eventSet, Query: dataverse.Query{
			Select: []string{eventKey}, Filter: dataverse.In(eventKey, ids), PageSize: MaxMatch,
		}}})
		takes = append(takes, func(row dataverse.Row) error {
			id, err := row.String(eventKey)
			matched.events[id] = true
			return err
		})
	}
	filter, err := s.rowFilter(match)
	if err != nil {
		return Matched{}, err
	}
	if filter != (dataverse.Filter{}) {
		items = append(items, dataverse.BatchItem{Read: &dataverse.Read{Set: s.mapping.SetName, Query: s.rowQuery(filter, 3*MaxMatch)}})
		takes = append(takes, func(stored dataverse.Row) error {
			row, err := s.mapping.readRow(stored)
			if err != nil {
				return err
			}
			matched.byID[row.ID] = row
			for _, id := range []string{row.Recorded.PaymentIntentID, row.Recorded.CheckoutSessionID} {
				if id != "" {
					matched.byStripe[id] = row
				}
			}
			return nil
		})
	}
	if len(items) == 0 {
		return matched, nil
	}
	results, err := s.client.Batch(ctx, items, &dataverse.BatchOptions{ContinueOnError: true})
	if err != nil {
		return Matched{}, fmt.Errorf("looking for payment rows: %w", err)
	}
	for i, take := range takes {
		if err := results[i].Err; err != nil {
			return Matched{}, fmt.Errorf("looking for payment rows: %w", err)
		}
		for _, row := range results[i].Rows {
			if err := take(row); err != nil {
				return Matched{}, err
			}
		}
	}
	return matched, nil
}

// rowFilter is the condition that a row is one of those looked for, the zero
// Filter when none is.
func (s *Store) rowFilter(match Match) (dataverse.Filter, error) {
	var any []dataverse.Filter
	if len(match.IDs) > 0 {
		ids := make([]uuid.UUID, 0, len(match.IDs))
		for _, id := range distinct(match.IDs) {
			parsed, err := uuid.Parse(string(id))
			if err != nil {
				return dataverse.Filter{}, fmt.Errorf("looking for row %q: %w", id, err)
			}
			ids = append(ids, parsed)
		}
		any = append(any, dataverse.In(s.mapping.IDColumn, ids))
	}
	for _, way := range []struct {
		column string
		values []string
	}{{s.mapping.PaymentIntent, match.Intents}, {s.mapping.CheckoutSession, match.Sessions}} {
		if ids := distinct(way.values); way.column != "" && len(ids) > 0 {
			any = append(any, dataverse.In(way.column, ids))
		}
	}
	if len(any) == 0 {
		return dataverse.Filter{}, nil
	}
	return dataverse.Or(any...), nil
}

// rowQuery reads whole rows that pass a filter.
func (s *Store) rowQuery(filter dataverse.Filter, size int) dataverse.Query {
	return dataverse.Query{
		Select: s.mapping.columns(), Filter: filter, PageSize: size,
		Expand: []dataverse.Expand{{Navigation: currencyNavigation, Select: []string{"isocurrencycode"}}},
	}
}

// distinct returns the values once each, without empty ones.
func distinct[T ~string](values []T) []T {
	list := slices.Clone(values)
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(v T) bool { return v == "" })
}

package crm

import (
	"context"
	"errors"
	"fmt"

	"paybridge/internal/dataverse"
	"paybridge/internal/payment"
)

// Store reads and writes payment rows and their timeline.
type Store struct {
	client  *dataverse.Client
	mapping Mapping
}

// New returns a Store over a table.
func New(client *dataverse.Client, mapping Mapping) *Store {
	return &Store{client: client, mapping: mapping}
}

// ErrChanged says that somebody wrote the row after it was read. Nothing was written. Read both ends again.
var ErrChanged = errors.New("the row was changed after it was read")

// ErrTaken says that a row with the same key exists: another payment row
// records the same PaymentIntent or Checkout Session, or somebody wrote the
// timeline row of the same event after it was looked up. Nothing was written.
// Reading again mends the second and never the first.
var ErrTaken = errors.New("another row has the same key")

// By says how a row is found: by its id, else by the Stripe ids that it
// records. An empty way is left out.
type By struct {
	ID              payment.RowID
	PaymentIntent   string
	CheckoutSession string
}

// Found is the result of a lookup: a row, an error, or neither where there is
// no such row.
type Found struct {
	Row *Row
	Err error
}

// Loaded is what Load read.
type Loaded struct {
	// Found has one entry per lookup, in order.
	Found []Found
	// Events are the events that the timeline already has, by id. Only Outcome
	// and Detail are filled.
	Events map[string]Event
	// Unread are the events of which that could not be found out, by id, and
	// why.
	Unread map[string]error
}

// Load reads rows and looks up events in one round trip, or in as few as hold
// them: Dataverse takes a thousand operations in one. It returns an error only
// where a trip failed as a whole; what concerns one row or event is its own.
func (s *Store) Load(ctx context.Context, lookups []By, events []string) (Loaded, error) {
	loaded := Loaded{Found: make([]Found, len(lookups)), Events: map[string]Event{}, Unread: map[string]error{}}
	var (
		items []dataverse.BatchItem
		takes []func(dataverse.BatchResult)
	)
	add := func(item dataverse.BatchItem, take func(dataverse.BatchResult)) {
		items = append(items, item)
		takes = append(takes, take)
	}
	for i, lookup := range lookups {
		found := &loaded.Found[i]
		keys, err := s.keys(lookup)
		if err != nil {
			found.Err = err
			continue
		}
		for _, key := range keys {
			add(s.readItem(key), func(result dataverse.BatchResult) {
				// The first way that leads to a row counts.
				if found.Row == nil && found.Err == nil {
					found.Row, found.Err = s.row(result)
				}
			})
		}
	}
	for _, id := range events {
		item, err := eventItem(id)
		if err != nil {
			loaded.Unread[id] = err
			continue
		}
		add(item, func(result dataverse.BatchResult) {
			switch event, err := readEvent(result); {
			case err != nil:
				loaded.Unread[id] = fmt.Errorf("reading a payment event: %w", err)
			case event.Outcome != 0:
				loaded.Events[id] = event
			}
		})
	}
	for len(items) > 0 {
		n := min(len(items), dataverse.MaxOperations)
		results, err := s.client.Batch(ctx, items[:n], &dataverse.BatchOptions{ContinueOnError: true})
		if err != nil {
			return Loaded{}, fmt.Errorf("reading payment rows: %w", err)
		}
		for i, take := range takes[:n] {
			take(results[i])
		}
		items, takes = items[n:], takes[n:]
	}
	return loaded, nil
}

// keys returns the ways of a lookup in the order in which they count.
func (s *Store) keys(l By) ([]dataverse.Key, error) {
	var keys []dataverse.Key
	if l.ID != "" {
		key, err := dataverse.ID(string(l.ID))
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	for _, way := range []struct{ column, value string }{
		{s.mapping.PaymentIntent, l.PaymentIntent},
		{s.mapping.CheckoutSession, l.CheckoutSession},
	} {
		if way.column == "" || way.value == "" {
			continue
		}
		key, err := dataverse.AlternateKey(way.column, way.value)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// readItem reads a row with its currency's ISO code in the same request.
func (s *Store) readItem(key dataverse.Key) dataverse.BatchItem {
	return dataverse.BatchItem{Read: &dataverse.Read{Set: s.mapping.SetName, Key: key, Query: dataverse.Query{
		Select: s.mapping.columns(),
		Expand: []dataverse.Expand{{Navigation: currencyNavigation, Select: []string{"isocurrencycode"}}},
	}}}
}

func (s *Store) row(result dataverse.BatchResult) (*Row, error) {
	if dataverse.IsNotFound(result.Err) {
		return nil, nil
	}
	if result.Err != nil {
		return nil, result.Err
	}
	return s.mapping.readRow(result.Row)
}

// The table of the timeline.
const (
	eventSet     = "pb_paymentevents"
	eventKey     = "pb_stripeeventid"
	eventType    = "pb_type"
	eventOn      = "pb_occurredon"
	eventOutcome = "pb_outcome"
	eventDetail  = "pb_detail"
)

func eventItem(id string) (dataverse.BatchItem, error) {
	key, err := dataverse.AlternateKey(eventKey, id)
	if err != nil {
		return dataverse.BatchItem{}, fmt.Errorf("reading payment event: %w", err)
	}
	return dataverse.BatchItem{Read: &dataverse.Read{Set: eventSet, Key: key, Query: dataverse.Query{Select: []string{eventOutcome, eventDetail}}}}, nil
}

func readEvent(result dataverse.BatchResult) (Event, error) {
	if dataverse.IsNotFound(result.Err) {
		return Event{}, nil
	}
	if result.Err != nil {
		return Event{}, result.Err
	}
	choice, err := result.Row.Int(eventOutcome)
	if err != nil {
		return Event{}, err
	}
	detail, err := result.Row.String(eventDetail)
	if err != nil {
		return Event{}, err
	}
	return Event{Outcome: eventOutcomeOf(choice), Detail: detail}, nil
}

package crm

import (
	"context"
	"errors"
	"fmt"

	"paybridge/internal/dataverse"
	"paybridge/internal/payment"
)

// Change is what is written about one payment, all of it or nothing.
type Change struct {
	// Row is the row as it was read, nil when the events belong to none.
	Row *Row
	// Values are the columns of the row to write; none leaves it untouched.
	Values dataverse.Values
	// Events are written to the timeline, new or over what it has.
	Events []Event
}

// Save writes every change as one changeset, all of them in one round trip or
// in as few as hold them, and returns one error per change: ErrChanged where a row is no longer what
// was read, ErrTaken where another row has the same key. One change that fails
// does not touch the others.
func (s *Store) Save(ctx context.Context, changes []Change) []error {
	errs := make([]error, len(changes))
	var (
		items []dataverse.BatchItem
		index []int
	)
	for i, change := range changes {
		operations, err := s.operations(change)
		if err != nil {
			errs[i] = err
			continue
		}
		if len(operations) > 0 {
			items = append(items, dataverse.BatchItem{Changeset: operations})
			index = append(index, i)
		}
	}
	for len(items) > 0 {
		n := trip(items)
		results, err := s.client.Batch(ctx, items[:n], &dataverse.BatchOptions{ContinueOnError: true})
		for j, i := range index[:n] {
			if err != nil {
				errs[i] = fmt.Errorf("writing payment rows: %w", err)
			} else {
				errs[i] = saved(results[j].Err)
			}
		}
		items, index = items[n:], index[n:]
	}
	return errs
}

// trip returns how many of the changesets Dataverse takes in one batch, one at
// least: a changeset that is too large by itself is refused by the client.
func trip(items []dataverse.BatchItem) int {
	operations := 0
	for i, item := range items {
		if operations += len(item.Changeset); operations > dataverse.MaxOperations && i > 0 {
			return i
		}
	}
	return len(items)
}

// saved gives the errors of a race their names. A row that is gone was deleted
// after it was read.
func saved(err error) error {
	switch {
	case err == nil:
		return nil
	case dataverse.IsConcurrencyConflict(err), dataverse.IsNotFound(err):
		return errors.Join(ErrChanged, err)
	case dataverse.IsDuplicate(err):
		return errors.Join(ErrTaken, err)
	default:
		return fmt.Errorf("writing a payment row: %w", err)
	}
}

func (s *Store) operations(change Change) ([]dataverse.Operation, error) {
	var operations []dataverse.Operation
	var lookup *dataverse.Reference
	if change.Row != nil {
		key, err := dataverse.ID(string(change.Row.ID))
		if err != nil {
			return nil, err
		}
		lookup = &dataverse.Reference{Set: s.mapping.SetName, Key: key}
		if len(change.Values) > 0 {
			operations = append(operations, dataverse.Operation{
				Method: dataverse.Update, Set: s.mapping.SetName, Key: key, Values: change.Values,
				Options: dataverse.WriteOptions{Condition: dataverse.IfMatch(change.Row.ETag)},
			})
		}
	}
	for _, event := range change.Events {
		key, err := dataverse.AlternateKey(eventKey, event.ID)
		if err != nil {
			return nil, err
		}
		values := dataverse.Values{
			eventType:    cut(event.Type, lengths.word),
			eventOutcome: event.Outcome.choice(),
			eventDetail:  cut(event.Detail, lengths.long),
		}
		if !event.Occurred.IsZero() {
			values[eventOn] = event.Occurred
		}
		if lookup != nil && s.mapping.EventLookup != "" {
			values[dataverse.Bind(s.mapping.EventLookup)] = *lookup
		}
		operations = append(operations, dataverse.Operation{Method: dataverse.Upsert, Set: eventSet, Key: key, Values: values})
	}
	return operations, nil
}

// LastErrorValue returns what shows text as the row's last error, or clears it
// when text is empty. It returns nothing where the row says so already, as
// payment.Alike compares texts.
func (row *Row) LastErrorValue(text string) dataverse.Values {
	if payment.Alike(row.LastError, cut(text, lengths.long)) {
		return nil
	}
	return textValue(row.mapping.LastError, row.LastError, cut(text, lengths.long))
}

// HandledValue returns what notes text as the request that was carried out
// last.
func (row *Row) HandledValue(text string) dataverse.Values {
	return textValue(row.mapping.HandledRequest, row.Handled, cut(text, lengths.request))
}

func textValue(column, have, want string) dataverse.Values {
	switch {
	case column == "" || have == want:
		return nil
	case want == "":
		return dataverse.Values{column: nil}
	default:
		return dataverse.Values{column: want}
	}
}

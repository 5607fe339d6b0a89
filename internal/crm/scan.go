package crm

import (
	"context"
	"fmt"
	"time"

	"paybridge/internal/dataverse"
	"paybridge/internal/payment"
)

// Which says which rows a Scan looks at.
type Which int

// The rows of a scan.
const (
	// Asking rows ask for something at Stripe: to pay, to cancel or to refund.
	Asking Which = iota + 1
	// Waiting rows wait for Stripe: their status is one that will not stay.
	Waiting
)

// WaitingStatuses are the states of a payment that wait for something to
// happen at Stripe.
func WaitingStatuses() []payment.Status {
	return []payment.Status{payment.Requested, payment.Pending, payment.RequiresAction, payment.Processing, payment.Authorized, payment.Disputed}
}

// Scan asks for rows by when they were last written.
type Scan struct {
	Which Which
	// From and Until bound the time of the last write, both inclusive, in whole
	// seconds.
	From, Until time.Time
	// Size is how many rows are wanted, at most 5000.
	Size int
}

// Scanned is one page of a scan, the row that was written the longest ago
// first.
type Scanned struct {
	Rows []*Row
	// More says that there are further rows, written at the time of the last
	// row or later.
	More bool
}

// Scan reads the first page of each of the scans, all of them in one round
// trip. A table that keeps neither requests nor a status has nothing to scan.
func (s *Store) Scan(ctx context.Context, scans []Scan) ([]Scanned, error) {
	if len(scans) == 0 {
		return nil, nil
	}
	if s.mapping.Request == "" || s.mapping.Status == "" {
		return make([]Scanned, len(scans)), nil
	}
	var items []dataverse.BatchItem
	for _, scan := range scans {
		query := s.rowQuery(s.scanFilter(scan), scan.Size)
		query.OrderBy = []dataverse.Order{{Column: s.mapping.modified()}, {Column: s.mapping.IDColumn}}
		items = append(items, dataverse.BatchItem{Read: &dataverse.Read{Set: s.mapping.SetName, Query: query}})
	}
	results, err := s.client.Batch(ctx, items, nil)
	if err != nil {
		return nil, fmt.Errorf("scanning payment rows: %w", err)
	}
	pages := make([]Scanned, len(scans))
	for i, result := range results {
		if result.Err != nil {
			return nil, fmt.Errorf("scanning payment rows: %w", result.Err)
		}
		pages[i].More = result.More
		for _, stored := range result.Rows {
			row, err := s.mapping.readRow(stored)
			if err != nil {
				return nil, err
			}
			pages[i].Rows = append(pages[i].Rows, row)
		}
	}
	return pages, nil
}

func (s *Store) scanFilter(scan Scan) dataverse.Filter {
	m := s.mapping
	asks := dataverse.In(m.Request, []int{m.RequestValues[payment.RequestPay], m.RequestValues[payment.RequestCancel], m.RequestValues[payment.RequestRefund]})
	which := asks
	if scan.Which == Waiting {
		var statuses []int
		for _, status := range WaitingStatuses() {
			if value, ok := m.StatusValues[status]; ok {
				statuses = append(statuses, value)
			}
		}
		// A row without a status that asks for something has never been looked at.
		which = dataverse.Or(dataverse.In(m.Status, statuses), dataverse.And(dataverse.Eq(m.Status, nil), asks))
	}
	return dataverse.And(which, dataverse.Ge(m.modified(), scan.From), dataverse.Le(m.modified(), scan.Until))
}

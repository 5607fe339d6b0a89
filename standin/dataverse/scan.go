package dataverse

import (
	"bytes"
	"sync"
)

// scanned remembers rows as they were decoded, because a list without a value
// to look for reads the whole table, and decoding is most of the work. An entry
// holds for exactly the bytes that it was made of, so one that a transaction
// left behind which came to nothing is never believed.
type scanned struct {
	mu     sync.Mutex
	tables map[string]map[string]scannedRow
}

type scannedRow struct {
	raw []byte
	row *Row
}

// mostScanned is how many rows of a table are remembered.
const mostScanned = 200_000

// scan calls f with every row of a table in the order of their GUIDs. The rows
// are not to be changed.
func (x *tx) scan(t *table, f func(*Row) error) error {
	b := x.rows(t)
	if b == nil {
		return nil
	}
	return b.ForEach(func(id, raw []byte) error {
		row, err := x.scanned.decode(t.LogicalName, id, raw)
		if err != nil {
			return err
		}
		return f(row)
	})
}

func (s *scanned) decode(table string, id, raw []byte) (*Row, error) {
	s.mu.Lock()
	known := s.tables[table][string(id)]
	s.mu.Unlock()
	if known.row != nil && bytes.Equal(known.raw, raw) {
		return known.row, nil
	}
	row, err := decodeRow(raw)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tables[table] == nil || len(s.tables[table]) >= mostScanned {
		s.tables[table] = map[string]scannedRow{}
	}
	s.tables[table][string(id)] = scannedRow{raw: bytes.Clone(raw), row: row}
	return row, nil
}

package drift

import (
	"encoding/json"
	"fmt"
	"time"

	"paybridge/internal/crm"
)

// mark is how far one look has come: everything up to it is in step or was
// given up.
type mark struct {
	// ID is the last thing that was passed, empty when there was none; At is its
	// time, or, without an ID, the time up to which there is nothing. For rows
	// it is the time from which on they are read, and ID stays empty.
	ID string    `json:"id,omitempty"`
	At timestamp `json:"at,omitzero"`
	// Blocked is the first thing that is out of step behind the mark, and Runs
	// in how many runs it was the first. The consumers were told of everything
	// out of step up to Tried.
	Blocked string    `json:"blocked,omitempty"`
	Runs    int       `json:"runs,omitempty"`
	Tried   string    `json:"tried,omitempty"`
	TriedAt timestamp `json:"triedAt,omitzero"`
}

// patience is in how many runs a thing may be the first one out of step. After
// that it is passed over: it is looked at again when it is older, and must not
// hold up the others. In the second run the consumers are told again, in case
// the first message never reached the queue.
const patience = 3

// told reports whether the consumers were told of everything that happened at
// a time.
func (m *mark) told(at time.Time) bool { return !m.TriedAt.IsZero() && at.Before(m.TriedAt.Time) }

// timestamp is a time that is kept in Unix seconds.
type timestamp struct{ time.Time }

// MarshalJSON writes the seconds.
func (t timestamp) MarshalJSON() ([]byte, error) { return json.Marshal(t.Unix()) }

// UnmarshalJSON reads the seconds.
func (t *timestamp) UnmarshalJSON(data []byte) error {
	var seconds int64
	if err := json.Unmarshal(data, &seconds); err != nil {
		return err
	}
	t.Time = time.Unix(seconds, 0).UTC()
	return nil
}

// place is what the bookmark holds.
type place struct {
	// Swept is when the slower sweeps ran last.
	Swept timestamp        `json:"swept,omitzero"`
	Marks map[string]*mark `json:"marks"`
}

func readPlace(b crm.Bookmark) (place, error) {
	p := place{Marks: map[string]*mark{}}
	if b.Place == "" {
		return p, nil
	}
	if err := json.Unmarshal([]byte(b.Place), &p); err != nil || p.Marks == nil {
		return place{}, fmt.Errorf("reading the bookmark %s: it is not one of PayBridge's; clear the column Place of its row to begin anew", b.Name)
	}
	return p, nil
}

func (p place) mark(name string) *mark {
	m := p.Marks[name]
	if m == nil {
		m = &mark{}
		p.Marks[name] = m
	}
	return m
}

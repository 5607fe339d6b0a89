package deadletters_test

import (
	"context"
	"errors"
	"slices"

	"paybridge/cmd/paybridge/queues"
)

// memory is a namespace whose only queue has these dead letters. It notes what
// is done to which.
type memory struct {
	letters []queues.DeadLetter
	locked  map[int64]bool
	// sent, gone and back are the numbers of the letters that were sent, completed
	// and abandoned.
	sent, gone, back []int64
	// page is how many one Receive hands out at the most, asked how many were
	// asked for each time.
	page  int
	asked []int
	// fail are errors by what is done, and by number where one is given.
	fail func(doing string, number int64) error
}

func (m *memory) trouble(doing string, number int64) error {
	if m.fail == nil {
		return nil
	}
	return m.fail(doing, number)
}

func (m *memory) Send(context.Context, string, ...[]byte) error { return errors.ErrUnsupported }
func (m *memory) Waiting(context.Context, string) (int, error)  { return 0, errors.ErrUnsupported }
func (m *memory) Settings(context.Context, string) (*queues.Settings, error) {
	return nil, errors.ErrUnsupported
}
func (m *memory) DeadLetters(string) (queues.DeadLetters, error) { return m, m.trouble("open", 0) }
func (m *memory) Close(context.Context) error                    { return nil }

func (m *memory) Peek(_ context.Context, from int64, n int) ([]queues.DeadLetter, error) {
	var out []queues.DeadLetter
	for _, l := range m.letters {
		if l.SequenceNumber >= from && len(out) < n {
			out = append(out, l)
		}
	}
	return out, m.trouble("peek", from)
}

func (m *memory) Receive(ctx context.Context, n int) ([]queues.DeadLetter, error) {
	m.asked = append(m.asked, n)
	if err := errors.Join(ctx.Err(), m.trouble("receive", 0)); err != nil {
		return nil, err
	}
	if m.locked == nil {
		m.locked = map[int64]bool{}
	}
	if m.page > 0 {
		n = min(n, m.page)
	}
	var out []queues.DeadLetter
	for _, l := range m.letters {
		if len(out) < n && !m.locked[l.SequenceNumber] {
			m.locked[l.SequenceNumber] = true
			out = append(out, l)
		}
	}
	return out, nil
}

func (m *memory) Resubmit(ctx context.Context, l queues.DeadLetter) error {
	if err := m.trouble("send", l.SequenceNumber); err != nil {
		return err
	}
	m.sent = append(m.sent, l.SequenceNumber)
	if err := m.Complete(ctx, l); err != nil {
		return errors.Join(queues.ErrStays, err)
	}
	return nil
}

func (m *memory) Complete(ctx context.Context, l queues.DeadLetter) error {
	if err := errors.Join(ctx.Err(), m.trouble("complete", l.SequenceNumber)); err != nil {
		return err
	}
	m.gone = append(m.gone, l.SequenceNumber)
	m.letters = slices.DeleteFunc(m.letters, func(o queues.DeadLetter) bool { return o.SequenceNumber == l.SequenceNumber })
	delete(m.locked, l.SequenceNumber)
	return nil
}

func (m *memory) Abandon(ctx context.Context, letters ...queues.DeadLetter) error {
	if err := errors.Join(ctx.Err(), m.trouble("abandon", 0)); err != nil {
		return err
	}
	for _, l := range letters {
		m.back = append(m.back, l.SequenceNumber)
		delete(m.locked, l.SequenceNumber)
	}
	return nil
}

package deadletters

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"paybridge/cmd/paybridge/queues"
)

// Deed is what is done with a dead letter whose lock is held.
type Deed func(ctx context.Context, box queues.DeadLetters, letter queues.DeadLetter) error

// Resubmit sends the message to its queue again and then takes it out of the
// dead letters.
func Resubmit(ctx context.Context, box queues.DeadLetters, letter queues.DeadLetter) error {
	return box.Resubmit(ctx, letter)
}

// Drop removes the message for good.
func Drop(ctx context.Context, box queues.DeadLetters, letter queues.DeadLetter) error {
	return box.Complete(ctx, letter)
}

// Result says what became of the letters, by their sequence numbers.
type Result struct {
	Done []int64
	// Doubled were sent and could not be removed: they are in both places.
	Doubled []int64
	// Lost are those whose lock was lost before anything was done.
	Lost []int64
	// Gone are those that could not be received: somebody else has settled them
	// or holds their lock.
	Gone []int64
}

const (
	// maxHeld bounds how many letters that are not meant are held locked, to get
	// at those behind them: Service Bus hands out dead letters in their order
	// and not by name.
	maxHeld = 4000
	// maxTime bounds the whole: the first locks run out after five minutes at
	// the most.
	maxTime = 4 * time.Minute
	// parting bounds how long giving back takes, also after an interruption.
	parting = 30 * time.Second
)

// ErrTooMany says that the letters meant lie behind more others than can be
// held, or that there was no time for all.
var ErrTooMany = errors.New("not all of the dead letters could be reached in one go")

// Settle does the deed to the chosen ones of a queue's letters. It stops at the
// first failure that is not about one letter alone; what was done until then is
// in the result. Whatever happens, the locks of the others are given back. It
// calls progress now and then with how many are still to come.
func Settle(ctx context.Context, ns queues.Namespace, queue string, letters, chosen []*Letter, deed Deed, progress func(left int)) (result Result, err error) {
	wanted := map[int64]bool{}
	for _, l := range chosen {
		wanted[l.SequenceNumber] = true
	}
	reach := reach(letters, wanted)
	box, err := ns.DeadLetters(queue)
	if err != nil {
		return result, err
	}
	var held []queues.DeadLetter
	defer func() {
		leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), parting)
		defer cancel()
		if back := box.Abandon(leaving, held...); back != nil && !errors.Is(back, queues.ErrLockLost) {
			err = errors.Join(err, fmt.Errorf("the locks of %d dead letters run on for some minutes: %w", len(held), back))
		}
		if closed := box.Close(leaving); err == nil {
			err = closed
		}
	}()
	started := time.Now()
	for len(wanted) > 0 {
		if len(held) > maxHeld || time.Since(started) > maxTime {
			return result, ErrTooMany
		}
		// No more than is needed: what is asked for beyond that is locked for
		// nothing as soon as it is there.
		n := queues.MaxPage
		if reach > 0 {
			n = min(n, reach)
		}
		got, err := box.Receive(ctx, n)
		if err != nil {
			return result, err
		}
		reach -= len(got)
		progress(len(wanted))
		if len(got) == 0 {
			break
		}
		for i, letter := range got {
			if !wanted[letter.SequenceNumber] {
				held = append(held, letter)
				continue
			}
			if err := ctx.Err(); err != nil {
				held = append(held, got[i:]...)
				return result, err
			}
			stop := result.note(letter.SequenceNumber, whole(ctx, box, letter, deed))
			delete(wanted, letter.SequenceNumber)
			if stop != nil {
				held = append(held, got[i:]...)
				return result, stop
			}
		}
	}
	for _, l := range chosen {
		if wanted[l.SequenceNumber] {
			result.Gone = append(result.Gone, l.SequenceNumber)
		}
	}
	slices.Sort(result.Gone)
	return result, nil
}

// reach is how many of the letters there are up to the last one that is wanted.
func reach(letters []*Letter, wanted map[int64]bool) int {
	last := 0
	for i, l := range letters {
		if wanted[l.SequenceNumber] {
			last = i + 1
		}
	}
	return last
}

// whole does the deed to its end, also when somebody interrupts the command:
// half of it would leave a message in both places.
func whole(ctx context.Context, box queues.DeadLetters, letter queues.DeadLetter, deed Deed) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), parting)
	defer cancel()
	return deed(ctx, box, letter)
}

// note sorts what became of one letter and returns an error that concerns the
// others too.
func (r *Result) note(number int64, err error) error {
	switch {
	case err == nil:
		r.Done = append(r.Done, number)
	case errors.Is(err, queues.ErrStays):
		r.Doubled = append(r.Doubled, number)
	case errors.Is(err, queues.ErrLockLost):
		r.Lost = append(r.Lost, number)
	default:
		return fmt.Errorf("message %d: %w", number, err)
	}
	return nil
}

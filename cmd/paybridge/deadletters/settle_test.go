package deadletters_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/deadletters"
	"paybridge/cmd/paybridge/queues"
)

// box holds the dead letters 1 to n.
func box(t *testing.T, n int64) (*memory, []*deadletters.Letter) {
	t.Helper()
	m := &memory{}
	for i := int64(1); i <= n; i++ {
		m.letters = append(m.letters, queues.DeadLetter{SequenceNumber: i, Body: []byte("x")})
	}
	letters, _, err := deadletters.Read(t.Context(), m, deadletters.Queue{Name: "q", Kind: deadletters.Hints}, 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	return m, letters
}

// at are some of the letters.
func at(letters []*deadletters.Letter, numbers ...int64) []*deadletters.Letter {
	var some []*deadletters.Letter
	for _, n := range numbers {
		some = append(some, letters[n-1])
	}
	return some
}

// settle does a deed and does not care for the progress.
func settle(ctx context.Context, m *memory, queue string, letters, chosen []*deadletters.Letter, deed deadletters.Deed) (deadletters.Result, error) {
	return deadletters.Settle(ctx, m, queue, letters, chosen, deed, func(int) {})
}

func TestOnlyWhatIsMeantIsTouched(t *testing.T) {
	m, letters := box(t, 5)
	m.page = 2
	result, err := settle(t.Context(), m, "q", letters, at(letters, 2, 4), deadletters.Resubmit)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(deadletters.Result{Done: []int64{2, 4}}, result); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{2, 4}, m.sent); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{1, 3}, m.back); diff != "" {
		t.Errorf("given back:\n%s", diff)
	}
	if diff := cmp.Diff([]int{4, 2}, m.asked); diff != "" {
		t.Errorf("more was locked than is needed:\n%s", diff)
	}
	if len(m.locked) > 0 || len(m.letters) != 3 {
		t.Errorf("locked %v, left %v", m.locked, m.letters)
	}
}

func TestDropSendsNothing(t *testing.T) {
	m, letters := box(t, 300)
	result, err := settle(t.Context(), m, "q", letters, letters, deadletters.Drop)
	if err != nil || len(result.Done) != 300 || len(m.sent) != 0 || len(m.letters) != 0 {
		t.Errorf("%d done, %d sent, %d left, %v", len(result.Done), len(m.sent), len(m.letters), err)
	}
}

func TestWhatBecameOfEach(t *testing.T) {
	m, letters := box(t, 4)
	m.letters = m.letters[:3] // Somebody else has settled the last one.
	m.fail = func(doing string, number int64) error {
		switch {
		case doing == "complete" && number == 1:
			return queues.ErrLockLost
		case doing == "send" && number == 2:
			return queues.ErrLockLost
		}
		return nil
	}
	result, err := settle(t.Context(), m, "q", letters, letters, deadletters.Resubmit)
	if diff := cmp.Diff(deadletters.Result{Doubled: []int64{1}, Lost: []int64{2}, Done: []int64{3}, Gone: []int64{4}}, result); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// TestFailureStops has the second letter fail for a reason that will stop the
// others too.
func TestFailureStops(t *testing.T) {
	broken := errors.New("broken")
	m, letters := box(t, 4)
	m.fail = func(doing string, number int64) error {
		if doing == "send" && number == 2 {
			return broken
		}
		return nil
	}
	result, err := settle(t.Context(), m, "q", letters, letters, deadletters.Resubmit)
	if !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
	if diff := cmp.Diff(deadletters.Result{Done: []int64{1}}, result); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{2, 3, 4}, m.back); diff != "" {
		t.Errorf("given back:\n%s", diff)
	}
}

// TestInterruptionLeavesNoHalves interrupts while a letter is being settled:
// that one is finished, the next is not begun, and the locks are given back.
func TestInterruptionLeavesNoHalves(t *testing.T) {
	m, letters := box(t, 3)
	ctx, interrupt := context.WithCancel(t.Context())
	m.fail = func(doing string, _ int64) error {
		if doing == "send" {
			interrupt()
		}
		return nil
	}
	result, err := settle(ctx, m, "q", letters, letters, deadletters.Resubmit)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if diff := cmp.Diff(deadletters.Result{Done: []int64{1}}, result); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{2, 3}, m.back); diff != "" {
		t.Errorf("given back:\n%s", diff)
	}
}

func TestTooManyBeforeTheOne(t *testing.T) {
	m, letters := box(t, 4200)
	_, err := settle(t.Context(), m, "q", letters, at(letters, 4200), deadletters.Drop)
	if !errors.Is(err, deadletters.ErrTooMany) || len(m.locked) > 0 || len(m.gone) > 0 {
		t.Errorf("%v, %d locked, %d gone", err, len(m.locked), len(m.gone))
	}
}

func TestLocksThatCannotBeGivenBackAreSaid(t *testing.T) {
	broken := errors.New("broken")
	m, letters := box(t, 2)
	m.fail = func(doing string, _ int64) error {
		if doing == "abandon" {
			return broken
		}
		return nil
	}
	result, err := settle(t.Context(), m, "q", letters, at(letters, 2), deadletters.Drop)
	if len(result.Done) != 1 || !errors.Is(err, broken) {
		t.Errorf("%+v, %v", result, err)
	}
}

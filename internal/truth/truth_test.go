package truth_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/truth"
)

const (
	account = "acct_1"
	// trip is how long Stripe takes to answer, on the clock of a test.
	trip = time.Second
)

// stripe has every object that it is asked for, and notes which it was asked for
// on which trip.
type stripe struct {
	t     *testing.T
	begun time.Time
	// brings are the intents that sessions bring along.
	brings map[string]string
	// broken are the ids that are answered at once, with an error.
	broken map[string]error

	mu    sync.Mutex
	trips [][]string
}

func newStripe(t *testing.T) *stripe { return &stripe{t: t, begun: time.Now()} }

func (s *stripe) Intent(ctx context.Context, account, id string) (payment.Intent, error) {
	return payment.Intent{ID: id}, s.answer(ctx, account, id)
}

func (s *stripe) Session(ctx context.Context, account, id string) (payment.Session, error) {
	session := payment.Session{ID: id}
	if intent := s.brings[id]; intent != "" {
		session.Intent = &payment.Intent{ID: intent}
	}
	return session, s.answer(ctx, account, id)
}

func (s *stripe) answer(ctx context.Context, of, id string) error {
	if of != account {
		s.t.Errorf("%s is read from the account %q", id, of)
	}
	s.mu.Lock()
	n := int(time.Since(s.begun) / trip)
	for len(s.trips) <= n {
		s.trips = append(s.trips, nil)
	}
	s.trips[n] = append(s.trips[n], id)
	slices.Sort(s.trips[n])
	s.mu.Unlock()
	if err := s.broken[id]; err != nil {
		return err
	}
	select {
	case <-time.After(trip):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// read reads what is true of a row in test mode.
func (s *stripe) read(row payment.Row, named ...string) (payment.Facts, error) {
	var names truth.Names
	names.Add(named...)
	return truth.Read(s.t.Context(), s, account, row, false, names)
}

// recording is a row that records objects of Stripe's.
func recording(intent, session string) payment.Row {
	return payment.Row{Recorded: payment.Payment{Status: payment.Pending, PaymentIntentID: intent, CheckoutSessionID: session}}
}

// telling is a row that records pi_first and tells a person something.
func telling(text string) payment.Row {
	row := recording("pi_first", "")
	row.LastError = text
	return row
}

// TestWhatIsRead: each object once, and all of them on one trip where that can be.
func TestWhatIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		row    payment.Row
		named  []string
		brings map[string]string
		want   [][]string
	}{
		"nothing":             {},
		"what is named":       {named: []string{"pi_first", "cs_1"}, want: [][]string{{"cs_1", "pi_first"}}},
		"what is recorded":    {row: recording("pi_first", ""), want: [][]string{{"pi_first"}}},
		"both, which are one": {row: recording("pi_first", ""), named: []string{"pi_first"}, want: [][]string{{"pi_first"}}},
		"both, which are two": {row: recording("pi_first", ""), named: []string{"pi_other"}, want: [][]string{{"pi_first", "pi_other"}}},
		"a session by itself": {row: recording("", "cs_1"), named: []string{"cs_1"}, want: [][]string{{"cs_1"}}},

		"the session brings its intent": {
			row: recording("pi_first", "cs_1"), brings: map[string]string{"cs_1": "pi_first"}, want: [][]string{{"cs_1"}},
		},
		"it brings what is named too": {
			row: recording("pi_first", "cs_1"), named: []string{"pi_first"}, brings: map[string]string{"cs_1": "pi_first"}, want: [][]string{{"cs_1"}},
		},
		"another session brings it": {
			row: recording("pi_first", "cs_1"), named: []string{"cs_2"}, brings: map[string]string{"cs_2": "pi_first"}, want: [][]string{{"cs_1", "cs_2"}},
		},
		"the session brings none": {
			row: recording("pi_first", "cs_1"), named: []string{"pi_other"}, want: [][]string{{"cs_1", "pi_other"}, {"pi_first"}},
		},
		"the session brings another": {
			row: recording("pi_first", "cs_1"), brings: map[string]string{"cs_1": "pi_other"}, want: [][]string{{"cs_1"}, {"pi_first"}},
		},

		"the last error tells of two": {
			row:  telling("Needs review: Paid twice: money was received on pi_first and pi_other. Refund all but one of them in Stripe."),
			want: [][]string{{"pi_first", "pi_other"}},
		},
		"it tells of more than six": {
			row:  telling("pi_first, pi_other, pi_three, pi_fours, pi_fives, pi_sixes, pi_seven, pi_eight."),
			want: [][]string{{"pi_first", "pi_fives", "pi_fours", "pi_other", "pi_sixes", "pi_three"}},
		},
		"it tells of what is no id": {
			row:  telling("pi_x, api_other, pi_other_secret_other, pi_ärger and pi_."),
			want: [][]string{{"pi_first"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStripe(t)
				s.brings = c.brings
				facts, err := s.read(c.row, c.named...)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, s.trips); diff != "" {
					t.Errorf("read trip by trip, -want +got:\n%s", diff)
				}
				var got []string
				for _, in := range facts.Intents {
					got = append(got, in.ID)
				}
				for _, session := range facts.Sessions {
					got = append(got, session.ID)
				}
				want := slices.Concat(c.want...)
				slices.Sort(got)
				slices.Sort(want)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("the facts, -want +got:\n%s", diff)
				}
			})
		})
	}
}

// TestAPaymentOfTheOtherModeIsNotRead: this deployment's key cannot see it. What
// a row says of the mode counts once something is recorded.
func TestAPaymentOfTheOtherModeIsNotRead(t *testing.T) {
	for name, c := range map[string]struct {
		intent, session string
		status          payment.Status
		refused         bool
	}{
		"an intent":                  {"pi_first", "", payment.Completed, true},
		"a session":                  {"", "cs_1", payment.Pending, true},
		"an intent nobody has read":  {"pi_first", "", 0, false},
		"a row that records no ids":  {"", "", payment.Requested, false},
		"a row that records nothing": {"", "", 0, false},
		"a session nobody has read":  {"", "cs_1", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStripe(t)
				row := recording(c.intent, c.session)
				row.Recorded.Status, row.Recorded.Livemode = c.status, true
				_, err := s.read(row, "pi_named")
				switch {
				case !c.refused && (err != nil || len(s.trips) != 1):
					t.Errorf("%v was read: %v", s.trips, err)
				case c.refused && (outcome.Of(err) != outcome.Review || len(s.trips) != 0):
					t.Errorf("%v was read: %v", s.trips, err)
				case c.refused && !strings.Contains(err.Error(), "of live mode, but this deployment handles test mode"):
					t.Errorf("it says %v", err)
				}
			})
		})
	}
}

// TestAnErrorEndsTheRest: nobody waits for what would be thrown away.
func TestAnErrorEndsTheRest(t *testing.T) {
	gone := outcome.Reviewf("no such object")
	for name, c := range map[string]struct {
		broken string
		want   [][]string
	}{
		"on the first trip":  {"pi_other", [][]string{{"cs_1", "pi_other"}}},
		"of a session":       {"cs_1", [][]string{{"cs_1", "pi_other"}}},
		"on the second trip": {"pi_first", [][]string{{"cs_1", "pi_other"}, {"pi_first"}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStripe(t)
				s.broken = map[string]error{c.broken: gone}
				_, err := s.read(recording("pi_first", "cs_1"), "pi_other")
				if !errors.Is(err, gone) || outcome.Of(err) != outcome.Review {
					t.Errorf("the error is %v", err)
				}
				if waited, most := time.Since(s.begun), time.Duration(len(c.want)-1)*trip; waited != most {
					t.Errorf("it took %v, want %v", waited, most)
				}
				if diff := cmp.Diff(c.want, s.trips); diff != "" {
					t.Errorf("read trip by trip, -want +got:\n%s", diff)
				}
			})
		})
	}
}

// TestNamesAreNamedOnce, sessions apart from intents.
func TestNamesAreNamedOnce(t *testing.T) {
	var names truth.Names
	names.Add("cs_test_1", "", "pi_first")
	names.Add("pi_other", "pi_first", "cs_test_1")
	if diff := cmp.Diff([]string{"pi_first", "pi_other", "cs_test_1"}, names.All()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

package deadletters_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/deadletters"
	"paybridge/cmd/paybridge/queues"
)

const aRow = "8f0b7a52-3c1d-4e6f-9a2b-5d4c3b2a1f00"

// mixed are dead letters of both queues, of all that can be told of a letter.
func mixed(t *testing.T) []*deadletters.Letter {
	t.Helper()
	var all []*deadletters.Letter
	for _, q := range []struct {
		deadletters.Queue
		dead []queues.DeadLetter
	}{
		{deadletters.Queue{Name: "events", Kind: deadletters.Hints}, []queues.DeadLetter{
			{SequenceNumber: 1, MessageID: "m-1", Body: []byte(`{"v":1,"event":"evt_1","livemode":false,"paymentIntent":"pi_1","crmPaymentId":"` + aRow + `"}`)},
			{SequenceNumber: 2, MessageID: "m-2", Body: []byte(`{"v":1,"livemode":false,"checkoutSession":"cs_1","refund":"re_1","dispute":"dp_1","charge":"ch_1"}`)},
			{SequenceNumber: 7, Body: []byte("poison")},
		}},
		{deadletters.Queue{Name: "requests", Kind: deadletters.Changes}, []queues.DeadLetter{
			{SequenceNumber: 2, MessageID: "m-3", Body: []byte(`{"v":1,"payment":"` + aRow + `"}`)},
		}},
	} {
		letters, _, err := deadletters.Read(t.Context(), &memory{letters: q.dead}, q.Queue, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, letters...)
	}
	all[1].Verdict.State = deadletters.InStep
	all[2].Verdict.State = deadletters.Unreadable
	return all
}

// names are the queue and number of each letter.
func names(letters []*deadletters.Letter) []string {
	var out []string
	for _, l := range letters {
		out = append(out, fmt.Sprintf("%s %d", l.Queue, l.SequenceNumber))
	}
	return out
}

func TestSelection(t *testing.T) {
	for _, c := range []struct {
		name  string
		which deadletters.Selection
		want  []string
	}{
		{"everything", deadletters.Selection{}, []string{"events 1", "events 2", "events 7", "requests 2"}},
		{"a number", deadletters.Selection{Names: []string{"7"}}, []string{"events 7"}},
		{"a message id", deadletters.Selection{Names: []string{"m-3"}}, []string{"requests 2"}},
		{"a row, as people write it", deadletters.Selection{Names: []string{"{" + strings.ToUpper(aRow) + "}"}}, []string{"events 1", "requests 2"}},
		{"Stripe's ids", deadletters.Selection{Names: []string{"pi_1", "dp_1"}}, []string{"events 1", "events 2"}},
		{"more Stripe ids", deadletters.Selection{Names: []string{"cs_1", "re_1", "ch_1", "evt_1"}}, []string{"events 1", "events 2"}},
		{"a state", deadletters.Selection{Only: []deadletters.State{deadletters.Unreadable, deadletters.InStep}}, []string{"events 2", "events 7"}},
		{"a name in another state", deadletters.Selection{Names: []string{"m-1"}, Only: []deadletters.State{deadletters.InStep}}, nil},
	} {
		got, err := c.which.From(mixed(t))
		if diff := cmp.Diff(c.want, names(got)); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", c.name, err, diff)
		}
	}
}

func TestSelectionThatMayNotBeWhatIsMeant(t *testing.T) {
	if _, err := (deadletters.Selection{Names: []string{"2"}}).From(mixed(t)); !errors.Is(err, deadletters.ErrAmbiguous) {
		t.Errorf("a number of both queues: %v", err)
	}
	for _, name := range []string{"99", "", "m", "\x1b[31m", "evt_"} {
		got, err := deadletters.Selection{Names: []string{"1", name}}.From(mixed(t))
		if err == nil || got != nil || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%q: %v, %v", name, names(got), err)
		}
	}
}

// TestWhatIsShownIsSafe shows letters of which everything comes from strangers.
func TestWhatIsShownIsSafe(t *testing.T) {
	hostile := "\x1b[2J\u202e\r\n\tsk_live_51abc " + strings.Repeat("x", 100_000)
	for _, body := range []string{hostile, `{"v":1,"type":"` + strings.Repeat(`\u001b`, 30) + `","livemode":false,"crmPaymentId":"\u001b[2J"}`, ""} {
		letters, _, err := deadletters.Read(t.Context(), &memory{letters: []queues.DeadLetter{
			{SequenceNumber: 1, MessageID: hostile, Reason: hostile, Description: hostile, Body: []byte(body)},
		}}, deadletters.Queue{Name: "events", Kind: deadletters.Hints}, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		letters[0].Verdict.Detail = hostile
		var shown strings.Builder
		if err := errors.Join(deadletters.List(&shown, letters), deadletters.Explain(&shown, letters[0])); err != nil {
			t.Fatal(err)
		}
		text := shown.String()
		if strings.ContainsAny(text, "\x1b\u202e\r\t") || strings.Contains(text, "sk_live_") || len(text) > 5000 {
			t.Errorf("shown as %d bytes:\n%q", len(text), text)
		}
	}
}

// TestDeliveriesOfEarlierMessagesAreShown: what went back to its queue is a new
// message to Service Bus.
func TestDeliveriesOfEarlierMessagesAreShown(t *testing.T) {
	for body, kind := range map[string]deadletters.Kind{
		`{"v":1,"livemode":false,"deliveries":7}`:                                 deadletters.Hints,
		`{"v":1,"payment":"3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01","deliveries":7}`: deadletters.Changes,
	} {
		letters, _, err := deadletters.Read(t.Context(), &memory{letters: []queues.DeadLetter{{SequenceNumber: 1, DeliveryCount: 100, Body: []byte(body)}}}, deadletters.Queue{Name: "q", Kind: kind}, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		var shown strings.Builder
		if err := deadletters.Explain(&shown, letters[0]); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"deliveries   100\n", "delivered 7 times as messages that went back to the queue\n"} {
			if !strings.Contains(shown.String(), want) {
				t.Errorf("%q is not in\n%s", want, shown.String())
			}
		}
	}
}

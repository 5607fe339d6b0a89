package judge_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"paybridge/internal/crm"
	"paybridge/internal/judge"
	"paybridge/internal/payment"
	"paybridge/internal/truth"
)

// naming names objects as hints do.
func naming(intents []payment.Intent, sessions []payment.Session) (n truth.Names) {
	for _, in := range intents {
		n.Add(in.ID)
	}
	for _, session := range sessions {
		n.Add(session.ID)
	}
	return n
}

// sorted compares ids that were read side by side.
var sorted = cmp.Options{cmpopts.EquateEmpty(), cmpopts.SortSlices(strings.Compare)}

func session(id string, link payment.Link, brings *payment.Intent) payment.Session {
	return payment.Session{ID: id, Link: link, Intent: brings}
}

// TestStrangers: an object speaks for the row that it names and for the one that
// records it. All else is taken out, and what it names is kept.
func TestStrangers(t *testing.T) {
	none, elsewhere := payment.Link{}, payment.Link{CRMPaymentID: string(mine), CRMOrg: foreign}
	bare, meant, other := payment.Intent{ID: "pi_1"}, payment.Intent{ID: "pi_1", Link: names(mine)}, payment.Intent{ID: "pi_1", Link: names(theirs)}
	intents := func(list ...payment.Intent) []payment.Intent { return list }
	sessions := func(list ...payment.Session) []payment.Session { return list }
	for name, c := range map[string]struct {
		recorded  payment.Payment
		lastError string
		intents   []payment.Intent
		sessions  []payment.Session
		strangers judge.Strangers
	}{
		"names the row":             {intents: intents(meant)},
		"names it for any CRM":      {intents: intents(payment.Intent{ID: "pi_1", Link: payment.Link{CRMPaymentID: string(mine)}})},
		"names it in another CRM":   {intents: intents(payment.Intent{ID: "pi_1", Link: elsewhere}), strangers: judge.Strangers{"pi_1": elsewhere}},
		"names none":                {intents: intents(bare), strangers: judge.Strangers{"pi_1": none}},
		"names another row":         {intents: intents(other), strangers: judge.Strangers{"pi_1": names(theirs)}},
		"recorded, and names none":  {recorded: payment.Payment{PaymentIntentID: "pi_1"}, intents: intents(bare)},
		"recorded, names another":   {recorded: payment.Payment{PaymentIntentID: "pi_1"}, intents: intents(other)},
		"told of on the row":        {lastError: "Needs review: Paid twice, with pi_1 and pi_2.", intents: intents(bare)},
		"beside what is recorded":   {recorded: payment.Payment{PaymentIntentID: "pi_2"}, intents: intents(bare, payment.Intent{ID: "pi_2"}), strangers: judge.Strangers{"pi_1": none}},
		"a session names the row":   {sessions: sessions(session("cs_1", names(mine), nil))},
		"a session names none":      {sessions: sessions(session("cs_1", none, nil)), strangers: judge.Strangers{"cs_1": none}},
		"a session names another":   {sessions: sessions(session("cs_1", names(theirs), nil)), strangers: judge.Strangers{"cs_1": names(theirs)}},
		"a session is recorded":     {recorded: payment.Payment{CheckoutSessionID: "cs_1"}, sessions: sessions(session("cs_1", none, nil))},
		"a session vouches":         {intents: intents(bare), sessions: sessions(session("cs_1", names(mine), &bare))},
		"a recorded one vouches":    {recorded: payment.Payment{CheckoutSessionID: "cs_1"}, intents: intents(bare), sessions: sessions(session("cs_1", none, &bare))},
		"its intent vouches for it": {sessions: sessions(session("cs_1", none, &meant))},
		"its intent is recorded":    {recorded: payment.Payment{PaymentIntentID: "pi_1"}, intents: intents(bare), sessions: sessions(session("cs_1", none, &bare))},
		"a stranger does not vouch": {intents: intents(bare), sessions: sessions(session("cs_1", names(theirs), &bare)), strangers: judge.Strangers{"pi_1": none, "cs_1": names(theirs)}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &stripe{intents: c.intents, sessions: c.sessions}
			row := &crm.Row{Row: payment.Row{ID: mine, Recorded: c.recorded, LastError: c.lastError}}
			named := naming(c.intents, c.sessions)
			facts, strangers, err := rules(s).Read(t.Context(), "", row, named)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.strangers, strangers, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("strangers, -want +got:\n%s", diff)
			}
			claimed := naming(facts.Intents, facts.Sessions)
			want := slices.DeleteFunc(named.All(), func(id string) bool { _, ok := c.strangers[id]; return ok })
			if diff := cmp.Diff(want, claimed.All(), sorted); diff != "" || len(facts.Intents)+len(facts.Sessions) != len(want) {
				t.Errorf("claimed is %+v, -want +got:\n%s", facts, diff)
			}
			if diff := cmp.Diff(named.All(), s.asked, sorted); diff != "" {
				t.Errorf("asked for, -want +got:\n%s", diff)
			}
		})
	}
}

// TestWhatCannotBeReadIsNotJudged: Stripe does not have it, or only in the other
// mode.
func TestWhatCannotBeReadIsNotJudged(t *testing.T) {
	row := &crm.Row{Row: payment.Row{ID: mine, Recorded: payment.Payment{Status: payment.Completed, PaymentIntentID: "pi_1", Livemode: true}}}
	for live, want := range map[bool]string{true: errGone.Error(), false: "live mode"} {
		s := &stripe{intents: []payment.Intent{{ID: "pi_2", Link: names(mine)}}}
		j := rules(s)
		j.Livemode = live
		facts, strangers, err := j.Read(t.Context(), "", row, truth.Names{Intents: []string{"pi_2"}})
		if err == nil || !strings.Contains(err.Error(), want) || len(facts.Intents)+len(strangers) > 0 {
			t.Errorf("%v, want something about %q; %v %v", err, want, facts, strangers)
		}
	}
}

// TestTurnAway: what is none of the row's goes on to the row that it names, with
// that alone which the first row has no claim to.
func TestTurnAway(t *testing.T) {
	for name, c := range map[string]struct {
		strangers judge.Strangers
		why       string
		// on are the objects of the hint that goes on.
		on []string
	}{
		"no stranger":           {judge.Strangers{"pi_9": names(theirs)}, "", nil},
		"the intent is another": {judge.Strangers{"pi_1": names(theirs)}, "Stripe's pi_1 does not name", []string{"pi_1", ""}},
		"the session is":        {judge.Strangers{"cs_1": names(theirs)}, "Stripe's cs_1 does not name", []string{"", "cs_1"}},
		"both are":              {judge.Strangers{"pi_1": names(theirs), "cs_1": names(mine)}, "Stripe's pi_1 does not name", []string{"pi_1", "cs_1"}},
		"it names none":         {judge.Strangers{"pi_1": {}}, "Stripe's pi_1 does not name", nil},
		"it names no GUID":      {judge.Strangers{"pi_1": {CRMPaymentID: "order 7", CRMOrg: org}}, "Stripe's pi_1 does not name", nil},
		"it is another CRM's":   {judge.Strangers{"pi_1": {CRMPaymentID: string(theirs), CRMOrg: foreign}}, "Stripe's pi_1 does not name", nil},
		"it names this row":     {judge.Strangers{"pi_1": names(mine)}, "Stripe's pi_1 does not name", nil},
	} {
		t.Run(name, func(t *testing.T) {
			h := payment.Hint{EventID: "evt_1", PaymentIntent: "pi_1", CheckoutSession: "cs_1", CRMPaymentID: string(mine), CRMOrg: org, Deliveries: 7}
			why, on := rules(nil).TurnAway(h, mine, c.strangers)
			if !strings.HasPrefix(why, c.why) || (why == "") != (c.why == "") {
				t.Errorf("why: %q, want %q", why, c.why)
			}
			var want *payment.Hint
			if c.on != nil {
				want = &payment.Hint{EventID: "evt_1", PaymentIntent: c.on[0], CheckoutSession: c.on[1], CRMPaymentID: string(theirs), CRMOrg: org}
			}
			if diff := cmp.Diff(want, on); diff != "" {
				t.Errorf("goes on, -want +got:\n%s", diff)
			}
		})
	}
}

// TestAHintThatGoesOnArrives: whatever objects name and rows record, a hint visits
// no row twice. It names two objects, so it goes on twice at most.
func TestAHintThatGoesOnArrives(t *testing.T) {
	ids := []payment.RowID{mine, theirs, "00000000-0000-4000-8000-000000000003"}
	rapid.Check(t, func(t *rapid.T) {
		link := rapid.Custom(func(t *rapid.T) payment.Link {
			return payment.Link{
				CRMPaymentID: rapid.SampledFrom([]string{"", "order 7", string(ids[0]), string(ids[1]), string(ids[2])}).Draw(t, "row"),
				CRMOrg:       rapid.SampledFrom([]string{"", org, foreign}).Draw(t, "organisation"),
			}
		})
		intent := payment.Intent{ID: "pi_1", Link: link.Draw(t, "link of the intent")}
		var brings *payment.Intent
		if rapid.Bool().Draw(t, "the session brings the intent") {
			brings = &intent
		}
		s := &stripe{intents: []payment.Intent{intent}, sessions: []payment.Session{session("cs_1", link.Draw(t, "link of the session"), brings)}}
		rows := map[payment.RowID]*crm.Row{}
		for _, id := range ids {
			rows[id] = &crm.Row{Row: payment.Row{ID: id}}
		}
		// An id is recorded by one row at most: it is a key of the table.
		rows[rapid.SampledFrom(ids).Draw(t, "records the intent")].Recorded.PaymentIntentID = rapid.SampledFrom([]string{"", "pi_1"}).Draw(t, "intent")
		rows[rapid.SampledFrom(ids).Draw(t, "records the session")].Recorded.CheckoutSessionID = rapid.SampledFrom([]string{"", "cs_1"}).Draw(t, "session")

		h := &payment.Hint{PaymentIntent: "pi_1", CheckoutSession: "cs_1", CRMPaymentID: string(rapid.SampledFrom(ids).Draw(t, "hint"))}
		var visited []string
		for h != nil {
			if slices.Contains(visited, h.CRMPaymentID) || len(visited) == 3 {
				t.Fatalf("from %v it goes on to %s", visited, h.CRMPaymentID)
			}
			visited = append(visited, h.CRMPaymentID)
			row := rows[payment.RowID(h.CRMPaymentID)]
			var named truth.Names
			named.Add(h.PaymentIntent, h.CheckoutSession)
			_, strangers, err := rules(s).Read(t.Context(), "", row, named)
			if err != nil {
				t.Fatal(err)
			}
			_, h = rules(s).TurnAway(*h, row.ID, strangers)
		}
	})
}

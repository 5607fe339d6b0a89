package payment

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func asks(request Request, by CollectBy) func(*Row) {
	return func(r *Row) { r.Ask.Request, r.Ask.CollectBy = request, by }
}

func costs(amount, code string) func(*Row) {
	return func(r *Row) {
		d := decimal.RequireFromString(amount)
		r.Amount, r.Currency = &d, code
	}
}

func refunds(total string) func(*Row) {
	return func(r *Row) {
		d := decimal.RequireFromString(total)
		r.Ask.Request, r.Ask.RefundAmount = RequestRefund, &d
	}
}

func handled(text string) func(*Row) { return func(r *Row) { r.Handled = text } }

func intents(list ...Intent) Facts { return Facts{Intents: list} }

func sessions(list ...Session) Facts { return Facts{Sessions: list} }

func follows(id string, s Session) Session {
	s.After = id
	return s
}

// TestDecide is the table of what has to be done, for every request and every
// state that Stripe can be in.
func TestDecide(t *testing.T) {
	var (
		pay      = asks(RequestPay, ByIntent)
		link     = asks(RequestPay, ByLink)
		cancel   = asks(RequestCancel, 0)
		refund   = asks(RequestRefund, 0)
		open     = intent("pi_1", IntentRequiresPaymentMethod)
		another  = intent("pi_2", IntentRequiresPaymentMethod, later)
		paid     = intent("pi_1", IntentSucceeded)
		working  = intent("pi_1", IntentProcessing)
		canceled = intent("pi_1", IntentCanceled)
		sent     = session("cs_1", SessionOpen, "unpaid", nil)
		expired  = session("cs_1", SessionExpired, "unpaid", nil)
	)
	for _, c := range []struct {
		name  string
		row   Row
		facts Facts
		want  Step
	}{
		{"nobody asked", row(), intents(), Step{}},
		{"nothing is asked any more", row(asks(RequestNone, 0)), intents(open), Step{}},

		{"pay", row(pay), intents(), Step{Action: CreateIntent, Amount: 1250, Currency: "eur"}},
		{"pay, way not chosen", row(asks(RequestPay, 0)), intents(), Step{Action: CreateIntent, Amount: 1250, Currency: "eur"}},
		{"pay by link", row(link), intents(), Step{Action: CreateSession, Amount: 1250, Currency: "eur"}},
		{"pay in yen", row(pay, costs("1500", "jpy")), intents(), Step{Action: CreateIntent, Amount: 1500, Currency: "jpy"}},
		{"pay in dinars", row(pay, costs("12.340", "kwd")), intents(), Step{Action: CreateIntent, Amount: 12340, Currency: "kwd"}},
		{"pay in kronur", row(pay, costs("500", "isk")), intents(), Step{Action: CreateIntent, Amount: 50000, Currency: "isk"}},
		{"pay, made already", row(pay), intents(open), Step{}},
		{"pay, made already and on the row", row(pay, names("pi_1", ""), handled("Pay 12.5 EUR by PaymentIntent")), intents(open), Step{}},
		{"pay by link, made already", row(link), sessions(sent), Step{}},
		{"the amount was changed", row(pay, costs("15", "eur")), intents(open), Step{Action: UpdateIntent, ID: "pi_1", Amount: 1500, Currency: "eur"}},
		{"the currency was changed", row(pay, costs("12.50", "usd")), intents(open), Step{Action: UpdateIntent, ID: "pi_1", Amount: 1250, Currency: "usd"}},
		{"the amount was changed after a failure", row(pay, costs("15", "eur")), intents(intent("pi_1", IntentRequiresPaymentMethod, declined)), Step{Action: UpdateIntent, ID: "pi_1", Amount: 1500, Currency: "eur"}},
		{"the amount was changed while the customer authenticates", row(pay, costs("15", "eur")), intents(intent("pi_1", IntentRequiresAction)), Step{Action: CancelIntent, ID: "pi_1"}},
		{"the amount of a link was changed", row(link, costs("15", "eur")), sessions(sent), Step{Action: ExpireSession, ID: "cs_1"}},
		{"then the old link is closed", row(link, costs("15", "eur"), names("", "cs_1"), handled("Pay 12.5 EUR by Checkout link")), sessions(expired), Step{Action: CreateSession, Amount: 1500, Currency: "eur", After: "cs_1"}},
		{"the same link expired by itself", row(link, names("", "cs_1"), handled("Pay 12.5 EUR by Checkout link")), sessions(expired), Step{}},
		{"an expired link that was never noted as made", row(link, names("", "cs_1")), sessions(expired), Step{}},
		{"links that the row never named", row(link, names("", "cs_1"), handled("None")),
			sessions(follows("cs_2", session("cs_3", SessionExpired, "unpaid", nil)), follows("cs_1", session("cs_2", SessionExpired, "unpaid", nil)), expired),
			Step{Action: CreateSession, Amount: 1250, Currency: "eur", After: "cs_3"}},
		{"asked again after none", row(link, names("", "cs_1"), handled("None")), sessions(expired), Step{Action: CreateSession, Amount: 1250, Currency: "eur", After: "cs_1"}},
		{"asked again after a cancel", row(pay, names("pi_1", ""), handled("Cancel")), intents(canceled), Step{Action: CreateIntent, Amount: 1250, Currency: "eur", After: "pi_1"}},
		{"canceled at Stripe", row(pay, names("pi_1", ""), handled("Pay 12.5 EUR by PaymentIntent")), intents(canceled), Step{}},
		{"from an intent to a link", row(link, names("pi_1", "")), intents(open), Step{Action: CancelIntent, ID: "pi_1"}},
		{"from a link to an intent", row(pay, names("", "cs_1")), sessions(sent), Step{Action: ExpireSession, ID: "cs_1"}},
		{"two can be paid, the named one stays", row(pay, names("pi_2", "")), intents(open, another), Step{Action: CancelIntent, ID: "pi_1"}},
		{"a delayed payment failed, asked again", row(link, names("pi_1", "cs_1"), handled("None")), sessions(session("cs_1", SessionComplete, "unpaid", ptr(intent("pi_1", IntentRequiresPaymentMethod, declined)))), Step{Action: CreateSession, Amount: 1250, Currency: "eur", After: "cs_1"}},
		{"paid", row(pay), intents(paid), Step{}},
		{"paid, whatever the amount says now", row(pay, costs("99", "eur")), intents(paid), Step{}},
		{"paid and refunded", row(pay), intents(intent("pi_1", IntentSucceeded, refunded(1250))), Step{}},

		{"cancel", row(cancel), intents(open), Step{Action: CancelIntent, ID: "pi_1"}},
		{"cancel what is held", row(cancel), intents(intent("pi_1", IntentRequiresCapture)), Step{Action: CancelIntent, ID: "pi_1"}},
		{"cancel a link", row(cancel), sessions(sent), Step{Action: ExpireSession, ID: "cs_1"}},
		{"cancel twice", row(cancel), intents(canceled), Step{}},
		{"cancel what was never made", row(cancel), intents(), Step{}},
		{"cancel what was refunded", row(cancel), intents(intent("pi_1", IntentSucceeded, refunded(1250))), Step{}},

		{"refund in full", row(refund), intents(paid), Step{Action: RefundIntent, ID: "pi_1", Amount: 1250, Total: 1250, Currency: "eur"}},
		{"refund the rest", row(refund), intents(intent("pi_1", IntentSucceeded, refunded(250))), Step{Action: RefundIntent, ID: "pi_1", Amount: 1000, Total: 1250, Currency: "eur"}},
		{"refund in part", row(refunds("2.50")), intents(paid), Step{Action: RefundIntent, ID: "pi_1", Amount: 250, Total: 250, Currency: "eur"}},
		{"refund a second part", row(refunds("4.00")), intents(intent("pi_1", IntentSucceeded, refunded(250))), Step{Action: RefundIntent, ID: "pi_1", Amount: 150, Total: 400, Currency: "eur"}},
		{"refunded already", row(refunds("2.50")), intents(intent("pi_1", IntentSucceeded, refunded(250))), Step{}},
		{"refunded in full already", row(refund), intents(intent("pi_1", IntentSucceeded, refunded(1250))), Step{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Decide(c.row, c.facts)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, c := range []struct {
		name  string
		row   Row
		facts Facts
		says  []string
	}{
		{"no amount", row(pay, func(r *Row) { r.Amount = nil }), intents(), []string{"no amount"}},
		{"zero", row(pay, costs("0", "eur")), intents(), []string{"0 EUR"}},
		{"negative", row(pay, costs("-1", "eur")), intents(), []string{"negative"}},
		{"half a cent", row(pay, costs("10.005", "eur")), intents(), []string{"10.005 EUR", "0.01"}},
		{"half a yen", row(pay, costs("10.5", "jpy")), intents(), []string{"10.5 JPY"}},
		{"a fils that Stripe does not take", row(pay, costs("1.235", "kwd")), intents(), []string{"1.235 KWD"}},
		{"less than Stripe collects", row(pay, costs("0.49", "eur")), intents(), []string{"0.49 EUR", "0.50 EUR"}},
		{"no currency", row(pay, func(r *Row) { r.Currency = "" }), intents(), []string{"no currency"}},
		{"a currency that is none", row(pay, func(r *Row) { r.Currency = "euro" }), intents(), []string{"euro"}},
		{"a change while the bank works on it", row(pay, costs("15", "eur")), intents(working), []string{"bank is working", "pi_1"}},
		{"cancel what was paid", row(cancel), intents(paid), []string{"pi_1", "Refund"}},
		{"cancel while the bank works on it", row(cancel), intents(working), []string{"bank is working"}},
		{"refund what was not paid", row(refund), intents(open), []string{"No money was received", "Cancel"}},
		{"refund nothing", row(refund), intents(), []string{"No money was received"}},
		{"refund more than was received", row(refunds("12.51")), intents(paid), []string{"12.51 EUR", "12.50 EUR"}},
		{"refund less than went back", row(refunds("1")), intents(intent("pi_1", IntentSucceeded, refunded(250))), []string{"2.50 EUR", "1.00 EUR"}},
		{"refund half a cent", row(refunds("1.005")), intents(paid), []string{"1.005"}},
		{"refund what is disputed", row(refund), intents(intent("pi_1", IntentSucceeded, disputed(DisputeNeedsResponse))), []string{"disputes"}},
		{"refund one of two payments", row(refund), intents(paid, intent("pi_2", IntentSucceeded, later)), []string{"Paid twice", "pi_1", "pi_2"}},
		{"refund in another currency", row(refund, costs("12.50", "usd")), intents(paid), []string{"USD", "EUR"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			step, err := Decide(c.row, c.facts)
			if err == nil {
				t.Fatalf("not refused: %+v", step)
			}
			if r, d := (*Refusal)(nil), (*Disagreement)(nil); !errors.As(err, &r) && !errors.As(err, &d) {
				t.Errorf("%T is neither a refusal nor a disagreement", err)
			}
			for _, want := range c.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

// carryOut does a step to the facts as Stripe would.
func carryOut(facts Facts, step Step) Facts {
	switch step.Action {
	case CreateIntent:
		facts.Intents = append(facts.Intents, Intent{ID: "pi_new" + step.After, Status: IntentRequiresPaymentMethod, Amount: step.Amount, Currency: string(step.Currency), Created: day.AddDate(0, 1, 0)})
	case CreateSession:
		facts.Sessions = append(facts.Sessions, Session{ID: "cs_new" + step.After, Status: SessionOpen, PaymentStatus: "unpaid", AmountTotal: step.Amount, Currency: string(step.Currency), Created: day.AddDate(0, 1, 0)})
	}
	// An intent may be there twice, by itself and in its session, with one and
	// the same charge.
	charges := map[*Charge]bool{}
	each := func(in *Intent) {
		if in == nil || in.ID != step.ID {
			return
		}
		switch step.Action {
		case UpdateIntent:
			in.Amount, in.Currency = step.Amount, string(step.Currency)
		case CancelIntent:
			in.Status = IntentCanceled
		case RefundIntent:
			if !charges[in.Charge] {
				charges[in.Charge] = true
				in.Charge.AmountRefunded += step.Amount
			}
		}
	}
	for i := range facts.Intents {
		each(&facts.Intents[i])
	}
	for i := range facts.Sessions {
		if step.Action == ExpireSession && facts.Sessions[i].ID == step.ID {
			facts.Sessions[i].Status = SessionExpired
		}
		each(facts.Sessions[i].Intent)
	}
	return facts
}

// TestDecideComesToRest: whatever Stripe has, a few steps lead to agreement,
// never more than one object is made, and never more is refunded than was
// received.
func TestDecideComesToRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := drawFacts(t)
		r := row(asks(rapid.SampledFrom([]Request{0, RequestNone, RequestPay, RequestCancel, RequestRefund}).Draw(t, "request"), rapid.SampledFrom([]CollectBy{0, ByIntent, ByLink}).Draw(t, "collect by")))
		r.Handled = rapid.SampledFrom([]string{"", "None", "Cancel", "Pay 12.5 EUR by PaymentIntent", "Pay 12.5 EUR by Checkout link"}).Draw(t, "handled")
		if rapid.Bool().Draw(t, "price changed") {
			costs("15", "eur")(&r)
		}
		if rapid.Bool().Draw(t, "names one") {
			list := attempts(facts)
			a := list[rapid.IntRange(0, len(list)-1).Draw(t, "which")]
			if a.session != nil {
				r.Recorded.CheckoutSessionID = a.session.ID
			}
			if a.intent != nil {
				r.Recorded.PaymentIntentID = a.intent.ID
			}
		}
		made := 0
		for range 20 {
			step, err := Decide(r, facts)
			if err != nil || step.Action == Nothing {
				payable := 0
				for _, a := range attempts(facts) {
					if a.payable() && !a.working() {
						payable++
					}
				}
				if err == nil && r.Ask.Request == RequestPay && payable > 1 {
					t.Fatalf("%d attempts can be paid", payable)
				}
				if err == nil && r.Ask.Request == RequestCancel && payable > 0 {
					t.Fatal("canceled and still payable")
				}
				return
			}
			if step.Action == CreateIntent || step.Action == CreateSession {
				made++
			}
			if made > 1 {
				t.Fatal("made two objects for one request")
			}
			facts = carryOut(facts, step)
			for _, in := range facts.Intents {
				if in.Charge != nil && in.Charge.AmountRefunded > 1250 {
					t.Fatal("refunded more than was received")
				}
			}
		}
		t.Fatal("does not come to rest")
	})
}

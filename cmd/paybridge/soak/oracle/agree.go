package oracle

import (
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// The beginnings of pb_lasterror, from the README.
const (
	reviewPrefix  = "Needs review:"
	refusalPrefix = "Request refused:"
)

// NeedsReview reports whether a row says that a person has to settle something.
func NeedsReview(row map[string]any) bool {
	return strings.HasPrefix(Text(row, "pb_lasterror"), reviewPrefix)
}

// Complaints compares a row with everything that Stripe has for it, and
// returns what is wrong in words, nothing when both ends agree or the row says
// why they cannot.
func Complaints(row map[string]any, l *Ledger) []string {
	id := Text(row, "pb_paymentid")
	c := &complaints{row: row, ledger: l, attempts: l.Of(id)}
	said := Text(row, "pb_lasterror")
	switch {
	case said == "", strings.HasPrefix(said, refusalPrefix):
		c.columns()
	case !strings.HasPrefix(said, reviewPrefix):
		c.say("the error %q has no known beginning", said)
	}
	c.money()
	if said == "" {
		c.satisfied()
	}
	return c.said
}

type complaints struct {
	row      map[string]any
	ledger   *Ledger
	attempts Attempts
	said     []string
}

func (c *complaints) say(format string, args ...any) {
	c.said = append(c.said, fmt.Sprintf(format, args...))
}

// columns compares field by field with what the row names.
func (c *complaints) columns() {
	shown := Shown(c.row)
	delete(shown, "pb_lasterror")
	delete(shown, "pb_handledrequest")
	intent, session := Text(c.row, "pb_paymentintentid"), Text(c.row, "pb_checkoutsessionid")
	switch {
	case intent != "" && c.ledger.Intent(intent) == nil:
		c.say("it names %s, which Stripe does not have", intent)
	case session != "" && c.ledger.Session(session) == nil:
		c.say("it names %s, which Stripe does not have", session)
	case intent+session != "":
		if diff := cmp.Diff(Truth(c.ledger, intent, session), shown); diff != "" {
			c.say("Stripe says (-), the row shows (+):\n%s", diff)
		}
		c.link(c.ledger.Session(session))
	case c.toldOf():
		c.say("it names nothing of %d PaymentIntents and %d Checkout Sessions", len(c.attempts.Intents), len(c.attempts.Sessions))
	}
}

// link holds the row to showing the link that can be paid, and no other.
func (c *complaints) link(session Object) {
	want := ""
	if session["status"] == "open" {
		want = Text(session, "url")
	}
	if got := Text(c.row, "pb_checkouturl"); got != want {
		c.say("it shows the link %q, Stripe has %q", got, want)
	}
}

// toldOf reports whether the row has to name something: what it asked for, or
// what Stripe told of. An open Checkout Session that somebody else made and
// that nobody tried to pay has had no event.
func (c *complaints) toldOf() bool {
	asked := c.row["pb_request"+Label] == "Pay"
	for _, s := range c.attempts.Sessions {
		if asked || s["status"] != "open" || s["payment_intent"] != nil {
			return true
		}
	}
	return len(c.attempts.Intents) > 0
}

// money holds the row to where the money is: never more went back than came
// in, whoever keeps money speaks for the row, and two payments are told.
func (c *complaints) money() {
	kept := map[string]bool{}
	for _, in := range c.attempts.Intents {
		id := Text(in, "id")
		if in["status"] != "succeeded" {
			continue
		}
		for _, total := range c.ledger.Repeated(id) {
			c.say("%s was refunded twice for the total %s", id, total)
		}
		back := int64(0)
		for _, r := range c.ledger.Refunds(id) {
			if r["status"] == "failed" || r["status"] == "canceled" {
				continue
			}
			back += Number(r["amount"])
		}
		if back > Number(in["amount_received"]) {
			c.say("%s got %d back of %v", id, back, in["amount_received"])
		}
		if back < Number(in["amount_received"]) && Truth(c.ledger, id, "")["pb_status"] != "Charged back" {
			kept[id] = true
		}
	}
	said := Text(c.row, "pb_lasterror")
	if len(kept) > 1 && !strings.Contains(said, "Paid twice") {
		c.say("it was paid %d times and nobody is told", len(kept))
	}
	if named := Text(c.row, "pb_paymentintentid"); len(kept) == 1 && !kept[named] && !NeedsReview(c.row) {
		c.say("it names %q, and the money was received on another", named)
	}
}

// satisfied holds a row without an error to what it asks for.
func (c *complaints) satisfied() {
	open, received := c.payable()
	switch c.row["pb_request"+Label] {
	case "Pay":
		if open > 1 || received && open > 0 {
			c.say("it asks for one payment: %d can be paid, received %t", open, received)
		}
		if s := Status(c.row); !received && open == 0 && s != "Canceled" && s != "Failed" && s != "Processing" {
			c.say("it asks for a payment and nothing can be paid")
		}
	case "Cancel":
		if open > 0 {
			c.say("it is canceled and %d can be paid", open)
		}
	case "Refund":
		want := Shown(c.row)["pb_amountreceived"]
		if amount := c.row["pb_refundamount"]; amount != nil {
			want = plainText(fmt.Sprint(amount))
		}
		if got := Shown(c.row)["pb_amountrefunded"]; got != want {
			c.say("%s was refunded, %s was asked for", got, want)
		}
	}
}

// payable counts what a customer can still pay, and says whether money was
// received.
func (c *complaints) payable() (open int, received bool) {
	ended := map[any]bool{}
	for _, s := range c.attempts.Sessions {
		if s["payment_intent"] != nil && s["status"] != "open" {
			ended[s["payment_intent"]] = true
		}
		if s["status"] == "open" {
			open++
			if s["id"] != c.row["pb_checkoutsessionid"] || s["payment_intent"] != nil {
				ended[s["payment_intent"]] = true
			}
		}
	}
	for _, in := range c.attempts.Intents {
		switch in["status"] {
		case "succeeded":
			received = true
		case "canceled", "processing":
		default:
			if !ended[in["id"]] {
				open++
			}
		}
	}
	return open, received
}

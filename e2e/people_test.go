package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"paybridge/cmd/paybridge/local"
	"paybridge/cmd/paybridge/soak/oracle"
	domain "paybridge/internal/payment"
	"paybridge/standin/dataverse"
	"paybridge/standin/stripe"
)

// crowd are the people of a random history: those in the CRM who ask and
// change their minds, and the customers who pay, fail and object.
type crowd struct {
	*world
	rng  *rand.Rand
	rows []string
	told []string // what was done, for the report of a failure
}

func (c *crowd) pick(options ...string) string { return options[c.rng.IntN(len(options))] }

// all returns everything that Stripe has of a kind.
func (w *world) all(kind string, more ...string) []map[string]any {
	w.t.Helper()
	var list []map[string]any
	after := strings.Join(more, "")
	for {
		page := w.fetch("/v1/" + kind + "?limit=100" + after)
		data, _ := page["data"].([]any)
		for _, o := range data {
			list = append(list, o.(map[string]any))
		}
		if page["has_more"] != true {
			return list
		}
		after = strings.Join(more, "") + "&starting_after=" + list[len(list)-1]["id"].(string)
	}
}

// of keeps the objects that name the row.
func of(row string, objects []map[string]any) []map[string]any {
	var list []map[string]any
	for _, o := range objects {
		if metadata, _ := o["metadata"].(map[string]any); metadata["CRM_PaymentId"] == row {
			list = append(list, o)
		}
	}
	return list
}

// asks is what somebody in the CRM does to a row.
func (c *crowd) asks(row string) {
	var columns string
	switch c.rng.IntN(9) {
	case 0, 1, 2:
		columns = request(domain.RequestPay)
	case 3:
		columns = request(domain.RequestCancel)
	case 4:
		columns = request(domain.RequestRefund) + `,"pb_refundamount":` + c.pick("null", "2.5", "5", "99")
	case 5:
		columns = request(domain.RequestNone)
	case 6:
		columns = `"pb_amount":` + c.pick("10", "12.5", "15", "10.005")
	case 7:
		columns = collectBy(domain.CollectBy(1 + c.rng.IntN(2)))
	default:
		columns = `"pb_name":"` + c.pick("Order", "Invoice") + `"`
	}
	c.told = append(c.told, row+" asks "+columns)
	c.ask(row, columns)
}

// pays is what a customer or a bank does at Stripe to something that was made
// for a row. What is not possible any more does not happen.
func (c *crowd) pays(row string) {
	methods := []string{"pm_card_visa", "pm_card_visa", "pm_card_visa_chargeDeclined", "pm_card_authenticationRequired", "pm_card_createDispute", "pm_card_refundFail"}
	if sessions := of(row, c.all("checkout/sessions")); len(sessions) > 0 && c.rng.IntN(2) == 0 {
		id := sessions[c.rng.IntN(len(sessions))]["id"].(string)
		switch c.rng.IntN(5) {
		case 0:
			c.note(row, "expires "+id, c.Stripe.ExpireSession(id))
		default:
			method := c.pick(methods...)
			c.note(row, "pays "+id+" with "+method, c.Stripe.PaySession(id, stripe.Payer{Method: method}))
		}
		return
	}
	intents := of(row, c.all("payment_intents"))
	if len(intents) == 0 {
		return
	}
	in := intents[c.rng.IntN(len(intents))]
	id := in["id"].(string)
	switch c.rng.IntN(8) {
	case 0:
		c.note(row, "authenticates "+id, c.Stripe.Authenticate(id, c.rng.IntN(3) > 0))
	case 1:
		c.note(row, "disputes "+id, second(c.Stripe.Dispute(id, stripe.Complaint{Reason: "fraudulent"})))
	case 2:
		for _, d := range c.all("disputes") {
			if d["payment_intent"] == id {
				c.note(row, "closes the dispute of "+id, c.Stripe.CloseDispute(d["id"].(string), c.rng.IntN(2) == 0))
			}
		}
	case 3:
		for _, r := range c.all("refunds") {
			if r["payment_intent"] == id {
				c.note(row, "fails a refund of "+id, c.Stripe.FailRefund(r["id"].(string), "expired_or_canceled_card"))
				break
			}
		}
	default:
		method := c.pick(methods...)
		c.note(row, "pays "+id+" with "+method, c.Stripe.Pay(id, method))
	}
}

func second(_ string, err error) error { return err }

func (c *crowd) note(row, what string, err error) {
	if err == nil {
		c.told = append(c.told, row+" "+what)
	}
}

// TestPeopleAndCustomers lets a crowd do what it likes, with everything
// delivered in any order and often twice, and expects both ends to agree in
// the end, or the row to say why they do not.
func TestPeopleAndCustomers(t *testing.T) {
	seeds := []uint64{1, 2, 3}
	if text := os.Getenv("PAYBRIDGE_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seeds = []uint64{seed}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			w := start(t, awkward, func(c *local.Config) {
				c.Dataverse = func(c *dataverse.Config) { c.Steps.Twice, c.Steps.Late = 0.5, 0.5 }
			})
			c := &crowd{world: w, rng: rand.New(rand.NewPCG(seed, 0))}
			for range 12 {
				c.rows = append(c.rows, w.row(c.pick("10", "12.5", "15"), c.pick("EUR", "USD")))
			}
			for range 200 {
				row := c.rows[c.rng.IntN(len(c.rows))]
				if c.rng.IntN(2) == 0 {
					c.asks(row)
				} else {
					c.pays(row)
				}
			}
			w.settle()
			stripe := w.ledger()
			for _, id := range c.rows {
				row := w.read(id)
				for _, complaint := range oracle.Complaints(row, stripe) {
					t.Errorf("row %s (%s, %v): %s", id, status(row), row["pb_lasterror"], complaint)
				}
			}
			if t.Failed() {
				t.Log("seed", seed, "\n"+strings.Join(c.told, "\n"))
			}
		})
	}
}

func text(row map[string]any, column string) string {
	s, _ := row[column].(string)
	return s
}

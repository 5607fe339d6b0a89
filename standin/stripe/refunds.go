package stripe

import (
	"strings"
)

const kindRefund = "refund"

// The statuses of a Refund.
const (
	refundPending   = "pending"
	refundSucceeded = "succeeded"
	refundFailed    = "failed"
	refundCanceled  = "canceled"
)

type refund struct {
	base
	Amount             int64             `json:"amount"`
	BalanceTransaction *string           `json:"balance_transaction"`
	Charge             string            `json:"charge"`
	Currency           string            `json:"currency"`
	FailureBalance     *string           `json:"failure_balance_transaction,omitempty"`
	FailureReason      *string           `json:"failure_reason,omitempty"`
	Metadata           map[string]string `json:"metadata"`
	PaymentIntent      string            `json:"payment_intent"`
	Reason             *string           `json:"reason"`
	Status             string            `json:"status"`
}

func (r *refund) index() []string {
	return []string{"charge=" + r.Charge, "payment_intent=" + r.PaymentIntent}
}

func createRefund(c *call) (any, error) {
	f := c.form
	chargeID, intentID, amount := f.text("charge"), f.text("payment_intent"), f.whole("amount")
	reason := f.oneOf("reason", "duplicate", "fraudulent", "requested_by_customer")
	metadata := f.merge("metadata", nil)
	f.skip("instructions_email", "refund_application_fee", "reverse_transfer")
	if chargeID == nil && intentID == nil {
		f.fail(invalid("parameter_missing", "", "One of the following params should be provided for this request: payment_intent or charge."))
	}
	if bad := f.problem(); bad != nil {
		return nil, bad
	}
	if chargeID == nil {
		i, err := c.intent("payment_intent", *intentID)
		if err != nil {
			return nil, err
		}
		if i.LatestCharge == nil || i.Status != statusSucceeded && i.Status != statusRequiresCapture {
			return nil, invalid("", "payment_intent", "This PaymentIntent ("+i.ID+") does not have a successful charge to refund.")
		}
		chargeID = i.LatestCharge
	}
	ch, err := load[charge](c.change, kindCharge, "charge", *chargeID)
	if err != nil {
		return nil, err
	}
	if bad := refundable(ch, amount); bad != nil {
		return nil, bad
	}
	if amount == nil {
		amount = new(ch.Amount - ch.AmountRefunded)
	}
	return c.refund(ch, *amount, reason, metadata)
}

// refundable is why a charge cannot be refunded by that much, nil when it can.
func refundable(ch *charge, amount *int64) *apiError {
	left := ch.Amount - ch.AmountRefunded
	switch {
	case ch.Status != chargeSucceeded:
		return invalid("", "charge", "Charge "+ch.ID+" has not succeeded and cannot be refunded.")
	case ch.Disputed && !ch.Inquiry && !ch.Won:
		return invalid("charge_disputed", "", "Charge "+ch.ID+" has been charged back; cannot issue a refund.")
	case ch.Refunded || left == 0:
		return invalid("charge_already_refunded", "", "Charge "+ch.ID+" has already been refunded.")
	case amount != nil && *amount < 1:
		return invalid("parameter_invalid_integer", "amount", "Invalid positive integer")
	case amount != nil && *amount > left:
		return invalid("", "amount", "Refund amount ("+spell(*amount, ch.Currency)+") is greater than unrefunded amount on charge ("+spell(left, ch.Currency)+")")
	default:
		return nil
	}
}

func (c *change) refund(ch *charge, amount int64, reason *string, metadata map[string]string) (*refund, error) {
	begins, ends, _ := strings.Cut(orElse(ch.Refunds, refundSucceeded), ",")
	r := &refund{
		base:   base{ID: newPaymentID("re"), Object: kindRefund, Created: c.now.Unix()},
		Amount: amount, Charge: ch.ID, Currency: ch.Currency, Metadata: metadata, PaymentIntent: ch.PaymentIntent, Reason: reason, Status: begins,
	}
	t, err := c.book("refund", "refund", r.ID, r.Currency, -amount)
	if err != nil {
		return nil, err
	}
	r.BalanceTransaction = &t.ID
	if err := c.put(r); err != nil {
		return nil, err
	}
	if err := c.countRefund(ch.ID, amount, "charge.refunded"); err != nil {
		return nil, err
	}
	if err := c.emit("refund.created", r, nil); err != nil {
		return nil, err
	}
	switch ends {
	case refundSucceeded:
		err = c.later(timerSettleRefund, r.ID)
	case refundFailed:
		err = c.later(timerFailRefund, r.ID)
	}
	return r, err
}

// countRefund adds to what is refunded of a charge, or takes away when a refund came to nothing.
func (c *change) countRefund(id string, amount int64, kind string) error {
	ch, err := load[charge](c, kindCharge, "charge", id)
	if err != nil {
		return err
	}
	was, err := render(ch)
	if err != nil {
		return err
	}
	ch.AmountRefunded += amount
	ch.Refunded = ch.AmountRefunded >= ch.Amount
	if err := c.put(ch); err != nil {
		return err
	}
	return c.emit(kind, ch, was)
}

// turn puts a refund into another status and tells of it.
func (c *change) turn(r *refund, status string, reason *string) error {
	was, err := render(r)
	if err != nil {
		return err
	}
	r.Status, r.FailureReason = status, reason
	if status != refundSucceeded {
		t, err := c.book("refund_failure", "refund_failure", r.ID, r.Currency, r.Amount)
		if err != nil {
			return err
		}
		r.FailureBalance = &t.ID
	}
	if err := c.put(r); err != nil {
		return err
	}
	if status != refundSucceeded {
		if err := c.countRefund(r.Charge, -r.Amount, "charge.updated"); err != nil {
			return err
		}
	}
	if err := c.emit("charge.refund.updated", r, was); err != nil {
		return err
	}
	if err := c.emit("refund.updated", r, was); err != nil {
		return err
	}
	if status == refundFailed {
		return c.emit("refund.failed", r, was)
	}
	return nil
}

func (c *change) settleRefund(r *refund) error {
	if r.Status != refundPending {
		return nil
	}
	return c.turn(r, refundSucceeded, nil)
}

func (c *change) failRefund(r *refund, reason string) error {
	if r.Status != refundPending && r.Status != refundSucceeded {
		return nil
	}
	return c.turn(r, refundFailed, &reason)
}

func retrieveRefund(c *call) (any, error) {
	return load[refund](c.change, kindRefund, "refund", c.id())
}

func updateRefund(c *call) (any, error) {
	r, err := load[refund](c.change, kindRefund, "refund", c.id())
	if err != nil {
		return nil, err
	}
	was, err := render(r)
	if err != nil {
		return nil, err
	}
	r.Metadata = c.form.merge("metadata", r.Metadata)
	if err := c.put(r); err != nil {
		return nil, err
	}
	if err := c.emit("charge.refund.updated", r, was); err != nil {
		return nil, err
	}
	return r, c.emit("refund.updated", r, was)
}

func cancelRefund(c *call) (any, error) {
	r, err := load[refund](c.change, kindRefund, "refund", c.id())
	if err != nil {
		return nil, err
	}
	if r.Status != refundPending && r.Status != "requires_action" {
		return nil, invalid("", "", "This refund cannot be canceled because it has a status of "+r.Status+".")
	}
	return r, c.turn(r, refundCanceled, nil)
}

func listRefunds(c *call) (any, error) {
	entry, other := entryOf(c.form, "charge"), entryOf(c.form, "payment_intent")
	return listOf[refund](c, kindRefund, orElse(entry, other))
}

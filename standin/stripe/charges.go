package stripe

import "net/url"

const kindCharge = "charge"

// The statuses of a Charge.
const (
	chargeSucceeded = "succeeded"
	chargePending   = "pending"
	chargeFailed    = "failed"
)

type charge struct {
	base
	Amount             int64             `json:"amount"`
	AmountCaptured     int64             `json:"amount_captured"`
	AmountRefunded     int64             `json:"amount_refunded"`
	BalanceTransaction *string           `json:"balance_transaction"`
	BillingDetails     map[string]any    `json:"billing_details"`
	Captured           bool              `json:"captured"`
	Currency           string            `json:"currency"`
	Description        *string           `json:"description"`
	Dispute            *string           `json:"dispute"`
	Disputed           bool              `json:"disputed"`
	FailureCode        *string           `json:"failure_code"`
	FailureMessage     *string           `json:"failure_message"`
	Livemode           bool              `json:"livemode"`
	Metadata           map[string]string `json:"metadata"`
	Outcome            document          `json:"outcome"`
	Paid               bool              `json:"paid"`
	PaymentIntent      string            `json:"payment_intent"`
	PaymentMethod      string            `json:"payment_method"`
	MethodDetails      document          `json:"payment_method_details"`
	ReceiptEmail       *string           `json:"receipt_email"`
	ReceiptURL         *string           `json:"receipt_url"`
	Refunded           bool              `json:"refunded"`
	Status             string            `json:"status"`

	// Inquiry and Won say of a dispute what decides whether a refund is allowed.
	Inquiry bool `json:"_inquiry,omitempty"`
	Won     bool `json:"_won,omitempty"`
	// Refunds says how a refund of this charge goes, as testMethod.refund.
	Refunds string `json:"_refunds,omitempty"`
}

func (ch *charge) index() []string { return []string{"payment_intent=" + ch.PaymentIntent} }

// newCharge is a charge of the whole intent that succeeded; the intent's metadata is copied to it, once.
func (c *change) newCharge(i *intent, method *paymentMethod, known testMethod) *charge {
	ch := &charge{
		base:   base{ID: newPaymentID("ch"), Object: kindCharge, Created: c.now.Unix()},
		Amount: i.Amount, AmountCaptured: i.Amount, Captured: true, Currency: i.Currency, Description: i.Description,
		Livemode: i.Livemode, Metadata: i.Metadata, Paid: true, PaymentIntent: i.ID, PaymentMethod: method.ID,
		BillingDetails: method.BillingDetails, ReceiptEmail: i.ReceiptEmail, Status: chargeSucceeded, Refunds: known.refund,
		Outcome: document{
			"network_status": "approved_by_network", "reason": nil, "risk_level": "normal", "risk_score": 32,
			"seller_message": "Payment complete.", "type": "authorized",
		},
	}
	ch.ReceiptURL = new(c.server.receiptBase() + "/receipts/payment/" + url.PathEscape(ch.ID))
	switch known.kind {
	case "card":
		details := cardOf(known)
		details["amount_authorized"], details["network"] = i.Amount, known.brand
		details["authorization_code"], details["installments"], details["mandate"] = nil, nil, nil
		details["extended_authorization"] = map[string]any{"status": "disabled"}
		details["incremental_authorization"] = map[string]any{"status": "unavailable"}
		details["multicapture"] = map[string]any{"status": "unavailable"}
		details["network_token"] = map[string]any{"used": false}
		details["overcapture"] = map[string]any{"maximum_amount_capturable": i.Amount, "status": "unavailable"}
		details["three_d_secure"] = nil
		ch.MethodDetails = document{"card": details, "type": "card"}
	default:
		ch.MethodDetails = document{"type": known.kind, known.kind: map[string]any{"last4": known.last4}}
	}
	return ch
}

func (s *Server) receiptBase() string { return orElse(s.cfg.PublicURL, "https://pay.stripe.com") }

// capture takes amount of what is held; the rest goes back to the customer and counts as refunded.
func (c *change) capture(i *intent, amount int64) error {
	ch, err := load[charge](c, kindCharge, "charge", *i.LatestCharge)
	if err != nil {
		return err
	}
	was, err := render(ch)
	if err != nil {
		return err
	}
	ch.Captured, ch.AmountCaptured, ch.AmountRefunded = true, amount, ch.Amount-amount
	if err := c.credit(ch); err != nil {
		return err
	}
	if err := c.put(ch); err != nil {
		return err
	}
	i.Status, i.AmountCapturable, i.AmountReceived = statusSucceeded, 0, amount
	if err := c.put(i); err != nil {
		return err
	}
	if err := c.emit("charge.captured", ch, was); err != nil {
		return err
	}
	if err := c.emit("payment_intent.succeeded", i, nil); err != nil || i.Session == "" {
		return err
	}
	// A completed session tells of the capture when it is read; there is no event for it.
	s, err := load[session](c, kindSession, "session", i.Session)
	if err != nil {
		return err
	}
	s.PaymentStatus = sessionPaid
	return c.put(s)
}

// release gives what is held back to the customer.
func (c *change) release(i *intent) error {
	ch, err := load[charge](c, kindCharge, "charge", *i.LatestCharge)
	if err != nil {
		return err
	}
	was, err := render(ch)
	if err != nil {
		return err
	}
	ch.AmountRefunded, ch.Refunded = ch.Amount, true
	if err := c.put(ch); err != nil {
		return err
	}
	return c.emit("charge.refunded", ch, was)
}

func retrieveCharge(c *call) (any, error) { return load[charge](c.change, kindCharge, "id", c.id()) }

func listCharges(c *call) (any, error) {
	c.form.skip("customer", "transfer_group")
	return listOf[charge](c, kindCharge, entryOf(c.form, "payment_intent"))
}

func chargeRefunds(c *call) (any, error) {
	return listOf[refund](c, kindRefund, "charge="+c.id())
}

func updateCharge(c *call) (any, error) {
	ch, err := load[charge](c.change, kindCharge, "charge", c.id())
	if err != nil {
		return nil, err
	}
	was, err := render(ch)
	if err != nil {
		return nil, err
	}
	if c.form.has("metadata") {
		ch.Metadata = c.form.merge("metadata", ch.Metadata)
	}
	if c.form.has("description") {
		ch.Description = c.form.text("description")
	}
	if c.form.has("receipt_email") {
		ch.ReceiptEmail = c.form.text("receipt_email")
	}
	if err := c.put(ch); err != nil {
		return nil, err
	}
	return ch, c.emit("charge.updated", ch, was)
}

package stripe

import (
	"net/http"
	"net/url"
)

// attempt is one try to pay an intent with the payment method that is on it.
type attempt struct {
	offSession    bool
	noAction      bool
	authenticated bool
	base          string
}

// attempt ends with an *apiError that keeps the change when the payment is declined.
func (c *change) attempt(i *intent, a attempt) error {
	method, err := load[paymentMethod](c, kindMethod, "payment_method", *i.PaymentMethod)
	if err != nil {
		return err
	}
	known, _ := findTestMethod(method.Test)
	i.LastPaymentError, i.NextAction = nil, nil
	switch {
	case known.ending == challenged && !a.authenticated && (a.offSession || a.noAction):
		known.code, known.decline = "authentication_required", "authentication_required"
		return c.decline(i, method, known, nil)
	case known.ending == challenged && !a.authenticated:
		return c.challenge(i, a)
	case known.ending == declined || known.ending == challenged && known.code != "":
		return c.decline(i, method, known, nil)
	case known.ending == delayed || known.ending == delayedBad:
		return c.process(i, method, known)
	default:
		return c.succeed(i, method, known)
	}
}

// challenge asks the customer to authenticate: by a page where a return_url says where they go after it, else by
// Stripe's JavaScript.
func (c *change) challenge(i *intent, a attempt) error {
	i.Status = statusRequiresAction
	if i.ReturnURL != "" {
		i.NextAction = document{"type": "redirect_to_url", "redirect_to_url": map[string]any{
			"return_url": i.ReturnURL, "url": a.base + "/authenticate/" + url.PathEscape(i.ID),
		}}
	} else {
		i.NextAction = document{"type": "use_stripe_sdk", "use_stripe_sdk": map[string]any{
			"type": "three_d_secure_redirect", "stripe_js": a.base + "/authenticate/" + url.PathEscape(i.ID), "source": newID("src"),
		}}
	}
	if err := c.put(i); err != nil {
		return err
	}
	return c.emit("payment_intent.requires_action", i, nil)
}

// decline leaves a failed charge, puts the intent back, and tells the client.
func (c *change) decline(i *intent, method *paymentMethod, known testMethod, pending *charge) error {
	message := declineMessage(known)
	ch := pending
	if ch == nil {
		ch = c.newCharge(i, method, known)
	}
	ch.Status, ch.Paid, ch.Captured, ch.AmountCaptured = chargeFailed, false, false, 0
	ch.FailureCode, ch.FailureMessage = &known.code, &message
	ch.Outcome = document{
		"network_status": "declined_by_network", "reason": orElse(known.decline, known.code), "risk_level": "normal",
		"risk_score": 32, "seller_message": "The bank did not return any further details with this decline.", "type": "issuer_declined",
	}
	if err := c.put(ch); err != nil {
		return err
	}
	shown, err := render(method)
	if err != nil {
		return err
	}
	bad := refuse(http.StatusPaymentRequired, typeCard, known.code, "", message)
	bad.keep, bad.Charge, bad.DeclineCode, bad.PaymentMethod = true, ch.ID, known.decline, shown
	i.Status, i.PaymentMethod, i.LatestCharge, i.NextAction = statusRequiresMethod, nil, &ch.ID, nil
	i.LastPaymentError = document{
		"charge": ch.ID, "code": known.code, "doc_url": bad.DocURL, "message": message, "payment_method": shown, "type": typeCard,
	}
	if known.decline != "" {
		i.LastPaymentError["decline_code"] = known.decline
	}
	if err := c.put(i); err != nil {
		return err
	}
	if err := c.emit("charge.failed", ch, nil); err != nil {
		return err
	}
	if err := c.emit("payment_intent.payment_failed", i, nil); err != nil {
		return err
	}
	if bad.PaymentIntent, err = render(i); err != nil {
		return err
	}
	return bad
}

func declineMessage(known testMethod) string {
	switch orElse(known.decline, known.code) {
	case "insufficient_funds":
		return "Your card has insufficient funds."
	case "expired_card":
		return "Your card has expired."
	case "incorrect_cvc":
		return "Your card's security code is incorrect."
	case "processing_error":
		return "An error occurred while processing your card. Try again in a little bit."
	case "authentication_required":
		return "Your card was declined. This transaction requires authentication."
	default:
		if known.kind != "card" {
			return "The payment was declined by the customer's bank."
		}
		return "Your card was declined."
	}
}

// process starts a payment that takes days.
func (c *change) process(i *intent, method *paymentMethod, known testMethod) error {
	ch := c.newCharge(i, method, known)
	ch.Status, ch.Paid, ch.Captured = chargePending, false, true
	if err := c.put(ch); err != nil {
		return err
	}
	i.Status, i.LatestCharge = statusProcessing, &ch.ID
	if err := c.put(i); err != nil {
		return err
	}
	if err := c.emit("charge.pending", ch, nil); err != nil {
		return err
	}
	if err := c.emit("payment_intent.processing", i, nil); err != nil {
		return err
	}
	what := timerSettle
	if known.ending == delayedBad {
		what = timerBounce
	}
	return c.later(what, i.ID)
}

// succeed moves the money, or holds it when it is to be captured by hand.
func (c *change) succeed(i *intent, method *paymentMethod, known testMethod) error {
	ch := c.newCharge(i, method, known)
	i.LatestCharge = &ch.ID
	if i.CaptureMethod == "manual" {
		ch.Captured, ch.AmountCaptured, ch.BalanceTransaction = false, 0, nil
		i.Status, i.AmountCapturable = statusRequiresCapture, i.Amount
	} else {
		i.Status, i.AmountReceived = statusSucceeded, i.Amount
		if err := c.credit(ch); err != nil {
			return err
		}
	}
	if err := c.put(ch); err != nil {
		return err
	}
	if err := c.put(i); err != nil {
		return err
	}
	if err := c.emit("charge.succeeded", ch, nil); err != nil {
		return err
	}
	if i.Status == statusRequiresCapture {
		return c.emit("payment_intent.amount_capturable_updated", i, nil)
	}
	if err := c.emit("payment_intent.succeeded", i, nil); err != nil {
		return err
	}
	if known.dispute != "" {
		_, err := c.dispute(ch, Complaint{Reason: known.dispute, Inquiry: known.inquiry})
		return err
	}
	return nil
}

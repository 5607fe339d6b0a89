package stripe

import (
	"errors"
	"net/http"
)

// settle ends a payment in processing well.
func (c *change) settle(i *intent) error {
	ch, err := load[charge](c, kindCharge, "charge", *i.LatestCharge)
	if err != nil {
		return err
	}
	ch.Status, ch.Paid = chargeSucceeded, true
	if err := c.credit(ch); err != nil {
		return err
	}
	if err := c.put(ch); err != nil {
		return err
	}
	i.Status, i.AmountReceived = statusSucceeded, i.Amount
	if err := c.put(i); err != nil {
		return err
	}
	if err := c.emit("charge.succeeded", ch, nil); err != nil {
		return err
	}
	if err := c.emit("payment_intent.succeeded", i, nil); err != nil {
		return err
	}
	return c.asyncResult(i, "checkout.session.async_payment_succeeded", sessionPaid)
}

// bounce ends a payment in processing badly, with the decline code given or the method's own.
func (c *change) bounce(i *intent, code string) error {
	ch, err := load[charge](c, kindCharge, "charge", *i.LatestCharge)
	if err != nil {
		return err
	}
	method, err := load[paymentMethod](c, kindMethod, "payment_method", ch.PaymentMethod)
	if err != nil {
		return err
	}
	known, _ := findTestMethod(method.Test)
	known.code = orElse(known.code, "payment_method_provider_decline")
	known.decline = orElse(code, orElse(known.decline, "generic_decline"))
	if err := notDeclined(c.decline(i, method, known, ch)); err != nil {
		return err
	}
	return c.asyncResult(i, "checkout.session.async_payment_failed", sessionUnpaid)
}

// notDeclined takes the refusal away that a decline tells a client: nobody is waiting for it.
func notDeclined(err error) error {
	if bad, ok := errors.AsType[*apiError](err); ok && bad.status == http.StatusPaymentRequired {
		return nil
	}
	return err
}

// asyncResult tells how the payment of a completed session ended.
func (c *change) asyncResult(i *intent, kind, paymentStatus string) error {
	if i.Session == "" {
		return nil
	}
	s, err := load[session](c, kindSession, "session", i.Session)
	if err != nil {
		return err
	}
	if s.Status != sessionComplete {
		return nil
	}
	s.PaymentStatus = paymentStatus
	if err := c.put(s); err != nil {
		return err
	}
	return c.emit(kind, s, nil)
}

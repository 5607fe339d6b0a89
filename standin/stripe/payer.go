package stripe

import (
	"slices"
	"strings"
)

// Payer is a customer on a Checkout page.
type Payer struct {
	// Method is the test payment method used, as pm_card_visa. Empty: pm_card_visa.
	Method string
	// Email and Name are what the customer types. Empty: the session's customer_email, or a made-up customer's.
	Email string
	Name  string
}

// pay is the customer's click on Pay. A declined payment is an *apiError that keeps the change, as in attempt.
func (c *change) pay(s *session, by Payer, base string) error {
	if s.Status != sessionOpen {
		return invalid("", "", "This Checkout Session is "+s.Status+".")
	}
	s.CustomerDetails = document{
		"address": nil, "email": orElse(by.Email, orElse(orText(s.CustomerEmail, ""), "jenny.rosen@example.com")),
		"name": orElse(by.Name, "Jenny Rosen"), "phone": nil, "tax_exempt": "none", "tax_ids": []any{},
	}
	if s.PaymentStatus == sessionNothing {
		return c.complete(s, sessionNothing)
	}
	i, err := c.intentOf(s, base)
	if err != nil {
		return err
	}
	known, ok := findTestMethod(orElse(by.Method, "pm_card_visa"))
	if !ok {
		return missing("PaymentMethod", "payment_method", by.Method)
	}
	if !slices.Contains(s.MethodTypes, known.kind) && known.kind == "card" {
		return invalid("", "payment_method", "This Checkout Session does not take cards.")
	}
	email, _ := s.CustomerDetails["email"].(string)
	name, _ := s.CustomerDetails["name"].(string)
	method, err := c.newMethod(orElse(by.Method, "pm_card_visa"), &email, &name)
	if err != nil {
		return err
	}
	i.PaymentMethod = &method.ID
	// The session names its intent from the first attempt on, also when that is declined.
	if err := c.put(s); err != nil {
		return err
	}
	if err := c.attempt(i, attempt{base: base}); err != nil {
		return err
	}
	return c.completeAfter(i)
}

// intentOf is the intent of a session, made at the first attempt to pay.
func (c *change) intentOf(s *session, base string) (*intent, error) {
	if s.PaymentIntent != nil {
		return c.intent("payment_intent", *s.PaymentIntent)
	}
	i := c.newIntent()
	i.Amount, i.Currency, i.MethodTypes, i.Session = s.AmountTotal, s.Currency, s.MethodTypes, s.ID
	i.Metadata, i.Description, i.ReceiptEmail = s.Intent.Metadata, s.Intent.Description, s.Intent.ReceiptEmail
	i.CaptureMethod, i.ReturnURL = s.Intent.CaptureMethod, base+"/c/pay/"+s.ID
	s.PaymentIntent = &i.ID
	if err := c.put(i); err != nil {
		return nil, err
	}
	return i, c.emit("payment_intent.created", i, nil)
}

// completeAfter completes the session of an intent whose attempt is over.
func (c *change) completeAfter(i *intent) error {
	if i.Session == "" || i.Status == statusRequiresAction {
		return nil
	}
	s, err := load[session](c, kindSession, "session", i.Session)
	if err != nil || s.Status != sessionOpen {
		return err
	}
	if i.Status == statusSucceeded {
		return c.complete(s, sessionPaid)
	}
	// Processing, or authorised and not yet captured: the money is not there.
	return c.complete(s, sessionUnpaid)
}

func (c *change) complete(s *session, paymentStatus string) error {
	s.Status, s.PaymentStatus, s.URL = sessionComplete, paymentStatus, nil
	if err := c.put(s); err != nil {
		return err
	}
	return c.emit("checkout.session.completed", s, nil)
}

// authenticate ends the authentication that an intent waits for.
func (c *change) authenticate(i *intent, passed bool, base string) error {
	if i.Status != statusRequiresAction {
		return i.unexpected(c, "This PaymentIntent has a status of "+i.Status+" and does not wait for an authentication.")
	}
	if passed {
		if err := c.attempt(i, attempt{authenticated: true, base: base}); err != nil {
			return err
		}
		return c.completeAfter(i)
	}
	method, err := load[paymentMethod](c, kindMethod, "payment_method", *i.PaymentMethod)
	if err != nil {
		return err
	}
	shown, err := render(method)
	if err != nil {
		return err
	}
	const code = "payment_intent_authentication_failure"
	i.LastPaymentError = document{
		"code": code, "doc_url": "https://stripe.com/docs/error-codes/" + strings.ReplaceAll(code, "_", "-"),
		"message": "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod " +
			"to attempt to fulfill this PaymentIntent again.",
		"payment_method": shown, "type": typeInvalidRequest,
	}
	i.Status, i.PaymentMethod, i.NextAction = statusRequiresMethod, nil, nil
	if err := c.put(i); err != nil {
		return err
	}
	return c.emit("payment_intent.payment_failed", i, nil)
}

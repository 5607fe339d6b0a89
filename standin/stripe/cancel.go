package stripe

import (
	"slices"
	"strconv"
)

func cancelIntent(c *call) (any, error) {
	reason := c.form.oneOf("cancellation_reason", "duplicate", "fraudulent", "requested_by_customer", "abandoned")
	i, err := c.intent("intent", c.id())
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]string{statusRequiresMethod, statusRequiresCapture, statusRequiresConfirmation, statusRequiresAction}, i.Status) {
		return nil, i.unexpected(c.change, "You cannot cancel this PaymentIntent because it has a status of "+i.Status+
			". Only a PaymentIntent with one of the following statuses may be canceled: requires_payment_method, requires_capture, "+
			"requires_reauthorization, requires_confirmation, requires_action, processing.")
	}
	if err := c.outsideCheckout(i); err != nil {
		return nil, err
	}
	return i, c.cancel(i, reason)
}

// cancel releases what was authorised and ends the intent.
func (c *change) cancel(i *intent, reason *string) error {
	if i.Status == statusRequiresCapture {
		if err := c.release(i); err != nil {
			return err
		}
	}
	i.Status, i.CanceledAt, i.CancellationReason = statusCanceled, new(c.now.Unix()), reason
	i.AmountCapturable, i.NextAction = 0, nil
	if err := c.put(i); err != nil {
		return err
	}
	return c.emit("payment_intent.canceled", i, nil)
}

func captureIntent(c *call) (any, error) {
	f := c.form
	i, err := c.intent("intent", c.id())
	if err != nil {
		return nil, err
	}
	amount := f.whole("amount_to_capture")
	i.readCommon(f)
	f.skip("final_capture")
	if bad := f.problem(); bad != nil {
		return nil, bad
	}
	if i.Status != statusRequiresCapture {
		return nil, i.unexpected(c.change, "This PaymentIntent could not be captured because it has a status of "+i.Status+
			". Only a PaymentIntent with one of the following statuses may be captured: requires_capture.")
	}
	if amount == nil {
		amount = &i.AmountCapturable
	}
	if *amount < 1 {
		return nil, invalid("parameter_invalid_integer", "amount_to_capture", "This value must be greater than or equal to 1.")
	}
	if *amount > i.AmountCapturable {
		return nil, invalid("amount_too_large", "amount_to_capture", "The provided amount_to_capture ("+strconv.FormatInt(*amount, 10)+
			") is greater than the capturable amount of the PaymentIntent ("+strconv.FormatInt(i.AmountCapturable, 10)+").")
	}
	return i, c.capture(i, *amount)
}

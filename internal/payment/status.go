package payment

import "fmt"

// Status is the state of a payment as the CRM shows it.
type Status int

// The states of a payment. The zero value means that nothing is known yet.
const (
	// Requested: the CRM asks for the payment and Stripe has no object for it.
	Requested Status = iota + 1
	// Pending: Stripe waits for the customer.
	Pending
	// RequiresAction: the customer has to authenticate or to follow a redirect.
	RequiresAction
	// Processing: the bank works on it, the result follows.
	Processing
	// Authorized: the money is held and not yet captured.
	Authorized
	// Completed: the money was received.
	Completed
	// Failed: the last attempt failed. The customer may try again.
	Failed
	// Canceled: the PaymentIntent was canceled or the Checkout Session expired.
	Canceled
	// PartiallyRefunded: some of the money went back.
	PartiallyRefunded
	// Refunded: all of the money went back.
	Refunded
	// Disputed: the customer's bank took the money back for the time being.
	Disputed
	// ChargedBack: a dispute was lost.
	ChargedBack
)

var statusNames = [...]string{
	Requested:         "Requested",
	Pending:           "Pending",
	RequiresAction:    "Requires action",
	Processing:        "Processing",
	Authorized:        "Authorized",
	Completed:         "Completed",
	Failed:            "Failed",
	Canceled:          "Canceled",
	PartiallyRefunded: "Partially refunded",
	Refunded:          "Refunded",
	Disputed:          "Disputed",
	ChargedBack:       "Charged back",
}

// Statuses returns every status in the order of the CRM's choice.
func Statuses() []Status {
	var all []Status
	for s := Requested; s <= ChargedBack; s++ {
		all = append(all, s)
	}
	return all
}

// String returns the label that the CRM shows, such as "Partially refunded".
func (s Status) String() string {
	if s < Requested || s > ChargedBack {
		return fmt.Sprintf("Status(%d)", int(s))
	}
	return statusNames[s]
}

package payment

import (
	"encoding/json"
	"fmt"
	"slices"
)

// RowChange says that somebody may have changed what a payment row asks for.
// It is what travels over the queue payment-requests: which row, never what is
// in it, because whoever takes it reads the row.
type RowChange struct {
	// Version is MessageVersion.
	Version int `json:"v"`
	// Payment is the row.
	Payment RowID `json:"payment"`
	// Message is what happened to the row in Dataverse's words, Create or
	// Update, or what else made somebody look. It is shown, never judged.
	Message string `json:"message,omitempty"`
	// Operation is Dataverse's id of the change, for finding it in the CRM.
	Operation string `json:"operation,omitempty"`
	// Attempts are the PaymentIntents and Checkout Sessions of the row that are
	// to be looked at beside those that it records: a second one that can still
	// be paid is named nowhere else.
	Attempts []string `json:"attempts,omitempty"`
	// Deliveries is how often the change was delivered in vain by messages
	// before this one, MaxDeliveries at most.
	Deliveries int `json:"deliveries,omitempty"`
}

// Delivered returns the change with n more deliveries in vain.
func (c RowChange) Delivered(n int) RowChange {
	c.Deliveries = delivered(c.Deliveries, n)
	return c
}

// maxAttempts bounds the attempts that a row change names.
const maxAttempts = 20

// With returns the change with these attempts named too, as many as it may.
func (c RowChange) With(attempts ...string) RowChange {
	c.Attempts = slices.Clone(c.Attempts)
	for _, id := range attempts {
		if !slices.Contains(c.Attempts, id) && len(c.Attempts) < maxAttempts {
			c.Attempts = append(c.Attempts, id)
		}
	}
	return c
}

// Encode returns the message body: compact JSON.
func (c RowChange) Encode() ([]byte, error) {
	c.Version = MessageVersion
	return json.Marshal(c)
}

// DecodeRowChange reads a message body written by Encode, and checks what in
// it reaches a URL. The error names the field.
func DecodeRowChange(body []byte) (RowChange, error) {
	var c RowChange
	if err := decodeMessage(body, &c); err != nil {
		return RowChange{}, fmt.Errorf("row change: %w", err)
	}
	if err := checkVersion(c.Version); err != nil {
		return RowChange{}, fmt.Errorf("row change: %w", err)
	}
	id, err := ParseRowID(string(c.Payment))
	if err != nil {
		return RowChange{}, fmt.Errorf("row change: payment: %w", err)
	}
	c.Payment = id
	if err := checkDeliveries(c.Deliveries); err != nil {
		return RowChange{}, fmt.Errorf("row change: %w", err)
	}
	if len(c.Attempts) > maxAttempts {
		return RowChange{}, fmt.Errorf("row change: attempts are more than %d", maxAttempts)
	}
	for _, id := range c.Attempts {
		if !ValidStripeID(id, "pi", "cs") {
			return RowChange{}, fmt.Errorf("row change: attempts: one is no PaymentIntent and no Checkout Session of Stripe's")
		}
	}
	return c, nil
}

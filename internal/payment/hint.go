package payment

import (
	"encoding/json"
	"fmt"
	"regexp"
)

// Hint says that a payment may have changed at Stripe. It is what travels
// over the queue payment-events: ids, a type and a few facts about the event,
// never an amount, a status or anything secret, because whoever takes it reads
// the truth at both ends before it writes a thing.
type Hint struct {
	// Version is MessageVersion.
	Version int `json:"v"`
	// EventID is the id of the Stripe Event (evt_…), empty when the hint does
	// not come from an event but from a look at the objects.
	EventID string `json:"event,omitempty"`
	// Type is the type of the Stripe Event, such as payment_intent.succeeded.
	Type string `json:"type,omitempty"`
	// Created is the time of the Stripe Event in Unix seconds, UTC. Stripe says
	// that it must not be used for ordering: it is shown, never compared.
	Created int64 `json:"created,omitempty"`
	// Livemode says whether the event is about real money.
	Livemode bool `json:"livemode"`
	// Account is the connected account (acct_…) that the event came from, empty
	// for one's own account.
	Account string `json:"account,omitempty"`
	// PaymentIntent, CheckoutSession, Charge, Refund and Dispute are the ids of
	// the Stripe objects that the event names, empty where it names none.
	PaymentIntent   string `json:"paymentIntent,omitempty"`
	CheckoutSession string `json:"checkoutSession,omitempty"`
	Charge          string `json:"charge,omitempty"`
	Refund          string `json:"refund,omitempty"`
	Dispute         string `json:"dispute,omitempty"`
	// CRMPaymentID is the metadata CRM_PaymentId, or else the Checkout Session's
	// client_reference_id: the GUID of the payment row in lower case without
	// braces, or, where it is no GUID, the text as it stood. It comes from
	// outside: only ParseRowID makes it safe for a URL.
	CRMPaymentID string `json:"crmPaymentId,omitempty"`
	// CRMOrg is the metadata CRM_Org: the host name of the CRM organisation
	// that asked for the payment, empty when the event does not say.
	CRMOrg string `json:"crmOrg,omitempty"`
	// Deliveries is how often the hint was delivered in vain by messages before
	// this one, MaxDeliveries at most.
	Deliveries int `json:"deliveries,omitempty"`
}

// Link is what the hint says of the row.
func (h Hint) Link() Link { return Link{CRMPaymentID: h.CRMPaymentID, CRMOrg: h.CRMOrg} }

// Delivered returns the hint with n more deliveries in vain.
func (h Hint) Delivered(n int) Hint {
	h.Deliveries = delivered(h.Deliveries, n)
	return h
}

// Encode returns the message body: compact JSON.
func (h Hint) Encode() ([]byte, error) {
	h.Version = MessageVersion
	return json.Marshal(h)
}

// DecodeHint reads a message body written by Encode. Whoever can put a message
// on the queue can write anything into it, so every id is checked before it
// can reach a URL; the error names the field.
func DecodeHint(body []byte) (Hint, error) {
	var h Hint
	if err := decodeMessage(body, &h); err != nil {
		return Hint{}, fmt.Errorf("hint: %w", err)
	}
	if err := checkVersion(h.Version); err != nil {
		return Hint{}, fmt.Errorf("hint: %w", err)
	}
	if err := h.Validate(); err != nil {
		return Hint{}, err
	}
	return h, nil
}

// stripeID is the alphabet of Stripe's ids: a prefix, an underscore, letters,
// digits and underscores. All of it is safe in a URL path and in an OData
// literal.
var stripeID = regexp.MustCompile(`^[A-Za-z0-9]+_[A-Za-z0-9_]{1,250}$`)

// ValidStripeID reports whether s has the form of a Stripe id of one of the
// given prefixes, such as "pi" or "cs".
func ValidStripeID(s string, prefixes ...string) bool {
	if !stripeID.MatchString(s) {
		return false
	}
	for _, p := range prefixes {
		if len(s) > len(p)+1 && s[:len(p)] == p && s[len(p)] == '_' {
			return true
		}
	}
	return len(prefixes) == 0
}

// Validate reports the first id of the hint that does not have the form of
// what it names. CRMPaymentID and CRMOrg may be any short text: they are
// compared and parsed, never pasted into a URL.
func (h Hint) Validate() error {
	for _, f := range []struct {
		name, value string
		prefixes    []string
	}{
		{"event", h.EventID, []string{"evt"}},
		{"account", h.Account, []string{"acct"}},
		{"paymentIntent", h.PaymentIntent, []string{"pi"}},
		{"checkoutSession", h.CheckoutSession, []string{"cs"}},
		{"charge", h.Charge, []string{"ch", "py"}},
		{"refund", h.Refund, []string{"re", "pyr"}},
		{"dispute", h.Dispute, []string{"dp", "du"}},
	} {
		if f.value != "" && !ValidStripeID(f.value, f.prefixes...) {
			return fmt.Errorf("hint: %s is not an id of Stripe's", f.name)
		}
	}
	if len(h.CRMPaymentID) > 500 || len(h.CRMOrg) > 500 || len(h.Type) > 100 {
		return fmt.Errorf("hint: crmPaymentId, crmOrg or type is too long")
	}
	if err := checkDeliveries(h.Deliveries); err != nil {
		return fmt.Errorf("hint: %w", err)
	}
	return nil
}

package stripeapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"paybridge/internal/payment"
)

// Event is what a webhook event says.
type Event struct {
	// Hint names the objects of the event. For a type that PayBridge does not
	// act on it holds the event's own id, type, time, mode and account alone.
	Hint payment.Hint
	// Acted says that PayBridge acts on events of this type.
	Acted bool
}

// kind is what the object of an event is.
type kind int

const (
	kindIgnored kind = iota
	kindIntent
	kindSession
	kindCharge
	kindRefund
	kindDispute
)

// kindOf returns what an event of the type carries, or kindIgnored for a type that
// PayBridge does not act on. charge.succeeded is left out because it repeats
// payment_intent.succeeded. The refund.* types are those of newer API versions,
// charge.refund.updated is that of older ones; there is no
// payment_intent.failed.
func kindOf(eventType string) kind { return kinds[eventType] }

var kinds = map[string]kind{
	"payment_intent.created":                   kindIntent,
	"payment_intent.processing":                kindIntent,
	"payment_intent.requires_action":           kindIntent,
	"payment_intent.amount_capturable_updated": kindIntent,
	"payment_intent.succeeded":                 kindIntent,
	"payment_intent.payment_failed":            kindIntent,
	"payment_intent.canceled":                  kindIntent,

	"checkout.session.completed":               kindSession,
	"checkout.session.async_payment_succeeded": kindSession,
	"checkout.session.async_payment_failed":    kindSession,
	"checkout.session.expired":                 kindSession,

	"charge.refunded": kindCharge,

	"charge.refund.updated": kindRefund,
	"refund.created":        kindRefund,
	"refund.updated":        kindRefund,
	"refund.failed":         kindRefund,

	"charge.dispute.created":          kindDispute,
	"charge.dispute.updated":          kindDispute,
	"charge.dispute.closed":           kindDispute,
	"charge.dispute.funds_withdrawn":  kindDispute,
	"charge.dispute.funds_reinstated": kindDispute,
}

// EventTypes returns the types of the events that PayBridge acts on, in order:
// what a webhook endpoint has to be subscribed to, no more and no less.
func EventTypes() []string { return slices.Sorted(maps.Keys(kinds)) }

// wireEvent and wireObject hold the fields that have kept their name and
// meaning in every API version since PaymentIntents exist.
type wireEvent struct {
	ID       string `json:"id"`
	Object   string `json:"object"`
	Type     string `json:"type"`
	Created  int64  `json:"created"`
	Livemode bool   `json:"livemode"`
	Account  string `json:"account"`
	Data     struct {
		Object *wireObject `json:"object"`
	} `json:"data"`
}

type wireObject struct {
	ID                text      `json:"id"`
	PaymentIntent     reference `json:"payment_intent"`
	LatestCharge      reference `json:"latest_charge"`
	Charge            reference `json:"charge"`
	ClientReferenceID text      `json:"client_reference_id"`
	Metadata          metadata  `json:"metadata"`
}

// ReadEvent reads the body of a webhook request. It never refuses an event for
// its API version. The error says what is wrong with the body and repeats none
// of it.
func ReadEvent(body []byte) (Event, error) {
	var w wireEvent
	if err := json.Unmarshal(body, &w); err != nil {
		return Event{}, readingError(err)
	}
	return w.event()
}

// event reduces the event to what PayBridge needs of it.
func (w wireEvent) event() (Event, error) {
	switch {
	case w.Object != "event":
		return Event{}, errors.New("reading the event: the body is not an event of Stripe's")
	case w.ID == "":
		return Event{}, errors.New("reading the event: it has no id")
	case w.Type == "":
		return Event{}, errors.New("reading the event: it has no type")
	case w.Data.Object == nil:
		return Event{}, errors.New("reading the event: it has no data.object")
	}
	h := payment.Hint{
		Version: payment.MessageVersion, EventID: w.ID, Type: w.Type,
		Created: w.Created, Livemode: w.Livemode, Account: w.Account,
	}
	o := w.Data.Object
	k := kindOf(w.Type)
	switch k {
	case kindIgnored:
		return Event{Hint: h}, nil
	case kindIntent:
		h.PaymentIntent, h.Charge = string(o.ID), string(o.LatestCharge)
	case kindSession:
		h.CheckoutSession, h.PaymentIntent = string(o.ID), string(o.PaymentIntent)
	case kindCharge:
		h.Charge, h.PaymentIntent = string(o.ID), string(o.PaymentIntent)
	case kindRefund:
		h.Refund, h.Charge, h.PaymentIntent = string(o.ID), string(o.Charge), string(o.PaymentIntent)
	case kindDispute:
		h.Dispute, h.Charge, h.PaymentIntent = string(o.ID), string(o.Charge), string(o.PaymentIntent)
	}
	if o.ID == "" {
		return Event{}, errors.New("reading the event: its data.object has no id")
	}
	link := linkOf(o.Metadata.paymentID, o.Metadata.org, string(o.ClientReferenceID))
	h.CRMPaymentID, h.CRMOrg = link.CRMPaymentID, link.CRMOrg
	if err := h.Validate(); err != nil {
		return Event{}, fmt.Errorf("reading the event: %w", err)
	}
	return Event{Hint: h, Acted: true}, nil
}

// readingError keeps the position of a JSON error and drops its text, which
// can repeat a piece of the body.
func readingError(err error) error {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("reading the event: the body is not JSON, at byte %d", e.Offset)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("reading the event: the body is not an event of Stripe's, at byte %d", e.Offset)
	}
	return errors.New("reading the event: the body is not an event of Stripe's")
}

// reference is an expandable field: an id, the object itself, or null.
type reference string

// UnmarshalJSON reads the id in either form. Any other value counts as absent.
func (r *reference) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case '"':
		return json.Unmarshal(data, (*string)(r))
	case '{':
		var o struct {
			ID text `json:"id"`
		}
		err := json.Unmarshal(data, &o)
		*r = reference(o.ID)
		return err
	default:
		return nil
	}
}

// text is a string, or empty for any other JSON value. Events of types that
// PayBridge does not act on may give a field of this name another shape.
type text string

// UnmarshalJSON reads a string and passes over everything else.
func (t *text) UnmarshalJSON(data []byte) error {
	if data[0] != '"' {
		return nil
	}
	return json.Unmarshal(data, (*string)(t))
}

// metadata holds PayBridge's two keys. They are matched exactly, where a
// struct of encoding/json would match them in any case and let a key that
// only looks alike win.
type metadata struct {
	paymentID, org string
}

// UnmarshalJSON reads the two keys and passes over everything else.
func (m *metadata) UnmarshalJSON(data []byte) error {
	if data[0] != '{' {
		return nil
	}
	var all map[string]text
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	m.paymentID, m.org = string(all[MetadataPaymentID]), string(all[MetadataOrg])
	return nil
}

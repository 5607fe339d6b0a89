package stripe

import (
	"net/url"
	"strings"
	"time"
)

const kindSession = "checkout.session"

// The statuses of a Checkout Session and of its payment.
const (
	sessionOpen      = "open"
	sessionComplete  = "complete"
	sessionExpired   = "expired"
	sessionPaid      = "paid"
	sessionUnpaid    = "unpaid"
	sessionNothing   = "no_payment_required"
	shortestLifetime = 30 * time.Minute
	longestLifetime  = 24 * time.Hour
)

type session struct {
	base
	AmountSubtotal    int64             `json:"amount_subtotal"`
	AmountTotal       int64             `json:"amount_total"`
	CancelURL         *string           `json:"cancel_url"`
	ClientReferenceID *string           `json:"client_reference_id"`
	Currency          string            `json:"currency"`
	CustomerDetails   document          `json:"customer_details"`
	CustomerEmail     *string           `json:"customer_email"`
	ExpiresAt         int64             `json:"expires_at"`
	Livemode          bool              `json:"livemode"`
	Locale            *string           `json:"locale"`
	Metadata          map[string]string `json:"metadata"`
	PaymentIntent     *string           `json:"payment_intent"`
	PaymentStatus     string            `json:"payment_status"`
	MethodTypes       []string          `json:"payment_method_types"`
	Status            string            `json:"status"`
	SubmitType        *string           `json:"submit_type"`
	SuccessURL        *string           `json:"success_url"`
	URL               *string           `json:"url"`

	Items  []lineItem `json:"_items"`
	Intent intentData `json:"_intent"`
}

// intentData is payment_intent_data: what the session's intent is made with.
type intentData struct {
	Metadata      map[string]string `json:"metadata"`
	Description   *string           `json:"description"`
	ReceiptEmail  *string           `json:"receipt_email"`
	CaptureMethod string            `json:"capture_method"`
}

func (s *session) index() []string {
	if s.PaymentIntent == nil {
		return nil
	}
	return []string{"payment_intent=" + *s.PaymentIntent}
}

func createSession(c *call) (any, error) {
	f := c.form
	s := &session{
		base:     base{ID: c.server.sessionID(), Object: kindSession, Created: c.now.Unix()},
		Livemode: c.server.live, PaymentStatus: sessionUnpaid, Status: sessionOpen,
		SuccessURL: new(f.need("success_url")), CancelURL: f.text("cancel_url"), ClientReferenceID: f.text("client_reference_id"),
		CustomerEmail: f.text("customer_email"), Locale: f.text("locale"), SubmitType: f.text("submit_type"),
		Metadata: f.merge("metadata", nil), MethodTypes: f.texts("payment_method_types"),
	}
	f.oneOf("mode", "payment")
	if !f.has("mode") {
		f.missing("mode")
	}
	s.Intent = readIntentData(f.at("payment_intent_data"))
	s.readItems(f)
	s.readExpiry(f, c.now)
	f.skip("allow_promotion_codes", "automatic_tax", "billing_address_collection", "customer_creation", "phone_number_collection",
		"payment_method_options", "shipping_address_collection", "custom_text", "ui_mode", "payment_method_collection", "consent_collection",
		"invoice_creation", "after_expiration")
	s.checkURLs(f)
	if bad := f.problem(); bad != nil {
		return nil, bad
	}
	if s.AmountTotal == 0 {
		s.PaymentStatus = sessionNothing
	} else if bad := checkAmount(s.AmountTotal, s.Currency); bad != nil {
		bad.Param = ""
		if bad.Code == "amount_too_small" {
			bad.Message = "The Checkout Session's total amount must convert to at least " + spell(minimum(s.Currency), s.Currency) + "."
		}
		return nil, bad
	}
	if len(s.MethodTypes) == 0 {
		s.MethodTypes = []string{"card"}
		if delayed := delayedMethod(s.Currency); delayed != "" && s.Intent.CaptureMethod != "manual" {
			s.MethodTypes = append(s.MethodTypes, delayed)
		}
	}
	s.URL = new(c.base + "/c/pay/" + s.ID)
	if err := c.put(s); err != nil {
		return nil, err
	}
	return s, c.at(time.Unix(s.ExpiresAt, 0), timerExpire, s.ID)
}

func (s *Server) sessionID() string {
	if s.live {
		return "cs_live_a1" + randomText(56)
	}
	return "cs_test_a1" + randomText(56)
}

func readIntentData(f *form) intentData {
	f.skip("setup_future_usage", "shipping", "statement_descriptor", "statement_descriptor_suffix", "transfer_group", "on_behalf_of",
		"transfer_data", "application_fee_amount")
	return intentData{
		Metadata: f.merge("metadata", nil), Description: f.text("description"), ReceiptEmail: f.text("receipt_email"),
		CaptureMethod: orText(f.oneOf("capture_method", "automatic", "automatic_async", "manual"), "automatic"),
	}
}

func (s *session) readExpiry(f *form, now time.Time) {
	s.ExpiresAt = now.Add(longestLifetime).Unix()
	at := f.whole("expires_at")
	if at == nil {
		return
	}
	s.ExpiresAt = *at
	// Stripe is lenient by the time that a request takes.
	if wait := time.Unix(*at, 0).Sub(now); wait < shortestLifetime-time.Minute {
		f.fail(invalid("", "expires_at", "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."))
	} else if wait > longestLifetime+time.Minute {
		f.fail(invalid("", "expires_at", "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."))
	}
}

func (s *session) checkURLs(f *form) {
	for name, value := range map[string]*string{"success_url": s.SuccessURL, "cancel_url": s.CancelURL} {
		if value == nil || *value == "" {
			continue
		}
		// {CHECKOUT_SESSION_ID} is replaced when the customer is sent there.
		at, err := url.Parse(strings.NewReplacer("{", "", "}", "").Replace(*value))
		if err != nil || at.Scheme == "" || at.Host == "" {
			f.fail(invalid("url_invalid", name, "Not a valid URL"))
		}
	}
}

func retrieveSession(c *call) (any, error) {
	return load[session](c.change, kindSession, "session", c.id())
}

func listSessions(c *call) (any, error) {
	status, email := c.form.oneOf("status", sessionOpen, sessionComplete, sessionExpired), c.form.at("customer_details").text("email")
	c.form.skip("customer", "payment_link", "subscription")
	return listOf(c, kindSession, entryOf(c.form, "payment_intent"), func(s *session) bool {
		return (status == nil || s.Status == *status) && (email == nil || s.CustomerDetails["email"] == *email)
	})
}

func expireSession(c *call) (any, error) {
	s, err := load[session](c.change, kindSession, "session", c.id())
	if err != nil {
		return nil, err
	}
	if s.Status != sessionOpen {
		return nil, invalid("", "", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of `"+s.Status+"`.")
	}
	return s, c.expire(s)
}

// expire ends an open session; an intent that the customer tried to pay goes with it.
func (c *change) expire(s *session) error {
	s.Status, s.URL = sessionExpired, nil
	if s.PaymentIntent != nil {
		i, err := c.intent("intent", *s.PaymentIntent)
		if err != nil {
			return err
		}
		if i.Status != statusSucceeded && i.Status != statusCanceled && i.Status != statusProcessing {
			if err := c.cancel(i, new("automatic")); err != nil {
				return err
			}
		}
	}
	if err := c.put(s); err != nil {
		return err
	}
	return c.emit("checkout.session.expired", s, nil)
}

func sessionItems(c *call) (any, error) {
	s, err := load[session](c.change, kindSession, "session", c.id())
	if err != nil {
		return nil, err
	}
	readWindow(c.form)
	return s.items(), nil
}

package stripe

import (
	"slices"
	"strings"
)

const kindIntent = "payment_intent"

// The statuses of a PaymentIntent.
const (
	statusRequiresMethod       = "requires_payment_method"
	statusRequiresConfirmation = "requires_confirmation"
	statusRequiresAction       = "requires_action"
	statusProcessing           = "processing"
	statusRequiresCapture      = "requires_capture"
	statusSucceeded            = "succeeded"
	statusCanceled             = "canceled"
)

// intent is a PaymentIntent. Its fields are the attributes that change; the others are in its shape.
type intent struct {
	base
	Amount             int64             `json:"amount"`
	AmountCapturable   int64             `json:"amount_capturable"`
	AmountReceived     int64             `json:"amount_received"`
	AutomaticMethods   *automaticMethods `json:"automatic_payment_methods"`
	CanceledAt         *int64            `json:"canceled_at"`
	CancellationReason *string           `json:"cancellation_reason"`
	CaptureMethod      string            `json:"capture_method"`
	ClientSecret       string            `json:"client_secret"`
	ConfirmationMethod string            `json:"confirmation_method"`
	Currency           string            `json:"currency"`
	Description        *string           `json:"description"`
	LastPaymentError   document          `json:"last_payment_error"`
	LatestCharge       *string           `json:"latest_charge"`
	Livemode           bool              `json:"livemode"`
	Metadata           map[string]string `json:"metadata"`
	NextAction         document          `json:"next_action"`
	PaymentMethod      *string           `json:"payment_method"`
	MethodTypes        []string          `json:"payment_method_types"`
	ReceiptEmail       *string           `json:"receipt_email"`
	SetupFutureUsage   *string           `json:"setup_future_usage"`
	Suffix             *string           `json:"statement_descriptor_suffix"`
	Descriptor         *string           `json:"statement_descriptor"`
	Status             string            `json:"status"`
	TransferGroup      *string           `json:"transfer_group"`

	// Session is the Checkout Session that made the intent.
	Session string `json:"_session,omitempty"`
	// Born is when the intent was made, in nanoseconds of Unix time, for the lag of search.
	Born int64 `json:"_born"`
	// ReturnURL is where the customer goes after an authentication.
	ReturnURL string `json:"_return_url,omitempty"`
}

type automaticMethods struct {
	AllowRedirects string `json:"allow_redirects"`
	Enabled        bool   `json:"enabled"`
}

// index is for the search; what an intent was called before, it is found under
// too, and held to the query.
func (i *intent) index() []string {
	var entries []string
	for key, value := range i.Metadata {
		entries = append(entries, metadataEntry(key, value))
	}
	return entries
}

func (c *change) intent(param, id string) (*intent, error) {
	return load[intent](c, kindIntent, param, id)
}

func createIntent(c *call) (any, error) {
	f := c.form
	i := c.newIntent()
	amount := f.whole("amount")
	if amount == nil {
		f.missing("amount")
	}
	i.Currency = strings.ToLower(f.need("currency"))
	i.readCommon(f)
	i.CaptureMethod = orText(f.oneOf("capture_method", "automatic", "automatic_async", "manual"), "automatic")
	i.ConfirmationMethod = orText(f.oneOf("confirmation_method", "automatic", "manual"), "automatic")
	i.readMethodTypes(f)
	confirm := f.isTrue("confirm")
	how := readConfirmation(f)
	if !confirm {
		for _, name := range []string{"off_session", "error_on_requires_action", "return_url"} {
			if f.has(name) {
				f.fail(invalid("", name, "The parameter `"+name+"` cannot be passed when creating a PaymentIntent unless `confirm` is set to true."))
			}
		}
	}
	if bad := f.problem(); bad != nil {
		return nil, bad
	}
	i.Amount = *amount
	if bad := checkAmount(i.Amount, i.Currency); bad != nil {
		return nil, bad
	}
	if err := c.attach(i, how); err != nil {
		return nil, err
	}
	if err := c.put(i); err != nil {
		return nil, err
	}
	if err := c.emit("payment_intent.created", i, nil); err != nil {
		return nil, err
	}
	if !confirm {
		return i, nil
	}
	return i, c.confirm(i, how)
}

func (c *change) newIntent() *intent {
	id := newPaymentID("pi")
	return &intent{
		base:         base{ID: id, Object: kindIntent, Created: c.now.Unix()},
		ClientSecret: id + "_secret_" + randomText(25), Livemode: c.server.live,
		CaptureMethod: "automatic", ConfirmationMethod: "automatic", Status: statusRequiresMethod,
		Metadata: map[string]string{}, MethodTypes: []string{"card"}, Born: c.now.UnixNano(),
	}
}

// readCommon reads what both create and update take.
func (i *intent) readCommon(f *form) {
	set := func(field **string, name string) {
		if f.has(name) {
			*field = f.text(name)
		}
	}
	set(&i.Description, "description")
	set(&i.ReceiptEmail, "receipt_email")
	set(&i.SetupFutureUsage, "setup_future_usage")
	set(&i.Descriptor, "statement_descriptor")
	set(&i.Suffix, "statement_descriptor_suffix")
	set(&i.TransferGroup, "transfer_group")
	if f.has("metadata") {
		i.Metadata = f.merge("metadata", i.Metadata)
	}
	f.skip("shipping", "customer", "application_fee_amount", "on_behalf_of", "transfer_data", "payment_method_options",
		"payment_method_configuration", "radar_options")
}

func (i *intent) readMethodTypes(f *form) {
	automatic := f.at("automatic_payment_methods")
	enabled := automatic.isTrue("enabled")
	redirects := orText(automatic.oneOf("allow_redirects", "always", "never"), "always")
	types := f.texts("payment_method_types")
	switch {
	case len(types) > 0 && enabled:
		f.fail(invalid("", "", "You may only specify one of these parameters: automatic_payment_methods, payment_method_types."))
	case len(types) > 0:
		i.MethodTypes = types
	case i.AutomaticMethods == nil || automatic.present():
		// Since 2023-08-16 automatic payment methods are what is meant when nothing is said.
		i.AutomaticMethods = &automaticMethods{Enabled: true, AllowRedirects: redirects}
		i.MethodTypes = []string{"card"}
		if delayed := delayedMethod(i.Currency); i.CaptureMethod != "manual" && delayed != "" {
			i.MethodTypes = append(i.MethodTypes, delayed)
		}
	}
	if len(types) > 0 {
		i.AutomaticMethods = nil
	}
}

func retrieveIntent(c *call) (any, error) {
	c.form.skip("client_secret")
	return c.intent("intent", c.id())
}

func updateIntent(c *call) (any, error) {
	i, err := c.intent("intent", c.id())
	if err != nil {
		return nil, err
	}
	f := c.form
	amount, currency := f.whole("amount"), f.text("currency")
	i.readCommon(f)
	how := readConfirmation(f)
	if f.has("payment_method_types") || f.has("automatic_payment_methods") {
		i.readMethodTypes(f)
	}
	if amount != nil || currency != nil || how.present() {
		if !slices.Contains([]string{statusRequiresMethod, statusRequiresConfirmation, statusRequiresAction}, i.Status) {
			what := "amount"
			if amount == nil {
				what = "payment_method"
			}
			return nil, i.unexpected(c.change, "This PaymentIntent's "+what+" could not be updated because it has a status of "+i.Status+
				". You may only update the "+what+" of a PaymentIntent with one of the following statuses: requires_payment_method, requires_confirmation, requires_action.")
		}
		if amount != nil {
			i.Amount = *amount
		}
		if currency != nil {
			i.Currency = strings.ToLower(*currency)
		}
		if bad := checkAmount(i.Amount, i.Currency); bad != nil {
			return nil, bad
		}
		if err := c.attach(i, how); err != nil {
			return nil, err
		}
	}
	return i, c.put(i)
}

// unexpected is the refusal of something that an intent's status does not allow.
func (i *intent) unexpected(c *change, message string) error {
	bad := invalid("payment_intent_unexpected_state", "", message)
	d, err := render(i)
	if err != nil {
		return err
	}
	bad.PaymentIntent = d
	return bad
}

func listIntents(c *call) (any, error) {
	c.form.skip("customer")
	return listOf[intent](c, kindIntent, "")
}

// orText is an optional text, or the fallback where there is none.
func orText(value *string, fallback string) string {
	if value == nil {
		return fallback
	}
	return *value
}

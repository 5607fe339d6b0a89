package stripe

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// confirmation is how an intent is to be confirmed.
type confirmation struct {
	method     *string // a pm_… id, of a test method or made before
	dataType   string  // payment_method_data[type]
	email      *string
	name       *string
	number     *string
	token      *string // tok_visa …
	returnURL  *string
	offSession bool
	noAction   bool // error_on_requires_action
}

func (h confirmation) present() bool { return h.method != nil || h.dataType != "" }

func readConfirmation(f *form) confirmation {
	data := f.at("payment_method_data")
	how := confirmation{
		method: f.text("payment_method"), dataType: orText(data.text("type"), ""), returnURL: f.text("return_url"),
		noAction: f.isTrue("error_on_requires_action"),
	}
	how.email, how.name = data.at("billing_details").text("email"), data.at("billing_details").text("name")
	how.number, how.token = data.at("card").text("number"), data.at("card").text("token")
	off := f.text("off_session")
	how.offSession = off != nil && *off != "false"
	f.skip("payment_method_data", "mandate", "mandate_data", "use_stripe_sdk", "confirmation_token", "client_secret")
	return how
}

// testID is the test method that payment_method_data stands for.
func (h confirmation) testID() (string, *apiError) {
	switch h.dataType {
	case "card":
		if h.number != nil {
			id, ok := findTestCard(*h.number)
			if !ok {
				return "", refuse(http.StatusPaymentRequired, typeCard, "incorrect_number", "number", "Your card number is incorrect.")
			}
			return id, nil
		}
		if h.token != nil {
			id := "pm_card_" + strings.TrimPrefix(*h.token, "tok_")
			if _, ok := findTestMethod(id); !ok {
				return "", missing("token", "payment_method_data[card][token]", *h.token)
			}
			return id, nil
		}
		return "pm_card_visa", nil
	case "us_bank_account":
		return "pm_usBankAccount_success", nil
	case "sepa_debit":
		return "pm_sepaDebit_success", nil
	case "bacs_debit":
		return "pm_bacsDebit_success", nil
	default:
		return "", invalid("", "payment_method_data[type]", "Invalid payment_method_data[type]: "+h.dataType+" is not simulated here.")
	}
}

// attach puts the payment method of a request on the intent.
func (c *change) attach(i *intent, how confirmation) error {
	if !how.present() {
		return nil
	}
	id := orText(how.method, "")
	var method *paymentMethod
	_, known := findTestMethod(id)
	var err error
	switch {
	case how.method == nil:
		test, bad := how.testID()
		if bad != nil {
			return bad
		}
		method, err = c.newMethod(test, how.email, how.name)
	case known:
		method, err = c.newMethod(id, how.email, how.name)
	default:
		method, err = load[paymentMethod](c, kindMethod, "payment_method", id)
		if gone(err) {
			return missing("PaymentMethod", "payment_method", id)
		}
	}
	if err != nil {
		return err
	}
	if !slices.Contains(i.MethodTypes, method.Type) {
		return invalid("payment_intent_incompatible_payment_method", "payment_method", "The PaymentMethod provided ("+method.Type+
			") is not allowed for this PaymentIntent. Please attach a payment method of one of the allowed types, or update the allowed types of the PaymentIntent.")
	}
	i.PaymentMethod, i.Status, i.NextAction = &method.ID, statusRequiresConfirmation, nil
	return nil
}

func confirmIntent(c *call) (any, error) {
	i, err := c.intent("intent", c.id())
	if err != nil {
		return nil, err
	}
	f := c.form
	how := readConfirmation(f)
	if f.has("receipt_email") {
		i.ReceiptEmail = f.text("receipt_email")
	}
	f.skip("capture_method", "setup_future_usage", "payment_method_options", "payment_method_types", "shipping", "radar_options")
	if bad := f.problem(); bad != nil {
		return nil, bad
	}
	if !slices.Contains([]string{statusRequiresMethod, statusRequiresConfirmation, statusRequiresAction}, i.Status) {
		return nil, i.unexpected(c.change, "This PaymentIntent's status is "+i.Status+" and it cannot be confirmed again. You cannot confirm this "+
			"PaymentIntent because it has a status of "+i.Status+".")
	}
	if err := c.outsideCheckout(i); err != nil {
		return nil, err
	}
	if err := c.attach(i, how); err != nil {
		return nil, err
	}
	return i, c.confirm(i, how)
}

// outsideCheckout refuses what a Checkout Session does itself: as long as it is open, its intent is confirmed on its
// page and nowhere else. See payment_intent in https://docs.stripe.com/api/checkout/sessions/object.
func (c *change) outsideCheckout(i *intent) error {
	if i.Session == "" {
		return nil
	}
	session, err := load[session](c, kindSession, "session", i.Session)
	if err != nil {
		return err
	}
	if session.Status != sessionOpen {
		return nil
	}
	return i.unexpected(c, "You cannot confirm or cancel this PaymentIntent because it belongs to the open Checkout Session "+session.ID+
		". To cancel it, expire the Checkout Session instead.")
}

// confirm lets the customer's payment method be charged and ends as the method is made to.
func (c *call) confirm(i *intent, how confirmation) error {
	if i.PaymentMethod == nil {
		return i.unexpected(c.change, "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "+
			"PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.")
	}
	if i.AutomaticMethods != nil && i.AutomaticMethods.AllowRedirects == "always" && how.returnURL == nil && i.ReturnURL == "" &&
		!how.offSession && c.http.Method == http.MethodPost {
		return invalid("", "", "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these "+
			"payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based "+
			"payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating "+
			"Setup Intents and Payment Intents.")
	}
	if how.returnURL != nil {
		if at, err := url.Parse(*how.returnURL); err != nil || at.Scheme == "" {
			return invalid("url_invalid", "return_url", "Not a valid URL")
		}
		i.ReturnURL = *how.returnURL
	}
	return c.attempt(i, attempt{offSession: how.offSession, noAction: how.noAction, base: c.base})
}

package stripe

import (
	"maps"
	"slices"
	"strings"
)

const kindMethod = "payment_method"

// ending is how a payment with a test payment method goes.
type ending int

const (
	paid       ending = iota
	declined          // the issuer refuses
	challenged        // the customer has to authenticate first
	delayed           // a bank debit or voucher: processing, then paid
	delayedBad        // processing, then failed
)

// testMethod is what Stripe documents of a test payment method.
type testMethod struct {
	kind    string // card, us_bank_account …
	brand   string
	last4   string
	ending  ending
	code    string // of a decline
	decline string
	dispute string // the reason of a dispute that follows at once
	inquiry bool
	refund  string // how a refund begins and ends, as "succeeded,failed"
}

func card(brand, last4 string) testMethod {
	return testMethod{kind: "card", brand: brand, last4: last4}
}

func refused(last4, code, decline string) testMethod {
	return testMethod{kind: "card", brand: "visa", last4: last4, ending: declined, code: code, decline: decline}
}

func debit(kind, last4 string, end ending) testMethod {
	return testMethod{kind: kind, last4: last4, ending: end, code: "payment_method_provider_decline", decline: "generic_decline"}
}

// testMethods are the pm_card_… and other ids of Stripe's testing page, in lower case: Stripe reads them so.
var testMethods = map[string]testMethod{
	"pm_card_visa":              card("visa", "4242"),
	"pm_card_visa_debit":        card("visa", "5556"),
	"pm_card_us":                card("visa", "4242"),
	"pm_card_gb":                card("visa", "0005"),
	"pm_card_de":                card("visa", "0016"),
	"pm_card_bypasspending":     card("visa", "0077"),
	"pm_card_mastercard":        card("mastercard", "4444"),
	"pm_card_amex":              card("amex", "8431"),
	"pm_card_discover":          card("discover", "9424"),
	"pm_card_diners":            card("diners", "0004"),
	"pm_card_jcb":               card("jcb", "0505"),
	"pm_card_unionpay":          card("unionpay", "0005"),
	"pm_card_risklevelelevated": card("visa", "9235"),

	"pm_card_chargedeclined":                  refused("0002", "card_declined", "generic_decline"),
	"pm_card_chargedeclinedinsufficientfunds": refused("9995", "card_declined", "insufficient_funds"),
	"pm_card_chargedeclinedlostcard":          refused("9987", "card_declined", "lost_card"),
	"pm_card_chargedeclinedstolencard":        refused("9979", "card_declined", "stolen_card"),
	"pm_card_chargedeclinedfraudulent":        refused("0019", "card_declined", "fraudulent"),
	"pm_card_chargedeclinedexpiredcard":       refused("0069", "expired_card", ""),
	"pm_card_chargedeclinedincorrectcvc":      refused("0127", "incorrect_cvc", ""),
	"pm_card_chargedeclinedprocessingerror":   refused("0119", "processing_error", ""),
	"pm_card_chargecustomerfail":              refused("0341", "card_declined", "generic_decline"),
	"pm_card_radarblock":                      refused("0019", "card_declined", "fraudulent"),

	"pm_card_authenticationrequired":        {kind: "card", brand: "visa", last4: "3184", ending: challenged},
	"pm_card_authenticationrequiredonsetup": {kind: "card", brand: "visa", last4: "3155", ending: challenged},
	"pm_card_threedsecure2required":         {kind: "card", brand: "visa", last4: "3220", ending: challenged},
	"pm_card_threedsecurerequired":          {kind: "card", brand: "visa", last4: "3063", ending: challenged},
	"pm_card_authenticationrequiredchargedeclinedinsufficientfunds": {
		kind: "card", brand: "visa", last4: "8341", ending: challenged, code: "card_declined", decline: "insufficient_funds",
	},
	"pm_card_threedsecureoptional": card("visa", "3055"),

	"pm_card_createdispute":                   {kind: "card", brand: "visa", last4: "0259", dispute: "fraudulent"},
	"pm_card_createdisputeproductnotreceived": {kind: "card", brand: "visa", last4: "2685", dispute: "product_not_received"},
	"pm_card_createdisputeinquiry":            {kind: "card", brand: "amex", last4: "1976", dispute: "fraudulent", inquiry: true},
	"pm_card_refundfail":                      {kind: "card", brand: "visa", last4: "5126", refund: "succeeded,failed"},
	"pm_card_pendingrefund":                   {kind: "card", brand: "visa", last4: "7726", refund: "pending,succeeded"},

	"pm_usbankaccount_success":            debit("us_bank_account", "6789", delayed),
	"pm_usbankaccount_accountclosed":      debit("us_bank_account", "1113", delayedBad),
	"pm_usbankaccount_insufficientfunds":  debit("us_bank_account", "1116", delayedBad),
	"pm_usbankaccount_debitnotauthorized": debit("us_bank_account", "1115", delayedBad),
	"pm_sepadebit_success":                debit("sepa_debit", "3000", delayed),
	"pm_sepadebit_fail":                   debit("sepa_debit", "3001", delayedBad),
	"pm_bacsdebit_success":                debit("bacs_debit", "2345", delayed),
	"pm_bacsdebit_fail":                   debit("bacs_debit", "2227", delayedBad),
}

// findTestMethod knows a test method by its id: pm_card_visa_chargeDeclined is pm_card_chargeDeclined as well.
func findTestMethod(id string) (testMethod, bool) {
	id = strings.ToLower(id)
	if m, ok := testMethods[id]; ok {
		return m, true
	}
	m, ok := testMethods[strings.Replace(id, "pm_card_visa_", "pm_card_", 1)]
	return m, ok
}

// findTestCard is the test method of a test card's number, by its last four digits.
func findTestCard(number string) (string, bool) {
	if len(number) < 13 {
		return "", false
	}
	for _, id := range slices.Sorted(maps.Keys(testMethods)) {
		if m := testMethods[id]; m.kind == "card" && m.last4 == number[len(number)-4:] {
			return id, true
		}
	}
	return "", false
}

// delayedTests are the test methods of each kind whose payments take days.
var delayedTests = map[string]struct{ good, bad string }{
	"us_bank_account": {"pm_usBankAccount_success", "pm_usBankAccount_insufficientFunds"},
	"sepa_debit":      {"pm_sepaDebit_success", "pm_sepaDebit_fail"},
	"bacs_debit":      {"pm_bacsDebit_success", "pm_bacsDebit_fail"},
}

// delayedMethod is the kind of method of a currency whose payments take days, empty where there is none.
func delayedMethod(currency string) string {
	return map[string]string{"usd": "us_bank_account", "eur": "sepa_debit", "gbp": "bacs_debit"}[currency]
}

// paymentMethod is a PaymentMethod. Every use of a test id makes one of its own, as at Stripe.
type paymentMethod struct {
	base
	BillingDetails map[string]any    `json:"billing_details"`
	Card           map[string]any    `json:"card,omitempty"`
	USBankAccount  map[string]any    `json:"us_bank_account,omitempty"`
	SEPADebit      map[string]any    `json:"sepa_debit,omitempty"`
	Customer       *string           `json:"customer"`
	Livemode       bool              `json:"livemode"`
	Metadata       map[string]string `json:"metadata"`
	Type           string            `json:"type"`

	// Test is the id of the test method that it behaves like.
	Test string `json:"_test"`
}

func (m *paymentMethod) index() []string { return nil }

// newMethod makes a PaymentMethod that behaves as the test id says.
func (c *change) newMethod(test string, email, name *string) (*paymentMethod, error) {
	known, ok := findTestMethod(test)
	if !ok {
		return nil, missing("PaymentMethod", "payment_method", test)
	}
	m := &paymentMethod{
		base: base{ID: newID("pm"), Object: kindMethod, Created: c.now.Unix()}, Type: known.kind, Test: test,
		Livemode: c.server.live, Metadata: map[string]string{}, BillingDetails: billing(email, name),
	}
	switch known.kind {
	case "card":
		m.Card = cardOf(known)
		m.Card["generated_from"], m.Card["networks"] = nil, map[string]any{"available": []string{known.brand}, "preferred": nil}
		m.Card["three_d_secure_usage"] = map[string]any{"supported": true}
		m.Card["display_brand"] = known.brand
	case "us_bank_account":
		m.USBankAccount = map[string]any{
			"account_holder_type": "individual", "account_type": "checking", "bank_name": "STRIPE TEST BANK",
			"fingerprint": "FFDMA0xfhBjWSZLu", "last4": known.last4, "routing_number": "110000000",
		}
	case "sepa_debit":
		m.SEPADebit = map[string]any{"bank_code": "37040044", "branch_code": "", "country": "DE", "fingerprint": "vifs0Ho7vwRn1Miu", "last4": known.last4}
	}
	return m, c.put(m)
}

func billing(email, name *string) map[string]any {
	return map[string]any{
		"address": map[string]any{"city": nil, "country": nil, "line1": nil, "line2": nil, "postal_code": nil, "state": nil},
		"email":   email, "name": name, "phone": nil,
	}
}

func cardOf(m testMethod) map[string]any {
	return map[string]any{
		"brand": m.brand, "checks": map[string]any{"address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": "pass"},
		"country": "US", "exp_month": 12, "exp_year": 2034, "fingerprint": "st4ndIn" + m.brand + m.last4, "funding": "credit",
		"last4": m.last4, "wallet": nil,
	}
}

// createMethod makes a PaymentMethod out of a test card's number or token, or of a kind of bank debit.
func createMethod(c *call) (any, error) {
	f := c.form
	how := confirmation{dataType: f.need("type"), number: f.at("card").text("number"), token: f.at("card").text("token")}
	email, name := f.at("billing_details").text("email"), f.at("billing_details").text("name")
	metadata := f.merge("metadata", nil)
	f.skip("card", "billing_details", "us_bank_account", "sepa_debit", "bacs_debit", "allow_redisplay")
	if bad := f.problem(); bad != nil {
		return nil, bad
	}
	test, bad := how.testID()
	if bad != nil {
		return nil, bad
	}
	m, err := c.newMethod(test, email, name)
	if err != nil {
		return nil, err
	}
	m.Metadata = metadata
	return m, c.put(m)
}

func retrieveMethod(c *call) (any, error) {
	return load[paymentMethod](c.change, kindMethod, "payment_method", c.id())
}

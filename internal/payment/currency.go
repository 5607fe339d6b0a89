package payment

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
)

// Currency is an ISO 4217 code in lower case, as Stripe writes it. Only
// ParseCurrency makes one from outside text.
type Currency string

// ParseCurrency reads a currency code in either case, since Dataverse writes
// "EUR" where Stripe writes "eur". It checks the form alone: which currencies
// an account can charge in only Stripe knows.
func ParseCurrency(s string) (Currency, error) {
	if len(s) != 3 {
		return "", fmt.Errorf("not a currency code: it has %d characters instead of 3", len(s))
	}
	c := strings.ToLower(s)
	for i := range len(c) {
		if c[i] < 'a' || c[i] > 'z' {
			return "", fmt.Errorf("not a currency code: position %d is not a letter", i+1)
		}
	}
	return Currency(c), nil
}

// String returns the code in upper case, as people write it.
func (c Currency) String() string { return strings.ToUpper(string(c)) }

// Decimals is how many decimals Stripe's minor unit of the currency has. It
// is Stripe's own count, not that of ISO 4217: ISK and UGX have no decimals
// and are still sent with two.
//
// Source: https://docs.stripe.com/currencies, "Zero-decimal currencies",
// "Three-decimal currencies" and "Special cases".
func (c Currency) Decimals() int32 {
	switch c {
	case "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf":
		return 0
	case "bhd", "jod", "kwd", "omr", "tnd":
		return 3
	default:
		return 2
	}
}

// step is what every amount in minor units has to be a multiple of.
func (c Currency) step() int64 {
	switch c {
	case "isk", "ugx":
		return 100 // no decimals, sent with two that are 00
	case "bhd", "jod", "kwd", "omr", "tnd":
		return 10 // three decimals, the last of which has to be 0
	default:
		return 1
	}
}

// Step is the smallest difference between two amounts that Stripe accepts:
// 0.01 for EUR, 1 for JPY and ISK, 0.01 for KWD.
func (c Currency) Step() decimal.Decimal {
	return decimal.New(c.step(), -c.Decimals())
}

// Maximum is the largest amount that Stripe takes for any payment method, in
// minor units: twelve digits. What one payment can carry is often less and
// depends on the method that the customer chooses (nine digits for American
// Express, eight for most methods that are not cards), so only Stripe can tell,
// and it refuses such an amount with the code amount_too_large.
//
// Source: https://docs.stripe.com/currencies, "Maximum charge amounts".
const Maximum int64 = 999_999_999_999

// Minimum is the smallest amount that Stripe charges, in minor units, and
// whether Stripe names one for the currency. It belongs to the currency in
// which the account is paid out: a charge in another currency has to reach it
// after conversion. A few payment methods, such as iDEAL, take less.
//
// Source: https://docs.stripe.com/currencies, "Minimum charge amount by
// currency".
func (c Currency) Minimum() (minor int64, ok bool) {
	switch c {
	case "gbp":
		return 30, true
	case "ars", "aud", "brl", "cad", "chf", "cop", "eur", "idr", "ils", "inr", "jpy", "krw", "nzd", "php", "rub",
		"sgd", "usd", "zar":
		return 50, true
	case "aed", "myr", "pln", "ron":
		return 200, true
	case "dkk":
		return 250, true
	case "nok", "sek":
		return 300, true
	case "hkd":
		return 400, true
	case "mxn", "thb":
		return 1000, true
	case "czk":
		return 1500, true
	case "huf":
		return 17500, true
	default:
		return 0, false
	}
}

// BelowMinimum reports whether so many minor units are less than Minimum, or
// nothing at all where Stripe names none.
func (c Currency) BelowMinimum(minor int64) bool {
	least, ok := c.Minimum()
	if !ok {
		return minor <= 0
	}
	return minor < least
}

package payment

import (
	"fmt"

	"github.com/shopspring/decimal"
)

// AmountError says that an amount cannot be sent to Stripe. Its text is one
// that a person reads in the CRM: the amount, the currency, what is wrong and
// what to do. Trying again cannot help.
type AmountError struct {
	Currency Currency
	Text     string
}

// Error returns the text.
func (e *AmountError) Error() string { return e.Text }

// maxExponent bounds the scale of a decimal that is worth looking at. The
// columns of a CRM hold at most ten decimals, and a text such as 1e999999999
// is a small decimal that becomes a huge integer as soon as it is compared.
const maxExponent = 30

// ToMinor returns an amount as the integer that Stripe takes, in minor units.
// It never rounds: an amount that is negative, that the currency cannot
// express, or that is larger than Stripe takes is an *AmountError. Zero is
// an amount like any other.
func ToMinor(amount decimal.Decimal, c Currency) (int64, error) {
	if e := amount.Exponent(); e < -maxExponent || e > maxExponent || amount.NumDigits() > 2*maxExponent {
		return 0, amountError(c, "The amount in %s has too many digits. Enter an amount in steps of %s.", c, c.Step())
	}
	if amount.IsNegative() {
		return 0, amountError(c, "%s %s is negative. Enter an amount above zero; to give money back, ask for a refund.", amount, c)
	}
	minor := amount.Shift(c.Decimals())
	if !minor.Mod(decimal.NewFromInt(c.step())).IsZero() {
		return 0, amountError(c, "%s %s cannot be charged: Stripe takes %s in steps of %s. Round the amount to such a step.",
			amount, c, c, c.Step())
	}
	if most := Maximum - Maximum%c.step(); minor.GreaterThan(decimal.NewFromInt(most)) {
		return 0, amountError(c, "%s %s is more than the %s %s that Stripe takes at once. Split the amount into several payments.",
			amount, c, FromMinor(most, c), c)
	}
	return minor.IntPart(), nil
}

// ToPositiveMinor is ToMinor for what has to move money, a charge or a refund:
// zero is an *AmountError too.
func ToPositiveMinor(amount decimal.Decimal, c Currency) (int64, error) {
	minor, err := ToMinor(amount, c)
	if err == nil && minor == 0 {
		return 0, amountError(c, "The amount is 0 %s. Enter an amount above zero.", c)
	}
	return minor, err
}

// FromMinor returns an amount of Stripe's as a decimal with the decimals of
// Stripe's minor unit. It is exact for every integer, also for one that
// ToMinor would refuse, because what Stripe says is taken as it is.
func FromMinor(minor int64, c Currency) decimal.Decimal {
	return decimal.New(minor, -c.Decimals())
}

func amountError(c Currency, format string, args ...any) error {
	return &AmountError{Currency: c, Text: fmt.Sprintf(format, args...)}
}

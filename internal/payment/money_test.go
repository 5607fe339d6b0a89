package payment

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

func TestMoney(t *testing.T) {
	for _, c := range []struct {
		currency Currency
		amount   string
		minor    int64
	}{
		{"usd", "12.34", 1234}, {"eur", "0.01", 1}, {"gbp", "1250.0000", 125000}, {"eur", "1e3", 100000}, {"eur", "0", 0},
		{"usd", "999999.99", 99999999}, {"usd", "9999999999.99", 999999999999}, {"jpy", "999999999999", 999999999999},
		{"huf", "175.50", 17550}, {"twd", "800.45", 80045},
		{"bif", "500", 500}, {"clp", "500", 500}, {"djf", "500", 500}, {"gnf", "500", 500}, {"jpy", "1500", 1500},
		{"kmf", "500", 500}, {"krw", "500", 500}, {"mga", "500", 500}, {"pyg", "500", 500}, {"rwf", "500", 500},
		{"vnd", "500", 500}, {"vuv", "500", 500}, {"xaf", "500", 500}, {"xof", "500", 500}, {"xpf", "500.00", 500},
		{"isk", "500", 50000}, {"ugx", "1", 100},
		{"bhd", "5.12", 5120}, {"jod", "5.12", 5120}, {"kwd", "12.340", 12340}, {"omr", "0.01", 10}, {"tnd", "5", 5000},
	} {
		got, err := ToMinor(decimal.RequireFromString(c.amount), c.currency)
		if err != nil || got != c.minor {
			t.Errorf("ToMinor(%s %s) = %d, %v, want %d", c.amount, c.currency, got, err, c.minor)
		}
		if back := FromMinor(c.minor, c.currency); !back.Equal(decimal.RequireFromString(c.amount)) {
			t.Errorf("FromMinor(%d, %s) = %s, want %s", c.minor, c.currency, back, c.amount)
		}
	}
}

func TestMoneyRefused(t *testing.T) {
	for _, c := range []struct {
		currency     Currency
		amount, want string
	}{
		{"eur", "10.005", "10.005 EUR cannot be charged: Stripe takes EUR in steps of 0.01"},
		{"jpy", "10.5", "10.5 JPY cannot be charged: Stripe takes JPY in steps of 1."},
		{"kwd", "1.2345", "KWD in steps of 0.01"},
		{"kwd", "1.235", "KWD in steps of 0.01"},
		{"isk", "12.50", "12.5 ISK cannot be charged: Stripe takes ISK in steps of 1."},
		{"ugx", "0.01", "UGX in steps of 1."},
		{"eur", "-0.01", "-0.01 EUR is negative"},
		{"eur", "10000000000", "10000000000 EUR is more than the 9999999999.99 EUR"},
		{"jpy", "1000000000000", "more than the 999999999999 JPY"},
		{"kwd", "1000000000", "more than the 999999999.99 KWD"},
		{"eur", "1e25", "is more than"},
		{"eur", "1e30", "is more than"},
		{"eur", "1e31", "too many digits"},
		{"eur", "1e-30", "in steps of"},
		{"eur", "1e-31", "too many digits"},
		{"eur", strings.Repeat("9", 60), "is more than"},
		{"eur", strings.Repeat("9", 61), "too many digits"},
		{"eur", "1e9999", "too many digits"},
		{"eur", "1e-9999", "too many digits"},
		{"eur", strings.Repeat("9", 10000), "too many digits"},
	} {
		got, err := ToMinor(decimal.RequireFromString(c.amount), c.currency)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("ToMinor(%.20s %s) = %d, %q, want an error with %q", c.amount, c.currency, got, err, c.want)
		}
	}
	for _, huge := range []decimal.Decimal{decimal.New(1, 999_999_999), decimal.New(1, -999_999_999)} {
		if _, err := ToMinor(huge, "eur"); err == nil {
			t.Errorf("ToMinor takes exponent %d", huge.Exponent())
		}
	}
	if _, err := ToPositiveMinor(decimal.Zero, "eur"); err == nil {
		t.Error("ToPositiveMinor takes zero")
	}
}

func TestMoneyRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Currency(rapid.SampledFrom([]string{"usd", "jpy", "isk", "ugx", "kwd", "tnd", "huf"}).Draw(t, "currency"))
		minor := rapid.Int64Range(0, Maximum/c.step()).Draw(t, "steps") * c.step()
		got, err := ToMinor(FromMinor(minor, c), c)
		if err != nil || got != minor {
			t.Fatalf("%d %s came back as %d, %v", minor, c, got, err)
		}
	})
}

// TestMoneyIsNeverRounded draws amounts that may not fit: one that is taken
// comes back as it was, one that is refused lies between two steps.
func TestMoneyIsNeverRounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Currency(rapid.SampledFrom([]string{"usd", "jpy", "isk", "ugx", "kwd", "tnd", "huf"}).Draw(t, "currency"))
		amount := decimal.New(rapid.Int64Range(0, 9_999_999).Draw(t, "digits"), rapid.Int32Range(-6, 1).Draw(t, "exponent"))
		minor, err := ToMinor(amount, c)
		steps := amount.Div(c.Step())
		switch {
		case err == nil && !FromMinor(minor, c).Equal(amount):
			t.Fatalf("%s %s became %d", amount, c, minor)
		case err != nil && steps.IsInteger():
			t.Fatalf("%s %s is %s steps and was refused: %v", amount, c, steps, err)
		}
	})
}

func TestAmountErrorIsTyped(t *testing.T) {
	_, err := ToMinor(decimal.RequireFromString("-1"), "eur")
	if e, ok := errors.AsType[*AmountError](fmt.Errorf("reading the row: %w", err)); !ok || e.Currency != "eur" {
		t.Errorf("%v is not an AmountError in eur", err)
	}
}

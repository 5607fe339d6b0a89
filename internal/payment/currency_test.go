package payment

import (
	"testing"
)

func TestParseCurrency(t *testing.T) {
	for in, want := range map[string]Currency{"eur": "eur", "EUR": "eur", "Kwd": "kwd"} {
		if got, err := ParseCurrency(in); err != nil || got != want {
			t.Errorf("ParseCurrency(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "eu", "euro", " eur", "eu1", "€", "eu\u0131", "e'r"} {
		if got, err := ParseCurrency(in); err == nil {
			t.Errorf("ParseCurrency(%q) = %q, want an error", in, got)
		}
	}
	if s := Currency("eur").String(); s != "EUR" {
		t.Errorf("String is %q", s)
	}
}

// TestCurrencies has a line for every currency that is not sent with two
// decimals in steps of 0.01, and for some that look special and are not.
func TestCurrencies(t *testing.T) {
	for _, c := range []struct {
		codes    []Currency
		decimals int32
		step     string
	}{
		{[]Currency{"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"}, 0, "1"},
		{[]Currency{"isk", "ugx"}, 2, "1"},
		{[]Currency{"bhd", "jod", "kwd", "omr", "tnd"}, 3, "0.01"},
		{[]Currency{"usd", "eur", "huf", "twd", "idr", "cop", "mru", "zzz"}, 2, "0.01"},
	} {
		for _, code := range c.codes {
			if code.Decimals() != c.decimals || code.Step().String() != c.step {
				t.Errorf("%s has %d decimals and steps of %s, want %d and %s", code, code.Decimals(), code.Step(), c.decimals, c.step)
			}
		}
	}
}

func TestMinimum(t *testing.T) {
	for c, want := range map[Currency]string{
		"usd": "0.5", "eur": "0.5", "gbp": "0.3", "jpy": "50", "krw": "50", "aed": "2", "aud": "0.5", "brl": "0.5", "cad": "0.5",
		"chf": "0.5", "czk": "15", "dkk": "2.5", "hkd": "4", "huf": "175", "inr": "0.5", "mxn": "10", "myr": "2", "nok": "3",
		"nzd": "0.5", "pln": "2", "ron": "2", "sek": "3", "sgd": "0.5", "thb": "10", "zar": "0.5",
	} {
		least, ok := c.Minimum()
		if got := FromMinor(least, c).String(); !ok || got != want {
			t.Errorf("the minimum of %s is %s, %t, want %s", c, got, ok, want)
		}
		if !c.BelowMinimum(least-1) || c.BelowMinimum(least) || !c.BelowMinimum(0) {
			t.Errorf("BelowMinimum of %s does not change at %d", c, least)
		}
	}
	if least, ok := Currency("kwd").Minimum(); ok || least != 0 {
		t.Errorf("the minimum of KWD is %d, %t", least, ok)
	}
	if c := Currency("kwd"); !c.BelowMinimum(0) || c.BelowMinimum(10) {
		t.Error("without a minimum only nothing is too little")
	}
}

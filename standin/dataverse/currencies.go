package dataverse

import "github.com/shopspring/decimal"

// Currency is a row of the transactioncurrency table at the start.
type Currency struct {
	// ISOCode as in ISO 4217, upper case.
	ISOCode, Name, Symbol string
	// Precision is the number of decimals, 0 to 4.
	Precision int
	// ExchangeRate is the number of units of this currency for one unit of the base currency.
	ExchangeRate decimal.Decimal
}

// DefaultCurrencies returns the currencies of an environment that was not given others. The
// first, USD, is the organization's base currency. Exchange rates are round figures.
func DefaultCurrencies() []Currency {
	c := func(code, name, symbol string, precision int, rate string) Currency {
		return Currency{ISOCode: code, Name: name, Symbol: symbol, Precision: precision, ExchangeRate: decimal.RequireFromString(rate)}
	}
	return []Currency{
		c("USD", "US Dollar", "$", 2, "1"),
		c("EUR", "Euro", "€", 2, "0.92"),
		c("GBP", "Pound Sterling", "£", 2, "0.79"),
		c("JPY", "Yen", "¥", 0, "150"),
		c("KWD", "Kuwaiti Dinar", "KD", 3, "0.307"),
		c("BHD", "Bahraini Dinar", "BD", 3, "0.376"),
		c("JOD", "Jordanian Dinar", "JD", 3, "0.709"),
		c("OMR", "Rial Omani", "RO", 3, "0.385"),
		c("TND", "Tunisian Dinar", "DT", 3, "3.12"),
		c("ISK", "Iceland Krona", "kr", 0, "138"),
		c("UGX", "Uganda Shilling", "USh", 0, "3700"),
		c("KRW", "Won", "₩", 0, "1350"),
		c("VND", "Dong", "₫", 0, "25000"),
		c("CLP", "Chilean Peso", "$", 0, "940"),
		c("XOF", "CFA Franc BCEAO", "CFA", 0, "605"),
		c("HUF", "Forint", "Ft", 2, "360"),
		c("TWD", "New Taiwan Dollar", "NT$", 2, "32"),
		c("CHF", "Swiss Franc", "CHF", 2, "0.88"),
		c("SEK", "Swedish Krona", "kr", 2, "10.4"),
		c("NOK", "Norwegian Krone", "kr", 2, "10.7"),
		c("DKK", "Danish Krone", "kr", 2, "6.87"),
		c("PLN", "Zloty", "zł", 2, "3.95"),
		c("CZK", "Czech Koruna", "Kč", 2, "23"),
		c("CAD", "Canadian Dollar", "$", 2, "1.36"),
		c("AUD", "Australian Dollar", "$", 2, "1.52"),
		c("NZD", "New Zealand Dollar", "$", 2, "1.65"),
		c("INR", "Indian Rupee", "₹", 2, "83"),
		c("MXN", "Mexican Peso", "$", 2, "17"),
		c("BRL", "Brazilian Real", "R$", 2, "5"),
		c("SGD", "Singapore Dollar", "$", 2, "1.34"),
		c("HKD", "Hong Kong Dollar", "HK$", 2, "7.8"),
	}
}

// CurrencyID is the GUID of a seeded currency, the same in every environment.
func CurrencyID(isoCode string) string { return seedID("transactioncurrency", isoCode) }

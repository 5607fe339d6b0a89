package stripe

import (
	"slices"
	"strconv"
	"strings"
)

// maxAmount is Stripe's eight digits.
const maxAmount = 99_999_999

// minimums are the smallest charges that Stripe documents, in the minor unit.
func minimum(currency string) int64 {
	switch currency {
	case "usd", "aud", "brl", "cad", "chf", "eur", "inr", "nzd", "sgd":
		return 50
	case "gbp":
		return 30
	case "bgn":
		return 100
	case "czk":
		return 1500
	case "dkk":
		return 250
	case "aed", "pln", "ron", "myr":
		return 200
	case "hkd":
		return 400
	case "huf":
		return 17500
	case "jpy":
		return 50
	case "mxn", "thb":
		return 1000
	case "nok", "sek":
		return 300
	default:
		return 1
	}
}

// currencies are those that Stripe charges in.
var currencies = strings.Fields(`usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd
	bwp byn bzd cad cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl
	hrk htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop
	mro mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek
	sgd shp sle sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw`)

var zeroDecimal = strings.Fields("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf")

// checkAmount applies Stripe's rules for a charge of amount in the currency.
func checkAmount(amount int64, currency string) *apiError {
	if !slices.Contains(currencies, currency) {
		return invalid("", "currency", "Invalid currency: "+currency+". Stripe currently supports these currencies: "+strings.Join(currencies, ", "))
	}
	if amount < 1 {
		return invalid("parameter_invalid_integer", "amount", "This value must be greater than or equal to 1.")
	}
	if amount > maxAmount {
		return invalid("amount_too_large", "amount", "Amount must be no more than "+spell(maxAmount, currency))
	}
	step := int64(1)
	switch currency {
	case "isk", "ugx":
		step = 100
	case "bhd", "jod", "kwd", "omr", "tnd":
		step = 10
	}
	if amount%step != 0 {
		return invalid("", "amount", "Invalid amount: "+strconv.FormatInt(amount, 10)+" must be evenly divisible by "+
			strconv.FormatInt(step, 10)+" for the currency "+currency+".")
	}
	if least := minimum(currency); amount < least {
		return invalid("amount_too_small", "amount", "Amount must be at least "+spell(least, currency))
	}
	return nil
}

// spell writes an amount as Stripe's messages do.
func spell(amount int64, currency string) string {
	sign := map[string]string{"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}[currency]
	digits := 2
	switch {
	case slices.Contains(zeroDecimal, currency):
		digits = 0
	case slices.Contains([]string{"bhd", "jod", "kwd", "omr", "tnd"}, currency):
		digits = 3
	}
	text := strconv.FormatInt(amount, 10)
	if digits > 0 {
		for len(text) <= digits {
			text = "0" + text
		}
		text = text[:len(text)-digits] + "." + text[len(text)-digits:]
	}
	if sign == "" {
		return text + " " + currency
	}
	return sign + text + " " + currency
}

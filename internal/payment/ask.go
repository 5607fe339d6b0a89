package payment

import (
	"fmt"

	"github.com/shopspring/decimal"
)

// Request is what the CRM asks PayBridge to do about a payment.
type Request int

// The requests, in the order of the CRM's choice. The zero value is a row on
// which nobody has chosen one yet.
const (
	RequestNone Request = iota + 1
	RequestPay
	RequestCancel
	RequestRefund
)

// Requests returns every request in the order of the CRM's choice.
func Requests() []Request { return []Request{RequestNone, RequestPay, RequestCancel, RequestRefund} }

// String returns the label that the CRM shows.
func (r Request) String() string {
	if r < RequestNone || r > RequestRefund {
		return fmt.Sprintf("Request(%d)", int(r))
	}
	return [...]string{RequestNone: "None", RequestPay: "Pay", RequestCancel: "Cancel", RequestRefund: "Refund"}[r]
}

// CollectBy is how the customer is asked to pay.
type CollectBy int

// The ways to collect, in the order of the CRM's choice. The zero value counts
// as ByIntent.
const (
	// ByIntent makes a PaymentIntent, for a shop or an app that shows its own
	// payment form.
	ByIntent CollectBy = iota + 1
	// ByLink makes a Checkout Session, whose link the seller sends.
	ByLink
)

// Collections returns every way to collect in the order of the CRM's choice.
func Collections() []CollectBy { return []CollectBy{ByIntent, ByLink} }

// String returns the label that the CRM shows.
func (c CollectBy) String() string {
	if c < ByIntent || c > ByLink {
		return fmt.Sprintf("CollectBy(%d)", int(c))
	}
	return [...]string{ByIntent: "Payment intent", ByLink: "Checkout link"}[c]
}

// Ask is what the CRM asks for beside amount and currency.
type Ask struct {
	Request   Request
	CollectBy CollectBy
	// RefundAmount is how much of the payment is to go back in all, nil for
	// everything that was received. It is a total and not a step, so a request
	// that is delivered twice refunds once, and a second partial refund is a
	// higher total.
	RefundAmount *decimal.Decimal
	// Description is shown to the customer, Email gets the receipt.
	Description string
	Email       string
	// Metadata are further columns that Stripe's object is to show, by name.
	Metadata map[string]string
}

// Refusal is the error of a request that cannot be carried out as it stands.
// Its text tells the person who made it what is wrong and what to do instead.
type Refusal struct {
	Reason string
}

// Error returns the text.
func (r *Refusal) Error() string { return r.Reason }

func refuse(format string, args ...any) error {
	return &Refusal{Reason: fmt.Sprintf(format, args...)}
}

// Text names the request with everything that makes it another one. The row
// keeps the text of the request that was carried out last, which tells a new
// request from the same one delivered again.
func (row Row) Text() string {
	switch row.Ask.Request {
	case RequestPay:
		by := "PaymentIntent"
		if row.Ask.CollectBy == ByLink {
			by = "Checkout link"
		}
		return fmt.Sprintf("Pay %s by %s", row.amountText(), by)
	case RequestCancel:
		return "Cancel"
	case RequestRefund:
		if row.Ask.RefundAmount == nil {
			return "Refund in full"
		}
		return fmt.Sprintf("Refund %s %s in all", row.Ask.RefundAmount, Currency(row.Currency))
	default:
		return "None"
	}
}

func (row Row) amountText() string {
	if row.Amount == nil {
		return "nothing"
	}
	return fmt.Sprintf("%s %s", row.Amount, Currency(row.Currency))
}

// Price returns the row's amount in minor units, or a *Refusal that says why
// Stripe could not collect it.
func (row Row) Price() (int64, Currency, error) {
	if row.Amount == nil {
		return 0, "", refuse("The row has no amount. Enter the amount to collect.")
	}
	if row.Currency == "" {
		return 0, "", refuse("The row has no currency. Choose the currency to collect in.")
	}
	currency, err := ParseCurrency(row.Currency)
	if err != nil {
		return 0, "", refuse("Stripe cannot collect in %s: it is %v. Choose another currency.", row.Currency, err)
	}
	minor, err := ToPositiveMinor(*row.Amount, currency)
	if err != nil {
		return 0, "", refuse("%s", Sentence(err.Error()))
	}
	if currency.BelowMinimum(minor) {
		least, _ := currency.Minimum()
		return 0, "", refuse("%s is less than Stripe collects: at least %s %s. Raise the amount.",
			row.amountText(), FromMinor(least, currency).StringFixed(currency.Decimals()), currency)
	}
	return minor, currency, nil
}

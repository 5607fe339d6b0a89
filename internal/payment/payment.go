package payment

import (
	"time"

	"github.com/shopspring/decimal"
)

// Row is a payment row of the CRM as it was read: what the CRM asks for and
// what PayBridge last recorded of Stripe's answer.
type Row struct {
	ID RowID
	// Amount is what the CRM asks for, nil when the row names no amount.
	Amount *decimal.Decimal
	// Currency is the lower-case ISO code of the row, empty when it has none.
	Currency string
	// Ask is what else the CRM asks for.
	Ask Ask
	// Handled is the Text of the request that was carried out last, empty when
	// none was.
	Handled string
	// Recorded is what PayBridge last wrote. Its amounts are the exception: the
	// row holds decimals, so package crm compares those by itself and leaves
	// them zero here.
	Recorded Payment
	// LastError is what the row tells a person, empty when all is well.
	LastError string
}

// Payment is what Stripe says about one row, reduced to what the CRM shows.
type Payment struct {
	Status            Status
	PaymentIntentID   string
	CheckoutSessionID string
	ChargeID          string
	// AmountReceived and AmountRefunded are in the minor unit of Currency, as
	// Stripe counts it.
	AmountReceived int64
	AmountRefunded int64
	// Currency is the lower-case ISO code of the amounts.
	Currency string
	// PaidOn is when the successful charge was made, UTC in whole seconds, zero
	// while no money was received.
	PaidOn time.Time
	// FailureCode and FailureMessage are Stripe's words for why the last attempt
	// failed, empty once it matters no more.
	FailureCode    string
	FailureMessage string
	// DisputeStatus and DisputeReason are Stripe's words about the newest
	// dispute, kept after it was closed.
	DisputeStatus string
	DisputeReason string
	// Method is Stripe's name of the payment method type, such as "card".
	Method     string
	ReceiptURL string
	// CheckoutURL is the link of the Checkout Session while it can be paid.
	CheckoutURL string
	Livemode    bool
}

// Facts is everything that was read from Stripe about one row.
type Facts struct {
	Intents  []Intent
	Sessions []Session
}

// Disagreement is the error of a row and of Stripe's objects that cannot both
// be right. Only a person can settle it; nothing is overwritten. Its text says
// in one sentence what is wrong and what to do.
type Disagreement struct {
	Reason string
}

// Error returns the sentence.
func (d *Disagreement) Error() string { return d.Reason }

package payment

import "time"

// The types below are what Stripe says, reduced to what a payment row needs.
// Package stripeapi fills them from the API; amounts are integers in the
// currency's minor unit as Stripe counts it, currencies are lower-case ISO
// codes, times are UTC and zero where Stripe gives none.

// Link is how an object of Stripe's names the CRM row that it pays for.
type Link struct {
	// CRMPaymentID is the metadata CRM_PaymentId, or for a Checkout Session
	// without it the client_reference_id. A GUID is in lower case without
	// braces, any other text stands as it was.
	CRMPaymentID string
	// CRMOrg is the metadata CRM_Org, empty where there is none.
	CRMOrg string
}

// Ours reports whether a link can mean a row of the CRM organisation with this
// host name: one that names no organisation can mean any.
func (l Link) Ours(org string) bool { return l.CRMOrg == "" || org == "" || l.CRMOrg == org }

// IntentStatus is the status of a PaymentIntent in Stripe's words.
type IntentStatus string

// The states of a PaymentIntent.
const (
	IntentRequiresPaymentMethod IntentStatus = "requires_payment_method"
	IntentRequiresConfirmation  IntentStatus = "requires_confirmation"
	IntentRequiresAction        IntentStatus = "requires_action"
	IntentProcessing            IntentStatus = "processing"
	IntentRequiresCapture       IntentStatus = "requires_capture"
	IntentSucceeded             IntentStatus = "succeeded"
	IntentCanceled              IntentStatus = "canceled"
)

// Intent is a PaymentIntent with its latest charge.
type Intent struct {
	ID             string
	Status         IntentStatus
	Amount         int64
	AmountReceived int64
	Currency       string
	Livemode       bool
	Created        time.Time
	Link           Link
	// LastError is why the last attempt failed, nil when it did not.
	LastError *AttemptError
	// CancellationReason is Stripe's word for why it was canceled.
	CancellationReason string
	// After is the id of the attempt that this one was made after, as PayBridge
	// wrote it down in CRM_After; empty for the first one of a row and for those
	// that somebody else made.
	After string
	// Charge is the latest charge, nil when there has been no attempt.
	Charge *Charge
}

// AttemptError is the last_payment_error of a PaymentIntent. Message is meant
// for the customer and names no card number.
type AttemptError struct {
	Code, DeclineCode, Message string
}

// Charge is one attempt to move money.
type Charge struct {
	ID string
	// Paid says that the attempt succeeded (or was authorized).
	Paid     bool
	Captured bool
	Amount   int64
	// AmountCaptured is what was taken of Amount, less than it after a partial
	// capture.
	AmountCaptured int64
	// AmountRefunded is what went back by now. It falls again when a refund
	// fails later. Of a partial capture Stripe counts the part that was let go
	// as refunded too.
	AmountRefunded int64
	Currency       string
	Created        time.Time
	// Method is Stripe's name of the payment method type, such as "card".
	Method     string
	ReceiptURL string
	// Disputed stays true after a dispute was closed; Dispute is the newest
	// dispute of the charge, nil when Disputed is false.
	Disputed bool
	Dispute  *Dispute
}

// DisputeStatus is the status of a dispute in Stripe's words.
type DisputeStatus string

// The states of a dispute. The three that begin with "warning" are those of an
// inquiry: no money has moved.
const (
	DisputeWarningNeedsResponse DisputeStatus = "warning_needs_response"
	DisputeWarningUnderReview   DisputeStatus = "warning_under_review"
	DisputeWarningClosed        DisputeStatus = "warning_closed"
	DisputeNeedsResponse        DisputeStatus = "needs_response"
	DisputeUnderReview          DisputeStatus = "under_review"
	DisputeWon                  DisputeStatus = "won"
	DisputeLost                 DisputeStatus = "lost"
)

// Dispute is a customer's objection to a charge.
type Dispute struct {
	ID      string
	Status  DisputeStatus
	Reason  string
	Amount  int64
	Created time.Time
}

// SessionStatus is the status of a Checkout Session in Stripe's words.
type SessionStatus string

// The states of a Checkout Session.
const (
	SessionOpen     SessionStatus = "open"
	SessionComplete SessionStatus = "complete"
	SessionExpired  SessionStatus = "expired"
)

// Session is a Checkout Session.
type Session struct {
	ID     string
	Status SessionStatus
	// PaymentStatus is paid, unpaid or no_payment_required.
	PaymentStatus string
	AmountTotal   int64
	Currency      string
	Livemode      bool
	Created       time.Time
	ExpiresAt     time.Time
	URL           string
	Link          Link
	// After is as with an Intent.
	After string
	// Intent is the session's PaymentIntent, nil while it has none: newer API
	// versions make it when the customer pays, and an order of amount 0 never
	// gets one.
	Intent *Intent
}

// IssuedRefund is a refund at Stripe: money that went back, or was meant to.
// Stripe has one for each step, so a payment refunded in parts has several.
type IssuedRefund struct {
	ID string
	// Status is pending, requires_action, succeeded, failed or canceled. The
	// money of the last two stays with the merchant.
	Status   string
	Amount   int64
	Currency string
	Created  time.Time
	// FailureReason is Stripe's word for why it failed, empty when it did not.
	FailureReason string
	// Total is how much was to have gone back in all with this refund, in minor
	// units, as PayBridge wrote it down in CRM_RefundTotal; 0 for a refund that
	// somebody else made.
	Total int64
}

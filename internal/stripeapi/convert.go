package stripeapi

import (
	"strings"
	"time"

	"paybridge/internal/payment"

	"github.com/stripe/stripe-go/v76"
)

// factsOfIntent turns a PaymentIntent with its latest charge expanded into
// facts. The charge's dispute is not part of it.
func factsOfIntent(pi *stripe.PaymentIntent) payment.Intent {
	in := payment.Intent{
		ID:                 pi.ID,
		Status:             payment.IntentStatus(pi.Status),
		Amount:             pi.Amount,
		AmountReceived:     pi.AmountReceived,
		Currency:           strings.ToLower(string(pi.Currency)),
		Livemode:           pi.Livemode,
		Created:            utc(pi.Created),
		Link:               linkOf(pi.Metadata[MetadataPaymentID], pi.Metadata[MetadataOrg], ""),
		After:              afterOf(pi.Metadata),
		CancellationReason: string(pi.CancellationReason),
	}
	if e := pi.LastPaymentError; e != nil {
		in.LastError = &payment.AttemptError{
			Code:        clean(string(e.Code), 100),
			DeclineCode: clean(string(e.DeclineCode), 100),
			Message:     clean(e.Msg, 500),
		}
	}
	if pi.LatestCharge != nil {
		in.Charge = factsOfCharge(pi.LatestCharge)
	}
	return in
}

func factsOfCharge(c *stripe.Charge) *payment.Charge {
	ch := &payment.Charge{
		ID:             c.ID,
		Paid:           c.Paid,
		Captured:       c.Captured,
		Amount:         c.Amount,
		AmountCaptured: c.AmountCaptured,
		AmountRefunded: c.AmountRefunded,
		Currency:       strings.ToLower(string(c.Currency)),
		Created:        utc(c.Created),
		ReceiptURL:     c.ReceiptURL,
		Disputed:       c.Disputed,
	}
	if c.PaymentMethodDetails != nil {
		ch.Method = string(c.PaymentMethodDetails.Type)
	}
	return ch
}

func factsOfSession(s *stripe.CheckoutSession) payment.Session {
	out := payment.Session{
		ID:            s.ID,
		Status:        payment.SessionStatus(s.Status),
		PaymentStatus: string(s.PaymentStatus),
		AmountTotal:   s.AmountTotal,
		Currency:      strings.ToLower(string(s.Currency)),
		Livemode:      s.Livemode,
		Created:       utc(s.Created),
		ExpiresAt:     utc(s.ExpiresAt),
		URL:           s.URL,
		Link:          linkOf(s.Metadata[MetadataPaymentID], s.Metadata[MetadataOrg], s.ClientReferenceID),
		After:         afterOf(s.Metadata),
	}
	if s.PaymentIntent != nil {
		in := factsOfIntent(s.PaymentIntent)
		out.Intent = &in
	}
	return out
}

func factsOfDispute(d *stripe.Dispute) *payment.Dispute {
	return &payment.Dispute{
		ID:      d.ID,
		Status:  payment.DisputeStatus(d.Status),
		Reason:  string(d.Reason),
		Amount:  d.Amount,
		Created: utc(d.Created),
	}
}

// utc reads Unix seconds. Stripe writes null, here 0, where there is no time.
func utc(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

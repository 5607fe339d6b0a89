// Package judge says what comes of a message before anything is written: which
// payment row a hint of Stripe's speaks for, what of it the row has no claim to,
// and what the row has to show. crmupdate and paymentrequest write what is said
// here; whoever wants to know whether a message still has something to say asks
// here too, so the two cannot disagree.
package judge

import (
	"context"
	"fmt"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"
	"paybridge/internal/truth"
)

// Stripe is the Stripe side: package stripeapi. The account is the connected
// account to read from, empty for one's own.
type Stripe interface {
	truth.Reader
	// Charge returns the id of the PaymentIntent that made a charge,
	// empty for a charge that none made.
	Charge(ctx context.Context, account, id string) (string, error)
}

// Judge judges for one deployment.
type Judge struct {
	Stripe Stripe
	// Livemode is the mode of the deployment, Org the host name of its CRM
	// organisation, in lower case.
	Livemode bool
	Org      string
}

// Foreign is why a payment of another organisation is left alone.
const Foreign = "the payment belongs to another CRM organisation"

// NameIntent finds the PaymentIntent of a hint that names a charge alone. It
// reports whether the hint names more than before, by which a row may record it.
func (j Judge) NameIntent(ctx context.Context, h *payment.Hint) (found bool, err error) {
	if h.PaymentIntent != "" || h.CheckoutSession != "" || h.Charge == "" {
		return false, nil
	}
	h.PaymentIntent, err = j.Stripe.Charge(ctx, h.Account, h.Charge)
	return h.PaymentIntent != "", err
}

// Whose asks Stripe which row an object pays for, where the hint names none and
// none records it: refunds and disputes carry no metadata of their own, their
// PaymentIntent does. Without a row it says why the payment is none of this
// CRM's.
func (j Judge) Whose(ctx context.Context, h payment.Hint) (row payment.RowID, why string, err error) {
	l := h.Link()
	switch {
	case l.CRMPaymentID != "":
	case h.PaymentIntent != "":
		intent, err := j.Stripe.Intent(ctx, h.Account, h.PaymentIntent)
		if err != nil {
			return "", "", err
		}
		l = intent.Link
	case h.CheckoutSession != "":
		session, err := j.Stripe.Session(ctx, h.Account, h.CheckoutSession)
		if err != nil {
			return "", "", err
		}
		l = session.Link
	}
	if !l.Ours(j.Org) {
		return "", Foreign, nil
	}
	row, err = payment.ParseRowID(l.CRMPaymentID)
	switch {
	case err == nil:
		return row, "", nil
	case l.CRMOrg != "" && l.CRMPaymentID != "":
		// Somebody meant this organisation and misspelt the row.
		return "", "", outcome.Reviewf("Stripe's %s names this CRM but no payment in it: its CRM_PaymentId is %w. Correct the metadata in Stripe.", Object(h), err)
	default:
		return "", "the payment was not made for the CRM", nil
	}
}

// Object is the id that tells a person which of Stripe's objects a hint is
// about.
func Object(h payment.Hint) string {
	for _, id := range []string{h.PaymentIntent, h.CheckoutSession, h.Charge, h.EventID} {
		if id != "" {
			return id
		}
	}
	return "object"
}

// GoneReason tells a person that the row of a hint is not there.
func GoneReason(h payment.Hint, row payment.RowID) string {
	return fmt.Sprintf("The CRM has no payment %s, which Stripe's %s names. Restore it, or remove CRM_PaymentId from the metadata in Stripe.", row, Object(h))
}

// TakenReason tells a person that another row records what the row of a hint
// would.
func TakenReason(h payment.Hint, row payment.RowID) string {
	return fmt.Sprintf("Another payment of the CRM records Stripe's %s already, which names this one, %s. Correct the metadata in Stripe or the ids on the other row.", Object(h), row)
}

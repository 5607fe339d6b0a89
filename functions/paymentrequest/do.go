package paymentrequest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"paybridge/internal/payment"
	"paybridge/internal/stripeapi"
)

// do does one step at Stripe and takes the result into the job's facts. It
// reports true when there is nothing more to do for the row although Decide
// would want the step again.
func (c *Config) do(ctx context.Context, j *job, step payment.Step) (done bool, err error) {
	j.steps = append(j.steps, stepNames[step.Action])
	switch step.Action {
	case payment.CreateIntent:
		in, err := c.Stripe.CreateIntent(ctx, "", c.intentRequest(j, step))
		j.replaced(in.ID, "", err)
		return false, j.intent(in, err)
	case payment.CreateSession:
		if c.SuccessURL == "" {
			j.Tell(&payment.Refusal{Reason: "Checkout links are not set up: Stripe needs a page to send the customer to after paying. Ask your administrator to set PaymentSuccessUrl."})
			return true, nil
		}
		s, err := c.Stripe.CreateSession(ctx, "", c.sessionRequest(j, step))
		j.replaced("", s.ID, err)
		return false, j.session(s, err)
	case payment.UpdateIntent:
		return false, j.intent(c.Stripe.UpdateIntent(ctx, "", step.ID, step.Amount, step.Currency))
	case payment.CancelIntent:
		return false, j.intent(c.Stripe.CancelIntent(ctx, "", step.ID))
	case payment.ExpireSession:
		return false, j.session(c.Stripe.ExpireSession(ctx, "", step.ID))
	case payment.RefundIntent:
		return c.refund(ctx, j, step)
	default:
		return false, fmt.Errorf("no way to do step %d", step.Action)
	}
}

// replaced makes the row name what was made for it, so that this speaks for
// the row from now on and not what it takes the place of.
func (j *job) replaced(intent, session string, err error) {
	if err != nil {
		return
	}
	r := &j.row.Recorded
	r.PaymentIntentID, r.CheckoutSessionID, r.CheckoutURL = intent, session, ""
	j.named.Add(intent, session)
}

// stepNames are the steps as the log names them.
var stepNames = map[payment.Action]string{
	payment.CreateIntent:  "create PaymentIntent",
	payment.CreateSession: "create Checkout Session",
	payment.UpdateIntent:  "update PaymentIntent",
	payment.CancelIntent:  "cancel PaymentIntent",
	payment.ExpireSession: "expire Checkout Session",
	payment.RefundIntent:  "refund",
}

// intent takes a PaymentIntent as it is now into the facts, wherever it stood.
func (j *job) intent(in payment.Intent, err error) error {
	if err != nil {
		return err
	}
	known := false
	for i := range j.facts.Intents {
		if j.facts.Intents[i].ID == in.ID {
			j.facts.Intents[i], known = in, true
		}
	}
	for i := range j.facts.Sessions {
		if s := &j.facts.Sessions[i]; s.Intent != nil && s.Intent.ID == in.ID {
			s.Intent, known = &in, true
		}
	}
	if !known {
		j.facts.Intents = append(j.facts.Intents, in)
	}
	return nil
}

// session takes a Checkout Session as it is now into the facts.
func (j *job) session(s payment.Session, err error) error {
	if err != nil {
		return err
	}
	for i := range j.facts.Sessions {
		if j.facts.Sessions[i].ID == s.ID {
			j.facts.Sessions[i] = s
			return nil
		}
	}
	j.facts.Sessions = append(j.facts.Sessions, s)
	return nil
}

// refund gives money back once for each total that the row asks for. The
// refunds that Stripe has are asked first: the total is written on each of
// ours, and one that is there, even one that failed, was this request. Where it
// came through and the total is not reached, an earlier one failed later.
func (c *Config) refund(ctx context.Context, j *job, step payment.Step) (done bool, err error) {
	refunds, err := c.Stripe.Refunds(ctx, "", step.ID)
	if err != nil {
		return false, err
	}
	for _, r := range refunds {
		if r.Total != step.Total {
			continue
		}
		if undone(r) {
			return true, j.refuseRefund(r, step)
		}
		return true, c.reached(ctx, j, refunds)
	}
	r, err := c.Stripe.CreateRefund(ctx, "", stripeapi.RefundRequest{
		Key: j.key(step), Intent: step.ID,
		Amount: step.Amount, Total: step.Total, Link: c.link(j),
	})
	if err != nil {
		return false, err
	}
	if undone(r) {
		return true, j.refuseRefund(r, step)
	}
	// The charge now counts the refund.
	return true, j.intent(c.Stripe.Intent(ctx, "", step.ID))
}

// reached looks at Stripe again whether the refunds of a total that was carried
// out add up to it, and tells which of them failed where they do not.
func (c *Config) reached(ctx context.Context, j *job, refunds []payment.IssuedRefund) error {
	if err := c.read(ctx, j); err != nil {
		return err
	}
	step, err := payment.Decide(j.row.Row, j.facts)
	if err != nil {
		j.Tell(err)
		return nil
	}
	if step.Action != payment.RefundIntent {
		return nil
	}
	if i := slices.IndexFunc(refunds, undone); i >= 0 {
		return j.refuseRefund(refunds[i], step)
	}
	return nil
}

// undone reports whether a refund did not bring the money back.
func undone(r payment.IssuedRefund) bool { return r.Status == "failed" || r.Status == "canceled" }

func (j *job) refuseRefund(r payment.IssuedRefund, step payment.Step) error {
	reason := r.FailureReason
	if reason == "" {
		reason = r.Status
	}
	j.Tell(&payment.Refusal{Reason: fmt.Sprintf("The refund %s of %s %s did not work at Stripe (%s), so the money is still here. Pay it back another way, or refund it in Stripe's Dashboard.",
		r.ID, payment.FromMinor(r.Amount, step.Currency).StringFixed(step.Currency.Decimals()), step.Currency, reason)})
	return nil
}

func (c *Config) intentRequest(j *job, step payment.Step) stripeapi.IntentRequest {
	return stripeapi.IntentRequest{
		Key: j.key(step), Amount: step.Amount, Currency: step.Currency, Methods: c.Methods,
		Description: j.row.Ask.Description, Email: j.row.Ask.Email, Link: c.link(j), After: step.After, Metadata: maps.Clone(j.row.Ask.Metadata),
	}
}

func (c *Config) sessionRequest(j *job, step payment.Step) stripeapi.SessionRequest {
	r := stripeapi.SessionRequest{
		Key: j.key(step), Amount: step.Amount, Currency: step.Currency, Methods: c.Methods,
		Description: j.row.Ask.Description, Email: j.row.Ask.Email, Link: c.link(j), After: step.After, Metadata: maps.Clone(j.row.Ask.Metadata),
		SuccessURL: c.SuccessURL, CancelURL: c.CancelURL,
	}
	if c.LinkExpiry > 0 && c.LinkExpiry < 24*time.Hour-expiryStep {
		// On a full step, so that a second try soon after has the same parameters.
		r.ExpiresAt = c.Now().Add(c.LinkExpiry + expiryStep).Truncate(expiryStep)
	}
	return r
}

// expiryStep is what the expiry of a link is rounded up to.
const expiryStep = 10 * time.Minute

func (c *Config) link(j *job) payment.Link {
	return payment.Link{CRMPaymentID: string(j.id), CRMOrg: c.Org}
}

// key is the idempotency key of a step: the same for the same request, however
// often and by whomever it is carried out, and another one as often as Stripe
// has stored a failure under it.
func (j *job) key(step payment.Step) string {
	first := key(j.id, step)
	n := 0
	for _, spent := range j.spent {
		if spent == first {
			n++
		}
	}
	if n > 0 {
		return fmt.Sprintf("%s:%d", first, n+1)
	}
	return first
}

func key(row payment.RowID, step payment.Step) string {
	parts := []string{"paybridge", "pay", string(row)}
	switch step.Action {
	case payment.CreateSession:
		parts[1] = "link"
	case payment.RefundIntent:
		return strings.Join([]string{"paybridge", "refund", string(row), fmt.Sprintf("%s-%d", step.ID, step.Total)}, ":")
	default:
	}
	if step.After != "" {
		parts = append(parts, step.After)
	}
	return strings.Join(parts, ":")
}

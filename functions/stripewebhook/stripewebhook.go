// Package stripewebhook is the function that Stripe calls for every event. It
// believes nothing but the signature: it checks that over the exact bytes,
// reduces the event to a hint and lets the host put the hint on the queue
// payment-events before it answers. All the work is done behind the queue,
// because Stripe counts anything but a quick 2xx as a failed delivery.
package stripewebhook

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"paybridge/internal/customhandler"
	"paybridge/internal/payment"
	"paybridge/internal/secret"
	"paybridge/internal/stripeapi"
	"paybridge/internal/webhook"
)

// The names in function.json.
const (
	Name    = "stripewebhook"
	trigger = "req"
	output  = "message"
	answer  = "res"
)

// Config is what the function works with.
type Config struct {
	// Secrets are the signing secrets of the webhook endpoint, the current one
	// first. With none the function answers 503.
	Secrets []secret.Secret
	// Livemode is the mode of this deployment: events of the other mode are
	// acknowledged and left alone. ModeKnown is false while no Stripe key is
	// configured; then the function answers 503.
	Livemode, ModeKnown bool
	// Org is the host name of the CRM organisation, in lower case. Payments
	// that name another one are left alone; empty means that it is not known
	// yet and that all count as ours.
	Org string
	// Now is the clock, time.Now when nil.
	Now func() time.Time
}

// Function returns the function, ready to be registered.
func Function(c Config) customhandler.HTTPFunction {
	if c.Now == nil {
		c.Now = time.Now
	}
	return customhandler.HTTPFunction{
		Name: Name, Trigger: trigger, Response: answer, Outputs: []string{output},
		Handle: c.handle,
	}
}

func (c *Config) handle(ctx context.Context, req *customhandler.Request) (customhandler.Reply, error) {
	if len(c.Secrets) == 0 {
		return webhook.Refused(ctx, http.StatusServiceUnavailable, "not configured", "Set StripeWebhookSecret to the signing secret of this endpoint.")
	}
	if !c.ModeKnown {
		return webhook.Refused(ctx, http.StatusServiceUnavailable, "not configured", "Set StripeSecretKey: its mode decides which events are taken.")
	}
	if len(req.Body) > webhook.MaxBody {
		return webhook.Refused(ctx, http.StatusRequestEntityTooLarge, "the body is larger than 1 MiB", "")
	}
	if !req.HasBody || len(req.Body) == 0 {
		return webhook.Refused(ctx, http.StatusBadRequest, "the request has no body", "Send the event with a Content-Length, not in chunks.")
	}
	if req.Binary {
		return webhook.Refused(ctx, http.StatusBadRequest, "the body is not text", "Send the event as application/json, as Stripe does.")
	}
	// Stripe sends the header once. Several are joined as HTTP allows, and
	// judged as one.
	header := strings.Join(req.Header.Values("Stripe-Signature"), ",")
	matched, err := stripeapi.Verify(req.Body, header, c.Secrets, c.Now())
	if err != nil {
		return webhook.Refused(ctx, http.StatusBadRequest, err.Error(), "")
	}
	customhandler.Annotate(ctx, slog.String("webhook_secret", secretName(matched)))
	event, err := stripeapi.ReadEvent(req.Body)
	if err != nil {
		// It was signed, so Stripe sent it: the error names a field, no value.
		return webhook.Refused(ctx, http.StatusBadRequest, "the event cannot be read", err.Error())
	}
	hint := event.Hint
	annotate(ctx, hint)
	switch {
	case !event.Acted:
		return webhook.LeftAlone(ctx, "events of this type are not used")
	case hint.Livemode != c.Livemode:
		return webhook.LeftAlone(ctx, fmt.Sprintf("this deployment is in %s mode and the event is in %s mode", mode(c.Livemode), mode(hint.Livemode)))
	case !hint.Link().Ours(c.Org):
		return webhook.LeftAlone(ctx, "the payment belongs to another CRM organisation")
	}
	return enqueue(ctx, hint)
}

// enqueue hands the hint to the output binding. The host sends it before it
// answers Stripe and turns a failure into a 500, which Stripe retries.
func enqueue(ctx context.Context, hint payment.Hint) (customhandler.Reply, error) {
	if err := hint.Validate(); err != nil {
		return webhook.Refused(ctx, http.StatusBadRequest, "the event cannot be read", err.Error())
	}
	body, err := hint.Encode()
	if err != nil {
		return customhandler.Reply{}, fmt.Errorf("encoding the hint: %w", err)
	}
	return webhook.Enqueued(ctx, output, body)
}

// annotate adds what identifies the event to the invocation's log line.
func annotate(ctx context.Context, h payment.Hint) {
	customhandler.Annotate(ctx,
		slog.String("event", h.EventID), slog.String("type", h.Type), slog.Bool("livemode", h.Livemode),
		slog.String("payment", h.CRMPaymentID), slog.String("payment_intent", h.PaymentIntent), slog.String("checkout_session", h.CheckoutSession))
}

func mode(live bool) string {
	if live {
		return "live"
	}
	return "test"
}

// secretName is how the log calls the secret that matched. Once "previous" is
// seen no more after a roll, the old secret can be taken out of the list.
func secretName(index int) string {
	if index == 0 {
		return "current"
	}
	return fmt.Sprintf("previous %d", index)
}

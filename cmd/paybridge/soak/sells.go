package soak

import (
	"context"
	"fmt"

	"paybridge/cmd/paybridge/soak/oracle"
)

// sell is a payment that a shop makes at Stripe for a row.
func (l *life) sell(ctx context.Context) error {
	if err := l.add(ctx, nil); err != nil {
		return err
	}
	if l.doomed && l.chance(0.5) {
		if err := l.delete(ctx); err != nil {
			return err
		}
	}
	l.turn(Sells)
	return l.make(ctx, "CRM_PaymentId", l.row, "CRM_Org", l.host.org())
}

// elsewhere is a payment of the same Stripe account that is none of the CRM's.
func (l *life) elsewhere(ctx context.Context) error {
	l.turn(Elsewhere)
	return l.make(ctx, "order", fmt.Sprint(l.n))
}

// make makes a PaymentIntent or a Checkout Session with this metadata.
func (l *life) make(ctx context.Context, metadata ...string) error {
	marks := func(prefix string) (form []string) {
		for i := 0; i < len(metadata); i += 2 {
			form = append(form, prefix+"["+metadata[i]+"]", metadata[i+1])
		}
		return form
	}
	l.made++
	if l.chance(0.5) {
		made, err := l.shop.Post(ctx, "/v1/payment_intents", append([]string{
			"amount", l.money.inMinor(l.amount), "currency", l.money.code, "payment_method_types[]", "card",
		}, marks("metadata")...)...)
		l.intent = oracle.Text(made, "id")
		l.tell("the shop makes %s", l.intent)
		return err
	}
	form := append(marks("metadata"), marks("payment_intent_data[metadata]")...)
	made, err := l.shop.Post(ctx, "/v1/checkout/sessions", append(form,
		"mode", "payment", "success_url", "https://shop.example/thanks", "line_items[0][quantity]", "1",
		"line_items[0][price_data][currency]", l.money.code, "line_items[0][price_data][unit_amount]", l.money.inMinor(l.amount),
		"line_items[0][price_data][product_data][name]", "Order")...)
	l.session = oracle.Text(made, "id")
	l.tell("the shop makes %s", l.session)
	return err
}

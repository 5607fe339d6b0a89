package main

import (
	"context"
	"errors"
	"fmt"

	"paybridge/cmd/paybridge/target"
	"paybridge/internal/crm"
	"paybridge/internal/drift"
	"paybridge/internal/payment"
	"paybridge/internal/stripeapi"
)

// replayCommand makes the consumers look at one payment again.
type replayCommand struct {
	target.Flags `embed:""`
	DryRun       bool   `help:"Show what would be put on the queues, and do nothing."`
	What         string `arg:"" help:"A Stripe event (evt_…), PaymentIntent (pi_…) or Checkout Session (cs_…), or the id of a payment row."`
}

// Validate refuses what is no id.
func (c *replayCommand) Validate() error {
	if _, err := payment.ParseRowID(c.What); err != nil && !payment.ValidStripeID(c.What, "evt", "pi", "cs") {
		return errors.New("it is neither an id that begins with evt_, pi_ or cs_ nor the GUID of a row")
	}
	return nil
}

// Run reads what is meant, so that a mistake is told here and not by a
// function later, and puts it on the queue.
func (c *replayCommand) Run(ctx context.Context, t *terminal) (err error) {
	found, err := c.Open(ctx, process())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, found.Close(context.WithoutCancel(ctx))) }()
	needed := []string{"ServiceBusConnection", "PaymentEventsQueue", "PaymentRequestsQueue"}
	if c.DryRun {
		needed = nil
	}
	id, wrong := payment.ParseRowID(c.What)
	if wrong == nil {
		needed = append(needed, "DataverseUrl")
	} else {
		needed = append(needed, "StripeSecretKey")
	}
	if err := found.Require(needed...); err != nil {
		return err
	}
	t.progress("looking it up at %s…", found)
	var findings []drift.Finding
	if wrong == nil {
		findings, err = replayRow(ctx, found, id)
	} else {
		findings, err = replayStripe(ctx, found, c.What)
	}
	if err != nil {
		return err
	}
	for _, f := range findings {
		t.say("%s", f.Detail)
	}
	if c.DryRun {
		t.say("Dry run: nothing was changed.")
		return nil
	}
	return enqueue(ctx, t, found, findings)
}

// replayRow makes both directions look at a row, as far as it concerns them.
func replayRow(ctx context.Context, found *target.Target, id payment.RowID) ([]drift.Finding, error) {
	loaded, err := found.Rows.Load(ctx, []crm.By{{ID: id}}, nil)
	if err == nil {
		err = loaded.Found[0].Err
	}
	if err != nil {
		return nil, err
	}
	row := loaded.Found[0].Row
	if row == nil {
		return nil, &hinted{fmt.Errorf("the CRM has no payment row %s", id), "copy the id from the address of the row's page"}
	}
	var findings []drift.Finding
	if row.Ask.Request > payment.RequestNone {
		findings = append(findings, drift.Finding{Detail: "the row asks: " + row.Text(), Change: &payment.RowChange{Payment: id, Message: "replay"}})
	}
	if r := row.Recorded; r.PaymentIntentID != "" || r.CheckoutSessionID != "" {
		findings = append(findings, drift.Finding{
			Detail: "the row names " + r.PaymentIntentID + " " + r.CheckoutSessionID,
			Hint: &payment.Hint{
				PaymentIntent: r.PaymentIntentID, CheckoutSession: r.CheckoutSessionID,
				CRMPaymentID: string(id), CRMOrg: found.Settings.OrgHost(), Livemode: found.Settings.Livemode(),
			},
		})
	}
	if len(findings) == 0 {
		return nil, &hinted{fmt.Errorf("row %s asks for nothing and names nothing at Stripe", id), "set its request, or replay the PaymentIntent that was paid for it"}
	}
	return findings, nil
}

// replayStripe makes crmupdate look at an object of Stripe's.
func replayStripe(ctx context.Context, found *target.Target, id string) ([]drift.Finding, error) {
	hint := payment.Hint{Livemode: found.Settings.Livemode()}
	var link payment.Link
	var err error
	switch {
	case payment.ValidStripeID(id, "evt"):
		var event stripeapi.Event
		if event, err = found.Stripe.Event(ctx, id); err == nil && !event.Acted {
			return nil, &hinted{fmt.Errorf("%s is of the type %s, on which PayBridge does not act", id, event.Hint.Type), "replay the PaymentIntent that it is about"}
		}
		hint = event.Hint
		link = payment.Link{CRMPaymentID: hint.CRMPaymentID, CRMOrg: hint.CRMOrg}
	case payment.ValidStripeID(id, "cs"):
		var session payment.Session
		session, err = found.Stripe.Session(ctx, "", id)
		hint.CheckoutSession, link = id, session.Link
	default:
		var intent payment.Intent
		intent, err = found.Stripe.Intent(ctx, "", id)
		hint.PaymentIntent, link = id, intent.Link
	}
	if errors.Is(err, stripeapi.ErrNotFound) {
		return nil, &hinted{err, "it may be in the other mode, or, for an event, older than the 30 days for which Stripe keeps them"}
	}
	if err != nil {
		return nil, err
	}
	hint.CRMPaymentID, hint.CRMOrg = link.CRMPaymentID, link.CRMOrg
	detail := id + " names no row; crmupdate looks for one that records it"
	if link.CRMPaymentID != "" {
		detail = id + " is about row " + link.CRMPaymentID
	}
	return []drift.Finding{{Detail: detail, Hint: &hint}}, nil
}

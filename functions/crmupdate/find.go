package crmupdate

import (
	"context"
	"fmt"

	"paybridge/internal/crm"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
)

// find reads the rows of the jobs, in one round trip when the hints name them.
// A hint that does not name its row, such as one about a refund or a dispute,
// is looked up by the ids that the rows store, and then by what Stripe's object
// says. It returns the jobs that have a row; the others are finished or carry
// an error.
func (c *Config) find(ctx context.Context, jobs []*job) (found, again []*job) {
	load := func(jobs []*job, lookup func(*job) crm.By) (found, missing []*job) {
		lookups := make([]crm.By, len(jobs))
		var events []string
		for i, j := range jobs {
			lookups[i] = lookup(j)
			events = append(events, j.eventIDs()...)
		}
		loaded, err := c.Rows.Load(ctx, lookups, events)
		for i, j := range jobs {
			if err != nil {
				again = append(again, j.fail(err))
				continue
			}
			j.events = loaded.Events
			switch f := loaded.Found[i]; {
			case f.Err != nil:
				again = append(again, c.broken(ctx, j, f.Err)...)
			case f.Row == nil:
				missing = append(missing, j)
			default:
				j.row, j.id = f.Row, f.Row.ID
				found = append(found, j)
			}
		}
		return found, missing
	}

	found, missing := load(jobs, func(j *job) crm.By {
		if j.id != "" {
			return crm.By{ID: j.id}
		}
		return j.stored()
	})
	if len(missing) == 0 {
		return merge(found), again
	}
	var named, open []*job
	for _, j := range missing {
		if j.id != "" {
			named = append(named, j)
		} else {
			open = append(open, j)
		}
	}
	if len(named) > 0 {
		more, gone := load(named, (*job).stored)
		found = append(found, more...)
		for _, j := range gone {
			again = append(again, c.review(ctx, j, fmt.Sprintf("The CRM has no payment %s, which Stripe's %s names. Was it deleted?", j.id, j.object()))...)
		}
	}
	var linked []*job
	for _, j := range open {
		switch ok, err := c.link(ctx, j); {
		case err != nil:
			again = append(again, c.broken(ctx, j, err)...)
		case ok:
			linked = append(linked, j)
		}
	}
	if len(linked) > 0 {
		more, gone := load(linked, func(j *job) crm.By {
			stored := j.stored()
			stored.ID = j.id
			return stored
		})
		found = append(found, more...)
		for _, j := range gone {
			again = append(again, c.review(ctx, j, fmt.Sprintf("The CRM has no payment %s, which Stripe's %s names. Was it deleted?", j.id, j.object()))...)
		}
	}
	return merge(found), again
}

// stored looks for the row that records the Stripe ids of the first hint.
func (j *job) stored() crm.By {
	h := j.hints[0]
	return crm.By{PaymentIntent: h.PaymentIntent, CheckoutSession: h.CheckoutSession}
}

// object is the id that tells a person which of Stripe's objects is meant.
func (j *job) object() string {
	h := j.hints[0]
	for _, id := range []string{h.PaymentIntent, h.CheckoutSession, h.Charge, h.EventID} {
		if id != "" {
			return id
		}
	}
	return "object"
}

// link asks Stripe which row an object pays for: refunds and disputes carry no
// metadata of their own, their PaymentIntent does. It reports whether the job
// has a row to look for; where it has not, the payment is none of the CRM's
// and the job is finished.
func (c *Config) link(ctx context.Context, j *job) (bool, error) {
	h := &j.hints[0]
	l := payment.Link{CRMPaymentID: h.CRMPaymentID, CRMOrg: h.CRMOrg}
	if l.CRMPaymentID == "" {
		if h.PaymentIntent == "" && h.CheckoutSession == "" && h.Charge != "" {
			id, err := c.Stripe.Charge(ctx, j.account, h.Charge)
			if err != nil {
				return false, err
			}
			h.PaymentIntent = id
		}
		switch {
		case h.PaymentIntent != "":
			intent, err := c.Stripe.Intent(ctx, j.account, h.PaymentIntent)
			if err != nil {
				return false, err
			}
			l = intent.Link
		case h.CheckoutSession != "":
			session, err := c.Stripe.Session(ctx, j.account, h.CheckoutSession)
			if err != nil {
				return false, err
			}
			l = session.Link
		}
	}
	if l.CRMOrg != "" && c.Org != "" && l.CRMOrg != c.Org {
		c.log(ctx, j, outcome.Done, "the payment belongs to another CRM organisation", nil)
		return false, nil
	}
	id, err := payment.ParseRowID(l.CRMPaymentID)
	switch {
	case err == nil:
		j.id = id
		return true, nil
	case l.CRMOrg != "" && l.CRMPaymentID != "":
		// Somebody meant this organisation and misspelt the row.
		return false, outcome.Reviewf("Stripe's %s names this CRM but no payment in it: its CRM_PaymentId is %w. Correct the metadata in Stripe.", j.object(), err)
	default:
		c.log(ctx, j, outcome.Done, "the payment was not made for the CRM", nil)
		return false, nil
	}
}

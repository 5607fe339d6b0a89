package drift

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"paybridge/internal/advice"
	"paybridge/internal/crm"
	"paybridge/internal/payment"
	"paybridge/internal/stripeapi"
)

// judge compares a page of a list with the CRM, in one request.
func (r *run) judge(ctx context.Context, l look, things []stripeapi.Listed) ([]verdict, error) {
	match := crm.Match{}
	for _, t := range things {
		if !r.concerns(t) {
			continue
		}
		id, named := rowOf(t)
		if named && t.Hint.PaymentIntent != "" {
			r.linked[t.Hint.PaymentIntent] = id
		}
		if l.list.Events() {
			match.Events = append(match.Events, t.ID)
			if named {
				continue // It is ours whatever rows record.
			}
		} else if named {
			match.IDs = append(match.IDs, id)
		}
		match.Intents = append(match.Intents, t.Hint.PaymentIntent)
		match.Sessions = append(match.Sessions, t.Hint.CheckoutSession)
	}
	if len(match.Events)+len(match.IDs)+len(match.Intents) > 0 {
		r.report.CRMRequests++
	}
	known, err := r.config.Rows.Match(ctx, match)
	if err != nil {
		return nil, err
	}
	verdicts := make([]verdict, len(things))
	for i, t := range things {
		v := verdict{id: t.ID, at: t.Created}
		switch {
		case !r.concerns(t):
		case l.list.Events():
			v.finding = r.event(t, known)
		default:
			v.finding, v.once = r.object(t, known)
		}
		if f := v.finding; f != nil {
			f.Object, f.Since = t.ID, t.Created
			if l.undelivered {
				f.Kind = Undelivered
			}
		}
		verdicts[i] = v
	}
	return verdicts, nil
}

// concerns reports whether a thing can be about a payment of this CRM.
func (r *run) concerns(t stripeapi.Listed) bool {
	return t.Link.Ours(r.config.Org) && t.Hint.Livemode == r.config.Livemode && (t.Hint.PaymentIntent != "" || t.Hint.CheckoutSession != "")
}

// rowOf returns the row that a thing names.
func rowOf(t stripeapi.Listed) (payment.RowID, bool) {
	id, err := payment.ParseRowID(t.Link.CRMPaymentID)
	return id, err == nil
}

// event judges an event: it is in step when the timeline has it. One that
// names no row, as those of refunds and disputes, is ours only where a row
// records its objects, or an earlier event of the same PaymentIntent names one,
// or where it names our organisation and misspells the row, which a person has
// to hear of.
func (r *run) event(t stripeapi.Listed, known crm.Matched) *Finding {
	if known.HasEvent(t.ID) {
		return nil
	}
	hint := t.Hint
	id, named := rowOf(t)
	if !named {
		if row := known.Row(crm.By{PaymentIntent: hint.PaymentIntent, CheckoutSession: hint.CheckoutSession}); row != nil {
			id, named = row.ID, true
		} else {
			id, named = r.linked[hint.PaymentIntent]
		}
		switch {
		case named && t.Link.CRMPaymentID == "":
			// It saves the consumer the question.
			hint.CRMPaymentID = string(id)
		case !named && (t.Link.CRMPaymentID == "" || t.Link.CRMOrg == ""):
			return nil
		}
	}
	return &Finding{Kind: Missed, Payment: id, Detail: hint.Type, Hint: &hint}
}

// object judges an object of Stripe's: it is in step when the row that it is
// about shows what it says.
func (r *run) object(t stripeapi.Listed, known crm.Matched) (f *Finding, once bool) {
	id, named := rowOf(t)
	row := known.Row(crm.By{ID: id, PaymentIntent: t.Hint.PaymentIntent, CheckoutSession: t.Hint.CheckoutSession})
	if row == nil {
		if named && t.Link.CRMOrg != "" {
			return &Finding{Kind: Deleted, Payment: id, Detail: "no such row in the CRM"}, true
		}
		return nil, false
	}
	kind, detail, once := compare(row, t)
	if kind == "" {
		return nil, false
	}
	hint := t.Hint
	hint.CRMPaymentID, hint.CRMOrg = string(row.ID), r.config.Org
	return &Finding{Kind: kind, Payment: row.ID, Detail: detail, Hint: &hint}, once
}

// compare says in which way a row is out of step with an object, and whether
// nothing may show that somebody has looked.
func compare(row *crm.Row, t stripeapi.Listed) (kind Kind, detail string, once bool) {
	records := row.Recorded
	if records.PaymentIntentID == "" && records.CheckoutSessionID == "" {
		return Unlinked, "the row names nothing at Stripe", false
	}
	object, over := t.Hint.PaymentIntent, false
	for _, in := range t.Facts.Intents {
		over = in.Status == payment.IntentCanceled
	}
	for _, s := range t.Facts.Sessions {
		over = s.Status == payment.SessionExpired
		if object == "" {
			object = s.ID
		}
	}
	if records.PaymentIntentID != t.Hint.PaymentIntent && (t.Hint.CheckoutSession == "" || records.CheckoutSessionID != t.Hint.CheckoutSession) {
		if over || strings.Contains(row.LastError, object) {
			return "", "", false
		}
		// An older attempt that can still be paid, or that was.
		return Unlinked, fmt.Sprintf("the row names another one, %s", first(records.PaymentIntentID, records.CheckoutSessionID)), true
	}
	return compareState(row, t)
}

// compareState compares what the row shows with what the object that it
// records says.
func compareState(row *crm.Row, t stripeapi.Listed) (kind Kind, detail string, once bool) {
	told := strings.HasPrefix(row.LastError, payment.ReviewPrefix)
	p, err := payment.Project(row.Row, t.Facts)
	if disagreement, ok := errors.AsType[*payment.Disagreement](err); ok {
		if told {
			return "", "", false
		}
		return Stale, disagreement.Reason, false
	}
	for _, in := range t.Facts.Intents {
		ch := in.Charge
		if ch != nil && ch.Disputed && ch.Dispute == nil && row.Recorded.DisputeStatus != "" {
			return "", "", false // The list of disputes says more.
		}
		if row.Recorded.CheckoutSessionID != "" && row.Recorded.Status == payment.Canceled && in.Status != payment.IntentSucceeded {
			return "", "", false // The session has expired, which its intent does not say.
		}
	}
	shows, err := row.Shows(p)
	if err != nil {
		return Stale, advice.Sentence(err), true
	}
	if shows {
		return "", "", false
	}
	if row.Recorded.Status == p.Status {
		return Stale, fmt.Sprintf("the row shows %v with other amounts than Stripe", p.Status), told
	}
	return Stale, fmt.Sprintf("the row shows %v, Stripe says %v", shownStatus(row.Recorded.Status), p.Status), told
}

func shownStatus(s payment.Status) string {
	if s == 0 {
		return "nothing"
	}
	return s.String()
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

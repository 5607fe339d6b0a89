package soak

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"paybridge/cmd/paybridge/soak/oracle"
)

// judge compares everything at both ends. What was counted is not in the report
// yet.
func (s *soak) judge(ctx context.Context) (*Report, error) {
	r := &Report{
		Payments: s.cfg.Payments, Seed: s.cfg.Seed, Faults: s.cfg.Faults, DeadLetters: map[string]int{}, Explained: map[Explanation]int{},
	}
	ledger, err := s.shop.Ledger(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.crm.All(ctx, "pb_payments")
	if err != nil {
		return nil, err
	}
	byID := map[string]map[string]any{}
	for _, row := range rows {
		byID[oracle.Text(row, "pb_paymentid")] = row
	}
	for _, l := range s.lives {
		s.judgeLife(r, l, byID, ledger)
	}
	if err := s.judgeEvents(ctx, r, ledger); err != nil {
		return nil, err
	}
	if err := s.judgeDeadLetters(ctx, r, byID, ledger); err != nil {
		return nil, err
	}
	s.searchRows(rows)
	return r, s.searchJobs()
}

// judgeLife holds a row to Stripe, and what was made for it to how often that
// was asked for.
func (s *soak) judgeLife(r *Report, l *life, rows map[string]map[string]any, ledger *oracle.Ledger) {
	if l.foreign || l.row == "" {
		return
	}
	w := Wrong{Payment: l.n, Row: l.row, Told: l.told}
	row, there := rows[l.row]
	switch {
	case there && l.deleted:
		w.Complaints = append(w.Complaints, "it was deleted and is there again")
	case there:
		w.Complaints = oracle.Complaints(row, ledger)
	case !l.deleted:
		w.Complaints = append(w.Complaints, "it is gone")
	}
	of := ledger.Of(l.row)
	// The intent of a session is no object of its own.
	inSession := map[string]bool{}
	for _, session := range of.Sessions {
		inSession[oracle.Text(session, "payment_intent")] = true
	}
	made := len(of.Sessions)
	for _, intent := range of.Intents {
		if !inSession[oracle.Text(intent, "id")] {
			made++
		}
		r.Duplicates += len(ledger.Repeated(oracle.Text(intent, "id")))
	}
	if most := l.asked + l.made; made > most {
		r.Duplicates += made - most
		w.Complaints = append(w.Complaints, fmt.Sprintf("%d objects were made for it, it was asked for at most %d", made, most))
	}
	if oracle.NeedsReview(row) {
		r.Reviews++
	}
	for _, what := range l.missed {
		r.Missed = append(r.Missed, fmt.Sprintf("payment %d, row %s: %s", l.n, l.row, what))
	}
	if len(w.Complaints) > 0 {
		r.Wrong = append(r.Wrong, w)
	}
}

// acted are the types of events that concern payments of the CRM, from
// Stripe's documentation of what each is about.
var acted = []string{
	"payment_intent.created", "payment_intent.processing", "payment_intent.requires_action", "payment_intent.amount_capturable_updated",
	"payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled",
	"checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed", "checkout.session.expired",
	"charge.refunded", "charge.refund.updated", "refund.created", "refund.updated", "refund.failed",
	"charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
}

// judgeEvents holds the timeline to Stripe's events: each that is about a
// payment of the CRM is there once, at its row, and no other is.
func (s *soak) judgeEvents(ctx context.Context, r *Report, ledger *oracle.Ledger) error {
	events, err := s.shop.All(ctx, "events")
	if err != nil {
		return err
	}
	timeline, err := s.crm.All(ctx, "pb_paymentevents")
	if err != nil {
		return err
	}
	known := map[string]map[string]any{}
	for _, e := range timeline {
		id := oracle.Text(e, "pb_stripeeventid")
		if known[id] != nil {
			r.blame("event %s is in the timeline twice", id)
		}
		known[id] = e
		if oracle.Text(e, "pb_outcome"+oracle.Label) == "Needs review" {
			r.EventReviews++
		}
	}
	gone := map[string]bool{}
	for _, l := range s.lives {
		gone[l.row] = l.deleted
	}
	r.Events = len(events)
	for _, e := range events {
		id, kind := oracle.Text(e, "id"), oracle.Text(e, "type")
		row := rowOf(e, ledger)
		there := known[id]
		delete(known, id)
		switch {
		case row == "" || !slices.Contains(acted, kind):
			if there != nil {
				r.blame("event %s, %s, is in the timeline and none of the CRM's", id, kind)
			}
		case there == nil:
			r.Lost = append(r.Lost, fmt.Sprintf("%s, %s, of row %s", id, kind, row))
		case !gone[row] && !strings.EqualFold(oracle.Text(there, "_pb_paymentid_value"), row):
			r.blame("event %s, %s, is at row %q and not at %s", id, kind, oracle.Text(there, "_pb_paymentid_value"), row)
		}
	}
	for id := range known {
		if !strings.HasPrefix(id, "evt_") {
			continue // a note of PayBridge's own
		}
		r.blame("event %s is in the timeline and not Stripe's", id)
	}
	return nil
}

// rowOf is the row that an event is about, empty for none.
func rowOf(event oracle.Object, ledger *oracle.Ledger) string {
	data, _ := event["data"].(oracle.Object)
	o, _ := data["object"].(oracle.Object)
	if row := oracle.Row(o); row != "" {
		return row
	}
	return oracle.Row(ledger.Intent(oracle.Text(o, "payment_intent")))
}

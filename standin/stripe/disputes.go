package stripe

import (
	"maps"
	"slices"
	"strings"
	"time"
)

const kindDispute = "dispute"

// The statuses of a Dispute; those with warning are of an inquiry, in which no money moves.
const (
	disputeNeedsResponse = "needs_response"
	disputeUnderReview   = "under_review"
	disputeWon           = "won"
	disputeLost          = "lost"
	inquiryNeedsResponse = "warning_needs_response"
	inquiryUnderReview   = "warning_under_review"
	inquiryClosed        = "warning_closed"
)

// respondWithin is how long the evidence may take.
const respondWithin = 9 * 24 * time.Hour

type dispute struct {
	base
	Amount              int64             `json:"amount"`
	BalanceTransactions []any             `json:"balance_transactions"`
	Charge              string            `json:"charge"`
	Currency            string            `json:"currency"`
	Evidence            document          `json:"evidence"`
	EvidenceDetails     evidenceDetails   `json:"evidence_details"`
	IsChargeRefundable  bool              `json:"is_charge_refundable"`
	Livemode            bool              `json:"livemode"`
	Metadata            map[string]string `json:"metadata"`
	PaymentIntent       string            `json:"payment_intent"`
	Reason              string            `json:"reason"`
	Status              string            `json:"status"`
}

type evidenceDetails struct {
	DueBy           *int64 `json:"due_by"`
	HasEvidence     bool   `json:"has_evidence"`
	PastDue         bool   `json:"past_due"`
	SubmissionCount int    `json:"submission_count"`
}

func (d *dispute) index() []string {
	return []string{"charge=" + d.Charge, "payment_intent=" + d.PaymentIntent}
}

func (d *dispute) inquiry() bool { return strings.HasPrefix(d.Status, "warning_") }

func (d *dispute) open() bool {
	return slices.Contains([]string{disputeNeedsResponse, disputeUnderReview, inquiryNeedsResponse, inquiryUnderReview}, d.Status)
}

// Complaint is what a cardholder disputes.
type Complaint struct {
	// Reason is one of Stripe's, as fraudulent or product_not_received. Empty: fraudulent.
	Reason string
	// Amount in the minor unit. Zero: all that was not refunded.
	Amount int64
	// Inquiry makes it an inquiry, in which no money moves yet.
	Inquiry bool
}

// dispute opens a dispute about a charge.
func (c *change) dispute(ch *charge, about Complaint) (*dispute, error) {
	blank, err := shapeOf(kindDispute)
	if err != nil {
		return nil, err
	}
	evidence, _ := blank["evidence"].(map[string]any)
	due := c.now.Add(respondWithin).Unix()
	d := &dispute{
		base:   base{ID: newID("dp"), Object: kindDispute, Created: c.now.Unix()},
		Amount: orElse(about.Amount, ch.Amount-ch.AmountRefunded), BalanceTransactions: []any{}, Charge: ch.ID, Currency: ch.Currency,
		Evidence: evidence, EvidenceDetails: evidenceDetails{DueBy: &due}, IsChargeRefundable: about.Inquiry, Livemode: ch.Livemode,
		Metadata: map[string]string{}, PaymentIntent: ch.PaymentIntent, Reason: orElse(about.Reason, "fraudulent"), Status: disputeNeedsResponse,
	}
	if about.Inquiry {
		d.Status = inquiryNeedsResponse
	}
	ch.Dispute, ch.Disputed, ch.Inquiry = &d.ID, true, about.Inquiry
	if err := c.put(ch); err != nil {
		return nil, err
	}
	if err := c.put(d); err != nil {
		return nil, err
	}
	if about.Inquiry {
		return d, c.emit("charge.dispute.created", d, nil)
	}
	if err := c.move(d, -d.Amount); err != nil {
		return nil, err
	}
	if err := c.emit("charge.dispute.created", d, nil); err != nil {
		return nil, err
	}
	return d, c.emit("charge.dispute.funds_withdrawn", d, nil)
}

// move books the dispute's money and shows the movement on it.
func (c *change) move(d *dispute, amount int64) error {
	kind := "dispute"
	if amount > 0 {
		kind = "dispute_reversal"
	}
	t, err := c.book("adjustment", kind, d.ID, d.Currency, amount)
	if err != nil {
		return err
	}
	shown, err := render(t)
	if err != nil {
		return err
	}
	d.BalanceTransactions = append(d.BalanceTransactions, shown)
	return c.put(d)
}

func updateDispute(c *call) (any, error) {
	d, err := load[dispute](c.change, kindDispute, "dispute", c.id())
	if err != nil {
		return nil, err
	}
	was, err := render(d)
	if err != nil {
		return nil, err
	}
	f := c.form
	submit := f.flag("submit")
	d.Metadata = f.merge("metadata", d.Metadata)
	told := f.at("evidence")
	d.Evidence = maps.Clone(d.Evidence)
	for _, name := range told.order {
		if _, ok := d.Evidence[name]; ok {
			d.Evidence[name] = told.text(name)
			d.EvidenceDetails.HasEvidence = true
		}
	}
	if told.present() && !d.open() {
		return nil, invalid("", "", "This dispute is already closed")
	}
	submitted := told.present() && (submit == nil || *submit) || submit != nil && *submit
	if submitted {
		d.EvidenceDetails.SubmissionCount++
		d.Status = map[bool]string{false: disputeUnderReview, true: inquiryUnderReview}[d.inquiry()]
	}
	if err := c.put(d); err != nil {
		return nil, err
	}
	if err := c.emit("charge.dispute.updated", d, was); err != nil || !submitted {
		return d, err
	}
	return d, c.judge(d)
}

// judge ends a dispute at once when the evidence is one of Stripe's test texts.
func (c *change) judge(d *dispute) error {
	text := ""
	switch said := d.Evidence["uncategorized_text"].(type) {
	case string:
		text = said
	case *string:
		text = orText(said, "")
	}
	switch {
	case text == "winning_evidence":
		return c.end(d, true)
	case text == "losing_evidence":
		return c.end(d, false)
	case text == "escalate_inquiry_evidence" && d.inquiry():
		return c.escalate(d)
	default:
		return nil
	}
}

// end closes a dispute. An inquiry is closed without a winner.
func (c *change) end(d *dispute, won bool) error {
	was, err := render(d)
	if err != nil {
		return err
	}
	ch, err := load[charge](c, kindCharge, "charge", d.Charge)
	if err != nil {
		return err
	}
	switch {
	case d.inquiry():
		d.Status, ch.Inquiry = inquiryClosed, true
	case won:
		d.Status, ch.Won = disputeWon, true
	default:
		d.Status = disputeLost
	}
	if err := c.put(ch); err != nil {
		return err
	}
	if err := c.put(d); err != nil {
		return err
	}
	if d.Status == disputeWon {
		if err := c.move(d, d.Amount); err != nil {
			return err
		}
	}
	if err := c.emit("charge.dispute.closed", d, was); err != nil {
		return err
	}
	if d.Status != disputeWon {
		return nil
	}
	return c.emit("charge.dispute.funds_reinstated", d, was)
}

// escalate makes a chargeback of an inquiry.
func (c *change) escalate(d *dispute) error {
	was, err := render(d)
	if err != nil {
		return err
	}
	ch, err := load[charge](c, kindCharge, "charge", d.Charge)
	if err != nil {
		return err
	}
	ch.Inquiry, d.Status, d.IsChargeRefundable = false, disputeNeedsResponse, false
	if err := c.put(ch); err != nil {
		return err
	}
	if err := c.move(d, -d.Amount); err != nil {
		return err
	}
	if err := c.emit("charge.dispute.updated", d, was); err != nil {
		return err
	}
	return c.emit("charge.dispute.funds_withdrawn", d, nil)
}

func closeDispute(c *call) (any, error) {
	d, err := load[dispute](c.change, kindDispute, "dispute", c.id())
	if err != nil {
		return nil, err
	}
	if !d.open() {
		return nil, invalid("", "", "This dispute is already closed")
	}
	return d, c.end(d, false)
}

func retrieveDispute(c *call) (any, error) {
	return load[dispute](c.change, kindDispute, "dispute", c.id())
}

func listDisputes(c *call) (any, error) {
	entry, other := entryOf(c.form, "charge"), entryOf(c.form, "payment_intent")
	return listOf[dispute](c, kindDispute, orElse(entry, other))
}

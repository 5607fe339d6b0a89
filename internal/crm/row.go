package crm

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"paybridge/internal/dataverse"
	"paybridge/internal/outcome"
	"paybridge/internal/payment"
)

// currencyNavigation is the navigation property and lookup that every table
// with money columns has.
const currencyNavigation = "transactioncurrencyid"

// Row is a payment row with the version it was read in.
type Row struct {
	payment.Row
	// ETag is the version of the row, for the conditional write.
	ETag string
	// Created is when the row was made, Modified when it was last written, by
	// anybody, UTC in whole seconds.
	Created, Modified time.Time

	mapping Mapping
	stored  dataverse.Row
}

// readRow decodes what Dataverse answered.
func (m Mapping) readRow(stored dataverse.Row) (*Row, error) {
	r := &reader{row: stored}
	id, err := stored.GUID(m.IDColumn)
	if err != nil {
		return nil, err
	}
	row := &Row{ETag: stored.ETag, mapping: m, stored: stored}
	row.ID = payment.RowID(id.String())
	row.LastError = r.text(m.LastError)
	row.Amount = r.decimal(m.Amount)
	if stored.Has(currencyNavigation) && !stored.Null(currencyNavigation) {
		currency, err := stored.Row(currencyNavigation)
		r.note(err)
		code, err := currency.String("isocurrencycode")
		r.note(err)
		row.Currency = strings.ToLower(code)
	}
	row.Recorded = payment.Payment{
		Status:            choice(m.StatusValues, r.number(m.Status)),
		PaymentIntentID:   r.text(m.PaymentIntent),
		CheckoutSessionID: r.text(m.CheckoutSession),
		ChargeID:          r.text(m.Charge),
		DisputeStatus:     r.text(m.DisputeStatus),
		CheckoutURL:       r.text(m.CheckoutURL),
		Livemode:          r.flag(m.Livemode),
	}
	row.Handled = r.text(m.HandledRequest)
	row.Ask = payment.Ask{
		Request:      choice(m.RequestValues, r.number(m.Request)),
		CollectBy:    choice(m.CollectByValues, r.number(m.CollectBy)),
		RefundAmount: r.decimal(m.RefundAmount),
		Description:  r.text(m.Description),
		Email:        r.text(m.CustomerEmail),
	}
	for _, column := range m.Metadata {
		if value := r.any(column); value != "" {
			if row.Ask.Metadata == nil {
				row.Ask.Metadata = map[string]string{}
			}
			row.Ask.Metadata[column] = value
		}
	}
	row.Created, row.Modified = r.time(m.created()), r.time(m.modified())
	if r.err != nil {
		return nil, fmt.Errorf("reading row %s of %s: %w", row.ID, m.SetName, r.err)
	}
	return row, nil
}

// reader reads columns and keeps every error, so that a row that is wrong in
// several columns says so at once.
type reader struct {
	row dataverse.Row
	err error
}

func (r *reader) note(err error) { r.err = errors.Join(r.err, err) }

func (r *reader) text(column string) string {
	if column == "" {
		return ""
	}
	s, err := r.row.String(column)
	r.note(err)
	return s
}

func (r *reader) number(column string) int64 {
	if column == "" {
		return 0
	}
	n, err := r.row.Int(column)
	r.note(err)
	return n
}

func (r *reader) flag(column string) bool {
	if column == "" {
		return false
	}
	b, err := r.row.Bool(column)
	r.note(err)
	return b
}

// decimal returns a number, nil where the column is null.
func (r *reader) decimal(column string) *decimal.Decimal {
	if column == "" || r.row.Null(column) {
		return nil
	}
	d, err := r.row.Decimal(column)
	r.note(err)
	return &d
}

func (r *reader) time(column string) time.Time {
	t, err := r.row.Time(column)
	r.note(err)
	return t
}

// any returns a column of any simple type as text.
func (r *reader) any(column string) string {
	if r.row.Null(column) {
		return ""
	}
	raw, err := r.row.Raw(column)
	r.note(err)
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

// Values returns the columns in which the row differs from p, ready to be
// written: an update names only what changes, because every column that is
// sent counts as changed for audit, filters and webhooks.
func (row *Row) Values(p payment.Payment) (dataverse.Values, error) {
	m := row.mapping
	d := &differ{row: row.stored, values: dataverse.Values{}}
	value, ok := m.StatusValues[p.Status]
	if !ok {
		return nil, outcome.Reviewf("The mapping of the table has no value for the status %v. Add one to the mapping file.", p.Status)
	}
	d.number(m.Status, int64(value))
	d.text(m.PaymentIntent, p.PaymentIntentID, lengths.id)
	d.text(m.CheckoutSession, p.CheckoutSessionID, lengths.id)
	d.text(m.Charge, p.ChargeID, lengths.id)
	if row.Currency != "" {
		// Money without the row's currency would take the organisation's.
		d.money(m.AmountReceived, p.AmountReceived, row.Currency)
		d.money(m.AmountRefunded, p.AmountRefunded, row.Currency)
	}
	d.time(m.PaidOn, p.PaidOn)
	d.text(m.FailureCode, p.FailureCode, lengths.word)
	d.text(m.FailureMessage, p.FailureMessage, lengths.message)
	d.text(m.DisputeStatus, p.DisputeStatus, lengths.word)
	d.text(m.DisputeReason, p.DisputeReason, lengths.word)
	d.text(m.PaymentMethod, p.Method, lengths.word)
	d.text(m.ReceiptURL, p.ReceiptURL, lengths.url)
	d.text(m.CheckoutURL, p.CheckoutURL, lengths.url)
	d.flag(m.Livemode, p.Livemode)
	return d.values, d.err
}

// Shows reports whether the row shows the state and the money of p: its
// status, its objects at Stripe, what was received and refunded, and the
// dispute. The other columns follow from these.
func (row *Row) Shows(p payment.Payment) (bool, error) {
	differs, err := row.Values(p)
	if err != nil {
		return false, err
	}
	m := row.mapping
	for _, column := range []string{m.Status, m.PaymentIntent, m.CheckoutSession, m.AmountReceived, m.AmountRefunded, m.DisputeStatus} {
		if _, ok := differs[column]; ok && column != "" {
			return false, nil
		}
	}
	return true, nil
}

// lengths are how many characters the columns hold. Stripe may lengthen a text
// at any time; one that is too long is cut, because a refused write would hide
// the state of the payment for the sake of its description.
var lengths = struct{ id, word, request, message, url, long int }{id: 255, word: 100, request: 200, message: 1000, url: 2000, long: 2000}

// differ collects the columns whose stored value is another.
type differ struct {
	row    dataverse.Row
	values dataverse.Values
	err    error
}

func (d *differ) text(column, want string, limit int) {
	if column == "" {
		return
	}
	want = cut(want, limit)
	have, err := d.row.String(column)
	d.err = errors.Join(d.err, err)
	if have == want {
		return
	}
	if want == "" {
		d.values[column] = nil
		return
	}
	d.values[column] = want
}

func (d *differ) number(column string, want int64) {
	if column == "" {
		return
	}
	have, err := d.row.Int(column)
	d.err = errors.Join(d.err, err)
	if have != want {
		d.values[column] = want
	}
}

func (d *differ) flag(column string, want bool) {
	if column == "" {
		return
	}
	have, err := d.row.Bool(column)
	d.err = errors.Join(d.err, err)
	if have != want || d.row.Null(column) {
		d.values[column] = want
	}
}

func (d *differ) money(column string, minor int64, code string) {
	if column == "" {
		return
	}
	currency, err := payment.ParseCurrency(code)
	d.err = errors.Join(d.err, err)
	have, err := d.row.Decimal(column)
	d.err = errors.Join(d.err, err)
	if d.err != nil {
		return
	}
	want := decimal.Zero
	if minor != 0 {
		want = payment.FromMinor(minor, currency)
	}
	if !have.Equal(want) || d.row.Null(column) {
		d.values[column] = want
	}
}

func (d *differ) time(column string, want time.Time) {
	if column == "" {
		return
	}
	have, err := d.row.Time(column)
	d.err = errors.Join(d.err, err)
	switch {
	case want.IsZero() && !have.IsZero():
		d.values[column] = nil
	case !want.IsZero() && !have.Equal(want):
		d.values[column] = want
	}
}

// cut shortens s to at most limit characters as Dataverse counts them, in
// UTF-16 units.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	units := 0
	for i, r := range s {
		units++
		if r > 0xFFFF {
			units++
		}
		if units > limit {
			return s[:i]
		}
	}
	if !utf8.ValidString(s) {
		return strings.ToValidUTF8(s, "")
	}
	return s
}

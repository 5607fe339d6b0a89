package crm

import (
	"slices"

	"paybridge/internal/payment"
)

// Mapping says where a payment lives: the table, its columns and its choice
// values. A column without a name is neither read nor written, so a table that
// keeps less than pb_payment can be mapped too.
type Mapping struct {
	// Table is the table's logical name, SetName its name in URLs, IDColumn its
	// GUID column.
	Table, SetName, IDColumn string

	// What the CRM asks for. Description is shown to the customer; Metadata are
	// further columns that Stripe's object is to show.
	Amount, Description, CustomerEmail, CollectBy, Request, RefundAmount string
	Metadata                                                             []string

	// What Stripe says.
	Status, PaymentIntent, CheckoutSession, Charge string
	AmountReceived, AmountRefunded, PaidOn         string
	FailureCode, FailureMessage                    string
	DisputeStatus, DisputeReason                   string
	PaymentMethod, ReceiptURL, Livemode            string
	CheckoutURL, HandledRequest, LastError         string

	// StatusValues, RequestValues and CollectByValues are the values of the
	// choices in the columns Status, Request and CollectBy.
	StatusValues    map[payment.Status]int
	RequestValues   map[payment.Request]int
	CollectByValues map[payment.CollectBy]int

	// EventLookup is the schema name of the lookup on pb_paymentevent that
	// points to a row of this table.
	EventLookup string
}

// columns returns the names of all columns that are read, in a fixed order.
func (m Mapping) columns() []string {
	var names []string
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	add(m.IDColumn)
	for _, c := range m.mapped() {
		add(*c.column)
	}
	add(m.created())
	add(m.modified())
	for _, name := range m.Metadata {
		add(name)
	}
	return names
}

// mappedColumn is one column of a mapping under the name that a mapping file
// gives it.
type mappedColumn struct {
	name   string
	column *string
	// need says when the column must be there.
	need need
}

// need says when a mapping must name a column.
type need int

const (
	optional need = iota
	// always: without it PayBridge could show a wrong payment or none.
	always
	// forRequests: the table lets people ask for something.
	forRequests
	// forLinks: the table lets people ask for a Checkout link.
	forLinks
)

// mapped lists the columns of a mapping.
func (m *Mapping) mapped() []mappedColumn {
	return []mappedColumn{
		{"amount", &m.Amount, always}, {"description", &m.Description, optional}, {"customerEmail", &m.CustomerEmail, optional},
		{"collectBy", &m.CollectBy, optional}, {"request", &m.Request, optional}, {"refundAmount", &m.RefundAmount, optional},
		{"status", &m.Status, always}, {"paymentIntent", &m.PaymentIntent, always}, {"checkoutSession", &m.CheckoutSession, forLinks},
		{"charge", &m.Charge, optional}, {"amountReceived", &m.AmountReceived, optional}, {"amountRefunded", &m.AmountRefunded, optional},
		{"paidOn", &m.PaidOn, optional}, {"failureCode", &m.FailureCode, optional}, {"failureMessage", &m.FailureMessage, optional},
		{"disputeStatus", &m.DisputeStatus, optional}, {"disputeReason", &m.DisputeReason, optional},
		{"paymentMethod", &m.PaymentMethod, optional}, {"receiptUrl", &m.ReceiptURL, optional}, {"livemode", &m.Livemode, always},
		{"checkoutUrl", &m.CheckoutURL, forLinks}, {"handledRequest", &m.HandledRequest, forRequests}, {"lastError", &m.LastError, always},
	}
}

// created is the column with the time at which a row was made, which every
// table has.
func (m Mapping) created() string { return "createdon" }

// modified is the column with the time at which a row was last written, which
// every table has.
func (m Mapping) modified() string { return "modifiedon" }

// Asks returns the columns whose change may ask for something at Stripe: what
// the Dataverse step has to listen to. PayBridge writes none of them, so its
// own writes never wake it.
func (m Mapping) Asks() []string {
	var names []string
	for _, name := range []string{m.Amount, currencyNavigation, m.CustomerEmail, m.CollectBy, m.Request, m.RefundAmount} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// choice returns what a choice value stands for, zero for none.
func choice[T comparable](values map[T]int, value int64) T {
	var none T
	for what, v := range values {
		if value != 0 && int64(v) == value {
			return what
		}
	}
	return none
}

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

// PaymentMapping returns the mapping of the table pb_payment.
func PaymentMapping() Mapping {
	values := map[payment.Status]int{}
	for i, s := range payment.Statuses() {
		values[s] = choiceBase + i
	}
	return Mapping{
		Table: "pb_payment", SetName: "pb_payments", IDColumn: "pb_paymentid",
		Amount: "pb_amount", Description: "pb_name", CustomerEmail: "pb_customeremail",
		CollectBy: "pb_collectby", Request: "pb_request", RefundAmount: "pb_refundamount",
		Status: "pb_status", PaymentIntent: "pb_paymentintentid", CheckoutSession: "pb_checkoutsessionid", Charge: "pb_chargeid",
		AmountReceived: "pb_amountreceived", AmountRefunded: "pb_amountrefunded", PaidOn: "pb_paidon",
		FailureCode: "pb_failurecode", FailureMessage: "pb_failuremessage",
		DisputeStatus: "pb_disputestatus", DisputeReason: "pb_disputereason",
		PaymentMethod: "pb_paymentmethod", ReceiptURL: "pb_receipturl", Livemode: "pb_livemode",
		CheckoutURL: "pb_checkouturl", HandledRequest: "pb_handledrequest", LastError: "pb_lasterror",
		StatusValues: values,
		RequestValues: map[payment.Request]int{
			payment.RequestNone: choiceBase, payment.RequestPay: choiceBase + 1, payment.RequestCancel: choiceBase + 2, payment.RequestRefund: choiceBase + 3,
		},
		CollectByValues: map[payment.CollectBy]int{payment.ByIntent: choiceBase, payment.ByLink: choiceBase + 1},
		EventLookup:     "pb_PaymentId",
	}
}

// columns returns the names of all columns that are read, in a fixed order.
func (m Mapping) columns() []string {
	var names []string
	for _, name := range append([]string{
		m.IDColumn, m.Amount, m.Description, m.CustomerEmail, m.CollectBy, m.Request, m.RefundAmount,
		m.Status, m.PaymentIntent, m.CheckoutSession, m.Charge,
		m.AmountReceived, m.AmountRefunded, m.PaidOn, m.FailureCode, m.FailureMessage,
		m.DisputeStatus, m.DisputeReason, m.PaymentMethod, m.ReceiptURL, m.Livemode,
		m.CheckoutURL, m.HandledRequest, m.LastError, m.created(),
	}, m.Metadata...) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// created is the column with the time at which a row was made, which every
// table has.
func (m Mapping) created() string { return "createdon" }

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

package crm

import "paybridge/internal/payment"

// Mapping says where a payment lives: the table, its columns and its choice
// values. A column without a name is neither read nor written, so a table that
// keeps less than pb_payment can be mapped too.
type Mapping struct {
	// SetName is the table's name in URLs, IDColumn its GUID column.
	SetName, IDColumn string

	// What the CRM asks for.
	Amount string

	// What Stripe says.
	Status, PaymentIntent, CheckoutSession, Charge string
	AmountReceived, AmountRefunded, PaidOn         string
	FailureCode, FailureMessage                    string
	DisputeStatus, DisputeReason                   string
	PaymentMethod, ReceiptURL, Livemode            string
	LastError                                      string

	// StatusValues are the values of the choice in the column Status.
	StatusValues map[payment.Status]int

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
		SetName: "pb_payments", IDColumn: "pb_paymentid",
		Amount: "pb_amount",
		Status: "pb_status", PaymentIntent: "pb_paymentintentid", CheckoutSession: "pb_checkoutsessionid", Charge: "pb_chargeid",
		AmountReceived: "pb_amountreceived", AmountRefunded: "pb_amountrefunded", PaidOn: "pb_paidon",
		FailureCode: "pb_failurecode", FailureMessage: "pb_failuremessage",
		DisputeStatus: "pb_disputestatus", DisputeReason: "pb_disputereason",
		PaymentMethod: "pb_paymentmethod", ReceiptURL: "pb_receipturl", Livemode: "pb_livemode",
		LastError:    "pb_lasterror",
		StatusValues: values,
		EventLookup:  "pb_PaymentId",
	}
}

// columns returns the names of all columns that are read, in a fixed order.
func (m Mapping) columns() []string {
	var names []string
	for _, name := range []string{
		m.IDColumn, m.Amount, m.Status, m.PaymentIntent, m.CheckoutSession, m.Charge,
		m.AmountReceived, m.AmountRefunded, m.PaidOn, m.FailureCode, m.FailureMessage,
		m.DisputeStatus, m.DisputeReason, m.PaymentMethod, m.ReceiptURL, m.Livemode, m.LastError,
	} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

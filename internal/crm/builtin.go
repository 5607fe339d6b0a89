package crm

import "paybridge/internal/payment"

// The names of the mappings that are built in, as the setting PaymentTable has
// them.
const (
	PaymentTable    = "payment"
	SalesOrderTable = "salesorder"
)

// PaymentMapping returns the mapping of the table pb_payment.
func PaymentMapping() Mapping {
	return Mapping{
		Table: "pb_payment", SetName: "pb_payments", IDColumn: "pb_paymentid",
		Amount: "pb_amount", Description: "pb_name", CustomerEmail: "pb_customeremail",
		EventLookup: "pb_PaymentId",
	}.withOwnColumns()
}

// SalesOrderMapping returns the mapping of the orders of Dynamics 365 Sales.
// What an order has is read; what it lacks are columns of PayBridge's, which
// setup adds to the table.
func SalesOrderMapping() Mapping {
	return Mapping{
		Table: "salesorder", SetName: "salesorders", IDColumn: "salesorderid",
		Amount: "totalamount", Description: "name", CustomerEmail: "pb_customeremail",
		EventLookup: "pb_SalesOrderId",
	}.withOwnColumns()
}

// withOwnColumns fills in the columns that PayBridge brings along.
func (m Mapping) withOwnColumns() Mapping {
	m.CollectBy, m.Request, m.RefundAmount = "pb_collectby", "pb_request", "pb_refundamount"
	m.Status, m.PaymentIntent, m.CheckoutSession, m.Charge = "pb_status", "pb_paymentintentid", "pb_checkoutsessionid", "pb_chargeid"
	m.AmountReceived, m.AmountRefunded, m.PaidOn = "pb_amountreceived", "pb_amountrefunded", "pb_paidon"
	m.FailureCode, m.FailureMessage = "pb_failurecode", "pb_failuremessage"
	m.DisputeStatus, m.DisputeReason = "pb_disputestatus", "pb_disputereason"
	m.PaymentMethod, m.ReceiptURL, m.Livemode = "pb_paymentmethod", "pb_receipturl", "pb_livemode"
	m.CheckoutURL, m.HandledRequest, m.LastError = "pb_checkouturl", "pb_handledrequest", "pb_lasterror"
	m.StatusValues = map[payment.Status]int{}
	for i, s := range payment.Statuses() {
		m.StatusValues[s] = choiceBase + i
	}
	m.RequestValues = map[payment.Request]int{
		payment.RequestNone: choiceBase, payment.RequestPay: choiceBase + 1, payment.RequestCancel: choiceBase + 2, payment.RequestRefund: choiceBase + 3,
	}
	m.CollectByValues = map[payment.CollectBy]int{payment.ByIntent: choiceBase, payment.ByLink: choiceBase + 1}
	return m
}

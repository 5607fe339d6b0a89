package crm

import (
	"slices"
	"strings"

	"paybridge/internal/payment"
)

// The publisher that owns everything PayBridge puts into a Dataverse
// environment. Choice values start with the publisher's option value prefix
// followed by four digits.
const (
	PublisherName         = "paybridge"
	PublisherPrefix       = "pb"
	PublisherChoicePrefix = 88420
	choiceBase            = PublisherChoicePrefix * 10000
)

// ColumnType is a Dataverse column type that PayBridge uses.
type ColumnType string

// The column types of Dataverse that the tables below are made of.
const (
	String   ColumnType = "String"
	Memo     ColumnType = "Memo"
	Money    ColumnType = "Money"
	Choice   ColumnType = "Picklist"
	DateTime ColumnType = "DateTime"
	Boolean  ColumnType = "Boolean"
	Lookup   ColumnType = "Lookup"
)

// Column is one column of a table that PayBridge creates.
type Column struct {
	// Name is the logical name, all lower case; SchemaName is the name with the
	// capitals that Dataverse keeps, which is also a lookup's navigation
	// property in writes.
	Name, SchemaName, Label string
	Type                    ColumnType
	// MaxLength is the longest text of a String or Memo, in characters.
	MaxLength int
	// Precision is how many decimals a Money column keeps, whatever the currency:
	// an amount that the currency cannot express has to arrive as it was entered
	// to be refused in words, and Dataverse would round it to the currency's own
	// precision, of which the dinars have more than many environments say.
	Precision int
	// Options are the values of a Choice in order.
	Options []Option
	// Target is the table that a Lookup points to, Relationship the schema name
	// of the relationship that the lookup belongs to.
	Target, Relationship string
}

// moneyPrecision is the most that Dataverse keeps of a Money column.
const moneyPrecision = 4

// Option is one value of a choice.
type Option struct {
	Value int
	Label string
}

// Key is an alternate key.
type Key struct {
	Name, SchemaName, Label string
	Columns                 []string
}

// Table is a table that PayBridge creates: setup makes it, doctor compares it
// and the Dataverse stand-in starts with it.
type Table struct {
	// Name is the logical name, SetName the name in URLs.
	Name, SchemaName, SetName, Label, PluralLabel string
	// PrimaryID and PrimaryName are the logical names of the GUID column and of
	// the column that stands for the row where people see it.
	PrimaryID, PrimaryName string
	// Extends says that the table is the CRM's own: setup never makes it, only
	// the columns and keys below that it lacks.
	Extends bool
	Columns []Column
	Keys    []Key
}

// Tables returns what has to be in the CRM for a mapping: the tables of
// PayBridge, and where the payments live in another table of the CRM's that
// table with the columns that PayBridge adds to it. A table that a mapping file
// names has columns of its maker's, so there is nothing to add. Money columns
// bring transactioncurrencyid with them, which Dataverse creates by itself.
func (m Mapping) Tables() []Table {
	var tables []Table
	switch m.Table {
	case PaymentMapping().Table:
		tables = append(tables, Table{
			Name: m.Table, SchemaName: "pb_Payment", SetName: m.SetName,
			Label: "Payment", PluralLabel: "Payments",
			PrimaryID: m.IDColumn, PrimaryName: "pb_name",
			Columns: slices.Concat([]Column{
				{Name: "pb_name", SchemaName: "pb_Name", Label: "Name", Type: String, MaxLength: 200},
				{Name: "pb_amount", SchemaName: "pb_Amount", Label: "Amount", Type: Money, Precision: moneyPrecision},
			}, askColumns(), answerColumns()),
			Keys: objectKeys(),
		})
	case SalesOrderMapping().Table:
		tables = append(tables, Table{
			Name: m.Table, SchemaName: "SalesOrder", SetName: m.SetName,
			Label: "Order", PluralLabel: "Orders",
			PrimaryID: m.IDColumn, PrimaryName: "name", Extends: true,
			Columns: slices.Concat(askColumns(), answerColumns()),
			Keys:    objectKeys(),
		})
	}
	return append(tables, m.timeline(), bookmarks())
}

// Foreign reports whether the payments live in the table of a mapping file,
// which is its maker's and not among Tables.
func (m Mapping) Foreign() bool {
	return m.Table != PaymentMapping().Table && m.Table != SalesOrderMapping().Table
}

// Tables returns the tables for PaymentMapping.
func Tables() []Table { return PaymentMapping().Tables() }

// askColumns are what the CRM asks for, beside the amount.
func askColumns() []Column {
	return []Column{
		{Name: "pb_customeremail", SchemaName: "pb_CustomerEmail", Label: "Customer e-mail", Type: String, MaxLength: 254},
		{Name: "pb_collectby", SchemaName: "pb_CollectBy", Label: "Collect by", Type: Choice, Options: options("Payment intent", "Checkout link")},
		{Name: "pb_request", SchemaName: "pb_Request", Label: "Request", Type: Choice, Options: options("None", "Pay", "Cancel", "Refund")},
		{Name: "pb_refundamount", SchemaName: "pb_RefundAmount", Label: "Refund amount", Type: Money, Precision: moneyPrecision},
	}
}

// answerColumns are what Stripe says.
func answerColumns() []Column {
	return []Column{
		{Name: "pb_status", SchemaName: "pb_Status", Label: "Status", Type: Choice, Options: statusOptions()},
		{Name: "pb_paymentintentid", SchemaName: "pb_PaymentIntentId", Label: "PaymentIntent", Type: String, MaxLength: 255},
		{Name: "pb_checkoutsessionid", SchemaName: "pb_CheckoutSessionId", Label: "Checkout Session", Type: String, MaxLength: 255},
		{Name: "pb_chargeid", SchemaName: "pb_ChargeId", Label: "Charge", Type: String, MaxLength: 255},
		{Name: "pb_checkouturl", SchemaName: "pb_CheckoutUrl", Label: "Checkout link", Type: String, MaxLength: 2000},
		{Name: "pb_amountreceived", SchemaName: "pb_AmountReceived", Label: "Amount received", Type: Money, Precision: moneyPrecision},
		{Name: "pb_amountrefunded", SchemaName: "pb_AmountRefunded", Label: "Amount refunded", Type: Money, Precision: moneyPrecision},
		{Name: "pb_paidon", SchemaName: "pb_PaidOn", Label: "Paid on", Type: DateTime},
		{Name: "pb_failurecode", SchemaName: "pb_FailureCode", Label: "Failure code", Type: String, MaxLength: 100},
		{Name: "pb_failuremessage", SchemaName: "pb_FailureMessage", Label: "Failure message", Type: String, MaxLength: 1000},
		{Name: "pb_disputestatus", SchemaName: "pb_DisputeStatus", Label: "Dispute status", Type: String, MaxLength: 100},
		{Name: "pb_disputereason", SchemaName: "pb_DisputeReason", Label: "Dispute reason", Type: String, MaxLength: 100},
		{Name: "pb_paymentmethod", SchemaName: "pb_PaymentMethod", Label: "Payment method", Type: String, MaxLength: 100},
		{Name: "pb_receipturl", SchemaName: "pb_ReceiptUrl", Label: "Receipt", Type: String, MaxLength: 2000},
		{Name: "pb_livemode", SchemaName: "pb_Livemode", Label: "Live mode", Type: Boolean},
		{Name: "pb_handledrequest", SchemaName: "pb_HandledRequest", Label: "Request handled", Type: String, MaxLength: 200},
		{Name: "pb_lasterror", SchemaName: "pb_LastError", Label: "Last error", Type: Memo, MaxLength: 2000},
	}
}

// objectKeys are the alternate keys by which the row of a Stripe object is
// found.
func objectKeys() []Key {
	return []Key{
		{Name: "pb_paymentintentidkey", SchemaName: "pb_PaymentIntentIdKey", Label: "PaymentIntent", Columns: []string{"pb_paymentintentid"}},
		{Name: "pb_checkoutsessionidkey", SchemaName: "pb_CheckoutSessionIdKey", Label: "Checkout Session", Columns: []string{"pb_checkoutsessionid"}},
	}
}

// timeline is the table of the events of payments.
func (m Mapping) timeline() Table {
	t := Table{
		Name: "pb_paymentevent", SchemaName: "pb_PaymentEvent", SetName: "pb_paymentevents",
		Label: "Payment event", PluralLabel: "Payment events",
		PrimaryID: "pb_paymenteventid", PrimaryName: "pb_stripeeventid",
		Columns: []Column{
			{Name: "pb_stripeeventid", SchemaName: "pb_StripeEventId", Label: "Stripe event", Type: String, MaxLength: 255},
			{Name: "pb_type", SchemaName: "pb_Type", Label: "Type", Type: String, MaxLength: 100},
			{Name: "pb_occurredon", SchemaName: "pb_OccurredOn", Label: "Occurred on", Type: DateTime},
			{Name: "pb_outcome", SchemaName: "pb_Outcome", Label: "Outcome", Type: Choice, Options: options("Applied", "No change", "Needs review")},
			{Name: "pb_detail", SchemaName: "pb_Detail", Label: "Detail", Type: Memo, MaxLength: 2000},
		},
		Keys: []Key{
			{Name: "pb_stripeeventidkey", SchemaName: "pb_StripeEventIdKey", Label: "Stripe event", Columns: []string{"pb_stripeeventid"}},
		},
	}
	if m.EventLookup != "" {
		t.Columns = append(t.Columns, Column{
			Name: strings.ToLower(m.EventLookup), SchemaName: m.EventLookup, Label: "Payment", Type: Lookup, Target: m.Table,
			Relationship: PublisherPrefix + "_" + strings.TrimPrefix(m.Table, PublisherPrefix+"_") + "_paymentevents",
		})
	}
	return t
}

func options(labels ...string) []Option {
	list := make([]Option, len(labels))
	for i, label := range labels {
		list[i] = Option{Value: choiceBase + i, Label: label}
	}
	return list
}

func statusOptions() []Option {
	var labels []string
	for _, s := range payment.Statuses() {
		labels = append(labels, s.String())
	}
	return options(labels...)
}

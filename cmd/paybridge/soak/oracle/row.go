package oracle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// Label is the annotation in which Dataverse spells a choice value out.
const Label = "@OData.Community.Display.V1.FormattedValue"

// asked are the columns in which the CRM asks; all others with the prefix pb_
// are PayBridge's to write. The link of a Checkout Session is Stripe's to word.
var asked = []string{"pb_paymentid", "pb_name", "pb_amount", "pb_customeremail", "pb_collectby", "pb_request", "pb_refundamount", "pb_checkouturl"}

// Status is the label of a row's status, empty where it has none.
func Status(row map[string]any) string { return Text(row, "pb_status"+Label) }

// Shown is what a row shows of Stripe, in the form of Truth.
func Shown(row map[string]any) map[string]string {
	columns := map[string]string{}
	for name, value := range row {
		if !strings.HasPrefix(name, "pb_") || strings.Contains(name, "@") || strings.HasSuffix(name, "_base") || slices.Contains(asked, name) {
			continue
		}
		switch value := value.(type) {
		case string:
			columns[name] = value
		case bool:
			columns[name] = fmt.Sprint(value)
		case json.Number:
			columns[name] = plainText(value.String())
		}
	}
	if label := Status(row); label != "" {
		columns["pb_status"] = label
	}
	return columns
}

// plainText is a number without trailing zeros.
func plainText(number string) string {
	d, err := decimal.NewFromString(number)
	if err != nil {
		return number
	}
	return d.String()
}

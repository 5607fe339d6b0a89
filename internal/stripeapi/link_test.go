package stripeapi

import (
	"strings"
	"testing"

	"paybridge/internal/payment"
)

func TestLink(t *testing.T) {
	long := strings.Repeat("ü", 500) // as long as Stripe allows, in characters
	for _, c := range []struct {
		name, id, org, reference string
		want                     payment.Link
	}{
		{name: "nothing"},
		{name: "metadata", id: rowID, org: org, want: payment.Link{CRMPaymentID: rowID, CRMOrg: org}},
		{name: "reference", reference: rowID, want: payment.Link{CRMPaymentID: rowID}},
		{name: "both", id: rowID, reference: "basket-77", want: payment.Link{CRMPaymentID: rowID}},
		{name: "metadata of spaces", id: "  ", reference: rowID, want: payment.Link{CRMPaymentID: rowID}},
		{name: "metadata that is no row", id: "PAY-1", reference: rowID, want: payment.Link{CRMPaymentID: "PAY-1"}},
		{name: "braces", id: "{" + strings.ToUpper(rowID) + "}", want: payment.Link{CRMPaymentID: rowID}},
		{name: "organisation as URL", org: "HTTPS://Northwind.crm11.dynamics.com/main.aspx", want: payment.Link{CRMOrg: org}},
		{name: "too long", id: long, org: long, want: payment.Link{CRMPaymentID: long[:maxLink], CRMOrg: long[:maxLink]}},
		{name: "cut inside a character", id: "x" + long, want: payment.Link{CRMPaymentID: "x" + long[:maxLink-2]}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := linkOf(c.id, c.org, c.reference)
			if got != c.want {
				t.Errorf("linkOf = %+v, want %+v", got, c.want)
			}
			h := payment.Hint{EventID: "evt_1", CRMPaymentID: got.CRMPaymentID, CRMOrg: got.CRMOrg}
			if err := h.Validate(); err != nil {
				t.Errorf("no hint can carry it: %v", err)
			}
		})
	}
}

package stripeapi

import (
	"strings"
	"unicode/utf8"

	"paybridge/internal/payment"
)

// The metadata keys that tie an object of Stripe's to a row of the CRM.
const (
	MetadataPaymentID = "CRM_PaymentId"
	MetadataOrg       = "CRM_Org"
)

// maxLink bounds each text of a link in bytes. Stripe allows 500 characters
// in a metadata value, and no GUID or host name is nearly as long.
const maxLink = 500

// linkOf is the one place that says which row an object is about: paymentID
// and org are the values of its metadata, reference is the client_reference_id
// of a Checkout Session, each empty where there is none.
func linkOf(paymentID, org, reference string) payment.Link {
	id := strings.TrimSpace(paymentID)
	if id == "" {
		id = strings.TrimSpace(reference)
	}
	if row, err := payment.ParseRowID(id); err == nil {
		id = string(row)
	}
	return payment.Link{CRMPaymentID: bounded(id), CRMOrg: bounded(payment.OrgHost(org))}
}

// bounded cuts s to maxLink bytes without splitting a character.
func bounded(s string) string {
	if len(s) <= maxLink {
		return s
	}
	n := maxLink
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

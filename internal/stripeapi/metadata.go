package stripeapi

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"paybridge/internal/outcome"
	"paybridge/internal/payment"
)

// MetadataAfter is the metadata key of a PaymentIntent or Checkout Session that
// names the one after which it was made for the same row. It is not given to
// the intent of a session: that is the same attempt.
const MetadataAfter = "CRM_After"

// MetadataRefundTotal is the metadata key of a refund that says how much was to
// have gone back in all with it, in minor units.
const MetadataRefundTotal = "CRM_RefundTotal"

// What Stripe takes as metadata and as a description, in characters.
//
// Source: https://docs.stripe.com/api/metadata.
const (
	maxMetadataKeys  = 50 // of which one is kept free for MetadataAfter
	maxMetadataName  = 40
	maxMetadataValue = 500
	maxDescription   = 1000
)

// linked returns the metadata of an object that is made for a row: the link and
// the further ones. What Stripe would refuse is an error for review that names
// the key. An empty value is left out, because Stripe reads it as "take the key
// away".
func linked(link payment.Link, further map[string]string) (map[string]string, error) {
	row, err := payment.ParseRowID(link.CRMPaymentID)
	if err != nil {
		return nil, outcome.Reviewf("making something at Stripe for the row %s: %w", quoted(link.CRMPaymentID), err)
	}
	all := map[string]string{MetadataPaymentID: string(row)}
	if link.CRMOrg != "" {
		all[MetadataOrg] = link.CRMOrg
	}
	for _, key := range slices.Sorted(maps.Keys(further)) {
		value := further[key]
		if value == "" {
			continue
		}
		if err := checkMetadata(key, value); err != nil {
			return nil, err
		}
		all[key] = value
	}
	if len(all) >= maxMetadataKeys {
		return nil, outcome.Reviewf("The payment has %d metadata keys, beside which PayBridge needs one more, and Stripe takes %d. Map fewer columns to metadata.", len(all), maxMetadataKeys)
	}
	if n := utf8.RuneCountInString(link.CRMOrg); n > maxMetadataValue {
		return nil, tooLongValue(MetadataOrg, n)
	}
	return all, nil
}

func checkMetadata(key, value string) error {
	switch {
	case key == "":
		return outcome.Reviewf("A metadata key is empty. Give the column that is mapped to it a name.")
	case key == MetadataPaymentID || key == MetadataOrg || key == MetadataAfter || key == MetadataRefundTotal:
		return outcome.Reviewf("The metadata key %s is PayBridge's own. Map the column to another key.", key)
	case strings.ContainsAny(key, "[]"):
		return outcome.Reviewf("The metadata key %s has a square bracket, which Stripe does not take. Map the column to a key without one.", quoted(key))
	}
	if n := utf8.RuneCountInString(key); n > maxMetadataName {
		return outcome.Reviewf("The metadata key %s has %d characters, of which Stripe takes %d. Map the column to a shorter key.",
			quoted(key), n, maxMetadataName)
	}
	if n := utf8.RuneCountInString(value); n > maxMetadataValue {
		return tooLongValue(key, n)
	}
	return nil
}

func tooLongValue(key string, n int) error {
	return outcome.Reviewf("The value of the metadata key %s has %d characters, of which Stripe takes %d. Shorten the text or map another column.",
		quoted(key), n, maxMetadataValue)
}

func checkDescription(s string) error {
	if n := utf8.RuneCountInString(s); n > maxDescription {
		return outcome.Reviewf("The description has %d characters, of which Stripe takes %d. Shorten it.", n, maxDescription)
	}
	return nil
}

// followed adds the attempt that an object is made after to its metadata.
func followed(metadata map[string]string, after string) (map[string]string, error) {
	if after == "" {
		return metadata, nil
	}
	if !payment.ValidStripeID(after, "pi", "cs") {
		return nil, outcome.Reviewf("%s is not the id of a PaymentIntent or a Checkout Session. Correct the ids on the row.", quoted(after))
	}
	metadata = maps.Clone(metadata)
	metadata[MetadataAfter] = after
	return metadata, nil
}

// afterOf reads what followed wrote, and nothing else.
func afterOf(metadata map[string]string) string {
	if id := metadata[MetadataAfter]; payment.ValidStripeID(id, "pi", "cs") {
		return id
	}
	return ""
}

// refundTotal reads the total of a refund, 0 where there is none.
func refundTotal(metadata map[string]string) int64 {
	total, err := strconv.ParseInt(metadata[MetadataRefundTotal], 10, 64)
	if err != nil || total < 0 {
		return 0
	}
	return total
}

// quoted makes a text of somebody's fit for an error.
func quoted(s string) string { return clean(fmt.Sprintf("%q", s), 60) }

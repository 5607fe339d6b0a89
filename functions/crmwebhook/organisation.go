package crmwebhook

import (
	"regexp"
	"strings"

	"paybridge/internal/payment"
)

// sameOrg says whether the header of a call names the organisation ours. Where
// one of the two is not known there is nothing to compare.
func sameOrg(ours, header string) bool {
	return ours == "" || header == "" || payment.OrgHost(ours) == payment.OrgHost(header)
}

var host = regexp.MustCompile(`^[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?$`)

// hostName is how a header of unknown origin is shown.
func hostName(header string) string {
	if header = strings.TrimSpace(header); host.MatchString(header) {
		return header
	}
	return "another one"
}

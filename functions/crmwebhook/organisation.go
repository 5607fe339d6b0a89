package crmwebhook

import (
	"regexp"
	"strings"
)

// sameOrg says whether the header of a call names the organisation ours. Where
// one of the two is not known there is nothing to compare.
func sameOrg(ours, header string) bool {
	return ours == "" || header == "" || plainHost(ours) == plainHost(header)
}

// plainHost returns the one spelling of an organisation's host. The Web API
// answers at contoso.api.crm4.dynamics.com as well as at
// contoso.crm4.dynamics.com, and either may be in the settings.
func plainHost(host string) string {
	host = strings.ToLower(strings.TrimSpace(host))
	name, rest, _ := strings.Cut(host, ".")
	if region, found := strings.CutPrefix(rest, "api."); found && strings.HasPrefix(region, "crm") {
		return name + "." + region
	}
	return host
}

var host = regexp.MustCompile(`^[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?$`)

// hostName is how a header of unknown origin is shown.
func hostName(header string) string {
	if header = strings.TrimSpace(header); host.MatchString(header) {
		return header
	}
	return "another one"
}

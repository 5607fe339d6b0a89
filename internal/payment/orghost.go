package payment

import "strings"

// OrgHost returns the one spelling of a CRM organisation: its host name in
// lower case, with a port where it has one. People also write it as a URL, and
// its Web API answers at contoso.api.crm4.dynamics.com as well as at
// contoso.crm4.dynamics.com. Payments name their organisation for years, so a
// setting that changes from one to the other must not make them somebody
// else's.
func OrgHost(org string) string {
	host := strings.ToLower(strings.TrimSpace(org))
	if _, after, ok := strings.Cut(host, "://"); ok {
		host = after
	}
	host, _, _ = strings.Cut(host, "/")
	name, rest, _ := strings.Cut(host, ".")
	if region, found := strings.CutPrefix(rest, "api."); found && strings.HasPrefix(region, "crm") {
		return name + "." + region
	}
	return host
}

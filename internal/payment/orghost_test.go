package payment

import "testing"

func TestOrgHost(t *testing.T) {
	for org, want := range map[string]string{
		"":                              "",
		"contoso.crm4.dynamics.com":     "contoso.crm4.dynamics.com",
		" Contoso.CRM4.dynamics.com ":   "contoso.crm4.dynamics.com",
		"contoso.api.crm4.dynamics.com": "contoso.crm4.dynamics.com",
		"https://contoso.api.crm.dynamics.com/main.aspx?x=1": "contoso.crm.dynamics.com",
		"contoso.api.crm.microsoftdynamics.us":               "contoso.crm.microsoftdynamics.us",
		"api.crm4.dynamics.com":                              "api.crm4.dynamics.com",
		"contoso.api.example.com":                            "contoso.api.example.com",
		"http://127.0.0.1:7072":                              "127.0.0.1:7072",
		"localhost":                                          "localhost",
	} {
		if got := OrgHost(org); got != want {
			t.Errorf("OrgHost(%q) = %q, want %q", org, got, want)
		}
		if got := OrgHost(OrgHost(org)); got != want {
			t.Errorf("OrgHost is not the same twice for %q: %q", org, got)
		}
	}
}

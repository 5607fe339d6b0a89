package dataverse

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNewChecksTheURL(t *testing.T) {
	good := map[string]string{
		"https://Contoso.crm4.dynamics.com":      "contoso.crm4.dynamics.com",
		" https://contoso.crm.dynamics.com/ ":    "contoso.crm.dynamics.com",
		"http://127.0.0.1:8080":                  "127.0.0.1:8080",
		"http://localhost:8080":                  "localhost:8080",
		"http://[::1]:8080":                      "[::1]:8080",
		"https://contoso.api.crm.dynamics.com":   "contoso.api.crm.dynamics.com",
		"https://contoso.crm.dynamics.com:44300": "contoso.crm.dynamics.com:44300",
	}
	for url, host := range good {
		c, err := New(url, &tokens{}, nil)
		if err != nil {
			t.Errorf("New(%q): %v", url, err)
		} else if c.Host() != host {
			t.Errorf("New(%q).Host() = %q, want %q", url, c.Host(), host)
		}
	}
	for _, url := range []string{
		"", "contoso.crm.dynamics.com", "https://", "http://contoso.crm.dynamics.com", "http://127.0.0.1.example.com",
		"https://contoso.crm.dynamics.com/api/data/v9.2", "https://contoso.crm.dynamics.com?x=1", "https://a:b@contoso.crm.dynamics.com",
		"https://contoso.crm.dynamics.com#x", "ftp://contoso.crm.dynamics.com", "https://%zz",
	} {
		if _, err := New(url, &tokens{}, nil); err == nil {
			t.Errorf("New(%q): no error", url)
		}
	}
}

func TestNewNeedsACredentialAwayFromLoopback(t *testing.T) {
	if _, err := New("https://contoso.crm.dynamics.com", nil, nil); err == nil {
		t.Error("New without a credential: no error")
	}
	s := newScript(t, answer(200, `{"UserId":"`+aGUID+`","BusinessUnitId":"`+aGUID+`","OrganizationId":"`+aGUID+`"}`))
	c, err := New(s.URL, nil, nil)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	who, err := c.WhoAmI(t.Context())
	if err != nil || who.UserID.String() != aGUID {
		t.Errorf("WhoAmI = %v, %v", who, err)
	}
	got := s.requests()[0]
	if diff := cmp.Diff("/api/data/v9.2/WhoAmI", got.uri); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer app", "Accept": "application/json", "Odata-Version": "4.0", "Odata-Maxversion": "4.0", "User-Agent": "paybridge", "Accept-Encoding": "gzip",
	} {
		if diff := cmp.Diff(want, got.header.Get(name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

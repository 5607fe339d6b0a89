package secret_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"paybridge/internal/secret"
)

// fetch asks over the transport and returns the status and what came of the
// body.
func fetch(t *testing.T, url string) (status, size int, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("client_secret=hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := secret.Transport().Do(req)
	if err != nil {
		return 0, 0, err
	}
	body, err := io.ReadAll(resp.Body)
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	return resp.StatusCode, len(body), err
}

func TestAnswersAreBounded(t *testing.T) {
	for name, c := range map[string]struct {
		header, body int
		ok           bool
	}{
		"a secret":              {100, 25 << 10, true},
		"the largest body":      {100, 1 << 20, true},
		"a byte more":           {100, 1<<20 + 1, false},
		"a large header":        {48 << 10, 0, true},
		"a header that is more": {72 << 10, 0, false},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", c.header))
			_, _ = io.WriteString(w, strings.Repeat("x", c.body))
		}))
		if _, size, err := fetch(t, s.URL); (err == nil) != c.ok || size > 1<<20 {
			t.Errorf("%s: %d bytes, %v", name, size, err)
		}
		s.Close()
	}
}

// TestRedirectsAreNotFollowed: one with which a POST is repeated would take a
// client secret along.
func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer elsewhere.Close()
	s := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer s.Close()
	if status, _, err := fetch(t, s.URL); status != http.StatusTemporaryRedirect || err != nil {
		t.Errorf("%d, %v", status, err)
	}
}

// TestVaultThatLeadsElsewhereIsNotFollowed resolves a reference as the app does.
func TestVaultThatLeadsElsewhereIsNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"id":"https://kv-pay.vault.azure.net/secrets/n/1","value":"sk_test_planted"}`)
	}))
	defer elsewhere.Close()
	vault := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer vault.Close()
	got, err := secret.Resolver{}.Resolve(t.Context(), map[string]secret.Reference{
		"StripeSecretKey": reference(t, "@Microsoft.KeyVault(SecretUri="+vault.URL+"/secrets/n)"),
	})
	if err == nil || len(got) != 0 {
		t.Errorf("resolved %v, %v", got, err)
	}
}

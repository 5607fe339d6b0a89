package vault_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/vault"
	"paybridge/internal/secret"
	"paybridge/internal/secret/leak"
	"paybridge/standin/keyvault"
)

func open(t *testing.T, cfg keyvault.Config) (*vault.Vault, *keyvault.Server) {
	t.Helper()
	server := keyvault.New(cfg)
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	at, err := vault.Parse(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(at, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return v, server
}

func TestVault(t *testing.T) {
	t.Parallel()
	v, server := open(t, keyvault.Config{})
	ctx := t.Context()
	got, err := v.Read(ctx, "stripe-webhook-secret")
	if err != nil || !got.Value.IsZero() {
		t.Fatalf("an empty vault has %+v, %v", got, err)
	}
	tags := map[string]string{"endpoints": "we_1,we_2"}
	if err := v.Write(ctx, "stripe-webhook-secret", secret.New("whsec_a,whsec_b"), tags); err != nil {
		t.Fatal(err)
	}
	got, err = v.Read(ctx, "stripe-webhook-secret")
	if err != nil || !got.Value.Equal(secret.New("whsec_a,whsec_b")) || len(got.Version) != 32 {
		t.Errorf("read %+v, %v", got, err)
	}
	if diff := cmp.Diff(tags, got.Tags); diff != "" {
		t.Error(diff)
	}
	if server.Writes() != 1 {
		t.Errorf("%d writes", server.Writes())
	}
}

// What a vault refuses comes with what to do, and without what it answered.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		fault          keyvault.Fault
		message, hint  string
		onlyForWriting bool
	}{
		{"role", keyvault.Fault{Status: http.StatusForbidden, Code: "Forbidden", Inner: "ForbiddenByRbac"}, "you may not", "Key Vault Secrets Officer", false},
		{"firewall", keyvault.Fault{Status: http.StatusForbidden, Code: "Forbidden", Inner: "ForbiddenByFirewall"}, "not let in", "firewall", false},
		{"deleted", keyvault.Fault{Status: http.StatusConflict, Code: "Conflict", Inner: "ObjectIsDeletedButRecoverable"}, "was deleted", "az keyvault secret recover", true},
		{"recovering", keyvault.Fault{Status: http.StatusConflict, Code: "Conflict", Inner: "ObjectIsBeingRecovered"}, "being deleted or recovered", "run it again", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v, _ := open(t, keyvault.Config{Faults: func(*http.Request) *keyvault.Fault { return &c.fault }})
			err := v.Write(t.Context(), "key", secret.New("hunter2"), nil)
			if !c.onlyForWriting {
				_, reading := v.Read(t.Context(), "key")
				check(t, reading, c.message, c.hint)
			}
			check(t, err, c.message, c.hint)
		})
	}
}

func check(t *testing.T, err error, message, hint string) {
	t.Helper()
	e, ok := errors.AsType[*vault.Error](err)
	if !ok || !strings.Contains(e.Error(), message) || !strings.Contains(e.Hint(), hint) {
		t.Errorf("got %v, want %q with hint %q", err, message, hint)
	}
	leak.New("hunter2").Assert(t, "the error", fmt.Sprint(e, hint))
}

func TestParse(t *testing.T) {
	t.Parallel()
	for address, url := range map[string]string{
		"kv-pay": "https://kv-pay.vault.azure.net", " kv-pay ": "https://kv-pay.vault.azure.net",
		"https://KV-pay.vault.azure.net/": "https://kv-pay.vault.azure.net", "https://kv-pay.vault.azure.cn": "https://kv-pay.vault.azure.cn",
		"http://127.0.0.1:7074": "http://127.0.0.1:7074",
	} {
		if at, err := vault.Parse(address); err != nil || at.URL() != url {
			t.Errorf("Parse(%q) = %v, %v", address, at.URL(), err)
		}
	}
	for _, address := range []string{"", "kv", "kv-pay;SecretName=x", "https://evil.example", "http://kv-pay.vault.azure.net", "https://kv-pay.vault.azure.net/secrets/x"} {
		if at, err := vault.Parse(address); err == nil {
			t.Errorf("Parse(%q) = %v", address, at)
		}
	}
}

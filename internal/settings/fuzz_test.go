package settings_test

import (
	"context"
	"strings"
	"testing"

	"paybridge/internal/secret"
	"paybridge/internal/settings"
)

// anyone resolves every reference to one value.
type anyone string

func (a anyone) Resolve(_ context.Context, references map[string]secret.Reference) (map[string]secret.Secret, error) {
	found := map[string]secret.Secret{}
	for setting := range references {
		found[setting] = secret.New(string(a))
	}
	return found, nil
}

// FuzzLoad sets one setting to anything: it is read or reported, a reference
// never passes as a value, and no problem repeats a value.
func FuzzLoad(f *testing.F) {
	for i := range settings.Fields() {
		f.Add(uint8(i), "sk_test_1", "x")
	}
	f.Add(uint8(0), "@Microsoft.KeyVault(VaultName=kv-pay;SecretName=n)", "@Microsoft.KeyVault(VaultName=kv-pay;SecretName=n)")
	f.Add(uint8(1), "whsec_1,,whsec_2\n", "")
	f.Add(uint8(3), "http://[::1]:80", "")
	f.Add(uint8(7), "Endpoint=sb://x/;", "")
	f.Fuzz(func(t *testing.T, which uint8, value, resolved string) {
		fields := settings.Fields()
		field := fields[int(which)%len(fields)]
		s, err := load(map[string]string{field.Name: value}, anyone(resolved))
		if err != nil && len(settings.Problems(err)) == 0 {
			t.Errorf("%v is no problem of a setting", err)
		}
		for _, p := range settings.Problems(err) {
			if p.Setting == "" || p.Message == "" || p.Hint == "" {
				t.Errorf("the problem %+v is not complete", p)
			}
			// The hints show the form of a reference, which may be what was entered.
			const form = "@Microsoft.KeyVault(VaultName=vault;SecretName=name)"
			if v := strings.TrimSpace(value); len(v) > 20 && !strings.Contains(form, v) && strings.Contains(p.Error(), v) {
				t.Errorf("%q repeats the value", p)
			}
		}
		for _, revealed := range append(s.StripeWebhookSecrets, s.StripeSecretKey, s.DataverseClientSecret, s.ServiceBusConnection) {
			if v := revealed.Reveal(); secret.IsReference(v) || v != strings.TrimSpace(v) {
				t.Errorf("%s was taken as a secret", v)
			}
		}
		if host := s.OrgHost(); host != strings.ToLower(host) || strings.ContainsAny(host, "/?#@ ") || (host == "") != (s.DataverseURL == "") {
			t.Errorf("the host of %q is %q", s.DataverseURL, host)
		}
		if s.InvocationTimeout < 0 {
			t.Errorf("the invocation timeout is %s", s.InvocationTimeout)
		}
	})
}

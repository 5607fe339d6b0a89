package secret_test

import (
	"net"
	"net/url"
	"strings"
	"testing"

	"paybridge/internal/secret"
)

func TestParseReference(t *testing.T) {
	t.Parallel()
	newest := secret.Reference{Host: "kv-pay.vault.azure.net", Name: "Stripe-Key-1"}
	pinned := secret.Reference{Host: "kv-pay.vault.azure.net", Name: "Stripe-Key-1", Version: "0123456789abcdef0123456789abcdef"}
	for value, want := range map[string]secret.Reference{
		"@Microsoft.KeyVault(SecretUri=https://kv-pay.vault.azure.net/secrets/Stripe-Key-1)":                                  newest,
		"@Microsoft.KeyVault(SecretUri=https://kv-pay.vault.azure.net/secrets/Stripe-Key-1/)":                                 newest,
		"@Microsoft.KeyVault(SecretUri=https://kv-pay.vault.azure.net/secrets/Stripe-Key-1/0123456789abcdef0123456789abcdef)": pinned,
		"@Microsoft.KeyVault(SecretUri=https://KV-Pay.Vault.Azure.NET/secrets/Stripe-Key-1;)":                                 newest,
		"  @microsoft.keyvault( secreturi = https://kv-pay.vault.azure.net/secrets/Stripe-Key-1 ) \n":                         newest,
		"@Microsoft.KeyVault(VaultName=kv-pay;SecretName=Stripe-Key-1)":                                                       newest,
		"@Microsoft.KeyVault(SecretName=Stripe-Key-1;VaultName=KV-Pay;)":                                                      newest,
		"@Microsoft.KeyVault( VaultName = kv-pay ; SecretName = Stripe-Key-1 ; )":                                             newest,
		"@MICROSOFT.KEYVAULT(VAULTNAME=kv-pay;SECRETNAME=Stripe-Key-1;SECRETVERSION=0123456789abcdef0123456789abcdef)":        pinned,
		"@Microsoft.KeyVault(SecretUri=https://kv-pay.vault.azure.cn/secrets/n)":                                              {Host: "kv-pay.vault.azure.cn", Name: "n"},
		"@Microsoft.KeyVault(SecretUri=https://kv-pay.vault.usgovcloudapi.net/secrets/n)":                                     {Host: "kv-pay.vault.usgovcloudapi.net", Name: "n"},
		"@Microsoft.KeyVault(SecretUri=http://127.0.0.1:7074/secrets/n)":                                                      {Host: "127.0.0.1:7074", Name: "n"},
		"@Microsoft.KeyVault(SecretUri=http://LocalHost:7074/secrets/n/12)":                                                   {Host: "localhost:7074", Name: "n", Version: "12"},
	} {
		got, err := secret.ParseReference(value)
		if err != nil || got != want {
			t.Errorf("ParseReference(%q) = %v, %v, want %v", value, got, err, want)
		}
		if !secret.IsReference(value) {
			t.Errorf("IsReference(%q) is false", value)
		}
	}
}

func TestParseReferenceRefuses(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"sk_test_x":           "begins with",
		"":                    "begins with",
		"@Microsoft.KeyVault": "begins with",
		"@Microsoft.KeyVault(VaultName=kv-pay;SecretName=n":                                        "closing parenthesis",
		"@Microsoft.KeyVault(VaultName=kv-pay;SecretName=n),whsec_x":                               "closing parenthesis",
		"@Microsoft.KeyVault()":                                                                    "needs SecretUri, or",
		"@Microsoft.KeyVault(https://kv-pay.vault.azure.net/secrets/n)":                            "knows SecretUri",
		"@Microsoft.KeyVault(VaultName=kv-pay)":                                                    "no SecretName",
		"@Microsoft.KeyVault(SecretName=n;SecretVersion=1)":                                        "no VaultName",
		"@Microsoft.KeyVault(VaultName=;SecretName=n)":                                             "no value",
		"@Microsoft.KeyVault(VaultName=kv-pay;VaultName=kv-two;SecretName=n)":                      "twice",
		"@Microsoft.KeyVault(VaultName=kv-pay;SecretName=n;SecretUri=https://a)":                   "either SecretUri",
		"@Microsoft.KeyVault(VaultName=kv.pay;SecretName=n)":                                       "host",
		"@Microsoft.KeyVault(VaultName=evil.example/;SecretName=n)":                                "host",
		"@Microsoft.KeyVault(VaultName=k--v;SecretName=n)":                                         "host",
		"@Microsoft.KeyVault(VaultName=kv;SecretName=n)":                                           "host",
		"@Microsoft.KeyVault(VaultName=kv-;SecretName=n)":                                          "host",
		"@Microsoft.KeyVault(VaultName=" + strings.Repeat("k", 25) + ";SecretName=n)":              "host",
		"@Microsoft.KeyVault(VaultName=kv-pay;SecretName=../keys)":                                 "name must",
		"@Microsoft.KeyVault(VaultName=kv-pay;SecretName=" + strings.Repeat("n", 128) + ")":        "name must",
		"@Microsoft.KeyVault(VaultName=kv-pay;SecretName=n;SecretVersion=a/b)":                     "version must",
		"@Microsoft.KeyVault(SecretUri=http://kv-pay.vault.azure.net/secrets/n)":                   "must be https",
		"@Microsoft.KeyVault(SecretUri=https://kv-pay.vault.azure.net:8443/secrets/n)":             "must be https",
		"@Microsoft.KeyVault(SecretUri=http://127.0.0.1.evil.example:80/secrets/n)":                "must be https",
		"@Microsoft.KeyVault(SecretUri=https://127.0.0.1:7074/secrets/n)":                          "must be https",
		"@Microsoft.KeyVault(SecretUri=http://[fe80::1]:7074/secrets/n)":                           "must be https",
		"@Microsoft.KeyVault(SecretUri=https://u:p@kv-pay.vault.azure.net/secrets/n)":              "must be https",
		"@Microsoft.KeyVault(SecretUri=https://kv-pay.vault.azure.net/secrets/n?x=1)":              "must be https",
		"@Microsoft.KeyVault(SecretUri=https://kv-pay.vault.azure.net/secrets/n#x)":                "must be https",
		"@Microsoft.KeyVault(SecretUri=https://kv-pay.vault.azure.net/keys/n)":                     "/secrets/name",
		"@Microsoft.KeyVault(SecretUri=https://kv-pay.vault.azure.net/secrets/)":                   "name must",
		"@Microsoft.KeyVault(SecretUri=https://kv-pay.vault.azure.net/secrets/n/v/w)":              "version must",
		"@Microsoft.KeyVault(SecretUri=https://kv-pay.vault.azure.net/secrets/n%2Fv)":              "name must",
		"@Microsoft.KeyVault(SecretUri=https://kv-pay.managedhsm.azure.net/secrets/n)":             "host",
		"@Microsoft.KeyVault(SecretUri=https://kv-pay.vault.azure.net.evil.example/secrets/n)":     "host",
		"@Microsoft.KeyVault(SecretUri=https://evil-vault.azure.net/secrets/n)":                    "host",
		"@Microsoft.KeyVault(SecretUri=https://a.b.vault.azure.net/secrets/n)":                     "host",
		"@Microsoft.KeyVault(SecretUri=https://evil.example\\.kv-pay.vault.azure.net/secrets/n)":   "not a URL",
		"@Microsoft.KeyVault(SecretUri=https://kv-pay.vault.azure.net/secrets/n;SecretVersion=12)": "either SecretUri",
	} {
		got, err := secret.ParseReference(value)
		if err == nil {
			t.Errorf("ParseReference(%q) = %v, want an error", value, got)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("ParseReference(%q) says %q, want %q in it", value, err, want)
		}
	}
}

func TestErrorsOfReferencesDoNotRepeatThem(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"@Microsoft.KeyVault(hunter2)", "@Microsoft.KeyVault(hunter2=1)", "@Microsoft.KeyVault(SecretUri=hunter2)", "@Microsoft.KeyVault(SecretUri=https://%zz/hunter2)",
		"@Microsoft.KeyVault(VaultName=kv-pay;SecretName=hunter2!)", "@Microsoft.KeyVault(VaultName=hunter2!;SecretName=n)", "hunter2",
	} {
		if _, err := secret.ParseReference(value); err == nil || leaks(err.Error()) {
			t.Errorf("ParseReference(%q) says %v", value, err)
		}
	}
}

func FuzzReference(f *testing.F) {
	f.Add("@Microsoft.KeyVault(SecretUri=https://kv-pay.vault.azure.net/secrets/name/0123)")
	f.Add("@Microsoft.KeyVault(VaultName=kv-pay;SecretName=name;SecretVersion=0123)")
	f.Add("@Microsoft.KeyVault(SecretUri=https://user@kv-pay.vault.azure.net:1/secrets/../name?q#f)")
	f.Add("@Microsoft.KeyVault(SecretUri=http://[::1]:7074/secrets/name)")
	f.Add("sk_test_x")
	f.Fuzz(func(t *testing.T, value string) {
		got, err := secret.ParseReference(value)
		if err != nil {
			if got != (secret.Reference{}) {
				t.Errorf("an error comes with %v", got)
			}
			return
		}
		if !secret.IsReference(value) {
			t.Errorf("%q is parsed and yet no reference", value)
		}
		host := got.Host
		if u, err := url.Parse(got.URL()); err != nil || u.Host != host {
			t.Errorf("%+v cannot be put into a URL", got)
		} else if u.Scheme == "http" && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()) {
			host = "" // A stand-in: the one host with colons in it.
		}
		if strings.ContainsAny(host+got.Name+got.Version, "/\\?#@:% \t\r\n") {
			t.Errorf("%+v cannot be put into a URL", got)
		}
		again, err := secret.ParseReference(got.String())
		if err != nil || again != got {
			t.Errorf("%v reads back as %v, %v", got, again, err)
		}
	})
}

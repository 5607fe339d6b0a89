package keyvault_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
	"github.com/google/go-cmp/cmp"

	"paybridge/standin/keyvault"
)

// token signs in as whoever it says.
type token string

func (t token) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if len(o.Scopes) != 1 || o.Scopes[0] != "https://vault.azure.net/.default" || o.TenantID == "" {
		return azcore.AccessToken{}, errors.New("the challenge was not understood")
	}
	return azcore.AccessToken{Token: string(t), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// open returns the official client before a vault, over https as at Azure.
func open(t *testing.T, cfg keyvault.Config) func(token) *azsecrets.Client {
	t.Helper()
	web := httptest.NewTLSServer(keyvault.New(cfg))
	t.Cleanup(web.Close)
	return func(who token) *azsecrets.Client {
		client, err := azsecrets.NewClient(web.URL, who, &azsecrets.ClientOptions{
			ClientOptions:                        azcore.ClientOptions{Transport: web.Client(), Retry: policy.RetryOptions{MaxRetries: -1}},
			DisableChallengeResourceVerification: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		return client
	}
}

func set(t *testing.T, c *azsecrets.Client, name, value string, tags map[string]*string) azsecrets.Secret {
	t.Helper()
	made, err := c.SetSecret(t.Context(), name, azsecrets.SetSecretParameters{Value: &value, Tags: tags}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return made.Secret
}

// refused fails the test unless the vault refused with that status and code.
func refused(t *testing.T, err error, status int, code string) {
	t.Helper()
	answer, ok := errors.AsType[*azcore.ResponseError](err)
	if !ok || answer.StatusCode != status || !strings.Contains(answer.Error(), code) {
		t.Errorf("got %v, want %d %s", err, status, code)
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	c := open(t, keyvault.Config{})("anybody")
	note := "we_1"
	first := set(t, c, "Webhook", "one", map[string]*string{"endpoints": &note})
	second := set(t, c, "webhook", "two", nil)
	for version, want := range map[string]string{"": "two", first.ID.Version(): "one", second.ID.Version(): "two"} {
		got, err := c.GetSecret(t.Context(), "WEBHOOK", version, nil)
		if err != nil || *got.Value != want {
			t.Errorf("version %q is %v, %v, want %q", version, got.Value, err, want)
		}
	}
	if first.Tags["endpoints"] == nil || *first.Tags["endpoints"] != note || len(second.Tags) != 0 {
		t.Errorf("tags %v, %v", first.Tags, second.Tags)
	}
	if name := second.ID.Name(); name != "Webhook" {
		t.Errorf("the name became %q", name)
	}
	off := false
	if _, err := c.UpdateSecretProperties(t.Context(), "webhook", second.ID.Version(), azsecrets.UpdateSecretPropertiesParameters{
		SecretAttributes: &azsecrets.SecretAttributes{Enabled: &off},
	}, nil); err != nil {
		t.Fatal(err)
	}
	_, err := c.GetSecret(t.Context(), "webhook", "", nil)
	refused(t, err, http.StatusForbidden, "SecretDisabled")
	_, err = c.GetSecret(t.Context(), "webhook", "0123456789abcdef0123456789abcdef", nil)
	refused(t, err, http.StatusNotFound, "SecretNotFound")
	_, err = c.GetSecret(t.Context(), "other", "", nil)
	refused(t, err, http.StatusNotFound, "SecretNotFound")
	long := strings.Repeat("x", 26<<10)
	_, err = c.SetSecret(t.Context(), "webhook", azsecrets.SetSecretParameters{Value: &long}, nil)
	refused(t, err, http.StatusBadRequest, "BadParameter")
}

func TestLists(t *testing.T) {
	t.Parallel()
	c := open(t, keyvault.Config{})("anybody")
	for range 30 {
		set(t, c, "a", "x", nil)
	}
	set(t, c, "b", "y", nil)
	count := 0
	for pages := c.NewListSecretPropertiesVersionsPager("a", nil); pages.More(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		count += len(page.Value)
	}
	if count != 30 {
		t.Errorf("%d versions", count)
	}
	var names []string
	for pages := c.NewListSecretPropertiesPager(nil); pages.More(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page.Value {
			names = append(names, s.ID.Name()+"/"+s.ID.Version())
		}
	}
	if diff := cmp.Diff([]string{"a/", "b/"}, names); diff != "" {
		t.Error(diff)
	}
}

// A deleted secret keeps its name until it is recovered or purged.
func TestDeleted(t *testing.T) {
	t.Parallel()
	c := open(t, keyvault.Config{})("anybody")
	set(t, c, "key", "one", nil)
	if _, err := c.DeleteSecret(t.Context(), "key", nil); err != nil {
		t.Fatal(err)
	}
	_, err := c.GetSecret(t.Context(), "key", "", nil)
	refused(t, err, http.StatusNotFound, "SecretNotFound")
	value := "two"
	_, err = c.SetSecret(t.Context(), "key", azsecrets.SetSecretParameters{Value: &value}, nil)
	refused(t, err, http.StatusConflict, "ObjectIsDeletedButRecoverable")
	if _, err := c.RecoverDeletedSecret(t.Context(), "key", nil); err != nil {
		t.Fatal(err)
	}
	if got, err := c.GetSecret(t.Context(), "key", "", nil); err != nil || *got.Value != "one" {
		t.Errorf("recovered %v, %v", got.Value, err)
	}
	if _, err := c.DeleteSecret(t.Context(), "key", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.GetDeletedSecret(t.Context(), "key", nil); err != nil {
		t.Error(err)
	}
	if _, err := c.PurgeDeletedSecret(t.Context(), "key", nil); err != nil {
		t.Fatal(err)
	}
	set(t, c, "key", "two", nil)
}

func TestRoles(t *testing.T) {
	t.Parallel()
	as := open(t, keyvault.Config{Readers: []string{"app"}, Strangers: []string{"guest"}})
	set(t, as("operator"), "key", "one", nil)
	if _, err := as("app").GetSecret(t.Context(), "key", "", nil); err != nil {
		t.Error(err)
	}
	value := "two"
	_, err := as("app").SetSecret(t.Context(), "key", azsecrets.SetSecretParameters{Value: &value}, nil)
	refused(t, err, http.StatusForbidden, "ForbiddenByRbac")
	_, err = as("guest").GetSecret(t.Context(), "key", "", nil)
	refused(t, err, http.StatusForbidden, "ForbiddenByRbac")
}

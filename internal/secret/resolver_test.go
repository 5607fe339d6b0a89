package secret_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets/fake"
	"github.com/google/go-cmp/cmp"

	"paybridge/internal/secret"
)

// get answers a read of one secret.
type get func(ctx context.Context, name, version string) (azfake.Responder[azsecrets.GetSecretResponse], azfake.ErrorResponder)

// resolver returns a Resolver whose real clients talk to azsecrets' own fake
// server.
func resolver(answer get) secret.Resolver {
	return resolverOn(fake.NewServerTransport(&fake.Server{
		GetSecret: func(ctx context.Context, name, version string, _ *azsecrets.GetSecretOptions) (azfake.Responder[azsecrets.GetSecretResponse], azfake.ErrorResponder) {
			return answer(ctx, name, version)
		},
	}))
}

func resolverOn(transport policy.Transporter) secret.Resolver {
	return secret.Resolver{
		Credential: &azfake.TokenCredential{},
		Options: &azsecrets.ClientOptions{ClientOptions: azcore.ClientOptions{
			Transport: transport,
			Retry:     policy.RetryOptions{MaxRetries: -1},
		}},
	}
}

func found(value *string) (r azfake.Responder[azsecrets.GetSecretResponse], e azfake.ErrorResponder) {
	r.SetResponse(http.StatusOK, azsecrets.GetSecretResponse{Secret: azsecrets.Secret{Value: value}}, nil)
	return r, e
}

func refuse(status int, code string) (r azfake.Responder[azsecrets.GetSecretResponse], e azfake.ErrorResponder) {
	e.SetResponseError(status, code)
	return r, e
}

func reference(t *testing.T, value string) secret.Reference {
	t.Helper()
	r, err := secret.ParseReference(value)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestResolveReadsEachReferenceOnce(t *testing.T) {
	t.Parallel()
	var reads atomic.Int32
	r := resolver(func(_ context.Context, name, version string) (azfake.Responder[azsecrets.GetSecretResponse], azfake.ErrorResponder) {
		reads.Add(1)
		value := name + "/" + version + "\n"
		return found(&value)
	})
	got, err := r.Resolve(t.Context(), map[string]secret.Reference{
		"A": reference(t, "@Microsoft.KeyVault(VaultName=kv-one;SecretName=key)"),
		"B": reference(t, "@Microsoft.KeyVault(SecretUri=https://kv-one.vault.azure.net/secrets/key)"),
		"C": reference(t, "@Microsoft.KeyVault(VaultName=kv-one;SecretName=key;SecretVersion=12)"),
		"D": reference(t, "@Microsoft.KeyVault(VaultName=kv-two;SecretName=other)"),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]secret.Secret{
		"A": secret.New("key/\n"), "B": secret.New("key/\n"), "C": secret.New("key/12\n"), "D": secret.New("other/\n"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if reads.Load() != 3 {
		t.Errorf("%d reads for 3 distinct references", reads.Load())
	}
}

func TestResolveInParallel(t *testing.T) {
	t.Parallel()
	// The answer to each read waits for the other to have arrived.
	first, second := make(chan struct{}), make(chan struct{})
	r := resolver(func(ctx context.Context, name, _ string) (azfake.Responder[azsecrets.GetSecretResponse], azfake.ErrorResponder) {
		mine, theirs := first, second
		if name == "second" {
			mine, theirs = second, first
		}
		close(mine)
		select {
		case <-theirs:
		case <-ctx.Done():
			return refuse(http.StatusGatewayTimeout, "Alone")
		}
		return found(&name)
	})
	_, err := r.Resolve(t.Context(), map[string]secret.Reference{
		"A": reference(t, "@Microsoft.KeyVault(VaultName=kv-one;SecretName=first)"),
		"B": reference(t, "@Microsoft.KeyVault(VaultName=kv-one;SecretName=second)"),
	})
	if err != nil {
		t.Error(err)
	}
}

// TestSecretsReadAtOnceAreBounded: Key Vault throttles who asks for too many.
func TestSecretsReadAtOnceAreBounded(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]time.Duration{16: 2 * time.Second, 17: 3 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			r := resolver(func(_ context.Context, name, _ string) (azfake.Responder[azsecrets.GetSecretResponse], azfake.ErrorResponder) {
				<-time.After(time.Second)
				return found(&name)
			})
			references := map[string]secret.Reference{}
			for i := range n {
				name := fmt.Sprintf("secret-%d", i)
				references[name] = secret.Reference{Host: "kv-one.vault.azure.net", Name: name}
			}
			start := time.Now()
			if _, err := r.Resolve(t.Context(), references); err != nil {
				t.Error(err)
			}
			if took := time.Since(start); took != want {
				t.Errorf("%d secrets took %v, want %v", n, took, want)
			}
		})
	}
}

func TestResolveIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := resolverOn(transport(func(req *http.Request) (*http.Response, error) {
			<-req.Context().Done()
			return nil, req.Context().Err()
		}))
		start := time.Now()
		_, err := r.Resolve(t.Context(), map[string]secret.Reference{"StripeSecretKey": {Host: "kv-one.vault.azure.net", Name: "key"}})
		if took := time.Since(start); took != 15*time.Second {
			t.Errorf("gave up after %s", took)
		}
		if err == nil || !strings.Contains(err.Error(), "did not answer in time") || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error is %v", err)
		}
	})
}

// transport is the network as a function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) Do(req *http.Request) (*http.Response, error) { return f(req) }

// answering returns a transport that answers every request alike.
func answering(status int, body string) transport {
	return func(req *http.Request) (*http.Response, error) {
		recorder := http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Request: req}
		recorder.Body = http.NoBody
		if body != "" {
			recorder.Body = readCloser{strings.NewReader(body)}
		}
		return &recorder, nil
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// noIdentity is a credential that has none.
type noIdentity struct{}

func (noIdentity) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, errors.New("hunter2: no identity")
}

func TestErrorsNameTheSettingAndTheRemedy(t *testing.T) {
	t.Parallel()
	const forbidden = `{"error":{"code":"Forbidden","message":"hunter2","innererror":{"code":"%"}}}`
	unauthenticated := resolver(nil)
	unauthenticated.Credential = nil
	challenge := func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusUnauthorized, Body: http.NoBody, Request: req, Header: http.Header{
			"Www-Authenticate": {`Bearer authorization="https://login.microsoftonline.com/tenant", resource="https://vault.azure.net"`},
		}}, nil
	}
	nobody := resolverOn(transport(challenge))
	nobody.Credential = noIdentity{}
	empty := ""
	for name, c := range map[string]struct {
		resolver secret.Resolver
		want     []string
	}{
		"no credential": {unauthenticated, []string{"signing in", "managed identity"}},
		"no identity":   {nobody, []string{"signing in", "az login"}},
		"role":          {resolverOn(answering(http.StatusForbidden, strings.ReplaceAll(forbidden, "%", "ForbiddenByRbac"))), []string{"403", `"Key Vault Secrets User"`}},
		"policy":        {resolverOn(answering(http.StatusForbidden, strings.ReplaceAll(forbidden, "%", "AccessDenied"))), []string{"403", "permission Get"}},
		"no detail":     {resolverOn(answering(http.StatusForbidden, "hunter2")), []string{"403", `"Key Vault Secrets User"`}},
		"firewall":      {resolverOn(answering(http.StatusForbidden, strings.ReplaceAll(forbidden, "%", "ForbiddenByFirewall"))), []string{"403", "network"}},
		"disabled":      {resolverOn(answering(http.StatusForbidden, strings.ReplaceAll(forbidden, "%", "SecretDisabled"))), []string{"disabled"}},
		"name": {resolver(func(context.Context, string, string) (azfake.Responder[azsecrets.GetSecretResponse], azfake.ErrorResponder) {
			return refuse(http.StatusNotFound, "SecretNotFound")
		}), []string{"404", "name"}},
		"throttled":   {resolverOn(answering(http.StatusTooManyRequests, "hunter2")), []string{"429", "wait"}},
		"broken":      {resolverOn(answering(http.StatusInternalServerError, "hunter2")), []string{"500", "wait"}},
		"bad request": {resolverOn(answering(http.StatusBadRequest, "hunter2")), []string{"400", "https://kv-one.vault.azure.net"}},
		"empty": {resolver(func(context.Context, string, string) (azfake.Responder[azsecrets.GetSecretResponse], azfake.ErrorResponder) {
			return found(&empty)
		}), []string{"empty"}},
		"null": {resolver(func(context.Context, string, string) (azfake.Responder[azsecrets.GetSecretResponse], azfake.ErrorResponder) {
			return found(nil)
		}), []string{"empty"}},
		"no such vault": {resolverOn(transport(func(*http.Request) (*http.Response, error) {
			return nil, &net.DNSError{Err: "no such host", Name: "kv-one.vault.azure.net", IsNotFound: true}
		})), []string{"no vault of that name", "vault's name"}},
		"network": {resolverOn(transport(func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
		})), []string{"cannot be reached", "firewall"}},
		"garbled": {resolverOn(answering(http.StatusOK, "hunter2")), []string{"client reports an error"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.resolver.Resolve(t.Context(), map[string]secret.Reference{
				"StripeSecretKey": {Host: "kv-one.vault.azure.net", Name: "key", Version: "12"},
			})
			e, ok := errors.AsType[*secret.UnresolvedError](err)
			if !ok || len(got) != 0 {
				t.Fatalf("the answer is %v, %v", got, err)
			}
			if e.Setting != "StripeSecretKey" || e.Message == "" || e.Hint == "" {
				t.Errorf("the error is %+v", e)
			}
			for _, want := range append(c.want, "StripeSecretKey", "kv-one", "key") {
				if !strings.Contains(e.Error(), want) {
					t.Errorf("%q is not in %q", want, e)
				}
			}
			if leaks(e.Error()) {
				t.Errorf("%q repeats what was answered", e)
			}
			if want := name == "name"; e.Absent != want {
				t.Errorf("absent is %v", e.Absent)
			}
		})
	}
}

func TestOneBadReferenceDoesNotHideTheOthers(t *testing.T) {
	t.Parallel()
	r := resolver(func(_ context.Context, name, _ string) (azfake.Responder[azsecrets.GetSecretResponse], azfake.ErrorResponder) {
		if name == "good" {
			return found(&name)
		}
		return refuse(http.StatusNotFound, "SecretNotFound")
	})
	got, err := r.Resolve(t.Context(), map[string]secret.Reference{
		"A": {Host: "kv-one.vault.azure.net", Name: "good"},
		"B": {Host: "kv-one.vault.azure.net", Name: "bad"},
		"C": {Host: "kv-one.vault.azure.net", Name: "bad"},
	})
	if !got["A"].Equal(secret.New("good")) || len(got) != 1 {
		t.Errorf("resolved %d settings", len(got))
	}
	if err == nil || !strings.Contains(err.Error(), "B: ") || !strings.Contains(err.Error(), "C: ") {
		t.Errorf("the error is %v", err)
	}
	if got, err := r.Resolve(t.Context(), nil); len(got) != 0 || err != nil {
		t.Errorf("nothing to resolve gives %v, %v", got, err)
	}
}

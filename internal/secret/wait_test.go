package secret_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azfakecore "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"paybridge/internal/secret"
)

// silent is a vault that never answers.
type silent struct{}

func (silent) Do(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// TestResolvingHasALimit: the host gives up a process that does not answer
// within 30 s, so a vault that is silent must not take as long.
func TestResolvingHasALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		_, err := secret.Resolver{
			Credential: &azfakecore.TokenCredential{},
			Options:    &azsecrets.ClientOptions{ClientOptions: azcore.ClientOptions{Transport: silent{}}},
		}.Resolve(t.Context(), map[string]secret.Reference{
			"A": reference(t, "@Microsoft.KeyVault(VaultName=kv-one;SecretName=first)"),
			"B": reference(t, "@Microsoft.KeyVault(VaultName=kv-one;SecretName=second)"),
		})
		if took := time.Since(begun); err == nil || took != 15*time.Second {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

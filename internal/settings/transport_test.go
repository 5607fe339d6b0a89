package settings

import (
	"net/http"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// TestTokensAreAskedForAsSecretsAre: azidentity's own transport follows redirects
// and reads answers of any size.
func TestTokensAreAskedForAsSecretsAre(t *testing.T) {
	if withTransport(azcore.ClientOptions{}).Transport == nil {
		t.Error("azidentity would take its own transport")
	}
	own := &http.Client{}
	if withTransport(azcore.ClientOptions{Transport: own}).Transport != own {
		t.Error("the caller's transport was replaced")
	}
}

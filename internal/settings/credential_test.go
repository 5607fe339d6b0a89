package settings_test

import (
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"paybridge/internal/settings"
)

func TestCredential(t *testing.T) {
	t.Parallel()
	identity := with("DataverseTenantId", "", "DataverseClientId", "", "DataverseClientSecret", "")
	for name, c := range map[string]struct {
		values map[string]string
		is     func(azcore.TokenCredential) bool
	}{
		"client secret":    {good(), func(c azcore.TokenCredential) bool { _, ok := c.(*azidentity.ClientSecretCredential); return ok }},
		"managed identity": {identity, func(c azcore.TokenCredential) bool { _, ok := c.(*azidentity.DefaultAzureCredential); return ok }},
		"stand-in":         {with("DataverseUrl", "http://127.0.0.1:7072"), func(c azcore.TokenCredential) bool { return c == nil }},
		"not configured":   {with("DataverseUrl", ""), func(c azcore.TokenCredential) bool { return c == nil }},
	} {
		s, err := load(c.values, nil)
		if err != nil {
			t.Fatal(err)
		}
		credential, err := settings.Credential(s, azcore.ClientOptions{})
		if err != nil || !c.is(credential) {
			t.Errorf("%s: the credential is a %T, %v", name, credential, err)
		}
	}
}

package settings

import (
	"fmt"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"paybridge/internal/secret"
)

// Credential returns what signs in to Dataverse: the client secret if the
// settings name one, else the managed identity, which is azidentity's default
// credential (on a developer's machine, az login). It is nil for a DataverseUrl
// on this machine, which is a stand-in and believes anybody, and where
// DataverseUrl is not set. Outside the public cloud azidentity finds Entra ID by
// AZURE_AUTHORITY_HOST.
func Credential(s Settings, options azcore.ClientOptions) (azcore.TokenCredential, error) {
	u, err := url.Parse(s.DataverseURL)
	if err != nil || u.Host == "" || loopback(u.Hostname()) {
		return nil, nil
	}
	if s.DataverseClientSecret.IsZero() {
		return DefaultCredential(options)
	}
	credential, err := azidentity.NewClientSecretCredential(s.DataverseTenantID, s.DataverseClientID, s.DataverseClientSecret.Reveal(),
		&azidentity.ClientSecretCredentialOptions{ClientOptions: withTransport(options)})
	if err != nil {
		return nil, fmt.Errorf("making the credential for Dataverse: %w", err)
	}
	return credential, nil
}

// DefaultCredential returns azidentity's default credential: the app's managed
// identity in Azure, the user-assigned one that AZURE_CLIENT_ID names if it is
// set, and az login on a developer's machine. Key Vault is read with it, because
// the client secret for Dataverse may itself be in the vault.
func DefaultCredential(options azcore.ClientOptions) (azcore.TokenCredential, error) {
	credential, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: withTransport(options)})
	if err != nil {
		return nil, fmt.Errorf("making the default credential: %w", err)
	}
	return credential, nil
}

// withTransport has tokens asked for as secrets are, unless the caller has a transport
// of its own.
func withTransport(options azcore.ClientOptions) azcore.ClientOptions {
	if options.Transport == nil {
		options.Transport = secret.Transport()
	}
	return options
}

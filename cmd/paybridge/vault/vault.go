// Package vault reads and writes PayBridge's secrets in Azure Key Vault for the
// operator: setup puts them there, and nothing deployed may write them.
package vault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"paybridge/internal/secret"
)

// Vault is one key vault.
type Vault struct {
	// at points into the vault. Its name is that of no secret.
	at     secret.Reference
	client *azsecrets.Client
}

// Secret is the newest version of a secret in the vault.
type Secret struct {
	Value secret.Secret
	// Version is Key Vault's number of the version, 32 hexadecimal digits.
	Version string
	// Tags are what was noted on the version when it was stored.
	Tags map[string]string
}

// Parse reads the name of a vault in the public cloud, such as kv-pay, or a
// vault's address, such as https://kv-pay.vault.azure.cn.
func Parse(address string) (secret.Reference, error) {
	address = strings.TrimSuffix(strings.TrimSpace(address), "/")
	reference := "@Microsoft.KeyVault(VaultName=" + address + ";SecretName=any)"
	if strings.Contains(address, "://") {
		reference = "@Microsoft.KeyVault(SecretUri=" + address + "/secrets/any)"
	}
	at, err := secret.ParseReference(reference)
	if err != nil {
		return secret.Reference{}, &Error{
			Message: fmt.Sprintf("%q is neither the name nor the address of a vault", address),
			Remedy:  "write its name, such as kv-pay, or its address, such as https://kv-pay.vault.azure.net", cause: err,
		}
	}
	return at, nil
}

// Open returns the vault that a reference points into. The credential is not
// used for a stand-in on this machine. Options may be nil.
func Open(at secret.Reference, credential azcore.TokenCredential, options *azsecrets.ClientOptions) (*Vault, error) {
	client, err := secret.Client(at, credential, options)
	if err != nil {
		return nil, err
	}
	return &Vault{at: at, client: client}, nil
}

// Name returns the name of the vault.
func (v *Vault) Name() string { return v.at.Vault() }

// Read returns the newest version of a secret, the zero Secret where the vault
// has none of that name. Other errors are an *Error.
func (v *Vault) Read(ctx context.Context, name string) (Secret, error) {
	response, err := v.client.GetSecret(ctx, name, "", nil)
	if answer, ok := errors.AsType[*azcore.ResponseError](err); ok && answer.StatusCode == http.StatusNotFound {
		return Secret{}, nil
	}
	if err != nil {
		return Secret{}, v.failed("read", name, err)
	}
	return secretOf(response.Secret), nil
}

// Write stores a new version of a secret and returns when the vault has it.
// Errors are an *Error.
func (v *Vault) Write(ctx context.Context, name string, value secret.Secret, tags map[string]string) error {
	text := value.Reveal()
	params := azsecrets.SetSecretParameters{Value: &text, Tags: map[string]*string{}}
	for tag, note := range tags {
		params.Tags[tag] = &note
	}
	if _, err := v.client.SetSecret(ctx, name, params, nil); err != nil {
		return v.failed("written", name, err)
	}
	return nil
}

func secretOf(s azsecrets.Secret) Secret {
	read := Secret{Tags: map[string]string{}}
	if s.Value != nil {
		read.Value = secret.New(*s.Value)
	}
	if s.ID != nil {
		read.Version = s.ID.Version()
	}
	for tag, note := range s.Tags {
		if note != nil {
			read.Tags[tag] = *note
		}
	}
	return read
}

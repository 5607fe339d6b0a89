package secret

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// ErrSignIn says that there was no token to ask a vault with.
var ErrSignIn = errors.New("signing in to Azure")

var (
	errNoCredential = fmt.Errorf("%w: there is no credential for Key Vault", ErrSignIn)
	errEmpty        = errors.New("the secret is empty")
)

// UnresolvedError says that the secret of one setting could not be read, and
// what to do about it. Its text names the vault and the secret and quotes
// nothing that a vault or a token service answered; the cause is in its chain.
type UnresolvedError struct {
	// Setting is the name of the app setting.
	Setting string
	// Reference is what the setting points to.
	Reference Reference
	// Message says what is wrong.
	Message string
	// Hint says what to do.
	Hint string
	// Absent says that the vault answered, and that it has no such secret.
	Absent bool

	cause error
}

// Error returns the setting, what is wrong with it and what to do.
func (e *UnresolvedError) Error() string {
	return fmt.Sprintf("%s: %s (%s)", e.Setting, e.Message, e.Hint)
}

// Unwrap returns the error of the client, which may quote its peer: it is there
// for errors.Is and errors.As, not to be shown.
func (e *UnresolvedError) Unwrap() error { return e.cause }

func unresolved(setting string, reference Reference, cause error) *UnresolvedError {
	message, hint := Explain(reference, cause)
	return &UnresolvedError{
		Setting:   setting,
		Reference: reference,
		Message:   fmt.Sprintf("the secret %s of the vault %s cannot be read: %s", reference.Name, reference.Vault(), message),
		Hint:      hint,
		Absent:    absent(cause),
		cause:     cause,
	}
}

func absent(cause error) bool {
	response, ok := errors.AsType[*azcore.ResponseError](cause)
	return ok && response.StatusCode == http.StatusNotFound
}

// Explain says what went wrong when a vault was asked for a secret and what to
// do, by the class of the error. It quotes nothing that the vault answered.
func Explain(reference Reference, cause error) (message, hint string) {
	if errors.Is(cause, ErrSignIn) {
		return "signing in to Azure did not work",
			"give the app a managed identity (a user-assigned one by its client id in AZURE_CLIENT_ID), or run az login on a developer's machine"
	}
	if response, ok := errors.AsType[*azcore.ResponseError](cause); ok {
		return explainResponse(reference, response)
	}
	if errors.Is(cause, errEmpty) {
		return "it is empty", "set a value with: az keyvault secret set"
	}
	if dns, ok := errors.AsType[*net.DNSError](cause); ok && dns.IsNotFound {
		return "there is no vault of that name", "check the vault's name, and the private DNS zone if it has a private endpoint"
	}
	if errors.Is(cause, context.DeadlineExceeded) {
		return "the vault did not answer in time", "check that the app's network reaches the vault: its firewall, private endpoint and DNS"
	}
	if errors.Is(cause, context.Canceled) {
		return "reading was cut short", "run it again"
	}
	if _, ok := errors.AsType[net.Error](cause); ok {
		return "the vault cannot be reached", "check that the app's network reaches the vault: its firewall, private endpoint and DNS"
	}
	return "the vault's client reports an error", "check the vault's name and the app's network and identity"
}

func explainResponse(reference Reference, response *azcore.ResponseError) (message, hint string) {
	status := fmt.Sprintf("Key Vault answers %d", response.StatusCode)
	switch response.StatusCode {
	case http.StatusUnauthorized:
		return status + ", the identity is not accepted", "use an identity of the tenant that the vault belongs to"
	case http.StatusForbidden:
		switch InnerCode(response) {
		case "ForbiddenByFirewall", "ForbiddenByConnection":
			return status + ", the app's network is not let in", "let the app's virtual network into the vault's firewall, or give the vault a private endpoint there"
		case "SecretDisabled":
			return status + ", the secret is disabled", "enable the secret, or point the setting to a version that is"
		}
		return status + ", the identity may not read it",
			`assign the role "Key Vault Secrets User" on the vault to the app's identity (in a vault with access policies: the secret permission Get), then restart the app`
	case http.StatusNotFound:
		return status + ", there is no such secret or version", "check the secret's name and version, and that it was not deleted"
	case http.StatusTooManyRequests:
		return status + ", too many requests", "wait a little and start again"
	}
	if response.StatusCode >= http.StatusInternalServerError {
		return status, "wait a little and start again; see the health of the vault in the Azure portal"
	}
	return status, "check the setting against the vault: " + reference.URL()
}

// InnerCode returns the code by which Key Vault says more closely why it refused
// a request, such as ForbiddenByRbac or ObjectIsDeletedButRecoverable.
func InnerCode(response *azcore.ResponseError) string {
	if response.RawResponse == nil {
		return ""
	}
	body, err := runtime.Payload(response.RawResponse)
	if err != nil {
		return ""
	}
	var detail struct {
		Error struct {
			InnerError struct {
				Code string `json:"code"`
			} `json:"innererror"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &detail) != nil {
		return ""
	}
	return detail.Error.InnerError.Code
}

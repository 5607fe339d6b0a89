package vault

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"paybridge/internal/secret"
)

// Error says what is wrong with a vault or a secret in it, and what to do. Its
// text quotes nothing that the vault answered; the cause is in its chain.
type Error struct {
	Message, Remedy string
	cause           error
}

// Error returns what is wrong.
func (e *Error) Error() string { return e.Message }

// Hint returns what to do.
func (e *Error) Hint() string { return e.Remedy }

// Unwrap returns the error of the client, which is not to be shown.
func (e *Error) Unwrap() error { return e.cause }

func (v *Vault) failed(done, name string, cause error) *Error {
	at := v.at
	at.Name = name
	message, hint := secret.Explain(at, cause)
	if errors.Is(cause, secret.ErrSignIn) {
		hint = "sign in with: az login"
	}
	if answer, ok := errors.AsType[*azcore.ResponseError](cause); ok {
		inner := secret.InnerCode(answer)
		switch {
		case answer.StatusCode == http.StatusConflict && inner == "ObjectIsDeletedButRecoverable":
			message = "it was deleted, and its name is kept until it is purged"
			hint = fmt.Sprintf("bring it back: az keyvault secret recover --vault-name %s --name %s", v.Name(), name)
		case answer.StatusCode == http.StatusConflict:
			message, hint = "it is being deleted or recovered", "wait a minute and run it again"
		case answer.StatusCode == http.StatusForbidden && (inner == "ForbiddenByRbac" || inner == "ForbiddenByPolicy" || inner == ""):
			message = "you may not"
			hint = fmt.Sprintf(`assign the role "Key Vault Secrets Officer" on the vault %s to yourself and wait some minutes until it is in force`, v.Name())
		}
	}
	return &Error{Message: fmt.Sprintf("the secret %s of the vault %s cannot be %s: %s", name, v.Name(), done, message), Remedy: hint, cause: cause}
}

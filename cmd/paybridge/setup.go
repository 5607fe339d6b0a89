package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"paybridge/cmd/paybridge/vault"
	"paybridge/internal/secret"
	"paybridge/internal/settings"
	"paybridge/internal/stripeapi"
)

// setupCommand puts in place what is outside of the function app.
type setupCommand struct {
	Dataverse setupDataverseCommand `cmd:"" help:"Make what PayBridge needs in a Dataverse environment: tables, keys, security role, application user, service endpoint and steps."`
	Keyvault  setupKeyvaultCommand  `cmd:"" help:"Put the secrets into Key Vault."`
	Stripe    setupStripeCommand    `cmd:"" help:"Create or correct the webhook endpoint at Stripe, and keep its signing secret in Key Vault."`
}

// vaultFlags are those of commands that work on the Key Vault of a deployment.
// After eval "$(azd env get-values)" most of them are in the environment.
type vaultFlags struct {
	Vault  string `required:"" env:"AZURE_KEY_VAULT_NAME" placeholder:"NAME" help:"Key Vault of the deployment: its name, or its address outside of the public cloud."`
	Mode   string `env:"STRIPE_MODE" enum:",test,live" default:"" help:"Mode of the deployment, test or live: a key of the other one is refused."`
	DryRun bool   `help:"Say what would be done and do nothing."`
}

// open returns the vault, signed in to as the operator.
func (f vaultFlags) open() (*vault.Vault, error) {
	at, err := vault.Parse(f.Vault)
	if err != nil {
		return nil, err
	}
	credential, err := settings.DefaultCredential(azcore.ClientOptions{})
	if err != nil {
		return nil, &hinted{err, "sign in with: az login"}
	}
	return vault.Open(at, credential, nil)
}

// allow refuses a key of Stripe's that is not of the deployment's mode.
func (f vaultFlags) allow(mode stripeapi.Mode) error {
	if f.Mode == "" || mode == stripeapi.ModeUnknown || string(mode) == f.Mode {
		return nil
	}
	return &hinted{fmt.Errorf("the deployment is for %s mode, and the key is of %s mode", f.Mode, mode),
		"test and live are two deployments: use the key, the app and the vault of one of them"}
}

// maxSecretFile bounds what is read of a secret in bytes.
const maxSecretFile = 16 << 10

// readSecret reads a secret from a file, or from the standard input where the
// file is "-".
func (t *terminal) readSecret(ctx context.Context, file string) (secret.Secret, error) {
	in := t.in
	if file != "-" {
		opened, err := os.Open(file)
		if err != nil {
			return secret.Secret{}, &hinted{fmt.Errorf("reading the secret: %w", err), "name a file that holds the secret and nothing else, or - for the standard input"}
		}
		defer func() { _ = opened.Close() }()
		in = opened
	}
	text, err := readAll(ctx, in)
	if err != nil {
		return secret.Secret{}, fmt.Errorf("reading the secret: %w", err)
	}
	value := strings.TrimSpace(text)
	if value == "" || len(text) > maxSecretFile {
		return secret.Secret{}, &hinted{fmt.Errorf("reading the secret: %s is empty or too long", file), "it should hold the secret and nothing else"}
	}
	return secret.New(value), nil
}

// readAll reads until the end or until the context ends.
func readAll(ctx context.Context, in io.Reader) (string, error) {
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := io.ReadAll(io.LimitReader(bufio.NewReader(in), maxSecretFile+1))
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		return string(r.text), r.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

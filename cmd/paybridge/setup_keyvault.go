package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"

	"paybridge/cmd/paybridge/vault"
	"paybridge/internal/secret"
	"paybridge/internal/settings"
	"paybridge/internal/stripeapi"
)

// setupKeyvaultCommand puts the secrets that a person has into Key Vault.
type setupKeyvaultCommand struct {
	vaultFlags
	StripeSecretKeyFile       string `placeholder:"FILE" help:"File with StripeSecretKey, - for the standard input. Without any file you are asked."`
	DataverseClientSecretFile string `placeholder:"FILE" help:"File with DataverseClientSecret, - for the standard input."`
	SwitchMode                bool   `help:"Let a key take the place of one of the other mode, test or live."`
}

// Run stores what it is given.
func (c *setupKeyvaultCommand) Run(ctx context.Context, t *terminal) error {
	v, err := c.open()
	if err != nil {
		return err
	}
	keeper := vault.Keeper{Vault: v, SwitchMode: c.SwitchMode, DryRun: c.DryRun, Say: t.say}
	files := map[string]string{"StripeSecretKey": c.StripeSecretKeyFile, "DataverseClientSecret": c.DataverseClientSecretFile}
	asked := c.StripeSecretKeyFile == "" && c.DataverseClientSecretFile == ""
	if c.StripeSecretKeyFile == "-" && c.DataverseClientSecretFile == "-" {
		return &hinted{errors.New("both secrets are to come from the standard input"), "give one of them by a file, or run the command twice"}
	}
	keyboard, ok := t.in.(*os.File)
	if asked && (!ok || !term.IsTerminal(int(keyboard.Fd()))) {
		return &hinted{errors.New("there is no terminal to ask on"), "name a file with --stripe-secret-key-file or --dataverse-client-secret-file, - for the standard input"}
	}
	// What is read is stored in the order of the settings.
	for _, setting := range []string{"StripeSecretKey", "DataverseClientSecret"} {
		var value secret.Secret
		switch {
		case files[setting] != "":
			value, err = t.readSecret(ctx, files[setting])
		case asked:
			value, err = askSecret(t, keyboard, setting, v.Name())
		default:
			continue
		}
		if err != nil {
			return err
		}
		if value.IsZero() {
			t.say("left %s as it is", setting)
			continue
		}
		if err := c.allow(stripeapi.KeyMode(value)); err != nil {
			return err
		}
		t.progress("looking into the vault %s…", v.Name())
		if err := keeper.Keep(ctx, setting, value); err != nil {
			return err
		}
	}
	return nil
}

// askSecret reads a secret from the terminal without showing it.
func askSecret(t *terminal, keyboard *os.File, setting, vaultName string) (secret.Secret, error) {
	_, _ = fmt.Fprintf(t.err, "%s for %s in the vault %s (not shown; empty leaves it as it is): ", setting, settings.VaultSecret(setting), vaultName)
	text, err := term.ReadPassword(int(keyboard.Fd()))
	_, _ = fmt.Fprintln(t.err)
	if err != nil {
		return secret.Secret{}, fmt.Errorf("reading %s: %w", setting, err)
	}
	return secret.New(string(text)), nil
}

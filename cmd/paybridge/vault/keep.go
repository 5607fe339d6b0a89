package vault

import (
	"context"
	"fmt"
	"strings"

	"paybridge/internal/secret"
	"paybridge/internal/settings"
	"paybridge/internal/stripeapi"
)

// Keeper puts the secrets of settings into a vault.
type Keeper struct {
	Vault *Vault
	// SwitchMode lets a key take the place of one of the other mode.
	SwitchMode bool
	// DryRun says what would be done and does nothing.
	DryRun bool
	// Say is told each thing that was done.
	Say func(format string, args ...any)
}

// Keep stores the value of a setting under the name to which the app's setting
// refers. A value that the vault has already makes no new version. The error is
// a *settings.Problem for a value that the app would not take, else an *Error.
func (k Keeper) Keep(ctx context.Context, setting string, value secret.Secret) error {
	value = secret.New(strings.TrimSpace(value.Reveal()))
	if value.IsZero() {
		return &Error{Message: setting + ": the value is empty", Remedy: "give the secret itself"}
	}
	if p := settings.Check(setting, value.Reveal()); p != nil {
		return p
	}
	name := settings.VaultSecret(setting)
	kept, err := k.Vault.Read(ctx, name)
	if err != nil {
		return err
	}
	if kept.Value.Equal(value) {
		k.Say("nothing to do: %s is in the vault %s as %s already", setting, k.Vault.Name(), name)
		return nil
	}
	if err := k.checkMode(setting, value, kept.Value); err != nil {
		return err
	}
	if k.DryRun {
		k.Say("would store %s in the vault %s as %s", described(setting, value), k.Vault.Name(), name)
		return nil
	}
	if err := k.Vault.Write(ctx, name, value, nil); err != nil {
		return err
	}
	k.Say("stored %s in the vault %s as %s", described(setting, value), k.Vault.Name(), name)
	return nil
}

// described names a setting, and of a key of Stripe's its mode.
func described(setting string, value secret.Secret) string {
	if mode := stripeapi.KeyMode(value); mode != stripeapi.ModeUnknown {
		return fmt.Sprintf("%s (%s mode)", setting, mode)
	}
	return setting
}

// checkMode keeps the two worlds of Stripe apart, and warns of a key that may do
// everything with real money.
func (k Keeper) checkMode(setting string, value, kept secret.Secret) error {
	was, is := stripeapi.KeyMode(kept), stripeapi.KeyMode(value)
	if was != is && was != stripeapi.ModeUnknown && is != stripeapi.ModeUnknown && !k.SwitchMode {
		return &Error{
			Message: fmt.Sprintf("%s: the vault %s has a key of %s mode, and this one is of %s mode", setting, k.Vault.Name(), was, is),
			Remedy:  "test and live are two deployments with a vault each: name the other vault; if this deployment is to change its mode, use --switch-mode",
		}
	}
	if strings.HasPrefix(value.Reveal(), "sk_live_") {
		k.Say("warning: this key may do everything with the account")
		k.Say("hint: make a restricted key (rk_live_…) in Stripe's Dashboard: %s", Permissions)
	}
	return nil
}

// Permissions are those that a restricted key of Stripe's needs to run
// PayBridge.
const Permissions = "write PaymentIntents, Checkout Sessions, Charges and Refunds; read Disputes, Events and Webhook Endpoints"

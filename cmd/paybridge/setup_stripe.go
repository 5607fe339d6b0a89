package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"paybridge/cmd/paybridge/endpoint"
	"paybridge/cmd/paybridge/vault"
	"paybridge/internal/secret"
	"paybridge/internal/settings"
	"paybridge/internal/stripeapi"
)

// functionKeyVariable is the environment variable with the function key: an
// argument could be seen by everybody on the machine.
const functionKeyVariable = "PAYBRIDGE_FUNCTION_KEY"

// setupStripeCommand sets up the webhook endpoint.
type setupStripeCommand struct {
	vaultFlags
	App             string `required:"" env:"FUNCTION_APP_URL" placeholder:"URL" help:"Address of the function app, such as https://pay.azurewebsites.net."`
	FunctionKeyFile string `placeholder:"FILE" help:"File with the function key that is to be in the endpoint's URL, - for the standard input. Default: the environment variable PAYBRIDGE_FUNCTION_KEY."`
	Roll            bool   `help:"Make a new endpoint with a new signing secret beside the one that is there."`
	Retire          bool   `help:"Delete the old endpoint, and drop its secret, once the app takes the new one."`
}

// Run sets the endpoint up.
func (c *setupStripeCommand) Run(ctx context.Context, t *terminal) error {
	if c.Roll && c.Retire {
		return &hinted{errors.New("--roll and --retire are the two ends of rolling a secret"), "use --roll first, and --retire when the app has read the new secret"}
	}
	app, err := endpoint.ParseApp(c.App)
	if err != nil {
		return err
	}
	v, err := c.open()
	if err != nil {
		return err
	}
	key, err := t.readFunctionKey(ctx, c.FunctionKeyFile)
	if err != nil {
		return err
	}
	t.progress("reading the vault %s…", v.Name())
	client, err := operatorsStripe(ctx, v)
	if err != nil {
		return err
	}
	if err := c.allow(client.Mode()); err != nil {
		return err
	}
	t.progress("looking at the webhook endpoints of the Stripe account, %s mode…", client.Mode())
	return endpoint.Setup(ctx, endpoint.Config{
		Stripe: client, Vault: v, App: app, FunctionKey: key,
		Roll: c.Roll, Retire: c.Retire, DryRun: c.DryRun, Say: t.say,
	})
}

// operatorsStripe returns a client with the key of the environment, which may do
// more than that of the app, and else with the app's own key from the vault. The
// two have to be of one mode.
func operatorsStripe(ctx context.Context, v *vault.Vault) (*stripeapi.Client, error) {
	const setting = "StripeSecretKey"
	lookup := func(name string) (string, bool) {
		if name != setting && name != "StripeApiBase" {
			return "", false
		}
		return os.LookupEnv(name)
	}
	var resolver secret.Resolver
	if credential, err := settings.DefaultCredential(azcore.ClientOptions{}); err == nil {
		resolver.Credential = credential
	}
	s, err := settings.Load(ctx, lookup, nil, resolver)
	if err != nil {
		return nil, err
	}
	kept, err := v.Read(ctx, settings.VaultSecret(setting))
	if err != nil {
		return nil, err
	}
	kept.Value = secret.New(strings.TrimSpace(kept.Value.Reveal()))
	key := s.StripeSecretKey
	if key.IsZero() {
		if p := settings.Check(setting, kept.Value.Reveal()); p != nil {
			return nil, p
		}
		key = kept.Value
	}
	if key.IsZero() {
		return nil, &hinted{errors.New("there is no key for Stripe"), "store it first with: paybridge setup keyvault, or put one that may write webhook endpoints into the environment variable StripeSecretKey"}
	}
	if app := stripeapi.KeyMode(kept.Value); app != stripeapi.ModeUnknown && app != stripeapi.KeyMode(key) {
		return nil, &hinted{errors.New("the key in the environment is of " + string(stripeapi.KeyMode(key)) + " mode, and the app's key in the vault of " + string(app) + " mode"),
			"test and live are two deployments: use the key, the app and the vault of one of them"}
	}
	return stripeapi.New(stripeapi.Config{Key: key, BaseURL: s.StripeAPIBase, Version: version(), MaxRetries: 2}), nil
}

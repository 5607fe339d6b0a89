// Package target finds the PayBridge that a command is about: the two ends and
// the queues that the settings point to, as the deployed handler would find
// them, or the paybridge local that runs on this machine.
package target

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"paybridge/cmd/paybridge/queues"
	"paybridge/internal/crm"
	"paybridge/internal/dataverse"
	"paybridge/internal/settings"
	"paybridge/internal/stripeapi"
)

// Target is a PayBridge with ready clients. Those that are not configured are
// nil: a command says with Require what it cannot do without.
type Target struct {
	// Settings are those of the handler.
	Settings settings.Settings
	// Value returns the value of an app setting as it was found: a reference to
	// Key Vault is one still.
	Value func(setting string) (string, bool)
	// Local says that this is a paybridge local, and App is the address of its
	// functions. Of another app the address is not known.
	Local bool
	App   string

	Stripe    *stripeapi.Client
	Dataverse *dataverse.Client
	// Mapping says where the payments live in Dataverse, Rows are their rows.
	Mapping crm.Mapping
	Rows    *crm.Store
	// Queues is where PaymentEventsQueue and PaymentRequestsQueue are.
	Queues queues.Namespace

	// standIn says that Dataverse is a stand-in on this machine, where nobody
	// signs in.
	standIn bool
	// identity is the client id of the app's managed identity, where it is known.
	identity string
}

// Process is what the process knows of its surroundings.
type Process struct {
	// Lookup and Environ are os.LookupEnv and os.Environ.
	Lookup  func(string) (string, bool)
	Environ []string
	// Version names this build to the two ends.
	Version string
	Logger  *slog.Logger
}

// connect makes those clients that can be made. A mapping file that the settings
// name is looked for in the given folder.
func (t *Target) connect(p Process, folder string) []error {
	s := t.Settings
	if !s.StripeSecretKey.IsZero() {
		t.Stripe = stripeapi.New(stripeapi.Config{Key: s.StripeSecretKey, BaseURL: s.StripeAPIBase, Version: p.Version})
	}
	var problems []error
	if s.DataverseURL != "" {
		credential, err := settings.Credential(s, azcore.ClientOptions{})
		t.standIn = credential == nil && err == nil
		if err == nil {
			t.Dataverse, err = dataverse.New(s.DataverseURL, credential, &dataverse.Options{Logger: p.Logger, UserAgent: "PayBridge/" + p.Version})
		}
		if err != nil {
			problems = append(problems, err)
		}
	}
	if s.PaymentTable == "" {
		return problems // It has a default, so its value is one of the problems.
	}
	mapping, err := crm.ReadMapping(s.PaymentTable, os.DirFS(folder))
	if err != nil {
		return append(problems, &Error{Err: err, hint: "put the file that PaymentTable names into " + folder + ", and mend what is wrong with it"})
	}
	t.Mapping = mapping
	t.Mapping.Metadata = s.PaymentMetadataColumns
	if t.Dataverse != nil {
		t.Rows = crm.New(t.Dataverse, t.Mapping)
	}
	return problems
}

// serviceBus opens the namespace of Azure Service Bus, where the settings name
// one.
func (t *Target) serviceBus() error {
	config := t.queueConfig()
	if config.Connection.IsZero() {
		if config.Host == "" {
			return nil
		}
		credential, err := settings.DefaultCredential(azcore.ClientOptions{})
		if err != nil {
			return err
		}
		config.Credential = credential
	}
	opened, err := queues.ServiceBus(config)
	t.Queues = opened
	return err
}

func (t *Target) queueConfig() queues.Config {
	return queues.Config{Connection: t.Settings.ServiceBusConnection, Host: t.Settings.ServiceBusNamespace}
}

// Close ends the connections.
func (t *Target) Close(ctx context.Context) error {
	if t.Queues == nil {
		return nil
	}
	return t.Queues.Close(ctx)
}

// Require returns an error that names those of the settings that are not set,
// neither they nor the ones that serve in their place.
func (t *Target) Require(names ...string) error {
	missing := t.Settings.Unset(names...)
	if len(missing) == 0 {
		return nil
	}
	verb := "are"
	if len(missing) == 1 {
		verb = "is"
	}
	return &Error{
		Err:  fmt.Errorf("%s %s not set", strings.Join(missing, ", "), verb),
		hint: "set it in local.settings.json (or another file with --settings) or in the environment, or work on a paybridge local with --local",
	}
}

// String says in a few words what the target is, for whoever is about to change
// something there.
func (t *Target) String() string {
	var parts []string
	if t.Local {
		parts = append(parts, "paybridge local on this machine")
	}
	if t.Dataverse != nil {
		parts = append(parts, "CRM "+t.Settings.OrgHost())
	}
	if t.Stripe != nil {
		parts = append(parts, "Stripe in "+t.Settings.Mode()+" mode")
	}
	if !t.Local && t.Queues != nil {
		parts = append(parts, "queues of "+t.queueConfig().Name())
	}
	if len(parts) == 0 {
		return "nothing: no settings were found"
	}
	return strings.Join(parts, ", ")
}

// Error is a target that cannot be found, with what to do about it.
type Error struct {
	Err  error
	hint string
}

// Error returns what went wrong.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Hint returns what to do.
func (e *Error) Hint() string { return e.hint }

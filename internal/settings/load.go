package settings

import (
	"context"
	"errors"
	"slices"
	"strings"

	"paybridge/internal/secret"
)

// Resolver reads the secrets that Key Vault references point to, by setting.
// The errors of settings that cannot be resolved are [secret.UnresolvedError].
type Resolver interface {
	Resolve(ctx context.Context, settings map[string]secret.Reference) (map[string]secret.Secret, error)
}

// dataverseClientSecret is a setting of three that go together.
const dataverseClientSecret = "DataverseClientSecret"

// azureClientID is a setting that azidentity reads as well.
const azureClientID = "AZURE_CLIENT_ID"

// Load reads the settings: values by lookup, which is os.LookupEnv in the
// process; the names of everything that is set from environ, which is
// os.Environ, to find misspelt ones; the values of Key Vault references from
// resolver, which may be nil where there is no way to resolve any.
//
// Space around a value is cut off, and an empty value counts as not set; only an
// empty AZURE_CLIENT_ID is a problem. The error joins one [Problem] for each
// thing that is wrong, in the order of Settings; what could be read is returned
// with it. That a setting is missing is no error: see Missing.
func Load(ctx context.Context, lookup func(string) (string, bool), environ []string, resolver Resolver) (Settings, error) {
	r := reader{values: map[string]string{}, bad: map[string]bool{}}
	for _, f := range Fields() {
		if value, ok := lookup(f.Name); ok {
			if value = strings.TrimSpace(value); value != "" {
				r.values[f.Name] = value
			} else if f.Name == azureClientID {
				// azidentity reads it too, and takes an empty one for an identity.
				r.report(f.Name, fault("it is set and empty, and no managed identity can be used", "remove it, or set it to the client id of the user-assigned identity"))
			}
		}
	}
	r.resolve(ctx, resolver)
	s := r.settings()
	slices.SortStableFunc(r.problems, func(a, b *Problem) int { return position(a.Setting) - position(b.Setting) })
	r.problems = append(r.problems, unknown(environ)...)
	return s, join(r.problems)
}

// reader collects what is wrong while it reads the values.
type reader struct {
	values   map[string]string
	bad      map[string]bool // setting → a problem of its value is known.
	problems []*Problem
}

func (r *reader) report(setting string, p *Problem) {
	p.Setting = setting
	r.bad[setting] = true
	r.problems = append(r.problems, p)
}

// resolve replaces the values that are Key Vault references.
func (r *reader) resolve(ctx context.Context, resolver Resolver) {
	references := map[string]secret.Reference{}
	for _, f := range Fields() {
		value := r.values[f.Name]
		if !secret.IsReference(value) {
			continue
		}
		reference, err := secret.ParseReference(value)
		if err != nil {
			r.report(f.Name, fault("the Key Vault reference is not well formed: "+err.Error(),
				"write @Microsoft.KeyVault(VaultName=vault;SecretName=name) and nothing around it"))
			continue
		}
		references[f.Name] = reference
	}
	if len(references) == 0 || resolver == nil {
		return // What is still a reference is found when it is read.
	}
	secrets, err := resolver.Resolve(ctx, references)
	for _, f := range Fields() {
		if value, ok := secrets[f.Name]; ok {
			r.values[f.Name] = strings.TrimSpace(value.Reveal())
		}
	}
	r.unresolved(err)
}

// unresolved reports the settings that a resolver could not resolve.
func (r *reader) unresolved(err error) {
	if joined, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); ok {
		for _, e := range joined.Unwrap() {
			r.unresolved(e)
		}
		return
	}
	if e, ok := errors.AsType[*secret.UnresolvedError](err); ok {
		p := fault(e.Message, e.Hint)
		// Signing in to Dataverse as somebody else is no way to go on.
		p.Absent = e.Absent && e.Setting != dataverseClientSecret
		r.report(e.Setting, p)
	}
}

// settings reads every setting.
func (r *reader) settings() Settings {
	s := Settings{
		StripeSecretKey:        read(r, "StripeSecretKey", stripeKey),
		StripeWebhookSecrets:   read(r, "StripeWebhookSecret", webhookSecrets),
		StripeAPIBase:          read(r, "StripeApiBase", endpoint),
		DataverseURL:           read(r, "DataverseUrl", endpoint),
		DataverseTenantID:      read(r, "DataverseTenantId", tenant),
		DataverseClientID:      read(r, "DataverseClientId", guid),
		DataverseClientSecret:  read(r, dataverseClientSecret, clientSecret),
		ServiceBusConnection:   read(r, "ServiceBusConnection", connectionString),
		ServiceBusNamespace:    read(r, "ServiceBusConnection__fullyQualifiedNamespace", namespace),
		PaymentEventsQueue:     read(r, "PaymentEventsQueue", queue),
		PaymentRequestsQueue:   read(r, "PaymentRequestsQueue", queue),
		PaymentSuccessURL:      read(r, "PaymentSuccessUrl", page),
		PaymentCancelURL:       read(r, "PaymentCancelUrl", page),
		PaymentLinkExpiry:      read(r, "PaymentLinkExpiry", linkExpiry),
		PaymentMethodTypes:     read(r, "PaymentMethodTypes", names),
		PaymentTable:           read(r, "PaymentTable", paymentTable),
		PaymentMetadataColumns: read(r, "PaymentMetadataColumns", names),
		ReconcileSchedule:      read(r, "ReconcileSchedule", schedule),
		ReconcileAfter:         read(r, "ReconcileAfter", age),
		ReconcileSweep:         read(r, "ReconcileSweep", age),
		ReconcileWindow:        read(r, "ReconcileWindow", age),
		ReconcileLimit:         read(r, "ReconcileLimit", limit),
		AzureClientID:          read(r, azureClientID, guid),
		InvocationTimeout:      read(r, "InvocationTimeout", invocationTimeout),
		LogLevel:               read(r, "LogLevel", logLevel),
		Port:                   read(r, "FUNCTIONS_CUSTOMHANDLER_PORT", port),
	}
	r.together(s)
	return s
}

// read returns the value of one setting, its default where it is not set, and
// the zero value where it is wrong.
func read[T any](r *reader, name string, parse func(string) (T, *Problem)) T {
	var zero T
	if r.bad[name] {
		return zero
	}
	value := r.values[name]
	if value == "" {
		if value = Fields()[position(name)].Default; value == "" {
			return zero
		}
	}
	// The platform resolves a reference only where it is the whole value, so one
	// inside a list stays as it is too.
	if strings.Contains(strings.ToLower(value), "@microsoft.keyvault(") {
		r.report(name, fault("the value is a Key Vault reference that nobody has resolved",
			`make the reference the whole value; give the app's identity the role "Key Vault Secrets User" on the vault, name a user-assigned identity in keyVaultReferenceIdentity, let the app's network into the vault, and restart the app`))
		return zero
	}
	parsed, p := parse(value)
	if p != nil {
		r.report(name, p)
		return zero
	}
	return parsed
}

// together checks what only several settings show.
func (r *reader) together(s Settings) {
	trio := []string{"DataverseTenantId", "DataverseClientId", dataverseClientSecret}
	var missing []string
	for _, name := range trio {
		if r.values[name] == "" {
			missing = append(missing, name)
		}
	}
	if n := len(missing); n == 1 || n == 2 {
		r.report(missing[0], fault(strings.Join(missing, " and ")+" missing, while the rest of "+strings.Join(trio, ", ")+" is set",
			"set all three to sign in with a client secret, or none to use the managed identity"))
	}
	if s.ReconcileWindow > 0 && (s.ReconcileSweep > s.ReconcileWindow || s.ReconcileAfter > s.ReconcileWindow) {
		r.report("ReconcileWindow", fault("it is shorter than ReconcileSweep or ReconcileAfter", "a thing is looked at for the first time before it is looked at for the last time: lengthen the window"))
	}
	if s.PaymentEventsQueue != "" && strings.EqualFold(s.PaymentEventsQueue, s.PaymentRequestsQueue) {
		r.report("PaymentRequestsQueue", fault("it names the same queue as PaymentEventsQueue", "give each direction a queue of its own"))
	}
}

// position returns where Settings has the setting of that name.
func position(name string) int {
	return slices.IndexFunc(Fields(), func(f Field) bool { return f.Name == name })
}

func join(problems []*Problem) error {
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}

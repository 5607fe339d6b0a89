package settings

import (
	"log/slog"
	"time"

	"paybridge/internal/payment"
	"paybridge/internal/secret"
)

// Settings are the app settings of PayBridge. Empty fields are settings that
// are not set and have no default.
//
// The tags: setting is the name of the app setting; desc says what it is;
// default is the value when it is not set; values are the only ones allowed;
// example shows the form; local is the value in local.settings.json.example, "-"
// for a setting that has no place there; for names the functions that need it;
// or names the setting that serves in its place; vault is the name of its secret
// in the deployment's Key Vault.
type Settings struct {
	StripeSecretKey secret.Secret `setting:"StripeSecretKey" vault:"stripe-secret-key" for:"stripewebhook crmupdate paymentrequest reconcile" example:"sk_test_…" desc:"Secret or restricted key of the Stripe account. Its prefix decides between test and live mode."`

	// StripeWebhookSecrets are the current signing secret and then the previous
	// ones, at least one when set.
	StripeWebhookSecrets []secret.Secret `setting:"StripeWebhookSecret" vault:"stripe-webhook-secret" for:"stripewebhook" example:"whsec_…,whsec_…" desc:"Signing secret of the webhook endpoint; while it is being rolled the current and the previous one, with a comma between, up to five."`

	// StripeAPIBase is an absolute URL without a slash at its end.
	StripeAPIBase string `setting:"StripeApiBase" default:"https://api.stripe.com" desc:"Where Stripe's API is; plain http only for the local machine."`

	// DataverseURL is scheme and host, without a slash at its end.
	DataverseURL string `setting:"DataverseUrl" for:"crmupdate crmwebhook paymentrequest reconcile" example:"https://contoso.crm4.dynamics.com" desc:"The Dataverse environment, host only; plain http only for the local machine."`

	DataverseTenantID     string        `setting:"DataverseTenantId" example:"contoso.onmicrosoft.com" desc:"Microsoft Entra tenant of the application user: a GUID or a domain. Set it together with the client id and secret; with none of the three the managed identity is used."`
	DataverseClientID     string        `setting:"DataverseClientId" example:"8f0b7a52-3c1d-4e6f-9a2b-5d4c3b2a1f00" desc:"Application (client) id of the application user."`
	DataverseClientSecret secret.Secret `setting:"DataverseClientSecret" vault:"dataverse-client-secret" example:"@Microsoft.KeyVault(VaultName=kv-pay;SecretName=dataverse-client-secret)" desc:"Client secret of the application user: the value, not the secret's id."`

	ServiceBusConnection secret.Secret `setting:"ServiceBusConnection" or:"ServiceBusConnection__fullyQualifiedNamespace" for:"stripewebhook crmupdate crmwebhook paymentrequest reconcile" example:"Endpoint=sb://…" local:"Endpoint=sb://localhost;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;" desc:"Connection string of the Service Bus namespace, read by the Functions host. It wins over ServiceBusConnection__fullyQualifiedNamespace."`
	ServiceBusNamespace  string        `setting:"ServiceBusConnection__fullyQualifiedNamespace" example:"sb-pay.servicebus.windows.net" desc:"Host name of the Service Bus namespace, for access by managed identity in place of a connection string."`
	PaymentEventsQueue   string        `setting:"PaymentEventsQueue" for:"stripewebhook crmupdate reconcile" example:"payment-events" local:"payment-events" desc:"Queue of the news from Stripe."`
	PaymentRequestsQueue string        `setting:"PaymentRequestsQueue" for:"crmupdate crmwebhook paymentrequest reconcile" example:"payment-requests" local:"payment-requests" desc:"Queue of the news from the CRM."`

	// PaymentSuccessURL and PaymentCancelURL may hold {CHECKOUT_SESSION_ID}.
	PaymentSuccessURL  string        `setting:"PaymentSuccessUrl" example:"https://shop.example/thanks" desc:"Where Checkout sends the customer after paying. Without it no Checkout link can be made."`
	PaymentCancelURL   string        `setting:"PaymentCancelUrl" example:"https://shop.example/cart" desc:"Where Checkout sends the customer who turns back."`
	PaymentLinkExpiry  time.Duration `setting:"PaymentLinkExpiry" default:"24h" desc:"How long a Checkout link can be paid, from 30m to 24h."`
	PaymentMethodTypes []string      `setting:"PaymentMethodTypes" example:"card,sepa_debit" desc:"Payment method types to offer, with commas between. Without it those that are switched on in Stripe's Dashboard."`
	// PaymentTable is what crm.ReadMapping takes.
	PaymentTable           string   `setting:"PaymentTable" default:"payment" example:"salesorder" desc:"Where the payments live: payment for the table pb_payment, salesorder for the orders of Dynamics 365 Sales, or the name of a JSON file beside host.json that maps another table."`
	PaymentMetadataColumns []string `setting:"PaymentMetadataColumns" example:"pb_name" desc:"Further columns of the payment row to show as metadata on Stripe's objects, logical names with commas between, up to 20."`

	// ReconcileSchedule is read by the Functions host, which leaves the function
	// out where it is not set.
	ReconcileSchedule string        `setting:"ReconcileSchedule" for:"reconcile" example:"0 */5 * * * *" local:"0 */5 * * * *" desc:"When reconcile looks for what was lost, as NCRONTAB with seconds first, read by the Functions host."`
	ReconcileAfter    time.Duration `setting:"ReconcileAfter" default:"10m" desc:"How old an undelivered event or an unanswered request has to be before reconcile takes it for lost."`
	ReconcileSweep    time.Duration `setting:"ReconcileSweep" default:"1h" desc:"The same for the slower sweeps over all events and objects of Stripe and over the rows that wait; they run four times in this time."`
	ReconcileWindow   time.Duration `setting:"ReconcileWindow" default:"72h" desc:"How far back the first run of reconcile looks, and the age at which a thing is looked at for the last time, up to 720h, for which Stripe keeps events."`
	ReconcileLimit    int           `setting:"ReconcileLimit" default:"1000" desc:"How many messages one run of reconcile puts on each queue at most, from 1 to 5000."`

	AzureClientID string `setting:"AZURE_CLIENT_ID" local:"-" example:"8f0b7a52-3c1d-4e6f-9a2b-5d4c3b2a1f00" desc:"Client id of the user-assigned managed identity; leave it out for the system-assigned one."`

	InvocationTimeout time.Duration `setting:"InvocationTimeout" default:"4m" desc:"How long one invocation may run, such as 90s or 4m: 4m30s at most, because Service Bus locks a message for five minutes."`
	LogLevel          slog.Level    `setting:"LogLevel" default:"info" values:"debug info warn error" desc:"The least severe lines that are logged."`

	// Port is 0 when the process was not started by a Functions host.
	Port int `setting:"FUNCTIONS_CUSTOMHANDLER_PORT" local:"-" example:"50331" desc:"Port to listen on. Given by the Functions host: do not set it."`
}

// Mode says which of Stripe's two worlds the key belongs to: "test", "live", or
// "" when there is no key.
func (s Settings) Mode() string {
	if s.StripeSecretKey.IsZero() {
		return ""
	}
	return keyMode(s.StripeSecretKey.Reveal())
}

// Livemode reports whether the Stripe key is one that moves real money.
func (s Settings) Livemode() bool { return s.Mode() == modeLive }

// OrgHost names the Dataverse environment as PayBridge writes it on Stripe's
// objects, CRM_Org: its host in lower case, with its port if it has one. It is
// empty when DataverseUrl is not set.
func (s Settings) OrgHost() string { return payment.OrgHost(s.DataverseURL) }

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/uuid"

	"paybridge/cmd/paybridge/endpoint"
	"paybridge/cmd/paybridge/provision"
	"paybridge/cmd/paybridge/target"
	"paybridge/internal/dataverse"
	"paybridge/internal/secret"
	"paybridge/internal/settings"
)

// setupDataverseCommand makes what PayBridge needs in a Dataverse environment.
type setupDataverseCommand struct {
	target.Flags
	App             string `env:"FUNCTION_APP_URL" placeholder:"URL" help:"Address of the function app that Dataverse tells of changes, such as https://pay.azurewebsites.net. Without it the service endpoint and its steps are left out. With --local it is known."`
	FunctionKeyFile string `placeholder:"FILE" help:"File with the function key that the service endpoint sends, - for the standard input. Default: the environment variable PAYBRIDGE_FUNCTION_KEY. Needed when the endpoint is made."`
	RotateKey       bool   `help:"Give the service endpoint the function key although it has one, which cannot be read."`
	ClientID        string `name:"client-id" placeholder:"GUID" help:"Application (client) id that PayBridge runs as. Default: the setting DataverseClientId, else that of the managed identity ($IDENTITY_CLIENT_ID). With --local it is known."`
	AsApp           bool   `help:"Sign in with DataverseClientId and DataverseClientSecret of the settings. Default: az login, or what the environment says."`
	DryRun          bool   `help:"Say what would be done and do nothing."`
}

// definitionTimeout bounds one request. The making of a table can take a
// minute, and longer where many are made.
const definitionTimeout = 5 * time.Minute

// Run sets the environment up.
func (c *setupDataverseCommand) Run(ctx context.Context, t *terminal) error {
	at, err := c.find(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = at.Close(ctx) }()
	if err := at.Require("DataverseUrl"); err != nil {
		return err
	}
	plan, err := c.plan(ctx, t, at)
	if err != nil {
		return err
	}
	client, err := c.client(at)
	if err != nil {
		return err
	}
	t.progress("looking at the CRM %s…", at.Settings.OrgHost())
	result, err := provision.Run(ctx, client, plan, provision.Options{Report: func(e provision.Event) { show(t, e) }})
	if err != nil {
		return c.explain(err)
	}
	return c.conclude(t, plan, result)
}

// find finds the CRM. Whoever administers it may not read the vault, so what is
// wrong with other settings is left to doctor.
func (c *setupDataverseCommand) find(ctx context.Context) (*target.Target, error) {
	at, problems, err := c.Inspect(ctx, process())
	if err != nil {
		return nil, err
	}
	needed := []string{"DataverseUrl", "DataverseClientId", "PaymentTable"}
	if c.AsApp {
		needed = append(needed, "DataverseTenantId", "DataverseClientSecret")
	}
	for _, problem := range problems {
		all := settings.Problems(problem)
		ours := slices.ContainsFunc(all, func(p *settings.Problem) bool { return slices.Contains(needed, p.Setting) })
		if len(all) == 0 || ours {
			return nil, errors.Join(problem, at.Close(ctx))
		}
	}
	return at, nil
}

// plan says what the environment is to have.
func (c *setupDataverseCommand) plan(ctx context.Context, t *terminal, at *target.Target) (provision.Plan, error) {
	plan := provision.Plan{Mapping: at.Mapping, RotateKey: c.RotateKey, DryRun: c.DryRun}
	plan.ClientID, _ = at.ClientID()
	if c.ClientID != "" {
		parsed, err := uuid.Parse(c.ClientID)
		if err != nil || len(c.ClientID) != 36 {
			return plan, &usage{fmt.Errorf("the client id %q is not a GUID", c.ClientID)}
		}
		plan.ClientID = parsed
	}
	app := c.App
	if at.Local {
		app = at.App
	}
	if app == "" {
		return plan, nil
	}
	address, err := endpoint.ParseApp(app)
	if err != nil {
		return plan, err
	}
	plan.WebhookURL = address + "/api/crm/webhook"
	plan.WebhookKey = func() (secret.Secret, error) { return c.functionKey(ctx, t, at.Local) }
	return plan, nil
}

// functionKey reads the key. The host of a paybridge local asks for none, but
// Dataverse wants a value.
func (c *setupDataverseCommand) functionKey(ctx context.Context, t *terminal, isLocal bool) (secret.Secret, error) {
	key, err := t.readFunctionKey(ctx, c.FunctionKeyFile)
	if err == nil && key.IsZero() && isLocal {
		key = secret.New("local")
	}
	return key, err
}

// client signs in as the operator, who may define tables, which PayBridge
// itself may not.
func (c *setupDataverseCommand) client(at *target.Target) (*dataverse.Client, error) {
	options := &dataverse.Options{Retry: policy.RetryOptions{TryTimeout: definitionTimeout}, UserAgent: "PayBridge/" + version()}
	if !c.AsApp {
		return at.Operator(options)
	}
	if at.Settings.DataverseClientSecret.IsZero() {
		return nil, &hinted{errors.New("--as-app needs DataverseTenantId, DataverseClientId and DataverseClientSecret"), "set them, or sign in with az login and leave --as-app out"}
	}
	credential, err := settings.Credential(at.Settings, azcore.ClientOptions{})
	if err != nil {
		return nil, err
	}
	return dataverse.New(at.Settings.DataverseURL, credential, options)
}

// show prints what became of a part.
func show(t *terminal, e provision.Event) {
	switch e.Kind {
	case provision.Unchanged:
		t.say("  ok      %s: %s", e.Part, e.Text)
	case provision.Made:
		t.say("  done    %s: %s", e.Part, e.Text)
	case provision.Planned:
		t.say("  would   %s: be %s", e.Part, e.Text)
	case provision.Left:
		t.say("  left    %s: %s", e.Part, e.Text)
	case provision.Note:
		t.say("  note    %s: %s", e.Part, e.Text)
	case provision.Working:
		t.progress("          %s…", e.Part)
	default:
		t.progress("          %s: %s", e.Part, e.Text)
	}
}

func (c *setupDataverseCommand) conclude(t *terminal, plan provision.Plan, result provision.Result) error {
	changes := "changes"
	if result.Changes == 1 {
		changes = "change"
	}
	switch {
	case result.Changes == 0:
		t.say("Nothing was to be done.")
	case plan.DryRun:
		t.say("%d %s would be made; nothing was written.", result.Changes, changes)
	default:
		t.say("%d %s made.", result.Changes, changes)
	}
	if plan.ClientID == uuid.Nil {
		t.say("hint: no application user was set up: give the client id of the managed identity with --client-id, or set DataverseClientId")
	}
	if plan.WebhookURL == "" {
		t.say("hint: the CRM does not tell PayBridge of changes yet: give the address of the function app with --app")
	}
	if result.Left > 0 {
		return &hinted{fmt.Errorf("%d things are not as PayBridge needs them, and setup must not change them", result.Left), "do what is said beside each of them above, then run this again"}
	}
	return nil
}

// explain adds to an error what to do about it.
func (c *setupDataverseCommand) explain(err error) error {
	if _, ok := errors.AsType[*provision.Refused](err); ok {
		return err
	}
	answer, answered := errors.AsType[*dataverse.Error](err)
	_, noToken := errors.AsType[*dataverse.TokenError](err)
	switch {
	case c.AsApp && (noToken || answered && answer.Status == http.StatusUnauthorized):
		return &hinted{err, "check DataverseTenantId, DataverseClientId and DataverseClientSecret, or leave --as-app out and sign in with az login"}
	case noToken || answered && answer.Status == http.StatusUnauthorized:
		return &hinted{err, "sign in with: az login --allow-no-subscriptions --tenant <tenant of the CRM>"}
	case answered && answer.Status == http.StatusForbidden:
		return &hinted{err, "set up as somebody with the security role System Administrator in this environment; PayBridge itself needs no such role"}
	case dataverse.IsUnanswered(err):
		return &hinted{err, "check DataverseUrl and the way there (DNS, proxy, firewall), then run it again: it goes on where it stopped"}
	}
	return &hinted{err, "run it again: it goes on where it stopped"}
}

// readFunctionKey reads the function key from a file, else from the
// environment. It is empty where neither has one.
func (t *terminal) readFunctionKey(ctx context.Context, file string) (secret.Secret, error) {
	if file != "" {
		return t.readSecret(ctx, file)
	}
	return secret.New(strings.TrimSpace(os.Getenv(functionKeyVariable))), nil
}

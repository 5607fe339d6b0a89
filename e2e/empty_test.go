package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/uuid"

	"paybridge/cmd/paybridge/environment"
	"paybridge/cmd/paybridge/local"
	"paybridge/cmd/paybridge/provision"
	client "paybridge/internal/dataverse"
	domain "paybridge/internal/payment"
	"paybridge/internal/secret"
	"paybridge/standin/dataverse"
)

// ann signs in as the administrator Ann.
type ann struct{}

func (ann) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "user:Ann", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// setUp runs setup on the world's Dataverse.
func (w *world) setUp() provision.Result {
	w.t.Helper()
	c, err := client.New(w.Endpoints().Dataverse, ann{}, nil)
	w.must(err)
	result, err := provision.Run(w.t.Context(), c, provision.Plan{
		Mapping: w.Mapping(), ClientID: uuid.MustParse(dataverse.ApplicationID()), WebhookURL: w.Endpoints().Functions + "/api/crm/webhook",
		WebhookKey: func() (secret.Secret, error) { return secret.New("the-function-key"), nil },
	}, provision.Options{Patience: provision.Patience{First: 10 * time.Millisecond, KeyPoll: 20 * time.Millisecond}})
	w.must(err)
	return result
}

// TestPaymentsFlowInAnEnvironmentThatWasEmpty leads every scenario through an
// environment that setup has made, in which PayBridge may do what its security
// role grants and nothing else.
func TestPaymentsFlowInAnEnvironmentThatWasEmpty(t *testing.T) {
	t.Parallel()
	w := start(t, impatient, func(c *local.Config) { c.EmptyDataverse = true })
	w.setUp()
	var lives []*payment
	for _, s := range scenarios {
		lives = append(lives, s.lead(w))
	}
	asked := w.row("12.50", "EUR")
	w.ask(asked, request(domain.RequestPay), collectBy(domain.ByLink))
	w.drain()
	for i, p := range lives {
		scenarios[i].check(p)
	}
	if got := w.read(asked); status(got) != "Pending" || got["pb_checkouturl"] == nil {
		t.Errorf("the row that asked for a link: %v", got)
	}
	w.ask(asked, request(domain.RequestCancel))
	w.settle()
	if got := w.read(asked); status(got) != "Canceled" {
		t.Errorf("the row that was canceled: %v", got)
	}
	if d := w.reconcile(); d.CutShort != "" {
		t.Errorf("reconcile: %+v", d)
	}
	if said := w.output.String(); strings.Contains(said, "0x80040220") {
		t.Error("a privilege is missing")
	}
	w.leastPrivileges()
	if again := w.setUp(); again != (provision.Result{}) {
		t.Errorf("another run of setup: %+v", again)
	}
}

// leastPrivileges holds the security role that setup makes to what PayBridge has
// made use of by now: each privilege that it grants was needed.
func (w *world) leastPrivileges() {
	w.t.Helper()
	c, err := client.New(w.Endpoints().Dataverse, ann{}, nil)
	w.must(err)
	read := environment.New(c)
	org, err := read.Organization(w.t.Context())
	w.must(err)
	role, err := read.Role(w.t.Context(), environment.RoleName, org.RootUnit)
	w.must(err)
	granted, err := read.RolePrivileges(w.t.Context(), role.ID)
	w.must(err)
	used := w.Dataverse.PrivilegesUsed()
	for _, g := range granted {
		// An upsert needs both, and meets one of them by what is there.
		if used[g.Name]+used[strings.Replace(g.Name, "prvWrite", "prvCreate", 1)] == 0 {
			w.t.Errorf("%s is granted, and was never needed", g.Name)
		}
	}
	if len(granted) == 0 {
		w.t.Error("the role grants nothing")
	}
}

package doctor_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/uuid"

	"paybridge/cmd/paybridge/doctor"
	"paybridge/cmd/paybridge/provision"
	"paybridge/cmd/paybridge/queues"
	"paybridge/internal/crm"
	client "paybridge/internal/dataverse"
	"paybridge/internal/secret"
	"paybridge/standin/dataverse"
)

// namespace is a Service Bus with so many messages on each queue.
type namespace struct {
	queues.Namespace
	waiting int
	dead    []queues.DeadLetter
	err     error
}

func (n *namespace) Waiting(context.Context, string) (int, error) { return n.waiting, n.err }
func (n *namespace) DeadLetters(string) (queues.DeadLetters, error) {
	return letters{all: n.dead}, nil
}
func (*namespace) Close(context.Context) error { return nil }

type letters struct {
	queues.DeadLetters
	all []queues.DeadLetter
}

func (l letters) Peek(context.Context, int64, int) ([]queues.DeadLetter, error) { return l.all, nil }
func (letters) Close(context.Context) error                                     { return nil }

type ann struct{}

func (ann) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "user:Ann", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func (r *rig) administrator() *client.Client {
	r.t.Helper()
	c, err := client.New(r.crmURL, ann{}, nil)
	r.must(err)
	return c
}

// provision lets setup make what the CRM needs.
func (r *rig) provision() {
	r.t.Helper()
	_, err := provision.Run(r.t.Context(), r.administrator(), provision.Plan{
		Mapping: crm.PaymentMapping(), ClientID: uuid.MustParse(dataverse.ApplicationID()), WebhookURL: r.appURL + "/api/crm/webhook",
		WebhookKey: func() (secret.Secret, error) { return secret.New(functionKey), nil },
	}, provision.Options{Patience: provision.Patience{First: time.Millisecond, Longest: 5 * time.Millisecond, KeyPoll: time.Millisecond}})
	r.must(err)
}

// send changes the environment as an administrator does by hand.
func (r *rig) send(method, path string, body any) {
	r.t.Helper()
	_, err := r.administrator().Call(r.t.Context(), client.Call{Operation: "breaking it", Method: method, Path: path, Body: body})
	r.must(err)
}

// id finds a row of the environment by a part of its name.
func (r *rig) id(table, name string) string {
	r.t.Helper()
	rows, err := r.dataverse.Rows(table)
	r.must(err)
	for _, row := range rows {
		if text, _ := row.Values["name"].(string); strings.Contains(text, name) {
			return row.ID
		}
	}
	r.t.Fatalf("no %s %s", table, name)
	return ""
}

func (r *rig) step(message string) string {
	return "sdkmessageprocessingsteps(" + r.id("sdkmessageprocessingstep", message) + ")"
}

// reopen puts another CRM in the place of the one that was set up, with tables
// that were changed.
func (r *rig) reopen(change func([]dataverse.Table)) {
	r.t.Helper()
	tables := dataverse.PayBridgeTables()
	change(tables)
	server, err := dataverse.Open(dataverse.Config{Dir: r.t.TempDir(), Tables: tables})
	r.must(err)
	r.t.Cleanup(func() { _ = server.Close() })
	r.values["DataverseUrl"] = r.serve(server)
}

// Each way to break the CRM or a queue is found, as TestBroken says.
func TestBrokenCRM(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		broken                 func(*rig)
		level                  doctor.Level
		group, message, remedy string
	}{
		"column missing": {
			func(r *rig) {
				r.reopen(func(all []dataverse.Table) { all[0].Columns = without(all[0].Columns, "pb_request") })
			},
			doctor.Problem, "dataverse", "pb_payment.pb_request is not there", "run paybridge setup dataverse",
		},
		"choice off by one": {
			func(r *rig) {
				r.reopen(func(all []dataverse.Table) {
					for i := range all[0].Columns {
						if c := &all[0].Columns[i]; c.LogicalName == "pb_status" {
							c.Options[len(c.Options)-1].Value++
						}
					}
				})
			},
			doctor.Problem, "dataverse", "choice pb_payment.pb_status has no value", "run paybridge setup dataverse",
		},
		"key missing": {
			func(r *rig) { r.reopen(func(all []dataverse.Table) { all[0].Keys = all[0].Keys[:1] }) },
			doctor.Problem, "dataverse", "alternate key pb_payment.", "run paybridge setup dataverse",
		},
		"another environment": {
			func(r *rig) { r.reopen(func([]dataverse.Table) {}) },
			doctor.Problem, "dataverse", "there is none called PayBridge", "run paybridge setup dataverse",
		},
		"user without the role": {
			func(r *rig) { r.reopen(func([]dataverse.Table) {}) },
			doctor.Problem, "dataverse", "it may not Read, Write and AppendTo all rows of pb_payment", "the security role PayBridge",
		},
		"no application user": {
			func(r *rig) { r.values["AZURE_CLIENT_ID"] = "11111111-2222-3333-4444-555555555555" },
			doctor.Problem, "dataverse", "no user for the application", "--client-id",
		},
		"step disabled": {
			func(r *rig) {
				r.send(http.MethodPatch, r.step("Create"), map[string]any{"statecode": 1, "statuscode": 2})
			},
			doctor.Problem, "dataverse", "it is disabled", "run paybridge setup dataverse",
		},
		"filter too wide": {
			func(r *rig) {
				r.send(http.MethodPatch, r.step("Update"), map[string]any{"filteringattributes": strings.Join(crm.PaymentMapping().Asks(), ",") + ",pb_status"})
			},
			doctor.Problem, "dataverse", "listens to pb_status as well", "run paybridge setup dataverse",
		},
		"no filter": {
			func(r *rig) { r.send(http.MethodPatch, r.step("Update"), map[string]any{"filteringattributes": nil}) },
			doctor.Problem, "dataverse", "listens to all columns", "run paybridge setup dataverse",
		},
		"step missing": {
			func(r *rig) { r.send(http.MethodDelete, r.step("Update"), nil) },
			doctor.Problem, "dataverse", "it is not registered", "run paybridge setup dataverse",
		},
		"posts elsewhere": {
			func(r *rig) {
				r.send(http.MethodPatch, "serviceendpoints("+r.id("serviceendpoint", "PayBridge")+")", map[string]any{"url": "https://other.example/api/crm/webhook"})
			},
			doctor.Problem, "dataverse", "it posts to https://other.example/api/crm/webhook", "run paybridge setup dataverse",
		},
		"dead letters": {
			func(r *rig) { r.queues.dead = make([]queues.DeadLetter, 3) },
			doctor.Warning, "queues", "dead letters, at least 3", "paybridge deadletters list",
		},
		"backlog": {
			func(r *rig) { r.queues.waiting = queues.WaitingLimit },
			doctor.Warning, "queues", "1000 messages or more", "the app runs",
		},
		"queue missing": {
			func(r *rig) { r.queues.err = http.ErrServerClosed },
			doctor.Problem, "queues", http.ErrServerClosed.Error(), "the queue are there",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			c.broken(r)
			report := r.examine()
			for _, f := range report.Findings {
				if f.Level == c.level && f.Group == c.group && strings.Contains(f.Message, c.message) && strings.Contains(f.Remedy, c.remedy) {
					return
				}
			}
			var shown strings.Builder
			r.must(report.Show(&shown))
			t.Errorf("not found in %s", &shown)
		})
	}
}

func without(columns []dataverse.Column, name string) []dataverse.Column {
	var rest []dataverse.Column
	for _, c := range columns {
		if c.LogicalName != name {
			rest = append(rest, c)
		}
	}
	return rest
}

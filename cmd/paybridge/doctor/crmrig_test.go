package doctor_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing/fstest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/uuid"

	"paybridge/cmd/paybridge/local"
	"paybridge/cmd/paybridge/provision"
	"paybridge/cmd/paybridge/queues"
	"paybridge/internal/crm"
	client "paybridge/internal/dataverse"
	"paybridge/internal/secret"
	"paybridge/standin/dataverse"
	"paybridge/standin/servicebus"
	"paybridge/standin/servicebus/management"
)

// namespace is a Service Bus with so many messages on each queue. It is asked
// for its queues' settings as at Azure.
type namespace struct {
	queues.Namespace
	bus     *servicebus.Namespace
	waiting int
	dead    []queues.DeadLetter
	err     error
}

// azure makes the namespace with the two queues.
func (r *rig) azure(c management.Config) {
	r.t.Helper()
	bus, err := servicebus.Open(r.t.TempDir(), nil)
	r.must(err)
	r.t.Cleanup(func() { _ = bus.Close() })
	for _, queue := range []string{local.EventsQueue, local.RequestsQueue} {
		r.must(bus.CreateQueue(queue, local.QueueProperties()))
	}
	web := httptest.NewTLSServer(management.Handler(bus, c))
	r.t.Cleanup(web.Close)
	opened, err := queues.ServiceBus(queues.Config{Host: strings.TrimPrefix(web.URL, "https://"), Credential: ann{}, Transport: web.Client()})
	r.must(err)
	r.queues = &namespace{Namespace: opened, bus: bus}
}

// queue sets the events' queue otherwise, as an operator may in the portal.
func (r *rig) queue(change func(*servicebus.QueueProperties)) {
	r.t.Helper()
	p := local.QueueProperties()
	change(&p)
	r.must(r.queues.bus.CreateQueue(local.EventsQueue, p))
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
		Mapping: r.mapping, ClientID: uuid.MustParse(dataverse.ApplicationID()), WebhookURL: r.appURL + "/api/crm/webhook",
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

// environment makes a CRM of its own, in the place of the one that there was.
// Its tables are there, and what else setup makes is not.
func (r *rig) environment(change func(*dataverse.Config)) {
	r.t.Helper()
	config := dataverse.Config{Dir: r.t.TempDir(), Tables: dataverse.MappedTables(r.mapping), Roles: true}
	change(&config)
	server, err := dataverse.Open(config)
	r.must(err)
	r.t.Cleanup(func() { _ = server.Close() })
	r.dataverse = server
	r.crmURL = r.serve(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodGet && req.Method != http.MethodHead {
			r.writes.Add(1)
		}
		server.ServeHTTP(w, req)
	}))
	r.values["DataverseUrl"] = r.crmURL
}

// tables makes a CRM whose tables were changed.
func (r *rig) tables(change func([]dataverse.Table)) {
	r.t.Helper()
	r.environment(func(c *dataverse.Config) { change(c.Tables) })
}

// invoices lets the payments live in the table of the mapping file that
// docs/mapping.md shows.
func (r *rig) invoices(change func([]dataverse.Table)) {
	r.t.Helper()
	page, err := os.ReadFile("../../../docs/mapping.md")
	r.must(err)
	_, example, _ := strings.Cut(string(page), "```json\n")
	example, _, _ = strings.Cut(example, "```")
	r.file, r.values["PaymentTable"] = []byte(example), "invoice.json"
	r.mapping, err = crm.ReadMapping("invoice.json", fstest.MapFS{"invoice.json": {Data: r.file}})
	r.must(err)
	r.tables(change)
	r.provision()
}

// sign makes another application user, as an administrator may by hand, and
// lets the app sign in as that one.
func (r *rig) sign(values map[string]any) {
	r.t.Helper()
	id := uuid.NewString()
	r.send(http.MethodPost, "systemusers", map[string]any{
		"applicationid": id, "businessunitid@odata.bind": "/businessunits(" + r.rows("businessunit")[0].ID + ")",
	})
	if len(values) > 0 {
		r.send(http.MethodPatch, "systemusers("+r.id("systemuser", "applicationid", id)+")", values)
	}
	r.values["AZURE_CLIENT_ID"] = id
}

func (r *rig) rows(table string) []dataverse.Row {
	r.t.Helper()
	rows, err := r.dataverse.Rows(table)
	r.must(err)
	return rows
}

// found finds a row of the environment by a part of a text in it.
func (r *rig) found(table, column, part string) dataverse.Row {
	r.t.Helper()
	for _, row := range r.rows(table) {
		if text, _ := row.Values[column].(string); strings.Contains(text, part) {
			return row
		}
	}
	r.t.Fatalf("no %s %s", table, part)
	return dataverse.Row{}
}

func (r *rig) id(table, column, part string) string {
	r.t.Helper()
	return r.found(table, column, part).ID
}

func (r *rig) step(message string) string {
	return "sdkmessageprocessingsteps(" + r.id("sdkmessageprocessingstep", "name", message) + ")"
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

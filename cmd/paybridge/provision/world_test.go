package provision_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/uuid"

	"paybridge/cmd/paybridge/environment"
	"paybridge/cmd/paybridge/provision"
	"paybridge/internal/crm"
	"paybridge/internal/dataverse"
	"paybridge/internal/secret"
	cloud "paybridge/standin/dataverse"
)

// webhookKey must be seen nowhere.
const webhookKey = "a-function-key-that-must-not-be-seen"

// world is a Dataverse in which setup has not run, behind real HTTP.
type world struct {
	t      *testing.T
	server *cloud.Server
	front  *httptest.Server
	client *dataverse.Client
	// working are the requests that are being answered, also to nobody.
	working sync.WaitGroup

	mu     sync.Mutex
	writes []string // methods and paths that change something
	loose  []string // those that name no solution
	faults func(n int, r *http.Request) *cloud.Fault
	asked  int
}

type administrator struct{}

func (administrator) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "user:Ann", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func newWorld(t *testing.T, change func(*cloud.Config)) *world {
	t.Helper()
	w := &world{t: t}
	cfg := cloud.Config{Dir: t.TempDir(), NoApplicationUser: true, Roles: true, Metadata: cloud.Metadata{Lag: time.Hour}, Faults: w.fault}
	if change != nil {
		change(&cfg)
	}
	server, err := cloud.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.server = server
	w.front = httptest.NewServer(w)
	t.Cleanup(func() {
		w.front.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	w.client = w.as(administrator{})
	return w
}

// as returns a client that does not try again by itself.
func (w *world) as(credential azcore.TokenCredential) *dataverse.Client {
	w.t.Helper()
	client, err := dataverse.New(w.front.URL, credential, &dataverse.Options{Retry: policy.RetryOptions{MaxRetries: -1}})
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

// ServeHTTP notes what is written.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.working.Add(1)
	defer w.working.Done()
	if r.Method != http.MethodGet {
		path := strings.TrimPrefix(r.URL.Path, "/api/data/v9.2/")
		w.mu.Lock()
		w.writes = append(w.writes, r.Method+" "+path)
		if r.Header.Get("MSCRM.SolutionUniqueName") != environment.SolutionName {
			w.loose = append(w.loose, r.Method+" "+path)
		}
		w.mu.Unlock()
	}
	w.server.ServeHTTP(rw, r)
}

func (w *world) fault(r *http.Request) *cloud.Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	if w.faults == nil {
		return nil
	}
	return w.faults(w.asked, r)
}

func plan() provision.Plan {
	return provision.Plan{
		Mapping: crm.PaymentMapping(), ClientID: uuid.MustParse(cloud.ApplicationID()),
		WebhookURL: "https://pay.example/api/crm/webhook", WebhookKey: func() (secret.Secret, error) { return secret.New(webhookKey), nil },
	}
}

func impatient() provision.Patience {
	return provision.Patience{First: time.Millisecond, Longest: 5 * time.Millisecond, KeyPoll: time.Millisecond, Part: time.Minute, Keys: time.Minute}
}

// setup runs setup and returns what it reported.
func (w *world) setup(p provision.Plan) (provision.Result, []provision.Event, error) {
	w.t.Helper()
	w.mu.Lock()
	w.writes, w.loose = nil, nil
	w.mu.Unlock()
	var events []provision.Event
	result, err := provision.Run(w.t.Context(), w.client, p, provision.Options{
		Patience: impatient(), Report: func(e provision.Event) { events = append(events, e) },
	})
	if text := fmt.Sprint(events, err); strings.Contains(text, webhookKey) {
		w.t.Errorf("the function key is in what setup says: %s", text)
	}
	return result, events, err
}

// done is a run that has to go well.
func (w *world) done(p provision.Plan) (provision.Result, []provision.Event) {
	w.t.Helper()
	result, events, err := w.setup(p)
	if err != nil {
		w.t.Fatalf("setup: %v\n%s", err, lines(events))
	}
	return result, events
}

func lines(events []provision.Event) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%d %s: %s\n", e.Kind, e.Part, e.Text)
	}
	return b.String()
}

// differences are all that the environment has not.
func (w *world) differences() []environment.Difference {
	w.t.Helper()
	r := environment.New(w.client)
	var all []environment.Difference
	for _, want := range plan().Mapping.Tables() {
		have, err := r.Table(w.t.Context(), want.Name)
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, environment.Compare(want, have)...)
	}
	return all
}

package queues_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/go-cmp/cmp"

	running "paybridge/cmd/paybridge/local"
	"paybridge/cmd/paybridge/queues"
	"paybridge/internal/secret"
	"paybridge/internal/secret/leak"
	"paybridge/standin/servicebus"
	"paybridge/standin/servicebus/management"
	"paybridge/standin/servicebus/remote"
)

type operator string

func (o operator) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(o), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// azure returns a namespace whose management endpoint answers like that, over
// https.
func azure(t *testing.T, handler http.Handler, as operator) queues.Namespace {
	t.Helper()
	web := httptest.NewTLSServer(handler)
	t.Cleanup(web.Close)
	return opened(t, queues.Config{Host: strings.TrimPrefix(web.URL, "https://"), Credential: as, Transport: web.Client()})
}

func opened(t *testing.T, c queues.Config) queues.Namespace {
	t.Helper()
	n, err := queues.ServiceBus(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close(context.Background()) })
	return n
}

// namespace has a queue of a paybridge local, and one of the defaults of Service
// Bus.
func namespace(t *testing.T) *servicebus.Namespace {
	t.Helper()
	ns, err := servicebus.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ns.Close() })
	for name, properties := range map[string]servicebus.QueueProperties{
		queue: running.QueueProperties(), "odd": {LockDuration: 61500 * time.Millisecond, DuplicateDetectionWindow: time.Hour},
	} {
		if err := ns.CreateQueue(name, properties); err != nil {
			t.Fatal(err)
		}
	}
	return ns
}

// TestSettingsAreRead reads them of both kinds of namespace. What a paybridge
// local has is what is wanted.
func TestSettingsAreRead(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	here := httptest.NewServer(remote.Handler(ns, "this run"))
	t.Cleanup(here.Close)
	for name, n := range map[string]queues.Namespace{
		"Azure": azure(t, management.Handler(ns, management.Config{}), "operator"),
		"local": queues.Local(remote.Client{URL: here.URL}),
	} {
		got, err := n.Settings(t.Context(), queue)
		if err != nil || got == nil {
			t.Errorf("%s: %v, %v", name, got, err)
			continue
		}
		if diff := cmp.Diff(queues.Wanted(), *got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if d := got.Compare(queues.Wanted()); len(d) > 0 {
			t.Errorf("%s: %v", name, d)
		}
		odd, err := n.Settings(t.Context(), "odd")
		if want := (queues.Settings{LockDuration: 61500 * time.Millisecond, MaxDeliveryCount: 10, DuplicateDetection: true, BatchedOperations: true, Status: queues.Active}); err != nil || *odd != want {
			t.Errorf("%s: %+v, %v", name, odd, err)
		}
		if got, err := n.Settings(t.Context(), "none"); got != nil || err != nil {
			t.Errorf("%s: a queue that is not there: %v, %v", name, got, err)
		}
	}
}

// TestSettingsAreReadWithAKey signs in as the Functions host does where a
// connection string is set.
func TestSettingsAreReadWithAKey(t *testing.T) {
	t.Parallel()
	web := httptest.NewTLSServer(management.Handler(namespace(t), management.Config{}))
	t.Cleanup(web.Close)
	n := opened(t, queues.Config{
		Connection: secret.New("Endpoint=sb://" + strings.TrimPrefix(web.URL, "https://") + ";SharedAccessKeyName=manage;SharedAccessKey=hunter2"), Transport: web.Client(),
	})
	if got, err := n.Settings(t.Context(), queue); err != nil || got == nil || got.MaxDeliveryCount != queues.Wanted().MaxDeliveryCount {
		t.Errorf("%v, %v", got, err)
	}
}

// TestSettingsThatCannotBeRead: what went wrong comes on one line, with what to
// do and without a key.
func TestSettingsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	status := func(code int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "hunter2\n<Error/>", code) })
	}
	nonsense := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`<entry xmlns="http://www.w3.org/2005/Atom"><content><QueueDescription><LockDuration>5 minutes</LockDuration></QueueDescription></content></entry>`))
	})
	emulator := opened(t, queues.Config{Connection: secret.New("Endpoint=sb://localhost;SharedAccessKeyName=n;SharedAccessKey=hunter2;UseDevelopmentEmulator=true;")})
	for name, c := range map[string]struct {
		from       queues.Namespace
		hidden     bool
		says, hint string
	}{
		"not a manager": {azure(t, management.Handler(namespace(t), management.Config{Strangers: []string{"someone"}}), "someone"), true, "they cannot be seen from here", "Azure Service Bus Data Owner"},
		"forbidden":     {azure(t, status(http.StatusForbidden), "someone"), true, "they cannot be seen from here", "the claim Manage"},
		"emulator":      {emulator, true, "they cannot be seen from here", "examine the queues of a deployment"},
		"refused":       {azure(t, status(http.StatusBadRequest), "someone"), false, "Service Bus answered 400", ""},
		"no duration":   {azure(t, nonsense, "someone"), false, `"5 minutes" is no duration`, ""},
	} {
		_, err := c.from.Settings(t.Context(), queue)
		answer, ok := errors.AsType[*queues.Error](err)
		if !ok || errors.Is(err, queues.ErrHidden) != c.hidden || !strings.Contains(err.Error(), c.says) || !strings.Contains(answer.Hint(), c.hint) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.ContainsAny(err.Error(), "\n<") {
			t.Errorf("%s: %v", name, err)
		}
		leak.New("hunter2").Assert(t, name, err.Error())
	}
}

// TestQueuesAreCompared has each way in which a queue can be wrong, alone.
func TestQueuesAreCompared(t *testing.T) {
	t.Parallel()
	for says, c := range map[string]struct {
		change          func(*queues.Settings)
		harmless, fixed bool
	}{
		"its status is ReceiveDisabled":          {change: func(s *queues.Settings) { s.Status = "ReceiveDisabled" }},
		"it has sessions":                        {change: func(s *queues.Settings) { s.Sessions = true }, fixed: true},
		"forwards its messages to other":         {change: func(s *queues.Settings) { s.ForwardTo = "other" }},
		"its lock lasts 1m0s and not 5m0s":       {change: func(s *queues.Settings) { s.LockDuration = time.Minute }},
		"gives a message up after 10 deliveries": {change: func(s *queues.Settings) { s.MaxDeliveryCount = 10 }},
		"are good for 1h0m0s and not":            {change: func(s *queues.Settings) { s.DefaultMessageTTL = time.Hour }},
		"drops what has expired":                 {change: func(s *queues.Settings) { s.DeadLetteringOnExpiration = false }},
		"forwards its dead letters to other":     {change: func(s *queues.Settings) { s.ForwardDeadLettersTo = "other" }},
		"drops a message whose id it has seen":   {change: func(s *queues.Settings) { s.DuplicateDetection = true }, harmless: true, fixed: true},
		"stores each message by itself":          {change: func(s *queues.Settings) { s.BatchedOperations = false }, harmless: true},
		"":                                       {change: func(*queues.Settings) {}},
		"more patient than it has to be":         {change: func(s *queues.Settings) { s.MaxDeliveryCount, s.DefaultMessageTTL = 2000, 0 }},
	} {
		have := queues.Wanted()
		c.change(&have)
		got := have.Compare(queues.Wanted())
		if says == "" || strings.HasPrefix(says, "more") {
			if len(got) > 0 {
				t.Errorf("%s: %v", says, got)
			}
			continue
		}
		if len(got) != 1 || !strings.Contains(got[0].Problem, says) || got[0].Harmless != c.harmless || got[0].Fixed != c.fixed {
			t.Errorf("%s: %+v", says, got)
		}
	}
}

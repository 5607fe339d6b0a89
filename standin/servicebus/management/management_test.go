package management_test

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
	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus/admin"
	"github.com/google/go-cmp/cmp"

	"paybridge/standin/servicebus"
	"paybridge/standin/servicebus/management"
)

// token signs in as whoever it says.
type token string

func (t token) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(t), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// open returns the official client before a namespace, over https as at Azure.
func open(t *testing.T, queues map[string]servicebus.QueueProperties, c management.Config) func(token) *admin.Client {
	t.Helper()
	ns, err := servicebus.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ns.Close() })
	for name, properties := range queues {
		if err := ns.CreateQueue(name, properties); err != nil {
			t.Fatal(err)
		}
	}
	web := httptest.NewTLSServer(management.Handler(ns, c))
	t.Cleanup(web.Close)
	return func(as token) *admin.Client {
		client, err := admin.NewClient(strings.TrimPrefix(web.URL, "https://"), as, &admin.ClientOptions{ClientOptions: azcore.ClientOptions{Transport: web.Client()}})
		if err != nil {
			t.Fatal(err)
		}
		return client
	}
}

func TestOfficialClientReadsQueues(t *testing.T) {
	t.Parallel()
	client := open(t, map[string]servicebus.QueueProperties{
		"wanted":   {LockDuration: 5 * time.Minute, MaxDeliveryCount: 100, DefaultMessageTTL: 14 * 24 * time.Hour, DeadLetteringOnExpiration: true},
		"defaults": {DuplicateDetectionWindow: time.Hour},
		"odd":      {LockDuration: 1500 * time.Millisecond, DefaultMessageTTL: 25*time.Hour + 90*time.Second},
	}, management.Config{Change: func(q *management.Queue) { q.RequiresSession = q.RequiresDuplicateDetection }})("operator")
	for name, want := range map[string][]any{
		"wanted":   {"PT5M", int32(100), "P14D", true, false, false},
		"defaults": {"PT1M", int32(10), "P10675199DT2H48M5.4775807S", false, true, true},
		"odd":      {"PT1.5S", int32(10), "P1DT1H1M30S", false, false, false},
	} {
		found, err := client.GetQueue(t.Context(), name, nil)
		if err != nil || found == nil {
			t.Errorf("%s: %v, %v", name, found, err)
			continue
		}
		got := []any{
			*found.LockDuration, *found.MaxDeliveryCount, *found.DefaultMessageTimeToLive,
			*found.DeadLetteringOnMessageExpiration, *found.RequiresDuplicateDetection, *found.RequiresSession,
		}
		if diff := cmp.Diff(want, got); diff != "" || *found.Status != admin.EntityStatusActive {
			t.Errorf("%s: %s %s", name, *found.Status, diff)
		}
	}
	if found, err := client.GetQueue(t.Context(), "none", nil); found != nil || err != nil {
		t.Errorf("a queue that is not there: %v, %v", found, err)
	}
}

func TestStrangersMayNotManage(t *testing.T) {
	t.Parallel()
	client := open(t, map[string]servicebus.QueueProperties{"q": {}}, management.Config{Strangers: []string{"stranger"}})
	if _, err := client("operator").GetQueue(t.Context(), "q", nil); err != nil {
		t.Error(err)
	}
	for _, queue := range []string{"q", "none"} {
		_, err := client("stranger").GetQueue(t.Context(), queue, nil)
		if answer, ok := errors.AsType[*azcore.ResponseError](err); !ok || answer.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %v", queue, err)
		}
	}
}

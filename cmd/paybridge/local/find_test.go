package local_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/local"
)

// TestFind looks for a run from the outside: while it runs, when it has ended,
// and when another run answers at the address that it had.
func TestFind(t *testing.T) {
	c := config(t)
	c.Settings = map[string]string{"LogLevel": "warn"}
	l := begin(t, c)
	running, err := local.Find(t.Context(), c.Data, c.Settings)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(l.Endpoints(), running.Endpoints); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{
		"LogLevel": "warn", "DataverseUrl": l.Endpoints().Dataverse, "StripeApiBase": l.Endpoints().Stripe,
		"StripeSecretKey": l.Endpoints().StripeSecretKey, "PaymentEventsQueue": local.EventsQueue,
	} {
		if got := running.Settings[name]; got != want {
			t.Errorf("%s is %q instead of %q", name, got, want)
		}
	}
	if _, err := running.Queues.Counts(t.Context(), local.EventsQueue); err != nil {
		t.Error(err)
	}
	old := t.TempDir()
	text, err := json.Marshal(map[string]any{"instance": "an earlier run", "endpoints": l.Endpoints()})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(old, "local.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := local.Find(t.Context(), old, nil); !errors.Is(err, local.ErrNotRunning) {
		t.Errorf("another run at the same address: %v", err)
	}
	finish(t, l)
	if _, err := local.Find(t.Context(), c.Data, nil); !errors.Is(err, local.ErrNotRunning) {
		t.Errorf("after its end: %v", err)
	}
}

package local_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/local"
	"paybridge/cmd/paybridge/pack"
	"paybridge/cmd/paybridge/pack/packtest"
)

// dist is the app, packed once for all tests.
var dist string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "paybridge-local-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	root, err := pack.Root(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dist = filepath.Join(dir, "dist")
	if _, err := pack.Pack(context.Background(), pack.Config{Root: root, Dist: dist}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func config(t *testing.T) local.Config {
	t.Helper()
	packtest.Consult(t)
	return local.Config{Dist: dist, Data: t.TempDir()}
}

func begin(t *testing.T, c local.Config) *local.Local {
	t.Helper()
	l, err := local.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func finish(t *testing.T, l *local.Local) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestRestartKeepsAddressesAndKeys(t *testing.T) {
	c := config(t)
	first := begin(t, c)
	urls := first.Endpoints()
	finish(t, first)
	second := begin(t, c)
	defer finish(t, second)
	if diff := cmp.Diff(urls, second.Endpoints()); diff != "" {
		t.Errorf("after a restart something is elsewhere:\n%s", diff)
	}
	if urls.Functions == "" || urls.Dataverse == "" || urls.Stripe == "" || !strings.HasPrefix(urls.StripeSecretKey, "sk_test_") || !strings.HasPrefix(urls.StripeWebhookSecret, "whsec_") {
		t.Errorf("the endpoints are %+v", urls)
	}
	state, err := os.Stat(filepath.Join(c.Data, "local.json"))
	if err != nil || state.Mode().Perm() != 0o600 {
		t.Errorf("the state, which holds a secret: %v %v", state, err)
	}
}

// TestPlatformStartsAHostThatGaveUp kills the handler until its host gives up.
func TestPlatformStartsAHostThatGaveUp(t *testing.T) {
	c := config(t)
	l := begin(t, c)
	defer finish(t, l)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	wait := func(what string, true func() bool) {
		t.Helper()
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for !true() {
			select {
			case <-tick.C:
			case <-ctx.Done():
				t.Fatalf("waited in vain until %s", what)
			}
		}
	}
	host := l.Host()
	for range 3 {
		wait("the handler is up", func() bool { return host.HandlerPID() != 0 })
		host.KillHandler()
	}
	wait("another host runs", func() bool { return l.HostRestarts() == 1 && l.Host() != host })
	wait("it answers", func() bool {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.Endpoints().Functions+"/api/health", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		return err == nil && resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
	})
}

func TestRealEndsReplaceTheirStandIns(t *testing.T) {
	c := config(t)
	c.Settings = map[string]string{
		"StripeSecretKey": "sk_test_of_a_person", "StripeWebhookSecret": "whsec_of_a_person", "DataverseUrl": "https://contoso.crm4.dynamics.com",
	}
	l := begin(t, c)
	defer finish(t, l)
	if l.Stripe != nil || l.Dataverse != nil {
		t.Error("a stand-in runs beside the real end")
	}
	want := local.Endpoints{
		Functions: l.Endpoints().Functions, Dataverse: "https://contoso.crm4.dynamics.com", Stripe: "https://api.stripe.com",
		StripeWebhookSecret: "whsec_of_a_person", Queues: l.Endpoints().Queues,
	}
	if diff := cmp.Diff(want, l.Endpoints()); diff != "" {
		t.Error(diff)
	}
}

func TestLiveKeysAreRefused(t *testing.T) {
	for _, key := range []string{"sk_live_1", "rk_live_1"} {
		l, err := local.Start(t.Context(), local.Config{Data: t.TempDir(), Settings: map[string]string{"StripeSecretKey": key}})
		if err == nil {
			finish(t, l)
		}
		if err == nil || !strings.Contains(err.Error(), "live key") || strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestStateThatCannotBeReadIsSaid(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "local.json")
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := local.Start(t.Context(), local.Config{Data: dir}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("the error is %v", err)
	}
}

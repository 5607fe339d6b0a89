package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"paybridge/cmd/paybridge/environment"
	"paybridge/cmd/paybridge/vault"
	"paybridge/internal/crm"
	client "paybridge/internal/dataverse"
	"paybridge/standin/dataverse"
	"paybridge/standin/keyvault"
	"paybridge/standin/stripe"
)

// The secrets that are set up, and that must be seen nowhere.
const (
	theFunctionKey  = "the-key-of-the-function"
	theClientSecret = "hunter2~hunter2"
)

// installation is what an operator sets up by the built command: a CRM, an
// account at Stripe and a key vault that know nothing yet. It kills the command
// in the middle of a write.
type installation struct {
	t         *testing.T
	binary    string
	dir       string
	env       []string
	dataverse *dataverse.Server
	stripe    *stripe.Server
	vault     *vault.Vault
	// crm, atStripe and atVault are the addresses of the three.
	crm, atStripe, atVault string

	mu sync.Mutex
	// writes is how many writes have come since the command was started, and
	// last the one in which it is killed, counted from one; zero is none.
	writes, last int
	// after says that the last write is carried out, and its answer finds nobody.
	after bool
	kill  func()
}

func install(t *testing.T, binary string) *installation {
	t.Helper()
	i := &installation{t: t, binary: binary, dir: t.TempDir()}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	i.dataverse, err = dataverse.Open(dataverse.Config{
		Dir: filepath.Join(i.dir, "dataverse"), NoApplicationUser: true, Roles: true, Metadata: dataverse.Metadata{Lag: time.Hour, Publishing: true},
	})
	must(err)
	t.Cleanup(func() { _ = i.dataverse.Close() })
	i.stripe, err = stripe.Open(stripe.Config{Dir: filepath.Join(i.dir, "stripe")})
	must(err)
	t.Cleanup(func() { _ = i.stripe.Close() })
	i.crm = i.front(i.dataverse)
	i.atStripe, i.atVault = i.front(i.stripe), i.front(keyvault.New(keyvault.Config{}))
	at, err := vault.Parse(i.atVault)
	must(err)
	i.vault, err = vault.Open(at, nil, nil)
	must(err)
	i.env = []string{
		"DataverseUrl=" + i.crm, "IDENTITY_CLIENT_ID=" + dataverse.ApplicationID(), "AZURE_KEY_VAULT_NAME=" + i.atVault,
		"FUNCTION_APP_URL=https://pay.example", "PAYBRIDGE_FUNCTION_KEY=" + theFunctionKey,
		"StripeApiBase=" + i.atStripe, "StripeSecretKey=" + i.stripe.SecretKey(),
	}
	for name, text := range map[string]string{"stripe-key": i.stripe.SecretKey(), "client-secret": theClientSecret} {
		must(os.WriteFile(filepath.Join(i.dir, name), []byte(text+"\n"), 0o600))
	}
	return i
}

// front serves one of the ends and returns its address.
func (i *installation) front(end http.Handler) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		if r.Method != http.MethodGet {
			i.writes++
		}
		strike, after, kill := r.Method != http.MethodGet && i.writes == i.last, i.after, i.kill
		i.mu.Unlock()
		if !strike {
			end.ServeHTTP(w, r)
			return
		}
		if after {
			end.ServeHTTP(httptest.NewRecorder(), r)
		}
		kill()
		panic(http.ErrAbortHandler)
	}))
	i.t.Cleanup(server.Close)
	return server.URL
}

// run runs the command to its end and returns what it said. It has to go well.
func (i *installation) run(args ...string) string {
	i.t.Helper()
	said, err := i.start(0, false, args)
	if err != nil {
		i.t.Fatalf("paybridge %s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return said
}

// killed runs the command and kills it in a write, counted from one: after it
// was carried out, or before. It reports whether it came to that.
func (i *installation) killed(in int, after bool, args ...string) bool {
	i.t.Helper()
	said, err := i.start(in, after, args)
	struck := i.written() >= in
	if err != nil && !struck {
		i.t.Fatalf("paybridge %s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return struck
}

func (i *installation) start(last int, after bool, args []string) (string, error) {
	i.t.Helper()
	cmd := exec.CommandContext(i.t.Context(), i.binary, args...)
	cmd.Dir, cmd.Env = i.dir, i.env
	said := &output{}
	cmd.Stdout, cmd.Stderr = said, said
	started := make(chan struct{})
	i.mu.Lock()
	i.writes, i.last, i.after = 0, last, after
	i.kill = func() {
		<-started
		_ = cmd.Process.Kill()
	}
	i.mu.Unlock()
	if err := cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
	close(started)
	err := cmd.Wait()
	for _, secret := range []string{theFunctionKey, theClientSecret, i.stripe.SecretKey(), "whsec_"} {
		if strings.Contains(said.String(), secret) {
			i.t.Errorf("a secret is shown: %s", said)
		}
	}
	return said.String(), err
}

// written is how many writes the last run made.
func (i *installation) written() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.writes
}

// state is everything that is in the CRM, but for ids and times, which are
// others each time.
func (i *installation) state() ([]*environment.Table, []string) {
	i.t.Helper()
	c, err := client.New(i.crm, ann{}, nil)
	if err != nil {
		i.t.Fatal(err)
	}
	var tables []*environment.Table
	for _, want := range crm.PaymentMapping().Tables() {
		table, err := environment.New(c).Table(i.t.Context(), want.Name)
		if err != nil {
			i.t.Fatal(err)
		}
		tables = append(tables, table)
	}
	var lines, names []string
	for _, table := range []string{
		"publisher", "solution", "role", "roleprivileges", "systemuser", "systemuserroles", "serviceendpoint", "sdkmessageprocessingstep",
	} {
		rows, err := i.dataverse.Rows(table)
		if err != nil {
			i.t.Fatal(err)
		}
		for _, row := range rows {
			for _, column := range []string{"createdon", "modifiedon"} {
				delete(row.Values, column)
			}
			text, err := json.Marshal(row.Values)
			if err != nil {
				i.t.Fatal(err)
			}
			lines = append(lines, table+" "+string(text))
			names = append(names, row.ID, fmt.Sprint(table, " ", row.Values["name"]))
		}
	}
	known := strings.NewReplacer(names...)
	for n := range lines {
		lines[n] = known.Replace(lines[n])
	}
	slices.Sort(lines)
	return tables, lines
}

// TestSetupOfTheCRMIsKilledInEachOfItsWrites kills setup dataverse and starts it
// again until it comes to its end, and expects what a run makes that nobody
// disturbed.
func TestSetupOfTheCRMIsKilledInEachOfItsWrites(t *testing.T) {
	t.Parallel()
	binary := build(t).binary
	setup := []string{"setup", "dataverse"}
	whole := install(t, binary)
	whole.run(setup...)
	tables, rows := whole.state()
	writes := whole.written()
	for _, c := range []struct {
		name         string
		in           int
		after        bool
		kills, makes int
	}{
		// Each run is killed when one thing was made, and does not hear of it.
		{"after the first", 1, true, writes, 0},
		// Each run makes two things, and is killed before the third.
		{"before the third", 3, false, (writes - 1) / 2, writes - (writes-1)/2*2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			i := install(t, binary)
			for range c.kills {
				if !i.killed(c.in, c.after, setup...) {
					t.Fatal("a run came to its end too soon")
				}
			}
			i.run(setup...)
			if made := i.written(); made != c.makes {
				t.Errorf("the run after the last kill made %d writes, not %d", made, c.makes)
			}
			gotTables, gotRows := i.state()
			if diff := cmp.Diff(tables, gotTables, cmpopts.IgnoreTypes(uuid.UUID{})); diff != "" {
				t.Errorf("the tables are others than without kills:\n%s", diff)
			}
			if diff := cmp.Diff(rows, gotRows); diff != "" {
				t.Errorf("the rows are others than without kills:\n%s", diff)
			}
			if said := i.run(setup...); i.written() != 0 || !strings.Contains(said, "Nothing was to be done.") {
				t.Errorf("one more run wrote %d times:\n%s", i.written(), said)
			}
		})
	}
}

// TestSetupOfSecretsIsKilledInEachOfItsWrites does the same to the commands that
// write to the vault: what they make is so little that each of their writes has
// a fresh start.
func TestSetupOfSecretsIsKilledInEachOfItsWrites(t *testing.T) {
	t.Parallel()
	binary := build(t).binary
	for _, c := range []struct {
		name string
		args []string
		// kept is what the vault has to have in the end.
		kept   func(*installation) map[string]string
		writes int
	}{
		{"stripe", []string{"setup", "stripe"}, func(i *installation) map[string]string {
			made, err := i.stripe.Endpoints()
			if err != nil || len(made) != 1 || made[0].URL != "https://pay.example/api/stripe/webhook?code="+theFunctionKey {
				i.t.Fatalf("%d endpoints, %v", len(made), err)
			}
			return map[string]string{"stripe-webhook-secret": made[0].Secret}
		}, 3},
		{"keyvault", []string{"setup", "keyvault", "--stripe-secret-key-file", "stripe-key", "--dataverse-client-secret-file", "client-secret"}, func(i *installation) map[string]string {
			return map[string]string{"stripe-secret-key": i.stripe.SecretKey(), "dataverse-client-secret": theClientSecret}
		}, 2},
	} {
		for in := 1; in <= c.writes+1; in++ {
			for _, after := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%d/after=%v", c.name, in, after), func(t *testing.T) {
					t.Parallel()
					i := install(t, binary)
					if struck := i.killed(in, after, c.args...); struck != (in <= c.writes) {
						t.Fatalf("it made %d writes", i.written())
					}
					i.run(c.args...)
					for name, want := range c.kept(i) {
						kept, err := i.vault.Read(t.Context(), name)
						if err != nil || kept.Value.Reveal() != want {
							t.Errorf("the vault has another %s: %v", name, err)
						}
					}
					if said := i.run(c.args...); i.written() != 0 || !strings.Contains(said, "nothing to do") {
						t.Errorf("one more run wrote %d times:\n%s", i.written(), said)
					}
				})
			}
		}
	}
}

package endpoint_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"paybridge/cmd/paybridge/endpoint"
	"paybridge/cmd/paybridge/vault"
	"paybridge/internal/secret"
	"paybridge/internal/stripeapi"
	"paybridge/standin/keyvault"
	"paybridge/standin/stripe"
)

const functionKey = "k3y+of/the==function"

// world is an account at Stripe, a vault and the app, each on a real port.
type world struct {
	t      *testing.T
	stripe *stripe.Server
	vault  *vault.Vault
	kv     *keyvault.Server
	client *stripeapi.Client
	app    *app
	url    string
	said   []string

	stripeURL    string
	refuseWrites bool

	clock time.Duration

	mu sync.Mutex
	// left is how many requests are still served; negative means all of them.
	left int
	// after lets the request that is the last be carried out before the
	// connection goes.
	after bool
}

// app takes events as the deployed function does.
type app struct {
	mu      sync.Mutex
	secrets []secret.Secret
	taken   int
}

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != endpoint.Path {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if r.URL.Query().Get("code") != functionKey {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if _, err := stripeapi.Verify(body, r.Header.Get("Stripe-Signature"), a.secrets, time.Now()); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"received":false,"reason":%q}`, err)
		return
	}
	a.taken++
	_, _ = io.WriteString(w, `{"received":true}`)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, left: -1, app: &app{}}
	var err error
	w.stripe, err = stripe.Open(stripe.Config{
		Dir: t.TempDir(), RestrictedKeys: []string{"rk_test_reader", "rk_test_operator"},
		Permissions: map[string][]string{"rk_test_reader": {"webhook_read"}, "rk_test_operator": {"webhook_write", "event_read"}},
		Delivery:    stripe.Delivery{Orderly: true, Backoff: []time.Duration{}}, Now: w.now, Faults: func(*http.Request) *stripe.Fault {
			served, after := w.serve()
			if served {
				return nil
			}
			return &stripe.Fault{Drop: true, AfterCommit: after}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.stripe.Close() })
	atStripe := httptest.NewServer(w.stripe)
	t.Cleanup(atStripe.Close)
	w.client = stripeapi.New(stripeapi.Config{Key: secret.New(w.stripe.SecretKey()), BaseURL: atStripe.URL})

	w.stripeURL = atStripe.URL

	w.kv = keyvault.New(keyvault.Config{Faults: func(r *http.Request) *keyvault.Fault {
		if w.refuseWrites && r.Method == http.MethodPut {
			return &keyvault.Fault{Status: http.StatusForbidden, Code: "Forbidden", Inner: "ForbiddenByRbac"}
		}
		served, after := w.serve()
		if served {
			return nil
		}
		return &keyvault.Fault{Drop: true, AfterCommit: after}
	}})
	atVault := httptest.NewServer(w.kv)
	t.Cleanup(atVault.Close)
	at, err := vault.Parse(atVault.URL)
	if err != nil {
		t.Fatal(err)
	}
	w.vault, err = vault.Open(at, nil, &azsecrets.ClientOptions{ClientOptions: azcore.ClientOptions{Retry: policy.RetryOptions{MaxRetries: -1}}})
	if err != nil {
		t.Fatal(err)
	}
	atApp := httptest.NewServer(w.app)
	t.Cleanup(atApp.Close)
	w.url = atApp.URL
	return w
}

// now is the clock of Stripe.
func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.clock)
}

// nextSecond lets time pass at Stripe: it knows no fractions of seconds.
func (w *world) nextSecond() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock += 2 * time.Second
}

// serve counts a request and says whether it is served as usual, and if not
// whether it is carried out all the same.
func (w *world) serve() (served, after bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.left < 0 {
		return true, false
	}
	w.left--
	if w.left >= 0 {
		return true, false
	}
	after = w.after
	// The process is dead: nothing that comes later is served.
	w.left, w.after = 0, false
	return false, after
}

// dieAt lets the process die with its n-th request, counted from zero.
func (w *world) dieAt(n int, after bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left, w.after = n, after
}

func (w *world) live() { w.dieAt(-1, false) }

func (w *world) setup(change ...func(*endpoint.Config)) error {
	w.said = nil
	c := endpoint.Config{
		Stripe: w.client, Vault: w.vault, App: w.url, FunctionKey: secret.New(functionKey),
		Say: func(format string, args ...any) { w.said = append(w.said, fmt.Sprintf(format, args...)) },
	}
	for _, f := range change {
		f(&c)
	}
	err := endpoint.Setup(w.t.Context(), c)
	told := strings.Join(w.said, "\n")
	if err != nil {
		told += err.Error()
	}
	for _, s := range []string{functionKey, url.QueryEscape(functionKey), "whsec_", w.stripe.SecretKey()} {
		if strings.Contains(told, s) {
			w.t.Errorf("a secret is shown: %s", told)
		}
	}
	return err
}

func roll(c *endpoint.Config)   { c.Roll = true }
func retire(c *endpoint.Config) { c.Retire = true }
func dry(c *endpoint.Config)    { c.DryRun = true }

// restart lets the app read the vault.
func (w *world) restart() {
	w.t.Helper()
	kept, err := w.vault.Read(w.t.Context(), "stripe-webhook-secret")
	if err != nil {
		w.t.Fatal(err)
	}
	w.app.mu.Lock()
	defer w.app.mu.Unlock()
	w.app.secrets = nil
	for s := range strings.SplitSeq(kept.Value.Reveal(), ",") {
		w.app.secrets = append(w.app.secrets, secret.New(s))
	}
}

func (w *world) endpoints() []stripeapi.Endpoint {
	w.t.Helper()
	all, err := w.client.Endpoints(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// good fails the test unless there are so many endpoints, all are what they
// should be, and the app, restarted, takes what each delivers.
func (w *world) good(count int) {
	w.t.Helper()
	w.restart()
	registered, err := w.stripe.Endpoints()
	if err != nil {
		w.t.Fatal(err)
	}
	all := w.endpoints()
	if len(all) != count {
		w.t.Errorf("%d endpoints, want %d", len(all), count)
	}
	for i, e := range all {
		missing, extra := endpoint.Differ(e.Events)
		if len(missing)+len(extra) > 0 || !e.Enabled || e.APIVersion != stripeapi.APIVersion || e.Address != w.url+endpoint.Path {
			w.t.Errorf("endpoint %+v", e)
		}
		if e.Metadata[endpoint.MetadataSecret] != endpoint.Fingerprint(secret.New(registered[i].Secret)) {
			w.t.Errorf("%s is marked %v", e.ID, e.Metadata)
		}
		answer, err := endpoint.Probe(w.t.Context(), nil, e.URL, secret.New(registered[i].Secret), false, time.Now())
		if err != nil || !answer.Taken() {
			w.t.Errorf("the app does not take events of %s: %v, %v", e.ID, answer, err)
		}
	}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"paybridge/cmd/paybridge/local"
	"paybridge/internal/settings"
	"paybridge/standin/keyvault"
	"paybridge/standin/stripe"
)

// functionKey is that of the app.
const functionKey = "the-key-of-the-function"

// standins are what an operator sets up: a Stripe account and a Key Vault that
// know nothing yet, and an app that is to run on them.
type standins struct {
	vault *keyvault.Server
	app   *local.Local
	// port is held until the app listens there.
	port net.Listener
	// request is called with each request to the two, before it is served.
	request atomic.Pointer[func() bool]
}

// standinCommands are the commands by which a script has them.
//
//	standins           starts Stripe and Key Vault, whose addresses are in STRIPE_URL
//	                   and VAULT_URL, with the key of the account in the file
//	                   stripe-key; APP_URL is where the app will run and settings.json
//	                   its settings, with references to the vault
//	app                starts the app, or starts it again
//	flows              makes a payment in the CRM, pays it and waits for the row
//	writes N           says how often the vault was written
//	endpoints N        says how many webhook endpoints there are
//	killed N CMD ARGS  runs a command and kills it after N requests, in the next one
func standinCommands() map[string]func(*testscript.TestScript, bool, []string) {
	commands := map[string]func(*testscript.TestScript, bool, []string){}
	for name, do := range map[string]func(*standins, *testscript.TestScript, []string){
		"standins": (*standins).start, "app": (*standins).startApp, "flows": (*standins).flows,
		"writes": (*standins).writes, "endpoints": (*standins).endpoints, "killed": (*standins).killed,
	} {
		commands[name] = func(ts *testscript.TestScript, _ bool, args []string) { do(ts.Value(standins{}).(*standins), ts, args) }
	}
	return commands
}

// served says whether a request is to be served.
func (s *standins) served() bool {
	request := s.request.Load()
	return request == nil || (*request)()
}

func (s *standins) start(ts *testscript.TestScript, _ []string) {
	server, err := stripe.Open(stripe.Config{Dir: ts.MkAbs("stripe-data"), Faults: func(*http.Request) *stripe.Fault {
		if s.served() {
			return nil
		}
		return &stripe.Fault{Drop: true}
	}})
	ts.Check(err)
	ts.Defer(func() { _ = server.Close() })
	s.vault = keyvault.New(keyvault.Config{Faults: func(*http.Request) *keyvault.Fault {
		if s.served() {
			return nil
		}
		return &keyvault.Fault{Drop: true}
	}})
	atStripe, atVault := httptest.NewServer(server), httptest.NewServer(s.vault)
	ts.Defer(atStripe.Close)
	ts.Defer(atVault.Close)
	var lc net.ListenConfig
	listener, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = listener.Close() })
	s.port = listener
	ts.Setenv("STRIPE_URL", atStripe.URL)
	ts.Setenv("VAULT_URL", atVault.URL)
	ts.Setenv("APP_URL", "http://"+listener.Addr().String())
	ts.Check(os.WriteFile(ts.MkAbs("stripe-key"), []byte(server.SecretKey()+"\n"), 0o600))
	reference := func(setting string) string {
		return "@Microsoft.KeyVault(SecretUri=" + atVault.URL + "/secrets/" + settings.VaultSecret(setting) + ")"
	}
	text, err := json.Marshal(map[string]any{"Values": map[string]string{
		"StripeApiBase": atStripe.URL, "StripeSecretKey": reference("StripeSecretKey"), "StripeWebhookSecret": reference("StripeWebhookSecret"),
		"PaymentSuccessUrl": "https://shop.example/thanks",
	}})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("settings.json"), text, 0o600))
}

func (s *standins) startApp(ts *testscript.TestScript, _ []string) {
	if s.app != nil {
		ts.Check(s.app.Close())
	}
	scene := ts.Value(sceneKey{}).(*scene)
	ts.Check(scene.packed())
	values, err := settings.ReadLocal(ts.MkAbs("settings.json"))
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(ts.Getenv("APP_URL"), "http://"))
	ts.Check(err)
	number, err := strconv.Atoi(port)
	ts.Check(err)
	_ = s.port.Close()
	start := func() error {
		s.app, err = local.Start(ctx, local.Config{
			Dist: scene.dist, Data: ts.MkAbs(".paybridge"), Settings: values, FunctionsPort: number, HandlerOutput: io.Discard,
			EmptyDataverse: true, RequireKeys: true, FunctionKeys: map[string]string{"default": functionKey},
		})
		return err
	}
	// Until it listens there, anybody's connection may have the port for a while.
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for errors.Is(start(), syscall.EADDRINUSE) && ctx.Err() == nil {
		<-tick.C
	}
	ts.Check(err)
	app := s.app
	ts.Defer(func() { _ = app.Close() })
}

func (s *standins) flows(ts *testscript.TestScript, _ []string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d := &demonstration{urls: s.app.Endpoints(), in: s.app.Mapping()}
	d.urls.StripeSecretKey = strings.TrimSpace(ts.ReadFile("stripe-key"))
	row, err := d.makeRow(ctx)
	ts.Check(err)
	wait := func(want string) (intent string) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			intent, status, err := d.readRow(ctx, row)
			ts.Check(err)
			if status == want && intent != "" {
				return intent
			}
			select {
			case <-ctx.Done():
				ts.Fatalf("the row shows %q and not %s", status, want)
			case <-tick.C:
			}
		}
	}
	_, err = d.stripe(ctx, "/v1/payment_intents/"+wait("Pending")+"/confirm", "payment_method", "pm_card_visa", "return_url", "https://shop.example/")
	ts.Check(err)
	wait("Completed")
}

func (s *standins) writes(ts *testscript.TestScript, args []string) {
	if got := s.vault.Writes(); fmt.Sprint(got) != args[0] {
		ts.Fatalf("the vault was written %d times", got)
	}
}

func (s *standins) endpoints(ts *testscript.TestScript, args []string) {
	list, err := call(context.Background(), http.MethodGet, ts.Getenv("STRIPE_URL")+"/v1/webhook_endpoints",
		http.Header{"Authorization": {"Bearer " + strings.TrimSpace(ts.ReadFile("stripe-key"))}}, "")
	ts.Check(err)
	all, _ := list["data"].([]any)
	if fmt.Sprint(len(all)) != args[0] {
		ts.Fatalf("there are %d endpoints", len(all))
	}
}

func (s *standins) killed(ts *testscript.TestScript, args []string) {
	left, err := strconv.Atoi(args[0])
	ts.Check(err)
	name := args[1]
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path := filepath.Join(dir, name); !filepath.IsAbs(name) {
			if _, err := os.Stat(path); err == nil {
				name = path
			}
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, v := range []string{"PATH", "HOME", "AZURE_KEY_VAULT_NAME", "PAYBRIDGE_FUNCTION_KEY", "StripeApiBase", "StripeSecretKey"} {
		cmd.Env = append(cmd.Env, v+"="+ts.Getenv(v))
	}
	var count atomic.Int64
	var struck atomic.Bool
	started := make(chan struct{})
	request := func() bool {
		if count.Add(1) <= int64(left) {
			return true
		}
		<-started
		struck.Store(true)
		_ = cmd.Process.Kill()
		return false
	}
	s.request.Store(&request)
	ts.Check(cmd.Start())
	close(started)
	err = cmd.Wait()
	s.request.Store(nil)
	if !struck.Load() {
		ts.Fatalf("it made %d requests and ended with %v", count.Load(), err)
	}
}

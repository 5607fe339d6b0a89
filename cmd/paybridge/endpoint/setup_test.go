package endpoint_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"paybridge/cmd/paybridge/endpoint"
	"paybridge/cmd/paybridge/vault"
	"paybridge/internal/secret"
	"paybridge/internal/stripeapi"
	"paybridge/standin/stripe"
)

func TestSetup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.setup(dry); err != nil {
		t.Fatal(err)
	}
	if len(w.endpoints()) != 0 || w.kv.Writes() != 0 || !strings.Contains(w.said[0], "would create a webhook endpoint") {
		t.Errorf("a dry run did something, or said nothing: %v", w.said)
	}
	if err := w.setup(); err != nil {
		t.Fatal(err)
	}
	w.good(1)
	before := w.endpoints()[0]
	if err := w.setup(); err != nil {
		t.Fatal(err)
	}
	w.good(1)
	if w.kv.Writes() != 1 || w.endpoints()[0].ID != before.ID || !strings.Contains(w.said[0], "nothing to do") {
		t.Errorf("the second run did something: %v", w.said)
	}
}

// Whatever somebody has changed about the endpoint is put right, and nothing
// else is touched.
func TestCorrect(t *testing.T) {
	t.Parallel()
	types := stripeapi.EventTypes()
	for name, c := range map[string]struct {
		change  string // of the form of Stripe's API
		says    string
		without func(*endpoint.Config)
	}{
		"missing":      {change: "enabled_events[]=" + strings.Join(types[1:], "&enabled_events[]="), says: "subscribe it to " + types[0]},
		"superfluous":  {change: "enabled_events[]=charge.succeeded&enabled_events[]=" + strings.Join(types, "&enabled_events[]="), says: "unsubscribe it from charge.succeeded"},
		"everything":   {change: "enabled_events[]=*", says: "unsubscribe it from *"},
		"disabled":     {change: "disabled=true", says: "enable it"},
		"function key": {change: "url=%s?code=old", says: "give it the function key"},
		"elsewhere":    {change: "url=https://elsewhere.example/", says: "let it deliver to"},
		"mark":         {change: "metadata[PayBridge_App]=", says: "note on it whose it is"},
		"secret's":     {change: "metadata[PayBridge_Secret]=0", says: "note on it whose it is"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if err := w.setup(); err != nil {
				t.Fatal(err)
			}
			id := w.endpoints()[0].ID
			change := c.change
			if strings.Contains(change, "%s") {
				change = fmt.Sprintf(change, w.url+endpoint.Path)
			}
			w.post("/v1/webhook_endpoints/"+id, change)
			if err := w.setup(dry); err != nil || !strings.Contains(w.said[0], c.says) {
				t.Errorf("said %v, %v, want %q", w.said, err, c.says)
			}
			if err := w.setup(); err != nil {
				t.Fatal(err)
			}
			w.good(1)
			if w.endpoints()[0].ID != id || w.kv.Writes() != 1 {
				t.Error("the endpoint was not kept")
			}
		})
	}
}

// Without a function key the endpoint keeps the one it has, and none can be made.
func TestWithoutFunctionKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	without := func(c *endpoint.Config) { c.FunctionKey = secret.Secret{} }
	err := w.setup(without, func(c *endpoint.Config) { c.App = "https://pay.example" })
	if e, ok := errors.AsType[*endpoint.Error](err); !ok || !strings.Contains(e.Hint(), "PAYBRIDGE_FUNCTION_KEY") || len(w.endpoints()) != 0 {
		t.Errorf("got %v", err)
	}
	if err := w.setup(); err != nil {
		t.Fatal(err)
	}
	if err := w.setup(without); err != nil {
		t.Fatal(err)
	}
	w.good(1)
	if err := w.setup(without, roll); err != nil {
		t.Fatal(err)
	}
	w.good(2)
}

// An API version cannot be changed: a new endpoint comes beside the old.
func TestAPIVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.handMade("2022-11-15")
	if err := w.setup(); err != nil {
		t.Fatal(err)
	}
	if got := w.endpoints(); len(got) != 2 || got[0].APIVersion != stripeapi.APIVersion {
		t.Errorf("endpoints %+v", got)
	}
	// Both deliver, and the app takes both.
	w.restart()
	if n := len(w.app.secrets); n != 2 {
		t.Errorf("the app has %d secrets", n)
	}
	if err := w.setup(retire); err != nil {
		t.Fatal(err)
	}
	w.good(1)
	if n := len(w.app.secrets); n != 1 {
		t.Errorf("the app has %d secrets", n)
	}
}

// An endpoint that a person made for this app is replaced and never trusted
// with a secret that is not known to be its.
func TestHandMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.handMade(stripeapi.APIVersion)
	if err := w.setup(); err != nil {
		t.Fatal(err)
	}
	if got := w.endpoints(); len(got) != 2 || got[1].ID != id {
		t.Errorf("endpoints %+v", got)
	}
	w.restart()
	if err := w.setup(retire); err != nil {
		t.Fatal(err)
	}
	w.good(1)
}

// Endpoints of others are left alone.
func TestOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, url := range []string{"https://other.example/api/stripe/webhook", w.url + "/api/other"} {
		if _, err := w.stripe.Register(url, []string{"charge.succeeded"}); err != nil {
			t.Fatal(err)
		}
	}
	before := w.endpoints()
	for _, how := range []func(*endpoint.Config){nop, roll} {
		if err := w.setup(how); err != nil {
			t.Fatal(err)
		}
	}
	w.restart()
	if err := w.setup(retire); err != nil {
		t.Fatal(err)
	}
	after := w.endpoints()
	if len(after) != 3 || after[1].ID != before[0].ID || after[2].ID != before[1].ID {
		t.Errorf("endpoints %+v", after)
	}
}

func nop(*endpoint.Config) {}

// What Stripe refuses comes with what to do about it.
func TestStripeRefuses(t *testing.T) {
	t.Parallel()
	refused := func(w *world, hint string) {
		t.Helper()
		err := w.setup()
		if e, ok := errors.AsType[*endpoint.Error](err); !ok || !strings.Contains(e.Hint(), hint) {
			t.Errorf("got %v, want the hint %q", err, hint)
		}
		if w.kv.Writes() != 0 {
			t.Error("something was stored")
		}
	}
	w := newWorld(t)
	for i := range 16 {
		if _, err := w.stripe.Register(fmt.Sprintf("https://other.example/%d", i), nil); err != nil {
			t.Fatal(err)
		}
	}
	refused(w, "delete the webhook endpoints of the account that nobody needs")
	w = newWorld(t)
	w.client = stripeapi.New(stripeapi.Config{Key: secret.New("rk_test_reader"), BaseURL: w.stripeURL})
	refused(w, "rak_webhook_write")
	w.client = stripeapi.New(stripeapi.Config{Key: secret.New("rk_test_wrong"), BaseURL: w.stripeURL})
	refused(w, "make a new one")
	w.client = stripeapi.New(stripeapi.Config{Key: secret.New(w.stripe.SecretKey()), BaseURL: w.stripeURL})
	w.stripe.FaultNext("POST", "/v1/webhook_endpoints", 1, stripe.Fault{Status: 500})
	refused(w, "run this again")
	if err := w.setup(); err != nil {
		t.Error(err)
	}
	w.good(1)
}

// A vault that does not take the secret leaves no endpoint behind.
func TestVaultRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refuseWrites = true
	err := w.setup()
	if e, ok := errors.AsType[*vault.Error](err); !ok || !strings.Contains(e.Hint(), "Key Vault Secrets Officer") || len(w.endpoints()) != 0 {
		t.Errorf("got %v and %d endpoints", err, len(w.endpoints()))
	}
	w.refuseWrites = false
	if err := w.setup(); err != nil {
		t.Error(err)
	}
	w.good(1)
}

func TestParseApp(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://Pay.azurewebsites.net/": "https://pay.azurewebsites.net", " pay.azurewebsites.net": "https://pay.azurewebsites.net",
		"http://127.0.0.1:7071": "http://127.0.0.1:7071", "http://localhost:7071/": "http://localhost:7071",
		"http://pay.azurewebsites.net": "", "https://pay.azurewebsites.net/api": "", "https://pay.azurewebsites.net?code=x": "", "": "", "ftp://x": "", "https://u@x": "",
	} {
		if got, err := endpoint.ParseApp(address); got != want || (err == nil) != (want != "") {
			t.Errorf("ParseApp(%q) = %q, %v", address, got, err)
		}
	}
}

// The app takes five secrets and no more: before there were six, setup says
// which to take out, and makes nothing.
func TestTooManySecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(w.vault.Write(t.Context(), "stripe-webhook-secret", secret.New("whsec_1,whsec_2,whsec_3,whsec_4,whsec_5"), nil))
	err := w.setup()
	if e, ok := errors.AsType[*endpoint.Error](err); !ok || !strings.Contains(e.Message, "lists 5 signing secrets, and the app takes no more than 5") || !strings.Contains(e.Hint(), "take those out that are not in use") {
		t.Errorf("got %v", err)
	}
	if len(w.endpoints()) != 0 || w.kv.Writes() != 1 {
		t.Error("something was made")
	}
}

package main

import (
	"net/http/httptest"
	"os"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"paybridge/standin/keyvault"
	"paybridge/standin/stripe"
)

// standins are what a script's deployment is made of.
type standins struct{ vault *keyvault.Server }

// start is the script command that starts an empty Stripe and an empty Key
// Vault: their addresses are in STRIPE_URL and VAULT_URL, and the key of the
// account is in the file stripe-key.
func start(ts *testscript.TestScript, _ bool, _ []string) {
	server, err := stripe.Open(stripe.Config{Dir: ts.MkAbs("stripe-data"), Delivery: stripe.Delivery{Orderly: true}})
	ts.Check(err)
	ts.Defer(func() { _ = server.Close() })
	s := ts.Value(standins{}).(*standins)
	s.vault = keyvault.New(keyvault.Config{})
	atStripe, atVault := httptest.NewServer(server), httptest.NewServer(s.vault)
	ts.Defer(atStripe.Close)
	ts.Defer(atVault.Close)
	ts.Setenv("STRIPE_URL", atStripe.URL)
	ts.Setenv("VAULT_URL", atVault.URL)
	ts.Check(os.WriteFile(ts.MkAbs("stripe-key"), []byte(server.SecretKey()+"\n"), 0o600))
}

// writes is the script command that says how often the vault was written.
func writes(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := ts.Value(standins{}).(*standins).vault.Writes(); got != want {
		ts.Fatalf("the vault was written %d times", got)
	}
}

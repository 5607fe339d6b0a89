package e2e

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/local"
	"paybridge/internal/stripeapi"
)

// TestSecretIsRolledWithEventsUnderWay rolls the signing secret by the built
// command while events are on their way that only the old endpoint brings, and
// others that both bring, each signed with a secret of its own. Nothing is lost,
// and the old endpoint stays until that is sure.
func TestSecretIsRolledWithEventsUnderWay(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	i := install(t, build(t).binary)
	i.env = append(i.env, "FUNCTION_APP_URL=http://127.0.0.1:"+strconv.Itoa(port))
	i.run("setup", "stripe")
	w := &world{t: t, output: &output{}}
	w.must(listener.Close())
	data := t.TempDir()
	var app *local.Local
	// The app reads the vault when it starts, and nothing but webhooks brings it
	// news.
	restart := func() {
		if app != nil {
			w.must(app.Close())
		}
		app, err = local.Start(t.Context(), local.Config{
			Dist: dist, Data: data, HandlerOutput: w.output, FunctionsPort: port,
			RequireKeys: true, FunctionKeys: map[string]string{"default": theFunctionKey},
			Settings: map[string]string{
				"StripeApiBase": i.atStripe, "StripeSecretKey": i.stripe.SecretKey(), "ReconcileSchedule": never,
				"StripeWebhookSecret": "@Microsoft.KeyVault(SecretUri=" + i.atVault + "/secrets/stripe-webhook-secret)",
			},
		})
		w.must(err)
		w.urls = app.Endpoints()
		w.urls.StripeSecretKey = i.stripe.SecretKey()
	}
	restart()
	t.Cleanup(func() { _ = app.Close() })
	var lives []*payment
	pay := func() {
		for range 3 {
			p := &payment{world: w, row: w.row("12.50", "EUR")}
			p.byIntent("pm_card_visa")
			lives = append(lives, p)
		}
	}
	retire := func() (string, error) { return i.start(0, false, []string{"setup", "stripe", "--retire"}) }

	pay()
	i.stripe.HoldDeliveries()
	pay() // The old endpoint alone is to bring these.
	last := time.Now().Unix()
	w.until("the second is over in which they were made, for Stripe knows no less", func() bool { return time.Now().Unix() > last })
	i.run("setup", "stripe", "--roll")
	pay() // Both are to bring these.
	if said, err := retire(); err == nil || !strings.Contains(said, "the app does not take the secret of") {
		t.Errorf("retired before the app had the new secret: %v\n%s", err, said)
	}
	restart()
	if said, err := retire(); err == nil || !strings.Contains(said, "Stripe still tries to deliver events from before") {
		t.Errorf("retired with events under way: %v\n%s", err, said)
	}
	i.stripe.ReleaseDeliveries()
	w.until("the old endpoint can go", func() bool { _, err := retire(); return err == nil })
	pay() // The app still takes the old secret, and nobody signs with it.
	restart()
	pay()
	w.until("every row is true", func() bool {
		for _, p := range lives {
			if !cmp.Equal(p.truth(p.intentID, ""), shown(w.read(p.row))) {
				return false
			}
		}
		return true
	})
	w.until("every event is in the timeline", func() bool {
		seen := w.timeline()
		for _, event := range w.all("events") {
			kind, _ := event["type"].(string)
			if slices.Contains(stripeapi.EventTypes(), kind) && seen[w.id(event)] == "" {
				return false
			}
		}
		return true
	})
	for _, secret := range []string{`"webhook_secret":"current"`, `"webhook_secret":"previous 1"`} {
		if !strings.Contains(w.output.String(), secret) {
			t.Errorf("no event was taken with %s", secret)
		}
	}
	made, err := i.stripe.Endpoints()
	w.must(err)
	kept, err := i.vault.Read(t.Context(), "stripe-webhook-secret")
	if err != nil || len(made) != 1 || kept.Value.Reveal() != made[0].Secret {
		t.Errorf("%d endpoints, and the vault has another secret, or more: %v", len(made), err)
	}
}

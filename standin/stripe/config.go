package stripe

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// DefaultAPIVersion is the version whose shapes the stand-in speaks, that of stripe-go/v76.
const DefaultAPIVersion = "2023-10-16"

// Config says where the stand-in keeps its state and how awkward it is.
type Config struct {
	// Dir holds the state, in one file. It must be set and is created where it is not there.
	Dir string
	// SecretKey is the key that requests must bear, sk_test_… or sk_live_…. Empty: one is made at the first opening
	// and kept in Dir. Its mode is the livemode of every object.
	SecretKey string
	// RestrictedKeys are further keys, rk_…, of the same mode.
	RestrictedKeys []string
	// Permissions are what restricted keys may do, by key, in Stripe's words without rak_ before them, as
	// payment_intent_write; writing includes reading. A key that is not here may do everything.
	Permissions map[string][]string
	// APIVersion is the account's default, by which events of endpoints without a version of their own are stamped.
	// Empty: DefaultAPIVersion.
	APIVersion string
	// ConnectedAccounts are the acct_… ids that a Stripe-Account header may name.
	ConnectedAccounts []string
	// PublicURL is where people reach this server, the base of Checkout, receipt and authentication links. Empty: the
	// host that the request was sent to.
	PublicURL string
	// Now is the clock of everything that Stripe dates. Nil: time.Now. Waits of the delivery run on real time.
	Now func() time.Time
	// Logger gets a line for each request and delivery. Nil: none.
	Logger *slog.Logger
	// Seed decides which deliveries are repeated and delayed. The same seed and order of events give the same ones.
	Seed uint64
	// SearchLag is how long an object is unknown to search after a change. Zero: one minute. Negative: none.
	SearchLag time.Duration
	// SettleAfter is how long a bank debit stays in processing, a pending refund pending, and a refund that will fail
	// succeeded. Zero: ten seconds. Negative: until the control surface says how it ends.
	SettleAfter time.Duration
	// Delivery says how webhooks are delivered.
	Delivery Delivery
	// Faults, when set, is asked about each API request before it is served; nil means no fault.
	Faults func(*http.Request) *Fault
	// RateLimit is how many API requests a second are served; the others get 429 rate_limit. Zero: all. Stripe's own
	// is 100 in live mode and 25 in test mode.
	RateLimit int
	// Sync makes every change wait for the disk. Without it a kill -9 loses nothing, a power cut may.
	Sync bool
}

// Delivery says how webhooks are delivered.
type Delivery struct {
	// Orderly turns repeating and delaying off and sends each endpoint one event at a time, in the order in which
	// they came to be.
	Orderly bool
	// Twice is the fraction of deliveries that are sent a second time although the first was taken, 0 to 1.
	// Zero: 0.1. Negative: none.
	Twice float64
	// Late is the fraction of deliveries that are held back, so that younger ones overtake them. Zero: 0.1.
	// Negative: none.
	Late float64
	// LateBy is the longest time that a delivery is held back. Zero: 400 ms.
	LateBy time.Duration
	// Backoff are the waits after the first, second … failed attempt; after the last the event is given up. Nil: a
	// quarter of a second, doubled up to sixteen seconds, seven times in all. Stripe's test mode tries three times
	// over some hours.
	Backoff []time.Duration
	// Timeout bounds one attempt. Zero: ten seconds.
	Timeout time.Duration
	// Concurrency bounds the attempts under way at once. Zero: 8.
	Concurrency int
	// Client sends the deliveries; it must not follow redirects. Nil: one of its own.
	Client *http.Client
}

func (cfg *Config) setDefaults() error {
	if cfg.Dir == "" {
		return errors.New("stripe stand-in: Config.Dir is not set")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.APIVersion = orElse(cfg.APIVersion, DefaultAPIVersion)
	cfg.SearchLag = max(orElse(cfg.SearchLag, time.Minute), 0)
	cfg.SettleAfter = orElse(cfg.SettleAfter, 10*time.Second)
	for _, id := range cfg.ConnectedAccounts {
		if !strings.HasPrefix(id, "acct_") {
			return fmt.Errorf("stripe stand-in: connected account %q does not start with acct_", id)
		}
	}
	cfg.PublicURL = strings.TrimSuffix(cfg.PublicURL, "/")
	d := &cfg.Delivery
	if d.Orderly {
		d.Twice, d.Late = -1, -1
	}
	d.Twice = max(orElse(d.Twice, 0.1), 0)
	d.Late = max(orElse(d.Late, 0.1), 0)
	d.LateBy = max(orElse(d.LateBy, 400*time.Millisecond), 1)
	if d.Backoff == nil {
		for wait := 250 * time.Millisecond; wait <= 16*time.Second; wait *= 2 {
			d.Backoff = append(d.Backoff, wait)
		}
	}
	d.Timeout = orElse(d.Timeout, 10*time.Second)
	d.Concurrency = orElse(d.Concurrency, 8)
	if d.Client == nil {
		d.Client = &http.Client{
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return nil
}

func checkKey(key string) error {
	for _, prefix := range []string{"sk_test_", "sk_live_", "rk_test_", "rk_live_"} {
		if len(key) > len(prefix) && strings.HasPrefix(key, prefix) {
			return nil
		}
	}
	return errors.New("stripe stand-in: an API key must start with sk_test_, sk_live_, rk_test_ or rk_live_")
}

func orElse[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

package stripeapi

import (
	"cmp"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"paybridge/internal/outbound"
	"paybridge/internal/secret"
	"paybridge/internal/throttle"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"
)

// Config says how to reach Stripe.
type Config struct {
	// Key is the secret or restricted API key (sk_… or rk_…). It must be set.
	Key secret.Secret
	// BaseURL is where the API is, without a path. Empty means Stripe's own.
	BaseURL string
	// HTTPClient makes the requests. Nil means one that keeps enough idle
	// connections for a batch of hints. Redirects are refused with either.
	HTTPClient *http.Client
	// Timeout bounds one request with its answer, whatever its context allows.
	// Zero means that of HTTPClient, and 20 seconds where it has none.
	Timeout time.Duration
	// MaxRetries is how often stripe-go repeats a request by itself. Zero means
	// never, which is what a caller that repeats by the class of an error
	// wants: stripe-go waits without heeding the context.
	MaxRetries int64
	// MaxConcurrent is how many requests are under way at a time, at most. Zero
	// means 16. They become fewer when Stripe throttles, and more again after.
	MaxConcurrent int
	// Logger gets a line when Stripe throttles. Nil discards it.
	Logger *slog.Logger
	// Version of PayBridge, for the User-Agent. Empty leaves it out.
	Version string
}

// Client reads payments from Stripe. It is safe for concurrent use.
type Client struct {
	api  *client.API
	key  secret.Secret
	mode Mode
	gate *throttle.Gate
}

// New returns a client with backends of its own: nothing in it reads or
// changes what stripe-go holds for the whole process.
func New(c Config) *Client {
	key := c.Key.Reveal()
	gate := throttle.NewGate("Stripe", cmp.Or(c.MaxConcurrent, 16), c.Logger)
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		HTTPClient:        c.httpClient(gate),
		URL:               stripe.String(c.baseURL()),
		MaxNetworkRetries: stripe.Int64(c.MaxRetries),
		EnableTelemetry:   stripe.Bool(false),
		// stripe-go logs pieces of answers, and answers hold client secrets.
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	})
	return &Client{
		api:  client.New(key, &stripe.Backends{API: backend, Connect: backend, Uploads: backend}),
		key:  c.Key,
		mode: KeyMode(c.Key),
		gate: gate,
	}
}

func (c Config) baseURL() string {
	if c.BaseURL == "" {
		return stripe.APIURL
	}
	return c.BaseURL
}

func (c Config) httpClient(gate *throttle.Gate) *http.Client {
	var own http.Client
	if c.HTTPClient != nil {
		own = *c.HTTPClient
	}
	own.Timeout = cmp.Or(c.Timeout, own.Timeout, 20*time.Second)
	base := own.Transport
	if base == nil {
		base = outbound.Transport(16)
	}
	own.Transport = &transport{
		base: base, agent: strings.TrimSuffix("PayBridge/"+c.Version, "/"),
		gate: gate,
	}
	return &own
}

// Mode is whether a key moves real money.
type Mode string

// The modes of a key. A key of another form has ModeUnknown.
const (
	ModeUnknown Mode = ""
	ModeTest    Mode = "test"
	ModeLive    Mode = "live"
)

// KeyMode tells the mode of a secret or restricted key from its prefix.
func KeyMode(key secret.Secret) Mode {
	k := key.Reveal()
	switch {
	case strings.HasPrefix(k, "sk_live_"), strings.HasPrefix(k, "rk_live_"):
		return ModeLive
	case strings.HasPrefix(k, "sk_test_"), strings.HasPrefix(k, "rk_test_"):
		return ModeTest
	default:
		return ModeUnknown
	}
}

// LastServed returns when Stripe last did what it was asked, zero if it has not
// yet.
func (c *Client) LastServed() time.Time { return c.gate.LastServed() }

// Mode is the mode of the client's key.
func (c *Client) Mode() Mode { return c.mode }

// Livemode reports whether the client's key moves real money, to be compared
// with the livemode of an event or an object.
func (c *Client) Livemode() bool { return c.mode == ModeLive }

package dataverse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/google/uuid"

	"paybridge/internal/throttle"
)

// apiPath is the root of the Web API. The version is part of every address,
// also inside a $batch, where Dataverse refuses an address without it.
const apiPath = "/api/data/v9.2/"

// Options configures a client. The zero value is right for production.
type Options struct {
	// Transport sends one attempt of a request; nil is an HTTP client of this
	// package's own.
	Transport policy.Transporter
	// Retry says how often and how patiently a request is repeated. Zero
	// fields mean 4 repeats, half a second before the first one and doubling,
	// 30 seconds at most between two, and 2 minutes for one attempt, which is
	// as long as Dataverse works on one. A Retry-After longer than
	// MaxRetryDelay ends the call at once with an error that carries it.
	// StatusCodes and ShouldRetry are not used: the outcome table decides.
	Retry policy.RetryOptions
	// Logger gets a debug line for each attempt and a warning for each one
	// that Dataverse throttled or failed; nil logs nothing.
	Logger *slog.Logger
	// MaxConcurrent is how many attempts are under way at a time, at most; zero
	// means 8. Dataverse refuses the 53rd of one user. They become fewer when
	// Dataverse throttles or recommends fewer, and more again after.
	MaxConcurrent int
	// UserAgent is sent with each request; empty means "paybridge".
	UserAgent string
}

// Client is a client of one Dataverse organisation. It may be used by several
// goroutines at a time.
type Client struct {
	origin   string // https://contoso.crm.dynamics.com
	host     string
	pipeline runtime.Pipeline
	retry    policy.RetryOptions
	gate     *throttle.Gate
}

// New returns a client for the organisation at a URL such as
// https://contoso.crm.dynamics.com: scheme and host, nothing else. Plain http
// is accepted for a loopback address only, where the stand-in for Dataverse
// runs; there the credential may be nil, and a fixed token that is worth
// nothing is sent. New does not reach out to anything.
func New(organisationURL string, cred azcore.TokenCredential, opts *Options) (*Client, error) {
	u, loopback, err := parseOrigin(organisationURL)
	if err != nil {
		return nil, fmt.Errorf("reading the organisation's URL: %w", err)
	}
	if cred == nil {
		if !loopback {
			return nil, errors.New("making a Dataverse client: no credential, which only a loopback address does without")
		}
		cred = localToken{}
	}
	o := Options{}
	if opts != nil {
		o = *opts
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.MaxConcurrent <= 0 {
		o.MaxConcurrent = 8
	}
	if o.UserAgent == "" {
		o.UserAgent = "paybridge"
	}
	if o.Transport == nil {
		o.Transport = newHTTPClient(o.MaxConcurrent)
	}
	origin := u.Scheme + "://" + u.Host
	gate := throttle.NewGate("Dataverse", o.MaxConcurrent, o.Logger)
	return &Client{
		origin:   origin,
		host:     u.Host,
		pipeline: newPipeline(origin, cred, loopback && u.Scheme == "http", o, gate),
		retry:    retryDefaults(o.Retry),
		gate:     gate,
	}, nil
}

// Host returns the host of the organisation in lower case, with the port if
// the URL named one.
func (c *Client) Host() string { return c.host }

// WithRetry returns a client that repeats its requests otherwise and shares all
// else with this one, the bounds of how many at a time included.
func (c *Client) WithRetry(o policy.RetryOptions) *Client {
	other := *c
	other.retry = retryDefaults(o)
	return &other
}

// LastServed returns when Dataverse last did what it was asked, zero if it has
// not yet.
func (c *Client) LastServed() time.Time { return c.gate.LastServed() }

// Identity is who the client is to Dataverse.
type Identity struct {
	UserID, BusinessUnitID, OrganizationID uuid.UUID
}

// WhoAmI asks Dataverse who the caller is. It is the cheapest proof that the
// address, the credential and the application user are right.
func (c *Client) WhoAmI(ctx context.Context) (Identity, error) {
	_, body, err := c.do(ctx, request{operation: "asking Dataverse who is calling", method: "GET", path: "WhoAmI"})
	if err != nil {
		return Identity{}, err
	}
	var answer struct {
		UserID         uuid.UUID `json:"UserId"`
		BusinessUnitID uuid.UUID `json:"BusinessUnitId"`
		OrganizationID uuid.UUID `json:"OrganizationId"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return Identity{}, errors.New("asking Dataverse who is calling: the answer is not one of Dataverse's")
	}
	if answer.UserID == uuid.Nil {
		return Identity{}, errors.New("asking Dataverse who is calling: the answer names no user")
	}
	return Identity(answer), nil
}

func parseOrigin(text string) (u *url.URL, loopback bool, err error) {
	u, err = url.Parse(strings.TrimSpace(text))
	if err != nil {
		// The error of url.Parse repeats the text, which may hold a password.
		return nil, false, errors.New("it is not a URL")
	}
	u.Host = strings.ToLower(u.Host)
	loopback = isLoopback(u.Hostname())
	switch {
	case u.Hostname() == "":
		return nil, false, errors.New("it has no host; it looks like https://contoso.crm.dynamics.com")
	case u.User != nil:
		return nil, false, errors.New("it has a user name, which does not belong there")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return nil, false, errors.New("it has more than scheme and host")
	case u.Scheme == "http" && !loopback:
		return nil, false, errors.New("it is http, which would send the token in the clear; use https")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, false, fmt.Errorf("its scheme is %q, not https", u.Scheme)
	}
	return u, loopback, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// localToken is the credential for the stand-in, to which it is the
// application user. New uses it with a loopback
// address only, and the client sends tokens nowhere but to its own origin.
type localToken struct{}

// GetToken returns the fixed token.
func (localToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "app", ExpiresOn: time.Now().Add(24 * time.Hour)}, nil
}

package stripe

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const kindEndpoint = "webhook_endpoint"

// maxEndpoints is Stripe's limit for one account.
const maxEndpoints = 16

// endpoint is a webhook endpoint.
type endpoint struct {
	base
	APIVersion    *string           `json:"api_version"`
	Description   *string           `json:"description"`
	EnabledEvents []string          `json:"enabled_events"`
	Livemode      bool              `json:"livemode"`
	Metadata      map[string]string `json:"metadata"`
	Status        string            `json:"status"`
	URL           string            `json:"url"`

	// Connect says that the endpoint is for events of connected accounts.
	Connect bool `json:"_connect"`
	// Secrets are what deliveries are signed with; all but the first end at a time.
	Secrets []secret `json:"_secrets"`
}

type secret struct {
	Value string `json:"value"`
	Until int64  `json:"until,omitempty"`
}

func (e *endpoint) index() []string { return nil }

func (e *endpoint) version(s *Server) string { return orText(e.APIVersion, s.cfg.APIVersion) }

func (e *endpoint) wants(kind string) bool {
	return e.Status == "enabled" && (slices.Contains(e.EnabledEvents, kind) || slices.Contains(e.EnabledEvents, "*"))
}

// signers are the secrets that sign at this time.
func (e *endpoint) signers(now time.Time) []string {
	var values []string
	for _, s := range e.Secrets {
		if s.Until == 0 || now.Unix() < s.Until {
			values = append(values, s.Value)
		}
	}
	return values
}

// home is the change as it looks from the platform's own account, where endpoints live.
func (c *change) home() *change {
	home := *c
	home.account = c.server.account
	return &home
}

// listeners are the endpoints to which an event of this kind goes.
func (c *change) listeners(kind string) ([]*endpoint, error) {
	home := c.home()
	var found []*endpoint
	err := home.each(kindEndpoint, "", 0, func(_ uint64, id string) (bool, error) {
		e, err := load[endpoint](home, kindEndpoint, "id", id)
		if err != nil {
			return false, err
		}
		if e.Connect == (c.account != home.account) && e.wants(kind) {
			found = append(found, e)
		}
		return true, nil
	})
	slices.Reverse(found)
	return found, err
}

func createEndpoint(c *call) (any, error) {
	f := c.form
	e := &endpoint{
		base:     base{ID: newID("we"), Object: kindEndpoint, Created: c.now.Unix()},
		Livemode: c.server.live, Metadata: map[string]string{}, Status: "enabled", Connect: f.isTrue("connect"),
		Secrets: []secret{{Value: newSecret()}},
	}
	e.APIVersion = f.text("api_version")
	if e.APIVersion != nil && !versionForm.MatchString(*e.APIVersion) {
		return nil, invalid("", "api_version", "Invalid Stripe API version: "+*e.APIVersion)
	}
	if !f.has("url") {
		f.missing("url")
	}
	if !f.has("enabled_events") {
		f.missing("enabled_events")
	}
	if err := e.read(f); err != nil {
		return nil, err
	}
	count := 0
	err := c.home().each(kindEndpoint, "", 0, func(uint64, string) (bool, error) { count++; return true, nil })
	if err != nil {
		return nil, err
	}
	if count >= maxEndpoints {
		return nil, invalid("", "", "You have reached the maximum of "+strconv.Itoa(maxEndpoints)+" test webhook endpoints.")
	}
	if err := c.home().put(e); err != nil {
		return nil, err
	}
	d, err := render(e)
	if err != nil {
		return nil, err
	}
	// The secret is told this once.
	d["secret"] = e.Secrets[0].Value
	return d, nil
}

func newSecret() string { return "whsec_" + randomText(32) }

// read reads what create and update both take.
func (e *endpoint) read(f *form) error {
	if f.has("url") {
		e.URL = f.need("url")
		at, err := url.Parse(e.URL)
		if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
			return invalid("url_invalid", "url", "Not a valid URL")
		}
		if e.Livemode && at.Scheme != "https" {
			return invalid("", "url", "Invalid URL: The URL must be HTTPS.")
		}
	}
	if f.has("enabled_events") {
		e.EnabledEvents = f.texts("enabled_events")
		if len(e.EnabledEvents) == 0 {
			return invalid("", "enabled_events", "Invalid array: enabled_events must not be empty.")
		}
		known, err := eventTypes()
		if err != nil {
			return err
		}
		for i, kind := range e.EnabledEvents {
			if kind != "*" && !slices.Contains(known, kind) {
				param := "enabled_events[" + strconv.Itoa(i) + "]"
				return invalid("", param, "Invalid "+param+": must be one of *, or "+strings.Join(known, ", "))
			}
		}
	}
	if f.has("description") {
		e.Description = f.text("description")
	}
	if f.has("metadata") {
		e.Metadata = f.merge("metadata", e.Metadata)
	}
	if bad := f.problem(); bad != nil {
		return bad
	}
	return nil
}

// eventTypes are the types that an endpoint may ask for.
func eventTypes() ([]string, error) {
	raw, err := shapes.ReadFile("shapes/event_types.txt")
	return strings.Fields(string(raw)), err
}

func retrieveEndpoint(c *call) (any, error) {
	return load[endpoint](c.home(), kindEndpoint, "webhook_endpoint", c.id())
}

func updateEndpoint(c *call) (any, error) {
	e, err := load[endpoint](c.home(), kindEndpoint, "webhook_endpoint", c.id())
	if err != nil {
		return nil, err
	}
	if disabled := c.form.flag("disabled"); disabled != nil {
		e.Status = "enabled"
		if *disabled {
			e.Status = "disabled"
		}
	}
	if err := e.read(c.form); err != nil {
		return nil, err
	}
	return e, c.home().put(e)
}

func deleteEndpoint(c *call) (any, error) {
	e, err := load[endpoint](c.home(), kindEndpoint, "webhook_endpoint", c.id())
	if err != nil {
		return nil, err
	}
	return document{"id": e.ID, "object": kindEndpoint, "deleted": true}, c.home().remove(e)
}

func listEndpoints(c *call) (any, error) {
	home := *c
	home.change = c.home()
	return listOf[endpoint](&home, kindEndpoint, "")
}

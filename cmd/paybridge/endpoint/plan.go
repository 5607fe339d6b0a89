package endpoint

import (
	"slices"
	"strings"

	"paybridge/internal/stripeapi"
)

// plan is what is to be done about the endpoints of an app.
type plan struct {
	// lost are endpoints whose secret never reached the vault.
	lost []stripeapi.Endpoint
	// create says why a new endpoint is needed, empty where none is.
	create string
	// current is the endpoint that stays, nil where there is none yet.
	current *stripeapi.Endpoint
	// reasons say what is wrong with current, and correction puts it right.
	reasons    []string
	correction stripeapi.EndpointParams
	// old are endpoints beside the current one, or beside the one that is to be
	// created.
	old []stripeapi.Endpoint
}

// decide compares the endpoints of the app with what there should be.
func (c *Config) decide(ours []stripeapi.Endpoint, list []stored) plan {
	var p plan
	for _, e := range ours {
		switch {
		case has(list, e.ID):
			// The newest comes first. It need not be the first of the list: a
			// person may have changed that.
			if p.current == nil {
				p.current = &e
				continue
			}
			p.old = append(p.old, e)
		case e.Metadata[MetadataApp] == host(c.App) && e.Metadata[MetadataSecret] == "":
			p.lost = append(p.lost, e)
		default:
			p.old = append(p.old, e)
		}
	}
	switch {
	case p.current == nil && len(p.old) > 0:
		p.create = "the signing secret of " + p.old[0].ID + " is not in the vault, or not known to be"
	case p.current == nil:
		p.create = "there is none"
	case p.current.APIVersion != stripeapi.APIVersion:
		p.create = p.current.ID + " speaks " + version(*p.current) + ", which cannot be changed"
	case c.Roll:
		p.create = "the signing secret is to be rolled"
	}
	if p.create != "" {
		if p.current != nil {
			p.old = slices.Insert(p.old, 0, *p.current)
		}
		return p
	}
	c.correct(&p, list)
	return p
}

func version(e stripeapi.Endpoint) string {
	if e.APIVersion == "" {
		return "the API version of the account"
	}
	return "API version " + e.APIVersion
}

// correct finds what is wrong with the current endpoint.
func (c *Config) correct(p *plan, list []stored) {
	e, want := p.current, stripeapi.EventTypes()
	missing, extra := Differ(e.Events)
	if len(missing) > 0 {
		p.reasons = append(p.reasons, "subscribe it to "+strings.Join(missing, ", "))
		p.correction.Events = want
	}
	if len(extra) > 0 {
		p.reasons = append(p.reasons, "unsubscribe it from "+strings.Join(extra, ", "))
		p.correction.Events = want
	}
	if !e.Enabled {
		p.reasons = append(p.reasons, "enable it")
		p.correction.Enable = true
	}
	if url := c.url(e); !url.Equal(e.URL) {
		if e.Address == c.App+Path {
			p.reasons = append(p.reasons, "give it the function key")
		} else {
			p.reasons = append(p.reasons, "let it deliver to "+c.App+Path)
		}
		p.correction.URL = url
	}
	mark := map[string]string{MetadataApp: host(c.App), MetadataSecret: Fingerprint(list[find(list, e.ID)].secret)}
	for key, value := range mark {
		if e.Metadata[key] != value {
			if p.correction.Metadata == nil {
				p.reasons = append(p.reasons, "note on it whose it is")
			}
			p.correction.Metadata = mark
		}
	}
}

// Differ says which event types an endpoint misses and which it need not be
// subscribed to.
func Differ(events []string) (missing, extra []string) {
	want := stripeapi.EventTypes()
	if !slices.Contains(events, "*") {
		for _, t := range want {
			if !slices.Contains(events, t) {
				missing = append(missing, t)
			}
		}
	}
	for _, t := range events {
		if !slices.Contains(want, t) {
			extra = append(extra, t)
		}
	}
	return missing, extra
}

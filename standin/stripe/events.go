package stripe

import (
	"slices"
	"strings"
	"time"
)

const kindEvent = "event"

// keepEventsFor is how far back the API lists and retrieves events.
const keepEventsFor = 30 * 24 * time.Hour

// refundEventsSince is the first API version with refund.* events for all refunds; older endpoints get
// charge.refund.updated alone.
const refundEventsSince = "2024-10-28"

// event is rendered when it comes to be and never changes shape later.
type event struct {
	base
	Account    *string    `json:"account,omitempty"`
	APIVersion string     `json:"api_version"`
	Data       eventData  `json:"data"`
	Livemode   bool       `json:"livemode"`
	Pending    int        `json:"pending_webhooks"`
	Request    requestRef `json:"request"`
	Type       string     `json:"type"`
}

type eventData struct {
	Object   document       `json:"object"`
	Previous map[string]any `json:"previous_attributes,omitempty"`
}

// undelivered is the attribute of an event that an endpoint has not taken yet.
const undelivered = "delivery_success=false"

func (e *event) index() []string {
	if e.Pending > 0 {
		return []string{"type=" + e.Type, undelivered}
	}
	return []string{"type=" + e.Type}
}

func (e *event) lost() []string {
	if e.Pending > 0 {
		return nil
	}
	return []string{undelivered}
}

// emit generates the event that o came into its present state, and a delivery for each endpoint that asked for its
// type. was is o's document before an update, nil where the event's kind tells no previous attributes.
func (c *change) emit(kind string, o object, was document) error {
	quiet, err := c.silenced(kind)
	if err != nil || quiet {
		return err
	}
	endpoints, err := c.listeners(kind)
	if err != nil {
		return err
	}
	if strings.HasPrefix(kind, "refund.") {
		endpoints = slices.DeleteFunc(endpoints, func(e *endpoint) bool { return e.version(c.server) < refundEventsSince })
		if len(endpoints) == 0 && c.server.cfg.APIVersion < refundEventsSince {
			return nil
		}
	}
	now, err := render(o)
	if err != nil {
		return err
	}
	e := &event{
		base:       base{ID: newPaymentID("evt"), Object: kindEvent, Created: c.now.Unix()},
		APIVersion: c.server.cfg.APIVersion, Data: eventData{Object: now}, Livemode: c.server.live,
		Pending: len(endpoints), Request: c.request, Type: kind,
	}
	if was != nil {
		e.Data.Previous = previously(was, now)
	}
	if c.account != c.server.account {
		e.Account = &c.account
	}
	if err := c.put(e); err != nil {
		return err
	}
	c.events = append(c.events, kind)
	for _, to := range endpoints {
		if err := c.post(e, to); err != nil {
			return err
		}
	}
	return nil
}

func retrieveEvent(c *call) (any, error) {
	e, err := load[event](c.change, kindEvent, "id", c.id())
	if err != nil {
		return nil, err
	}
	if c.now.Sub(time.Unix(e.Created, 0)) > keepEventsFor {
		return nil, missing(kindEvent, "id", e.ID)
	}
	return e, nil
}

func listEvents(c *call) (any, error) {
	f := c.form
	kind, kinds, delivered := f.text("type"), f.texts("types"), f.flag("delivery_success")
	if kind != nil && len(kinds) > 0 {
		return nil, invalid("", "types", "You may only specify one of these parameters: type, types.")
	}
	if len(kinds) > 20 {
		return nil, invalid("", "types", "You may pass up to 20 types.")
	}
	if kind != nil {
		kinds = []string{*kind}
	}
	entry := ""
	switch {
	case delivered != nil && !*delivered:
		entry = undelivered
	case len(kinds) == 1 && !strings.HasSuffix(kinds[0], "*"):
		entry = "type=" + kinds[0]
	}
	return listOf(c, kindEvent, entry, func(e *event) bool {
		return c.now.Sub(time.Unix(e.Created, 0)) <= keepEventsFor && (len(kinds) == 0 || slices.ContainsFunc(kinds, e.is)) &&
			(delivered == nil || *delivered == (e.Pending == 0))
	})
}

// is says whether a type, or a group of types such as charge.*, names the event's.
func (e *event) is(kind string) bool {
	group, ok := strings.CutSuffix(kind, "*")
	return e.Type == kind || ok && strings.HasPrefix(e.Type, group)
}

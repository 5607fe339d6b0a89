package environment

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"paybridge/internal/dataverse"
)

// The numbers by which Dataverse knows a webhook and its steps.
const (
	contractWebhook  = 8
	AuthWebhookKey   = 4
	StagePost        = 40
	ModeAsynchronous = 1
)

// Endpoint is a service endpoint that posts to a URL.
type Endpoint struct {
	ID   uuid.UUID
	Name string
	URL  string
	// AuthType is how the endpoint proves itself: 4 with a code in the query,
	// as an Azure function wants its key. HasAuth says that a value is set; it
	// is never shown.
	AuthType int
	HasAuth  bool
}

// SendsKey reports whether the endpoint proves itself by a function key.
// Whether it is the right one cannot be seen.
func (e Endpoint) SendsKey() bool { return e.AuthType == AuthWebhookKey && e.HasAuth }

// Endpoints returns the webhooks with a name. Names are not unique.
func (r *Reader) Endpoints(ctx context.Context, name string) ([]Endpoint, error) {
	return rows(ctx, r, "serviceendpoints", dataverse.Query{
		Select:  []string{"serviceendpointid", "name", "url", "authtype", "isauthvalueset"},
		Filter:  dataverse.And(dataverse.Eq("contract", contractWebhook), dataverse.Eq("name", name)),
		OrderBy: []dataverse.Order{{Column: "createdon"}},
	}, func(row dataverse.Row) (e Endpoint, err error) {
		if e.ID, err = row.GUID("serviceendpointid"); err != nil {
			return e, err
		}
		if e.Name, err = row.String("name"); err != nil {
			return e, err
		}
		if e.URL, err = row.String("url"); err != nil {
			return e, err
		}
		kind, err := row.Int("authtype")
		if err != nil {
			return e, err
		}
		e.AuthType = int(kind)
		e.HasAuth, err = row.Bool("isauthvalueset")
		return e, err
	})
}

// Step is the registration of an endpoint on a message of a table.
type Step struct {
	ID   uuid.UUID
	Name string
	// Message is Create, Update or another; Table is the logical name of the
	// table, empty for all.
	Message, Table string
	// Stage is 40 after the change was made, Mode 1 for a step that does not
	// keep the user waiting.
	Stage, Mode int
	// Filter are the columns of which one has to be sent; none means all.
	Filter []string
	// Enabled says whether the step is switched on.
	Enabled bool
	// AutoDelete says whether system jobs that succeeded are removed.
	AutoDelete bool
}

// Steps returns the steps of an endpoint.
func (r *Reader) Steps(ctx context.Context, endpoint uuid.UUID) ([]Step, error) {
	return rows(ctx, r, "sdkmessageprocessingsteps", dataverse.Query{
		Select: []string{"sdkmessageprocessingstepid", "name", "stage", "mode", "filteringattributes", "statecode", "asyncautodelete"},
		Expand: []dataverse.Expand{
			{Navigation: "sdkmessageid", Select: []string{"name"}},
			{Navigation: "sdkmessagefilterid", Select: []string{"primaryobjecttypecode"}},
		},
		Filter: dataverse.Eq("_eventhandler_value", endpoint), OrderBy: []dataverse.Order{{Column: "createdon"}},
	}, readStep)
}

func readStep(row dataverse.Row) (s Step, err error) {
	if s.ID, err = row.GUID("sdkmessageprocessingstepid"); err != nil {
		return s, err
	}
	if s.Name, err = row.String("name"); err != nil {
		return s, err
	}
	for column, into := range map[string]*int{"stage": &s.Stage, "mode": &s.Mode} {
		n, err := row.Int(column)
		if err != nil {
			return s, err
		}
		*into = int(n)
	}
	filter, err := row.String("filteringattributes")
	if err != nil {
		return s, err
	}
	for name := range strings.SplitSeq(filter, ",") {
		if name = strings.TrimSpace(name); name != "" {
			s.Filter = append(s.Filter, name)
		}
	}
	state, err := row.Int("statecode")
	if err != nil {
		return s, err
	}
	s.Enabled = state == 0
	if s.AutoDelete, err = row.Bool("asyncautodelete"); err != nil {
		return s, err
	}
	for navigation, into := range map[string]struct {
		column string
		text   *string
	}{"sdkmessageid": {"name", &s.Message}, "sdkmessagefilterid": {"primaryobjecttypecode", &s.Table}} {
		linked, err := row.Row(navigation)
		if err != nil || !linked.Has(into.column) {
			continue
		}
		if *into.text, err = linked.String(into.column); err != nil {
			return s, err
		}
	}
	return s, nil
}

// MessageFilter returns the ids of a message and of its filter for a table, by
// which a step is registered. They are zero where Dataverse has none, which is
// so for a moment after a table was made.
func (r *Reader) MessageFilter(ctx context.Context, message, table string) (messageID, filterID uuid.UUID, err error) {
	type pair struct{ message, filter uuid.UUID }
	found, err := first(rows(ctx, r, "sdkmessagefilters", dataverse.Query{
		Select: []string{"sdkmessagefilterid", "_sdkmessageid_value"},
		Filter: dataverse.And(dataverse.Eq("primaryobjecttypecode", table), dataverse.Eq("sdkmessageid/name", message)),
	}, func(row dataverse.Row) (p pair, err error) {
		if p.filter, err = row.GUID("sdkmessagefilterid"); err != nil {
			return p, err
		}
		p.message, err = row.Lookup("sdkmessageid")
		return p, err
	}))
	if found == nil || err != nil {
		return uuid.Nil, uuid.Nil, err
	}
	return found.message, found.filter, nil
}

package dataverse

import (
	"context"
	"fmt"
	"maps"
	"strings"
)

// Webhook is a service endpoint with its steps on one table.
type Webhook struct {
	// Name is the name of the service endpoint and the beginning of its steps'.
	Name string
	// URL is where it posts to; Code is sent as ?code=, as an Azure function
	// wants its key.
	URL, Code string
	// Table is the logical name of the table, Filter the columns of which one
	// has to be sent for an Update to count. None means all.
	Table  string
	Filter []string
}

// RegisterWebhook registers a service endpoint of contract 8 and asynchronous
// steps for Create and Update. An endpoint of that name, with its steps, is
// corrected, whoever registered it.
func (s *Server) RegisterWebhook(w Webhook) error {
	err := s.quietly(func(x *tx) error {
		if x.schema.tables[w.Table] == nil {
			return fmt.Errorf("no table %q", w.Table)
		}
		endpoint, err := x.findRow("serviceendpoint", map[string]any{"name": w.Name, "contract": jsonNumber("8")}, seedID("serviceendpoint", w.Name))
		if err != nil {
			return err
		}
		if err := x.setRow("serviceendpoint", endpoint, map[string]any{
			"name": w.Name, "url": w.URL, "contract": jsonNumber("8"), "authtype": jsonNumber("4"), "authvalue": w.Code, "isauthvalueset": true,
		}); err != nil {
			return err
		}
		for _, message := range []string{messageCreate, messageUpdate} {
			values := map[string]any{
				"name": w.Name + ": " + message + " of " + w.Table, "stage": jsonNumber("40"), "mode": jsonNumber("1"), "rank": jsonNumber("1"),
				"supporteddeployment": jsonNumber("0"), "asyncautodelete": true,
				"sdkmessageid":       Ref{Table: "sdkmessage", ID: seedID("sdkmessage", message)},
				"sdkmessagefilterid": Ref{Table: "sdkmessagefilter", ID: filterID(message, w.Table)},
				"eventhandler":       Ref{Table: "serviceendpoint", ID: endpoint},
			}
			if message == messageUpdate {
				values["filteringattributes"] = strings.Join(w.Filter, ",")
			}
			step, err := x.findRow("sdkmessageprocessingstep", map[string]any{
				"eventhandler": values["eventhandler"], "sdkmessagefilterid": values["sdkmessagefilterid"],
			}, seedID("step", w.Name+"/"+message))
			if err != nil {
				return err
			}
			if err := x.setRow("sdkmessageprocessingstep", step, values); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("registering the webhook %s: %w", w.Name, err)
	}
	return nil
}

// findRow returns the GUID of a row with these values, else the one that a new
// row is to have.
func (x *tx) findRow(table string, values map[string]any, otherwise string) (string, error) {
	id := otherwise
	err := x.each(x.schema.tables[table], func(row *Row) error {
		for name, v := range values {
			if row.Values[name] != v {
				return nil
			}
		}
		id = row.ID
		return nil
	})
	return id, err
}

// setRow makes a row or gives it these values.
func (x *tx) setRow(table, id string, values map[string]any) error {
	t := x.schema.tables[table]
	before, err := x.get(t, id)
	if err != nil {
		return err
	}
	row := &Row{ID: id, Values: map[string]any{}}
	if before != nil {
		row = before.clone()
	} else {
		x.stampNew(t, row)
	}
	maps.Copy(row.Values, values)
	return x.put(t, before, row)
}

// quietly runs f in a transaction that no step and no subscriber hears of.
func (s *Server) quietly(f func(*tx) error) error {
	return s.write(applicationUser(), f)
}

// WaitIdle waits until no step has anything to post.
func (s *Server) WaitIdle(ctx context.Context) error {
	for {
		s.deliverer.mu.Lock()
		idle, running := s.deliverer.idle, len(s.deliverer.running)
		s.deliverer.mu.Unlock()
		if running == 0 && len(s.pendingJobs()) == 0 {
			return nil
		}
		select {
		case <-idle:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// HoldSteps keeps posts back until ReleaseSteps.
func (s *Server) HoldSteps() { s.deliverer.hold(true) }

// ReleaseSteps lets the posts go that were kept back.
func (s *Server) ReleaseSteps() { s.deliverer.hold(false) }

// LoseSteps makes the next n posts fail without reaching their endpoint.
func (s *Server) LoseSteps(n int) {
	s.deliverer.mu.Lock()
	s.deliverer.lose = n
	s.deliverer.mu.Unlock()
}

func (d *deliverer) hold(held bool) {
	d.mu.Lock()
	d.held = held
	d.mu.Unlock()
	d.nudge()
}

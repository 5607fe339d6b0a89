package stripe

import "fmt"

// Endpoint is a registered webhook endpoint.
type Endpoint struct {
	ID     string `json:"id"`
	URL    string `json:"url"`
	Secret string `json:"secret"` // whsec_…, the newest where it was rolled
}

// Register makes a webhook endpoint for the account, as POST /v1/webhook_endpoints does. No events: all of them. It is
// kept in Dir: a program that registers at every start asks Endpoints first, or ends up with Stripe's most, sixteen.
func (s *Server) Register(url string, events []string) (Endpoint, error) {
	if len(events) == 0 {
		events = []string{"*"}
	}
	var made Endpoint
	err := s.update(s.account, requestRef{}, func(c *change) error {
		f := &form{report: &formReport{}}
		if bad := f.add("url", url); bad != nil {
			return bad
		}
		for _, kind := range events {
			if bad := f.add("enabled_events[]", kind); bad != nil {
				return bad
			}
		}
		value, err := createEndpoint(&call{change: c, form: f})
		if err != nil {
			return err
		}
		d, _ := value.(document)
		made.ID, _ = d["id"].(string)
		made.Secret, _ = d["secret"].(string)
		made.URL = url
		return nil
	})
	if err != nil {
		return Endpoint{}, fmt.Errorf("registering %s: %w", url, err)
	}
	return made, nil
}

// Endpoints are the webhook endpoints there are, newest first, with their secrets, which the API does not tell again.
func (s *Server) Endpoints() ([]Endpoint, error) {
	var found []Endpoint
	err := s.view(s.account, func(c *change) error {
		return c.each(kindEndpoint, "", 0, func(_ uint64, id string) (bool, error) {
			e, err := load[endpoint](c, kindEndpoint, "id", id)
			if err != nil {
				return false, err
			}
			found = append(found, Endpoint{ID: e.ID, URL: e.URL, Secret: e.Secrets[0].Value})
			return true, nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading the endpoints: %w", err)
	}
	return found, nil
}

// Unregister takes an endpoint away, and the deliveries to it.
func (s *Server) Unregister(endpointID string) error {
	return s.happen(kindEndpoint, endpointID, func(c *change) error {
		e, err := load[endpoint](c, kindEndpoint, "id", endpointID)
		if err != nil {
			return err
		}
		return c.remove(e)
	})
}

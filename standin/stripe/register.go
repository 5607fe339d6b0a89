package stripe

// Endpoint is a registered webhook endpoint.
type Endpoint struct {
	ID     string `json:"id"`
	URL    string `json:"url"`
	Secret string `json:"secret"` // whsec_…
}

// Register makes a webhook endpoint for the account, as POST /v1/webhook_endpoints does. No events: all of them.
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
	return made, err
}

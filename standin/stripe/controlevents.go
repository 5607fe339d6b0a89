package stripe

import (
	"fmt"
	"time"
)

// Resend delivers an event once more to an endpoint, as a click in the Dashboard does.
func (s *Server) Resend(eventID, endpointID string) error {
	err := s.happen(kindEvent, eventID, func(c *change) error {
		if _, err := load[endpoint](c.home(), kindEndpoint, "webhook_endpoint", endpointID); err != nil {
			return err
		}
		return schedule(c.tx, delivery{Account: c.account, Event: eventID, Endpoint: endpointID, Extra: true}, time.Now())
	})
	s.wakeUp()
	return err
}

// DeleteEvent takes one event away, with its deliveries: nobody can find or receive it any more.
func (s *Server) DeleteEvent(eventID string) error {
	return s.happen(kindEvent, eventID, func(c *change) error {
		e, err := load[event](c, kindEvent, "id", eventID)
		if err != nil {
			return err
		}
		return c.remove(e)
	})
}

// DeleteEvents takes all events of a type away, of every account, and says how many there were. Empty type: all.
func (s *Server) DeleteEvents(eventType string) (int, error) {
	removed := 0
	for _, account := range append([]string{s.account}, s.cfg.ConnectedAccounts...) {
		err := s.update(account, requestRef{}, func(c *change) error {
			var found []*event
			entry := ""
			if eventType != "" {
				entry = "type=" + eventType
			}
			err := c.each(kindEvent, entry, 0, func(_ uint64, id string) (bool, error) {
				e, err := load[event](c, kindEvent, "id", id)
				found = append(found, e)
				return true, err
			})
			if err != nil {
				return err
			}
			for _, e := range found {
				if err := c.remove(e); err != nil {
					return err
				}
			}
			removed += len(found)
			return nil
		})
		if err != nil {
			return removed, fmt.Errorf("stripe stand-in: deleting events: %w", err)
		}
	}
	return removed, nil
}

// HoldDeliveries keeps all webhooks back until ReleaseDeliveries. Those under way are not held up.
func (s *Server) HoldDeliveries() { s.courier.hold(true) }

// ReleaseDeliveries ends HoldDeliveries.
func (s *Server) ReleaseDeliveries() {
	s.courier.hold(false)
	s.wakeUp()
}

func (c *courier) hold(held bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = held
}

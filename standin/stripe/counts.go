package stripe

import (
	"maps"
	"sync"
)

// Counts is what the server did since it was opened.
type Counts struct {
	// Requests by method and path pattern, as "POST /v1/payment_intents/{id}/confirm".
	Requests map[string]int `json:"requests"`
	// Events by type.
	Events map[string]int `json:"events"`
	// Delivered and Undelivered are the attempts that ended well and that did not.
	Delivered   int `json:"delivered"`
	Undelivered int `json:"undelivered"`
	// Repeated are deliveries that were taken and are made once more, Late those
	// that were held back.
	Repeated int `json:"repeated"`
	Late     int `json:"late"`
}

type counts struct {
	mu sync.Mutex
	Counts
}

func (c *counts) start() {
	c.Requests, c.Events = map[string]int{}, map[string]int{}
}

func (c *counts) request(pattern string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Requests[pattern]++
}

func (c *counts) generated(events []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, kind := range events {
		c.Events[kind]++
	}
}

func (c *counts) delivered(taken bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if taken {
		c.Delivered++
	} else {
		c.Undelivered++
	}
}

func (c *counts) repeated() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Repeated++
}

func (c *counts) late() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Late++
}

// Counts returns what was counted so far.
func (s *Server) Counts() Counts {
	s.counts.mu.Lock()
	defer s.counts.mu.Unlock()
	now := s.counts.Counts
	now.Requests, now.Events = maps.Clone(now.Requests), maps.Clone(now.Events)
	return now
}

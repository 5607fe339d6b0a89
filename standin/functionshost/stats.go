package functionshost

import "sync"

// Stats counts what a host has done since it started.
type Stats struct {
	// Functions :: function name → its counts.
	Functions map[string]FunctionStats
	// Restarts is how often the handler was started again.
	Restarts int
}

// FunctionStats counts the invocations of one function.
type FunctionStats struct {
	Invocations int // begun
	Failures    int // ended in a failure
	Running     int
}

// Stats returns the counts at this moment.
func (h *Host) Stats() Stats {
	s := Stats{Functions: make(map[string]FunctionStats), Restarts: h.worker.Restarts()}
	for _, f := range h.functions {
		s.Functions[f.name] = f.stats.get()
	}
	return s
}

// Function describes an indexed function.
type Function struct {
	Name string
	// Trigger is the type of its trigger: httpTrigger, serviceBusTrigger or
	// timerTrigger.
	Trigger string
	// URL is where an HTTP function is called, with its route template; empty
	// for others.
	URL string
	// Methods are the HTTP methods it takes, empty for all.
	Methods []string
	// Queue is the queue that triggers it, Schedule its schedule; both resolved.
	Queue    string
	Schedule string
}

// Functions lists the functions that are indexed, by name.
func (h *Host) Functions() []Function {
	list := make([]Function, 0, len(h.functions))
	for _, f := range h.functions {
		d := Function{Name: f.name, Trigger: f.trigger.Type, Queue: f.trigger.QueueName, Schedule: f.trigger.Schedule}
		if f.route != nil {
			d.URL = h.URL() + "/" + f.route.template
			d.Methods = append(d.Methods, f.route.methods...)
		}
		list = append(list, d)
	}
	return list
}

// counters are the running counts of one function.
type counters struct {
	mu sync.Mutex
	FunctionStats
}

func (c *counters) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Invocations++
	c.Running++
}

func (c *counters) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Running--
	if err != nil {
		c.Failures++
	}
}

func (c *counters) get() FunctionStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.FunctionStats
}

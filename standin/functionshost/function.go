package functionshost

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"paybridge/standin/functionshost/ncrontab"
)

// functionJSON is what the host reads of a function.json.
type functionJSON struct {
	Bindings []binding `json:"bindings"`
	Disabled bool      `json:"disabled"`
}

// binding is one entry of function.json, of any type.
type binding struct {
	Type      string `json:"type"`
	Direction string `json:"direction"`
	Name      string `json:"name"`
	DataType  string `json:"dataType"`

	AuthLevel string   `json:"authLevel"`
	Route     *string  `json:"route"`
	Methods   []string `json:"methods"`

	QueueName            string `json:"queueName"`
	TopicName            string `json:"topicName"`
	Connection           string `json:"connection"`
	Cardinality          string `json:"cardinality"`
	MaxMessageBatchSize  int    `json:"maxMessageBatchSize"`
	AutoCompleteMessages *bool  `json:"autoCompleteMessages"`
	IsSessionsEnabled    bool   `json:"isSessionsEnabled"`

	Schedule     string `json:"schedule"`
	RunOnStartup bool   `json:"runOnStartup"`
	UseMonitor   *bool  `json:"useMonitor"`
}

func (b *binding) is(kind string) bool { return strings.EqualFold(b.Type, kind) }

// The types of binding that the host knows.
const (
	httpTrigger       = "httpTrigger"
	serviceBusTrigger = "serviceBusTrigger"
	timerTrigger      = "timerTrigger"
	httpOutput        = "http"
	serviceBusOutput  = "serviceBus"
)

// function is one indexed function.
type function struct {
	name     string
	trigger  binding
	outputs  []output
	route    *route             // HTTP only
	queue    Queue              // Service Bus only
	schedule *ncrontab.Schedule // timer only
	onlyHTTP bool               // http in, http out and nothing else
	broken   error              // why every invocation fails; an output that does not resolve
	stats    counters
}

// output is one output binding with its queue.
type output struct {
	binding
	queue Queue // nil for http
}

// Problem is a function that the host could not index, or not completely.
type Problem struct {
	// Function is the folder's name.
	Function string
	// Err says what is wrong with it.
	Err error
}

// errDisabled marks a function that is left out on purpose.
var errDisabled = errors.New("the function is disabled")

// index reads every function under the script root. What is wrong with one
// function leaves that one out and the others alone.
func (h *Host) index() error {
	entries, err := os.ReadDir(h.cfg.ScriptRoot)
	if err != nil {
		return fmt.Errorf("reading the script root: %w", err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(h.cfg.ScriptRoot, e.Name(), "function.json"))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading function.json: %w", err)
		}
		f, err := h.indexOne(e.Name(), text)
		switch {
		case errors.Is(err, errDisabled):
			h.log.Info("Function is disabled", slog.String("function", e.Name()))
			continue
		case err != nil:
			h.problem(e.Name(), fmt.Errorf("the function is not indexed: %w", err))
			continue
		case f.broken != nil:
			h.problem(e.Name(), fmt.Errorf("every invocation fails: %w", f.broken))
		}
		h.functions = append(h.functions, f)
	}
	if len(h.functions) == 0 {
		return errors.New("no job functions found: the script root has no usable function.json in an immediate sub-folder")
	}
	return nil
}

func (h *Host) problem(name string, err error) {
	h.problems = append(h.problems, Problem{name, err})
	h.log.Error("Indexing the function", slog.String("function", name), slog.Any("error", err))
}

func (h *Host) indexOne(name string, text []byte) (*function, error) {
	var fj functionJSON
	if err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), &fj); err != nil {
		return nil, fmt.Errorf("reading function.json: %w", err)
	}
	if fj.Disabled || isTrue(h.cfg.Settings["AzureWebJobs."+name+".Disabled"]) {
		return nil, errDisabled
	}
	f := &function{name: name}
	triggers, inputs, httpOutputs := 0, 0, 0
	for _, b := range fj.Bindings {
		if err := checkBinding(&b); err != nil {
			return nil, err
		}
		if strings.EqualFold(b.Direction, "in") || b.Direction == "" {
			inputs++
			triggers++
			f.trigger = b
			continue
		}
		if b.is(httpOutput) {
			httpOutputs++
		}
		o, err := h.openOutput(b)
		if err != nil && f.broken == nil {
			f.broken = err
		}
		f.outputs = append(f.outputs, o)
	}
	if triggers != 1 {
		return nil, fmt.Errorf("a function has one trigger, this one has %d", triggers)
	}
	f.onlyHTTP = f.trigger.is(httpTrigger) && inputs == 1 && httpOutputs == 1 && len(f.outputs) == 1
	if err := h.openTrigger(f); err != nil {
		return nil, err
	}
	return f, nil
}

func checkBinding(b *binding) error {
	if b.Name == "" {
		return fmt.Errorf("a binding of type %q has no name", b.Type)
	}
	in := strings.EqualFold(b.Direction, "in") || b.Direction == ""
	for _, kind := range []string{httpTrigger, serviceBusTrigger, timerTrigger} {
		if b.is(kind) && in {
			return nil
		}
	}
	for _, kind := range []string{httpOutput, serviceBusOutput} {
		if b.is(kind) && strings.EqualFold(b.Direction, "out") {
			return nil
		}
	}
	return fmt.Errorf("the binding type %q with direction %q is not registered", b.Type, b.Direction)
}

// openOutput resolves an output. An error breaks the function's invocations,
// not its indexing.
func (h *Host) openOutput(b binding) (output, error) {
	o := output{binding: b}
	if b.is(httpOutput) {
		return o, nil
	}
	var err error
	o.queue, err = h.openQueue(&o.binding)
	return o, err
}

// openTrigger resolves the trigger. An error leaves the function out.
func (h *Host) openTrigger(f *function) (err error) {
	t := &f.trigger
	switch {
	case t.is(httpTrigger):
		text := f.name
		if t.Route != nil && *t.Route != "" {
			if text, err = resolve(*t.Route, h.cfg.Settings); err != nil {
				return err
			}
		}
		f.route, err = parseRoute(h.opts.text("extensions:http:routePrefix", "api"), text, t.Methods)
	case t.is(serviceBusTrigger):
		f.queue, err = h.openQueue(t)
	case t.is(timerTrigger):
		if t.Schedule, err = resolve(t.Schedule, h.cfg.Settings); err != nil {
			return err
		}
		f.schedule, err = ncrontab.Parse(t.Schedule)
	}
	return err
}

func (h *Host) openQueue(b *binding) (Queue, error) {
	if b.TopicName != "" || b.IsSessionsEnabled {
		return nil, fmt.Errorf("binding %s: topics and sessions are not imitated", b.Name)
	}
	name, err := resolve(b.QueueName, h.cfg.Settings)
	if err != nil {
		return nil, fmt.Errorf("binding %s: %w", b.Name, err)
	}
	b.QueueName = name
	if h.cfg.Queues == nil {
		return nil, fmt.Errorf("binding %s: there are no queues here", b.Name)
	}
	q, err := h.cfg.Queues(name)
	if err != nil {
		return nil, fmt.Errorf("binding %s: opening the queue %q: %w", b.Name, name, err)
	}
	return q, nil
}

// isTrue reads a Boolean app setting as the host does for Disabled: true or 1.
func isTrue(s string) bool { return strings.EqualFold(s, "true") || s == "1" }

// Package provision makes in a Dataverse environment what PayBridge needs there
// and package environment says is missing: publisher, solution, tables with
// their columns, choices and alternate keys, the security role, the application
// user, the service endpoint and its steps.
//
// Dataverse's requests that define something are not idempotent, can take
// minutes, refuse to run beside each other, and may have done their work
// although the answer was lost. So every part is made the same way: look, do
// what is missing, look again, until nothing is missing. Whoever looks first
// never makes a thing twice, and a run that was killed anywhere is finished by
// the next one. There is no state but the environment's own.
package provision

import (
	"context"
	"time"

	"github.com/google/uuid"

	"paybridge/cmd/paybridge/environment"
	"paybridge/internal/crm"
	"paybridge/internal/dataverse"
	"paybridge/internal/secret"
)

// Plan says what an environment is to have.
type Plan struct {
	// Mapping says where the payments live.
	Mapping crm.Mapping
	// ClientID is the application that the runtime user is made for; zero
	// leaves the user out.
	ClientID uuid.UUID
	// WebhookURL is where the steps post to; empty leaves them out.
	WebhookURL string
	// WebhookKey returns the function key that the endpoint sends. It is asked
	// for only where the endpoint has none, or RotateKey gives it another: what
	// Dataverse was given it never shows again.
	WebhookKey func() (secret.Secret, error)
	RotateKey  bool
	// DryRun reports what would be done and writes nothing.
	DryRun bool
}

// Patience says how long is waited for Dataverse. Zero fields mean what is said
// here.
type Patience struct {
	// First is the longest wait after the first refusal, Longest the longest of
	// all. They double in between. 2 s and 30 s.
	First, Longest time.Duration
	// Part bounds the making of one part: 10 minutes.
	Part time.Duration
	// KeyPoll is the longest time between two looks at the index of an alternate
	// key, Keys bounds the waiting for all of them: 10 s and 20 minutes.
	KeyPoll, Keys time.Duration
}

func (p Patience) withDefaults() Patience {
	for _, d := range []struct {
		field     *time.Duration
		otherwise time.Duration
	}{
		{&p.First, 2 * time.Second}, {&p.Longest, 30 * time.Second}, {&p.Part, 10 * time.Minute},
		{&p.KeyPoll, 10 * time.Second}, {&p.Keys, 20 * time.Minute},
	} {
		if *d.field == 0 {
			*d.field = d.otherwise
		}
	}
	return p
}

// Options says how it is done.
type Options struct {
	Patience Patience
	// Report hears what becomes of each part, while it happens. Nil is silence.
	Report func(Event)
}

// Event is something that became of a part.
type Event struct {
	Kind EventKind
	// Part is "table pb_payment", Text what became of it: "made with 23
	// columns". What is planned would be that, what is being worked on has no
	// text.
	Part, Text string
}

// EventKind is what an event is about.
type EventKind int

// The kinds of events. Planned is what a dry run would do, Left a difference
// that a person has to settle; Working and Waiting are progress.
const (
	Unchanged EventKind = iota + 1
	Made
	Planned
	Left
	Note
	Working
	Waiting
)

// Result is what a run did: how many changes it made, or would make, and how
// many differences it left.
type Result struct {
	Changes, Left int
}

// setup is one run.
type setup struct {
	client   *dataverse.Client
	read     *environment.Reader
	plan     Plan
	patience Patience
	report   func(Event)
	result   Result

	org       environment.Organization
	publisher *environment.Publisher
	endpoint  *environment.Endpoint
}

// Run makes what is missing. The error is the first thing that could not be
// done; running again goes on from there.
func Run(ctx context.Context, client *dataverse.Client, plan Plan, opts Options) (Result, error) {
	s := &setup{client: client, read: environment.New(client), plan: plan, patience: opts.Patience.withDefaults(), report: opts.Report}
	if s.report == nil {
		s.report = func(Event) {}
	}
	var err error
	if s.org, err = s.read.Organization(ctx); err != nil {
		return s.result, err
	}
	for _, p := range s.parts() {
		if err := s.ensure(ctx, p); err != nil {
			return s.result, err
		}
	}
	return s.result, s.currencies(ctx)
}

// parts are all parts in the order in which they need each other.
func (s *setup) parts() []part {
	parts := []part{
		{name: "publisher " + crm.PublisherName, look: s.lookPublisher},
		{name: "solution " + environment.SolutionName, look: s.lookSolution},
	}
	tables := s.plan.Mapping.Tables()
	if s.plan.Mapping.Foreign() {
		parts = append(parts, part{name: "table " + s.plan.Mapping.Table, look: s.lookMapped})
	}
	for _, t := range tables {
		parts = append(parts, part{name: "table " + t.Name, look: s.lookTable(t)})
	}
	parts = append(parts,
		part{name: "alternate keys", look: s.lookKeys(tables), limit: s.patience.Keys},
		part{name: "security role " + environment.RoleName, look: s.lookRole})
	if s.plan.ClientID != uuid.Nil {
		parts = append(parts, part{name: "application user", look: s.lookUser})
	}
	if s.plan.WebhookURL != "" {
		parts = append(parts, part{name: "service endpoint " + environment.EndpointName, look: s.lookEndpoint})
		for _, step := range environment.WantedSteps(s.plan.Mapping) {
			parts = append(parts, part{name: "step on " + step.Message + " of " + step.Table, look: s.lookStep(step)})
		}
	}
	return parts
}

package soak

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"paybridge/internal/secret/leak"
)

// Report is what a soak found.
type Report struct {
	Payments int
	Seed     uint64
	Faults   Faults
	Took     time.Duration
	// Histories :: what can happen to a payment → to how many it did.
	Histories map[Turn]int

	// Events is how many Stripe generated, Deliveries and Undelivered how often
	// it posted one and was answered, and not.
	Events, Deliveries, Undelivered int
	// Posts and LostPosts are those of the CRM's steps.
	Posts, LostPosts int
	// Injected :: kind → how often.
	Injected map[Fault]int
	// StripeRequests and CRMRequests are those of everybody.
	StripeRequests, CRMRequests int
	// Invocations and Failed are those that the handler logged, Redelivered the
	// batches with a message that had been delivered before, Races how often
	// somebody wrote a row in between.
	Invocations, Failed, Redelivered, Races int
	// Reviews are rows, EventReviews events that need one.
	Reviews, EventReviews int
	// Reconciles are the runs of reconcile, Found what they found out of step.
	Reconciles, Found int
	// Healths :: status → answers of the health function.
	Healths map[int]int
	// Waits are how long rows took to agree, sorted.
	Waits []time.Duration

	// Wrong are the rows that are, Blames what else is.
	Wrong  []Wrong
	Blames []string
	// Lost are events that reached nobody.
	Lost []string
	// Duplicates are objects at Stripe that nobody asked for.
	Duplicates int
	// Missed is what somebody waited for in vain.
	Missed []string
	// DeadLetters :: queue → how many messages were delivered in vain, Explained
	// :: why nothing is left to be done about one → of how many that is so.
	// Unexplained are the others.
	DeadLetters map[string]int
	Explained   map[Explanation]int
	Unexplained []string
	// Leaks is how many secrets came to light, Secrets the first of them.
	Leaks   int
	Secrets []leak.Finding
}

// Wrong is a row that is wrong.
type Wrong struct {
	Payment    int
	Row        string
	Complaints []string
	// Told is what was done to the payment.
	Told []string
}

func (r *Report) blame(format string, args ...any) {
	r.Blames = append(r.Blames, fmt.Sprintf(format, args...))
}

// count takes over what was counted.
func (s *soak) count(r *Report) {
	c := s.tally.snapshot()
	stripe, crm := s.ends.stripe.Counts(), s.ends.dataverse.Counts()
	r.Deliveries, r.Undelivered = stripe.Delivered, stripe.Undelivered
	for _, n := range stripe.Requests {
		r.StripeRequests += n
	}
	for _, method := range []string{"GET", "POST", "PATCH", "DELETE", "batch"} {
		r.CRMRequests += crm[method]
	}
	r.Posts, r.LostPosts = crm["step ok"], crm["step failed"]
	r.Injected, r.Healths, r.Histories = c.faults, c.healths, s.histories()
	for _, kind := range s.cfg.Faults {
		r.Injected[kind] += 0 // One that never happened is shown too.
	}
	if s.cfg.Faults.on(Webhooks) {
		r.Injected[Webhooks] = stripe.Repeated + stripe.Late + crm["step twice"]
	}
	r.Invocations, r.Failed, r.Redelivered, r.Races = c.invocations, c.failed, c.redelivered, c.races
	r.Reconciles, r.Found = c.runs, c.found
	r.Leaks, r.Secrets = c.leaks, c.secrets
	r.Waits = slices.Sorted(slices.Values(c.waits))
}

// Problems are what makes a soak fail, one line each; none when all is well.
func (r *Report) Problems() []string {
	var list []string
	add := func(n int, format string) {
		if n > 0 {
			list = append(list, fmt.Sprintf(format, n))
		}
	}
	add(len(r.Wrong), "%d rows are wrong")
	add(len(r.Lost), "%d events are lost")
	add(r.Duplicates, "%d objects at Stripe are there twice")
	add(r.Leaks, "%d secrets came to light")
	add(len(r.Unexplained), "%d dead letters are not explained")
	add(len(r.Blames), "%d things in the timeline are wrong")
	if len(r.Faults) == 0 {
		// Nothing went wrong, so nothing may have been tried twice.
		add(r.Failed, "%d invocations failed")
		add(r.Redelivered, "%d batches were delivered again")
		add(r.Undelivered, "%d webhooks were not taken")
		add(r.LostPosts, "%d posts of the CRM were not taken")
		add(r.Reviews, "%d rows need review")
		add(r.EventReviews, "%d events need review")
		add(len(r.Missed), "%d times somebody waited in vain")
		add(total(r.DeadLetters), "%d messages are dead letters")
	}
	return list
}

// most bounds how much of each list is printed.
const most = 20

// Print writes the report for a person.
func (r *Report) Print(w io.Writer) {
	line := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(w, "  %-22s %s\n", name, fmt.Sprintf(format, args...))
	}
	_, _ = fmt.Fprintf(w, "soak of seed %d, faults %s, in %v:\n", r.Seed, r.Faults, r.Took.Round(time.Second))
	line("payments", "%d", r.Payments)
	line("histories", "%s", listed(r.Histories))
	line("events sent", "%d", r.Events)
	line("deliveries", "%d of webhooks (%d not taken), %d of the CRM's steps (%d lost)", r.Deliveries, r.Undelivered, r.Posts, r.LostPosts)
	line("faults injected", "%s", listed(r.Injected))
	line("requests", "%d to Stripe, %d to the CRM", r.StripeRequests, r.CRMRequests)
	line("invocations", "%d, failed %d, batches delivered again %d, races for a row %d", r.Invocations, r.Failed, r.Redelivered, r.Races)
	line("reviews", "%d rows, %d events", r.Reviews, r.EventReviews)
	line("reconcile", "%d runs, %d things found out of step", r.Reconciles, r.Found)
	line("row true after", "%v in the median, %v in 99 of 100, %d times waited in vain", r.quantile(0.5), r.quantile(0.99), len(r.Missed))
	line("health answers", "%v", r.Healths)
	line("rows wrong", "%d", len(r.Wrong))
	line("events lost", "%d", len(r.Lost))
	line("objects duplicated", "%d", r.Duplicates)
	line("dead letters", "%d (%s), not explained %d", total(r.DeadLetters), listed(r.DeadLetters), len(r.Unexplained))
	line("explained by", "%s", listed(r.Explained))
	line("secrets found", "%d", r.Leaks)
	r.details(w)
}

func (r *Report) details(w io.Writer) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	for _, wrong := range r.Wrong[:min(most, len(r.Wrong))] {
		say("\nrow %s of payment %d:", wrong.Row, wrong.Payment)
		for _, c := range wrong.Complaints {
			say("  %s", strings.ReplaceAll(c, "\n", "\n  "))
		}
		say("  what happened:\n    %s", strings.Join(wrong.Told, "\n    "))
	}
	list := func(what string, lines []string) {
		for _, text := range lines[:min(most, len(lines))] {
			say("%s: %s", what, text)
		}
	}
	list("waited in vain", r.Missed)
	list("event lost", r.Lost)
	list("timeline", r.Blames)
	list("dead letter", r.Unexplained)
	for _, found := range r.Secrets {
		say("secret: %s", found)
	}
}

// listed is how many there are of each, in words.
func listed[K ~string](counts map[K]int) string {
	if len(counts) == 0 {
		return "none"
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", kind, counts[kind]))
	}
	return strings.Join(parts, ", ")
}

func total[K comparable](counts map[K]int) int {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum
}

func (r *Report) quantile(q float64) time.Duration {
	if len(r.Waits) == 0 {
		return 0
	}
	return r.Waits[int(q*float64(len(r.Waits)-1))].Round(time.Millisecond)
}

// Command is what runs the same soak again.
func (r *Report) Command() string {
	return fmt.Sprintf("go run ./cmd/paybridge soak --payments %d --seed %d --faults %s", r.Payments, r.Seed, r.Faults)
}

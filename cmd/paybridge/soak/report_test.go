package soak

import (
	"strings"
	"testing"
	"time"

	"paybridge/internal/secret/leak"
)

// TestReportSaysEverything holds the report to what it has to say.
func TestReportSaysEverything(t *testing.T) {
	r := &Report{
		Payments: 101, Seed: 7, Faults: Faults{Outage, Cut}, Took: 90 * time.Second, Histories: map[Turn]int{Succeeds: 61, Loses: 2},
		Events: 102, Deliveries: 103, Undelivered: 104, Posts: 105, LostPosts: 106, Injected: map[Fault]int{Outage: 107, Cut: 0},
		StripeRequests: 108, CRMRequests: 109, Wrong: []Wrong{{Payment: 3, Row: "a row", Complaints: []string{"it is wrong"}, Told: []string{"it was made"}}},
		Lost: []string{"evt_1"}, Duplicates: 110, DeadLetters: map[string]int{"payment-events": 3, "payment-requests": 2}, Explained: map[Explanation]int{Agreeing: 4},
		Unexplained: []string{"on payment-events: why"}, Leaks: 1, Secrets: []leak.Finding{{Where: "a line", Kind: "a key", Around: "***"}},
		Missed: []string{"payment 4"}, Blames: []string{"event evt_2 is there twice"},
	}
	var b strings.Builder
	r.Print(&b)
	text := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{
		"soak of seed 7, faults outage,cut, in 1m30s", "payments 101", "histories dispute lost 2, succeeded 61", "events sent 102",
		"deliveries 103 of webhooks (104 not taken), 105 of the CRM's steps (106 lost)", "faults injected cut 0, outage 107",
		"requests 108 to Stripe, 109 to the CRM", "rows wrong 1", "events lost 1", "objects duplicated 110",
		"dead letters 5 (payment-events 3, payment-requests 2), not explained 1", "explained by its row agrees with Stripe 4", "secrets found 1",
		"row a row of payment 3: it is wrong what happened: it was made", "waited in vain: payment 4", "event lost: evt_1",
		"timeline: event evt_2 is there twice", "dead letter: on payment-events: why", "secret: a line shows a key",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q:\n%s", want, b.String())
		}
	}
	if got, want := r.Command(), "go run ./cmd/paybridge soak --payments 101 --seed 7 --faults outage,cut"; got != want {
		t.Errorf("it is run again by %q, want %q", got, want)
	}
}

// TestWhatFailsASoak has one thing wrong at a time. Without faults more is.
func TestWhatFailsASoak(t *testing.T) {
	letters := map[string]int{"payment-events": 1}
	for name, c := range map[string]struct {
		report Report
		// always says that it counts with faults too.
		always bool
	}{
		"wrong row":             {Report{Wrong: make([]Wrong, 1)}, true},
		"lost event":            {Report{Lost: make([]string, 1)}, true},
		"duplicate":             {Report{Duplicates: 1}, true},
		"secret":                {Report{Leaks: 1}, true},
		"unexplained letter":    {Report{Unexplained: make([]string, 1)}, true},
		"timeline":              {Report{Blames: make([]string, 1)}, true},
		"failed invocation":     {Report{Failed: 1}, false},
		"delivery again":        {Report{Redelivered: 1}, false},
		"webhook not taken":     {Report{Undelivered: 1}, false},
		"post lost":             {Report{LostPosts: 1}, false},
		"review of a row":       {Report{Reviews: 1}, false},
		"review of an event":    {Report{EventReviews: 1}, false},
		"wait in vain":          {Report{Missed: make([]string, 1)}, false},
		"explained dead letter": {Report{DeadLetters: letters}, false},
	} {
		if got := c.report.Problems(); len(got) != 1 {
			t.Errorf("%s, without faults: %q", name, got)
		}
		c.report.Faults = Faults{Cut}
		if got := c.report.Problems(); (len(got) == 1) != c.always {
			t.Errorf("%s, with faults: %q", name, got)
		}
	}
}

package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"paybridge/cmd/paybridge/local"
	"paybridge/internal/secret/leak"
	"paybridge/standin/dataverse"
)

// TestHealthTellsTheTruth asks the deployed app after a payment went through,
// while the CRM is well and while it is not.
func TestHealthTellsTheTruth(t *testing.T) {
	t.Parallel()
	const key = "health-needs-no-function-key"
	for name, c := range map[string]struct {
		fault  *dataverse.Fault
		status int
		says   string
	}{
		"all is well":          {nil, http.StatusOK, "ok"},
		"the CRM is away":      {&dataverse.Fault{Status: http.StatusServiceUnavailable}, http.StatusServiceUnavailable, "down"},
		"the CRM refuses":      {&dataverse.Fault{Status: http.StatusForbidden, Code: "0x80040220"}, http.StatusServiceUnavailable, "down"},
		"the CRM is throttled": {dataverse.Throttled("0x80072322", time.Second), http.StatusOK, "degraded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, func(l *local.Config) {
				l.RequireKeys, l.FunctionKeys = true, map[string]string{"default": key}
				l.Dataverse = func(d *dataverse.Config) {
					d.Faults = func(r *http.Request) *dataverse.Fault {
						if strings.HasSuffix(r.URL.Path, "/WhoAmI") {
							return c.fault
						}
						return nil
					}
				}
			})
			began := time.Now().Add(-time.Second)
			w.paysThrough()
			status, answer := w.call(http.MethodGet, w.Endpoints().Functions+"/api/health", nil, nil)
			if status != c.status || answer["status"] != c.says {
				t.Errorf("answered %d %v", status, answer["status"])
			}
			checks, _ := answer["checks"].([]any)
			seen := map[string]map[string]any{}
			for _, check := range checks {
				check, _ := check.(map[string]any)
				name, _ := check["name"].(string)
				seen[name] = check
			}
			for _, name := range []string{"stripe", "stripe webhook", "dataverse", "payment-events"} {
				last, _ := seen[name]["lastSuccess"].(string)
				if at, err := time.Parse(time.RFC3339, last); err != nil || at.Before(began.Truncate(time.Second)) || seen[name]["configured"] != true {
					t.Errorf("%s: %v", name, seen[name])
				}
				if asked := name == "stripe" || name == "dataverse"; (seen[name]["latencyMs"] != nil) != asked {
					t.Errorf("%s: %v", name, seen[name])
				}
			}
			if well := c.fault == nil; (seen["dataverse"]["ok"] == true) != well || (seen["dataverse"]["hint"] == nil) != well {
				t.Errorf("dataverse: %v", seen["dataverse"])
			}
			text, err := json.Marshal(answer)
			w.must(err)
			urls := w.Endpoints()
			leak.New(key, urls.StripeSecretKey, urls.StripeWebhookSecret).Assert(t, "the answer", string(text))
		})
	}
}

// TestHealthMayBePolled: two hundred polls cost about as much as one.
func TestHealthMayBePolled(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.settle()
	asked := func() (crm, stripe int) {
		return w.Dataverse.Counts()["GET"], w.Stripe.Counts().Requests["GET /v1/payment_intents"]
	}
	crm, stripe := asked()
	var monitors sync.WaitGroup
	for range 10 {
		monitors.Go(func() {
			for range 20 {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.Endpoints().Functions+"/api/health", nil)
				if err != nil {
					t.Error(err)
					return
				}
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				if resp.StatusCode != http.StatusOK || resp.Body.Close() != nil {
					t.Errorf("answered %d", resp.StatusCode)
				}
			}
		})
	}
	monitors.Wait()
	// An answer holds for ten seconds; on a busy machine the polls may take a few
	// of these.
	crmAfter, stripeAfter := asked()
	for end, n := range map[string]int{"the CRM": crmAfter - crm, "Stripe": stripeAfter - stripe} {
		if n < 1 || n > 5 {
			t.Errorf("%s was asked %d times", end, n)
		}
	}
}

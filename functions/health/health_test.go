package health_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"paybridge/functions/health"
	"paybridge/internal/customhandler"
	"paybridge/internal/dataverse"
	"paybridge/internal/outcome"
	"paybridge/internal/secret"
	"paybridge/internal/secret/leak"
	"paybridge/internal/stripeapi"
)

// answer is what the caller of /api/health gets.
type answer struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
}

// serve registers the function and returns how the host calls it, over HTTP.
func serve(t *testing.T, c health.Config) func() (answer, health.Report) {
	t.Helper()
	mux := customhandler.New(customhandler.Options{})
	mux.HTTP(health.Function(c))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return func() (answer, health.Report) {
		t.Helper()
		const envelope = `{"Data":{"req":{"Url":"http://localhost:7071/api/health","Method":"GET","Query":{},"Headers":{"Host":["localhost"]},"Params":{}}},"Metadata":{}}`
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/health", strings.NewReader(envelope))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
		res, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("the handler answers %d %s, %v", res.StatusCode, text, err)
		}
		var outer struct{ Outputs struct{ Res answer } }
		if err := json.Unmarshal(text, &outer); err != nil {
			t.Fatal(err)
		}
		return outer.Outputs.Res, decode(t, outer.Outputs.Res.Body)
	}
}

func decode(t *testing.T, body string) health.Report {
	t.Helper()
	var report health.Report
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&report); err != nil {
		t.Fatal(err)
	}
	return report
}

func missing(names ...string) func() []string { return func() []string { return names } }

// failing is a check that always ends with err.
func failing(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

// measured leaves out what differs from run to run.
func measured() cmp.Option { return cmpopts.IgnoreFields(health.Check{}, "LatencyMS", "LastSuccess") }

func TestAllIsWell(t *testing.T) {
	t.Parallel()
	call := serve(t, health.Config{
		Mode: "test", Version: "v1.2.3",
		Probes: []health.Probe{
			health.Stripe(missing(), failing(nil)), health.Dataverse(missing(), failing(nil)), health.Queue("payment events", missing()),
		},
	})
	got, report := call()
	want := health.Report{Status: health.OK, Mode: "test", Version: "v1.2.3", Checks: []health.Check{
		{Name: "stripe", Configured: true, OK: true},
		{Name: "dataverse", Configured: true, OK: true},
		{Name: "payment events", Configured: true, OK: true},
	}}
	if diff := cmp.Diff(want, report, measured()); diff != "" {
		t.Error(diff)
	}
	if got.StatusCode != http.StatusOK || got.Headers["Cache-Control"] != "no-store" || got.Headers["Content-Type"] != "application/json" {
		t.Errorf("the answer is %+v", got)
	}
	for i, check := range report.Checks {
		if asked := i < 2; (check.LatencyMS != nil) != asked || (check.LastSuccess != nil) != asked {
			t.Errorf("%s has latency %v, last success %v", check.Name, check.LatencyMS, check.LastSuccess)
		}
	}
	for _, name := range []string{`"status":"ok"`, `"mode":"test"`, `"checks":[{"name":"stripe","configured":true,"ok":true,"latencyMs":`, `"lastSuccess":"`, `"version":"v1.2.3"`} {
		if !strings.Contains(got.Body, name) {
			t.Errorf("%s is not in %s", name, got.Body)
		}
	}
}

func TestNotConfigured(t *testing.T) {
	t.Parallel()
	called := make(chan struct{}, 1)
	call := serve(t, health.Config{Probes: []health.Probe{
		health.Stripe(missing("StripeSecretKey", "StripeWebhookSecret"), func(context.Context) error { called <- struct{}{}; return nil }),
		health.Queue("payment events", missing("PaymentEventsQueue")),
	}})
	got, report := call()
	want := health.Report{Status: health.Down, Checks: []health.Check{
		{Name: "stripe", Problem: health.NotConfigured, Hint: "set StripeSecretKey, StripeWebhookSecret"},
		{Name: "payment events", Problem: health.NotConfigured, Hint: "set PaymentEventsQueue"},
	}}
	if diff := cmp.Diff(want, report); diff != "" {
		t.Error(diff)
	}
	if got.StatusCode != http.StatusServiceUnavailable || len(called) != 0 {
		t.Errorf("status %d, %d checks of what is not configured", got.StatusCode, len(called))
	}
}

func TestProblemsAreToldByClass(t *testing.T) {
	t.Parallel()
	stripe := func(status int) error {
		return fmt.Errorf("pinging: %w", &stripeapi.Error{Status: status, Message: "hunter2"})
	}
	crm := func(status int) error {
		return fmt.Errorf("asking: %w", &dataverse.Error{Status: status, Message: "hunter2"})
	}
	for name, c := range map[string]struct {
		err    error
		want   health.Problem
		status health.Status
	}{
		"key":           {stripe(http.StatusUnauthorized), health.Refused, health.Down},
		"permission":    {stripe(http.StatusForbidden), health.Refused, health.Down},
		"rate":          {stripe(http.StatusTooManyRequests), health.Throttled, health.Degraded},
		"stripe broken": {stripe(http.StatusInternalServerError), health.Failing, health.Down},
		"app user":      {crm(http.StatusUnauthorized), health.Refused, health.Down},
		"role":          {crm(http.StatusForbidden), health.Refused, health.Down},
		"protection":    {crm(http.StatusTooManyRequests), health.Throttled, health.Degraded},
		"maintenance":   {crm(http.StatusServiceUnavailable), health.Failing, health.Down},
		"held back":     {fmt.Errorf("asking: %w", &outcome.Error{Class: outcome.Again, Err: errors.New("hunter2"), RetryAfter: 1}), health.Throttled, health.Degraded},
		"dns":           {&net.DNSError{Err: "no such host", Name: "hunter2", IsNotFound: true}, health.Unreachable, health.Down},
		"connection":    {&url.Error{Op: "Get", URL: "https://hunter2", Err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}, health.Unreachable, health.Down},
		"cut":           {fmt.Errorf("hunter2: %w", io.ErrUnexpectedEOF), health.Unreachable, health.Down},
		"slow":          {fmt.Errorf("hunter2: %w", context.DeadlineExceeded), health.TimedOut, health.Down},
		"slow network":  {&net.DNSError{Err: "hunter2", IsTimeout: true}, health.TimedOut, health.Down},
		"anything":      {errors.New("hunter2"), health.Failing, health.Down},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, report := serve(t, health.Config{Probes: []health.Probe{{Name: "x", Check: failing(c.err), Refused: "check the key"}}})()
			want := health.Check{Name: "x", Configured: true, Problem: c.want, Hint: report.Checks[0].Hint}
			if diff := cmp.Diff(want, report.Checks[0], measured()); diff != "" || report.Status != c.status {
				t.Errorf("status %s\n%s", report.Status, diff)
			}
			if report.Checks[0].Hint == "" || (c.want == health.Refused) != (report.Checks[0].Hint == "check the key") {
				t.Errorf("the hint is %q", report.Checks[0].Hint)
			}
			leak.New("hunter2").Assert(t, "the answer", got.Body)
			wantStatus := map[health.Status]int{health.Degraded: http.StatusOK, health.Down: http.StatusServiceUnavailable}[c.status]
			if got.StatusCode != wantStatus {
				t.Errorf("%s is answered with %d", c.status, got.StatusCode)
			}
		})
	}
}

func TestOptionalProbesOnlyDegrade(t *testing.T) {
	t.Parallel()
	good := health.Probe{Name: "good", Check: failing(nil)}
	bad := health.Probe{Name: "bad", Check: failing(errors.New("x"))}
	optional := bad
	optional.Optional = true
	for _, c := range []struct {
		probes []health.Probe
		want   health.Status
	}{
		{nil, health.OK},
		{[]health.Probe{good}, health.OK},
		{[]health.Probe{good, optional}, health.Degraded},
		{[]health.Probe{optional, bad}, health.Down},
		{[]health.Probe{bad, optional}, health.Down},
	} {
		if _, report := serve(t, health.Config{Probes: c.probes})(); report.Status != c.want {
			t.Errorf("%v: %s, want %s", c.probes, report.Status, c.want)
		}
	}
}

func TestPanicOfACheckIsItsProblem(t *testing.T) {
	t.Parallel()
	got, report := serve(t, health.Config{Probes: []health.Probe{{Name: "x", Check: func(context.Context) error { panic("hunter2") }}}})()
	if report.Checks[0].Problem != health.Failing {
		t.Errorf("the answer is %s", got.Body)
	}
	leak.New("hunter2").Assert(t, "the answer", got.Body)
}

// noToken is a credential that Entra ID turns down.
type noToken struct{}

func (noToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, errors.New("AADSTS7000222: hunter2")
}

// TestRealClients lets the real clients meet other ends that refuse them.
func TestRealClients(t *testing.T) {
	t.Parallel()
	stripe := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":{"type":"invalid_request_error","message":"Invalid API Key provided: sk_test_hunter2"}}`)
	}))
	t.Cleanup(stripe.Close)
	client := stripeapi.New(stripeapi.Config{Key: secret.New("sk_test_hunter2"), BaseURL: stripe.URL})
	organisation, err := dataverse.New("https://contoso.crm4.dynamics.com", noToken{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	nobody, err := dataverse.New(closedAddress(t), nil, &dataverse.Options{Retry: policy.RetryOptions{MaxRetries: -1}})
	if err != nil {
		t.Fatal(err)
	}
	whoAmI := func(c *dataverse.Client) func(context.Context) error {
		return func(ctx context.Context) error { _, err := c.WhoAmI(ctx); return err }
	}
	got, report := serve(t, health.Config{Probes: []health.Probe{
		health.Stripe(missing(), client.Ping), health.Dataverse(missing(), whoAmI(organisation)), health.Dataverse(missing(), whoAmI(nobody)),
	}})()
	want := []health.Problem{health.Refused, health.Refused, health.Unreachable}
	for i, check := range report.Checks {
		if check.Problem != want[i] {
			t.Errorf("check %d: %s, want %s", i, check.Problem, want[i])
		}
	}
	leak.New("hunter2").Assert(t, "the answer", got.Body)
	if strings.Contains(got.Body, "AADSTS") {
		t.Errorf("the answer repeats an error: %s", got.Body)
	}
}

// closedAddress returns the URL of a port where nobody listens.
func closedAddress(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	return server.URL
}

// TestFunctionJSON holds the bindings to the registration.
func TestFunctionJSON(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("function.json")
	if err != nil {
		t.Fatal(err)
	}
	type binding struct {
		Type, Direction, Name, AuthLevel, Route string
		Methods                                 []string
	}
	var got struct{ Bindings []binding }
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	f := health.Function(health.Config{})
	want := []binding{
		{Type: "httpTrigger", Direction: "in", Name: f.Trigger, AuthLevel: "anonymous", Route: "health", Methods: []string{"get"}},
		{Type: "http", Direction: "out", Name: f.Response},
	}
	if diff := cmp.Diff(want, got.Bindings); diff != "" || f.Name != "health" {
		t.Errorf("%s %s", f.Name, diff)
	}
}

package dataverse

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// receiver is a service endpoint that keeps what is posted to it.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	posts  []post
	answer func(n int) int
}

type post struct {
	header http.Header
	query  string
	body   map[string]any
	raw    string
}

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{answer: func(int) int { return http.StatusOK }}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		raw, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		p := post{header: q.Header, query: q.URL.RawQuery, raw: string(raw)}
		if err := json.Unmarshal(raw, &p.body); err != nil {
			t.Errorf("the body is not JSON: %v", err)
		}
		r.mu.Lock()
		r.posts = append(r.posts, p)
		n := len(r.posts)
		r.mu.Unlock()
		w.WriteHeader(r.answer(n))
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) all() []post {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.posts)
}

// stepWorld is an environment with a webhook on the payment table.
type stepWorld struct {
	*Server
	t   *testing.T
	url string
}

func withStep(t *testing.T, r *receiver, cfg Config) *stepWorld {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	cfg.Tables = append(cfg.Tables, PayBridgeTables()...)
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		server.Close()
		_ = s.Close()
	})
	if err := s.RegisterWebhook(Webhook{Name: "PayBridge", URL: r.URL + "/hook", Code: "key&1", Table: "pb_payment", Filter: []string{"pb_amount", "pb_request"}}); err != nil {
		t.Fatal(err)
	}
	return &stepWorld{Server: s, t: t, url: server.URL + "/api/data/v9.2/"}
}

func (w *stepWorld) send(method, path, user, body string) map[string]any {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+strings.ReplaceAll(path, " ", "%20"), strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header = http.Header{"Authorization": {"Bearer " + user}, "Content-Type": {"application/json"}, "Prefer": {"return=representation"}}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode > 299 {
		text, _ := io.ReadAll(resp.Body)
		w.t.Fatalf("%s %s: %s %s", method, path, resp.Status, text)
	}
	var answer map[string]any
	_ = json.NewDecoder(resp.Body).Decode(&answer)
	return answer
}

func (w *stepWorld) payment(body string) string {
	w.t.Helper()
	id, _ := w.send(http.MethodPost, "pb_payments", "user:Ann", body)["pb_paymentid"].(string)
	return id
}

func (w *stepWorld) settle() {
	w.t.Helper()
	if err := w.WaitIdle(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func TestStepPostsTheContext(t *testing.T) {
	r := receive(t)
	w := withStep(t, r, Config{Steps: Steps{Orderly: true}, OrganizationHost: "contoso.crm4.dynamics.com"})
	id := w.payment(`{"pb_name":"a/b","pb_amount":12.5}`)
	w.settle()
	w.send(http.MethodPatch, "pb_payments("+id+")", "user:Ann", `{"pb_request":884200001,"pb_name":"c"}`)
	w.settle()
	posts := r.all()
	if len(posts) != 2 {
		t.Fatalf("%d posts", len(posts))
	}
	for i, message := range []string{"Create", "Update"} {
		p := posts[i]
		for name, want := range map[string]any{"MessageName": message, "PrimaryEntityName": "pb_payment", "PrimaryEntityId": id, "Depth": 1.0, "Stage": 40.0, "InitiatingUserId": w.PersonID("Ann")} {
			if p.body[name] != want {
				t.Errorf("%s: %s is %v, want %v", message, name, p.body[name], want)
			}
		}
		for name, want := range map[string]string{"x-ms-dynamics-organization": "contoso.crm4.dynamics.com", "x-ms-dynamics-entity-name": "pb_payment", "x-ms-dynamics-request-name": message, "Content-Type": "application/json; charset=utf-8"} {
			if got := p.header.Get(name); got != want {
				t.Errorf("%s: header %s is %q, want %q", message, name, got, want)
			}
		}
		if p.query != "code=key%261" {
			t.Errorf("the query is %q", p.query)
		}
		keys := make([]string, 0, len(p.body))
		for name := range p.body {
			keys = append(keys, name)
		}
		if len(keys) != 30 || strings.Contains(strings.ReplaceAll(p.raw, `\/`, ""), "/") {
			t.Errorf("%d keys, or a slash that is not escaped", len(keys))
		}
	}
	target := func(p post) string {
		return fmt.Sprint(p.body["InputParameters"])
	}
	if text := target(posts[1]); !strings.Contains(text, "pb_request") || strings.Contains(text, "pb_amount") || !strings.Contains(text, "OptionSetValue:") {
		t.Errorf("the target of the update is %s", text)
	}
}

func TestStepListensToItsColumnsOnly(t *testing.T) {
	r := receive(t)
	w := withStep(t, r, Config{Steps: Steps{Orderly: true}})
	id := w.payment(`{"pb_name":"a"}`)
	w.send(http.MethodPatch, "pb_payments("+id+")", "user:Ann", `{"pb_name":"b"}`)
	w.send(http.MethodPatch, "pb_payments("+id+")", "app", `{"pb_status":884200001}`)
	w.send(http.MethodPost, "accounts", "user:Ann", `{"name":"x"}`)
	w.settle()
	if n := len(r.all()); n != 1 {
		t.Errorf("%d posts, want the create alone", n)
	}
	w.send(http.MethodPatch, "pb_payments("+id+")", "user:Ann", `{"pb_amount":null}`)
	w.settle()
	if n := len(r.all()); n != 2 {
		t.Errorf("%d posts after a column of the filter was sent", n)
	}
	step := w.send(http.MethodGet, "sdkmessageprocessingsteps?$select=name&$filter=filteringattributes ne null", "app", "")["value"].([]any)[0].(map[string]any)["sdkmessageprocessingstepid"].(string)
	w.send(http.MethodPatch, "sdkmessageprocessingsteps("+step+")", "app", `{"statecode":1,"statuscode":2}`)
	w.send(http.MethodPatch, "pb_payments("+id+")", "user:Ann", `{"pb_amount":1}`)
	w.settle()
	if n := len(r.all()); n != 2 {
		t.Errorf("%d posts after the step was disabled", n)
	}
}

func TestStepTriesAgainOnce(t *testing.T) {
	for status, posts := range map[int]int{200: 1, 400: 1, 404: 1, 500: 1, 502: 2, 503: 2, 504: 2} {
		r := receive(t)
		r.answer = func(int) int { return status }
		w := withStep(t, r, Config{Steps: Steps{Orderly: true}})
		w.payment(`{"pb_name":"a"}`)
		w.settle()
		if n := len(r.all()); n != posts {
			t.Errorf("%d: %d posts, want %d", status, n, posts)
		}
		jobs, err := w.Rows("asyncoperation")
		if err != nil {
			t.Fatal(err)
		}
		if failed := status != 200; failed != (len(jobs) == 1) || failed && jobs[0].Values["statuscode"] != json.Number("31") {
			t.Errorf("%d: system jobs %v", status, jobs)
		}
	}
}

func TestStepRepeatsAndReorders(t *testing.T) {
	r := receive(t)
	w := withStep(t, r, Config{Steps: Steps{Twice: 0.5, Late: 0.5, LateBy: 20 * time.Millisecond}})
	var made []string
	for range 30 {
		made = append(made, w.payment(`{"pb_name":"a"}`))
	}
	w.settle()
	var seen []string
	for _, p := range r.all() {
		seen = append(seen, p.body["PrimaryEntityId"].(string))
	}
	for _, id := range made {
		if !slices.Contains(seen, id) {
			t.Errorf("%s was never posted", id)
		}
	}
	if len(seen) == len(made) || slices.Equal(seen[:len(made)], made) {
		t.Errorf("%d posts for %d changes, in order: nothing awkward about it", len(seen), len(made))
	}
}

// TestStepsOutliveTheProcess: what was not posted is posted after the next
// opening.
func TestStepsOutliveTheProcess(t *testing.T) {
	r := receive(t)
	dir := t.TempDir()
	w := withStep(t, r, Config{Dir: dir, Steps: Steps{Orderly: true}})
	w.HoldSteps()
	id := w.payment(`{"pb_name":"a"}`)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(r.all()); n != 0 {
		t.Fatalf("%d posts while held", n)
	}
	again := withStep(t, r, Config{Dir: dir, Steps: Steps{Orderly: true}})
	again.settle()
	if posts := r.all(); len(posts) != 1 || posts[0].body["PrimaryEntityId"] != id {
		t.Errorf("posts %v", posts)
	}
}

func TestEndpointKeepsItsSecret(t *testing.T) {
	r := receive(t)
	w := withStep(t, r, Config{})
	endpoint := w.send(http.MethodGet, "serviceendpoints?$filter=name eq 'PayBridge'", "app", "")["value"].([]any)[0].(map[string]any)
	if endpoint["authvalue"] != nil || endpoint["isauthvalueset"] != true {
		t.Errorf("the endpoint shows %v, set %v", endpoint["authvalue"], endpoint["isauthvalueset"])
	}
}

// TestLargeContextLeavesItsColumnsOut: over 256 KB only the ids stay.
func TestLargeContextLeavesItsColumnsOut(t *testing.T) {
	r := receive(t)
	w := withStep(t, r, Config{Steps: Steps{Orderly: true}, Tables: []Table{{
		LogicalName: "pb_note", SchemaName: "pb_Note", SetName: "pb_notes", PrimaryID: "pb_noteid", PrimaryName: "pb_text",
		Columns: []Column{{LogicalName: "pb_text", Type: Memo, MaxLength: 1 << 20}},
	}}})
	if err := w.RegisterWebhook(Webhook{Name: "notes", URL: r.URL, Table: "pb_note"}); err != nil {
		t.Fatal(err)
	}
	for i, size := range []int{200 << 10, 300 << 10} {
		made := w.send(http.MethodPost, "pb_notes", "user:Ann", `{"pb_text":"`+strings.Repeat("x", size)+`"}`)
		w.settle()
		p := r.all()[i]
		exceeded := p.header.Get("x-ms-dynamics-msg-size-exceeded") == "true"
		_, whole := p.body["InputParameters"]
		if large := size > 256<<10; exceeded != large || whole == large || p.body["PrimaryEntityId"] != made["pb_noteid"] {
			t.Errorf("%d KB: exceeded %t, with columns %t, id %v", size>>10, exceeded, whole, p.body["PrimaryEntityId"])
		}
	}
}

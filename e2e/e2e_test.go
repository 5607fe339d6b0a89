// Package e2e holds PayBridge to its promises across the real processes: the
// packed dist/ under the stand-in Functions host, the real binary, real HTTP.
// Nothing in these tests reaches into the handler.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"paybridge/cmd/paybridge/local"
	"paybridge/cmd/paybridge/pack"
)

// dist is the app, packed once for all tests.
var dist string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "paybridge-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	root, err := pack.Root(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dist = filepath.Join(dir, "dist")
	if _, err := pack.Pack(context.Background(), pack.Config{Root: root, Dist: dist}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// world is a running PayBridge with both ends.
type world struct {
	*local.Local
	t      *testing.T
	output *output
}

// output collects what the handler prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start runs PayBridge until the end of the test.
func start(t *testing.T, changes ...func(*local.Config)) *world {
	t.Helper()
	w := &world{t: t, output: &output{}}
	cfg := local.Config{Dist: dist, Data: t.TempDir(), HandlerOutput: w.output}
	for _, change := range changes {
		change(&cfg)
	}
	l, err := local.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.Local = l
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log("the handler said:\n" + w.output.String())
		}
	})
	return w
}

// call sends a request and returns the answer's JSON.
func (w *world) call(method, url string, header http.Header, body io.Reader) (int, map[string]any) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, url, body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	var answer map[string]any
	if len(text) > 0 && json.Unmarshal(text, &answer) != nil {
		answer = map[string]any{"text": string(text)}
	}
	return resp.StatusCode, answer
}

// stripe posts a form to the Stripe stand-in as any client would. Declines are
// answers like others.
func (w *world) stripe(path string, form ...string) map[string]any {
	w.t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	status, answer := w.call(http.MethodPost, w.Endpoints().Stripe+path, http.Header{
		"Authorization": {"Bearer " + w.Endpoints().StripeSecretKey}, "Content-Type": {"application/x-www-form-urlencoded"},
	}, strings.NewReader(values.Encode()))
	if status >= 500 || status == 401 || status == 404 {
		w.t.Fatalf("POST %s: %d %v", path, status, answer)
	}
	return answer
}

// row makes a payment row in the CRM as the person Ann and returns its id.
func (w *world) row(amount, currency string) string {
	w.t.Helper()
	base := w.Endpoints().Dataverse + "/api/data/v9.2"
	header := http.Header{"Authorization": {"Bearer user:Ann"}, "Content-Type": {"application/json"}, "Prefer": {"return=representation"}}
	status, found := w.call(http.MethodGet, base+"/transactioncurrencies?$select=transactioncurrencyid&$filter="+url.QueryEscape("isocurrencycode eq '"+currency+"'"), header, nil)
	list, _ := found["value"].([]any)
	if status != http.StatusOK || len(list) != 1 {
		w.t.Fatalf("looking for %s: %d %v", currency, status, found)
	}
	id := list[0].(map[string]any)["transactioncurrencyid"]
	body := fmt.Sprintf(`{"pb_name":"Order","pb_amount":%s,"transactioncurrencyid@odata.bind":"/transactioncurrencies(%s)"}`, amount, id)
	status, made := w.call(http.MethodPost, base+"/pb_payments", header, strings.NewReader(body))
	if status != http.StatusCreated {
		w.t.Fatalf("creating a row: %d %v", status, made)
	}
	return made["pb_paymentid"].(string)
}

// read returns a row, with labels in place of choice values.
func (w *world) read(id string) map[string]any {
	w.t.Helper()
	status, row := w.call(http.MethodGet, w.Endpoints().Dataverse+"/api/data/v9.2/pb_payments("+id+")", http.Header{
		"Authorization": {"Bearer user:Ann"}, "Prefer": {`odata.include-annotations="OData.Community.Display.V1.FormattedValue"`},
	}, nil)
	if status != http.StatusOK {
		w.t.Fatalf("reading row %s: %d %v", id, status, row)
	}
	return row
}

func status(row map[string]any) string {
	label, _ := row["pb_status@OData.Community.Display.V1.FormattedValue"].(string)
	return label
}

// settle waits until no webhook and no message is on its way.
func (w *world) settle() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	if err := w.WaitIdle(ctx); err != nil {
		w.t.Fatalf("waiting for the pipeline to come to rest: %v", err)
	}
}

// intent makes a PaymentIntent for a row, as PayBridge marks it.
func (w *world) intent(row, minor, currency string, more ...string) string {
	w.t.Helper()
	form := append([]string{
		"amount", minor, "currency", currency, "payment_method_types[]", "card",
		"metadata[CRM_PaymentId]", row, "metadata[CRM_Org]", strings.TrimPrefix(w.Endpoints().Dataverse, "http://"),
	}, more...)
	made := w.stripe("/v1/payment_intents", form...)
	id, _ := made["id"].(string)
	if id == "" {
		w.t.Fatalf("no PaymentIntent: %v", made)
	}
	return id
}

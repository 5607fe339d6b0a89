package functionshost

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/standin/servicebus"
)

// capture is one request that a real host sent to its handler.
type capture struct {
	Method, Path string
	Headers      map[string]string
	Body         string
}

func readCapture(t *testing.T, name string) capture {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(captures, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var c capture
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// changing matches what differs from one request to the next.
var changing = regexp.MustCompile(`"UtcNow":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z"|"RandGuid":"[0-9a-f-]{36}"|"Identifier":"[a-z]+"`)

func fixed(body string) string {
	return changing.ReplaceAllStringFunc(body, func(match string) string {
		name, _, _ := strings.Cut(match, ":")
		return name + ":0"
	})
}

// recorder is a handler that keeps the requests and answers that all is well.
func recorder(requests chan<- capture) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c := capture{r.Method, r.URL.Path, map[string]string{}, string(body)}
		for name, values := range r.Header {
			c.Headers[name] = strings.Join(values, "|")
		}
		c.Headers["Transfer-Encoding"] = strings.Join(r.TransferEncoding, "|")
		requests <- c
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"Outputs":{}}`))
	}
}

// compare compares a request to a captured one.
func compare(t *testing.T, want, got capture) {
	t.Helper()
	for _, c := range []capture{want, got} {
		delete(c.Headers, "Host")
		if len(c.Headers["X-Azure-Functions-InvocationId"])+len(c.Headers["X-Azure-Functions-Invocationid"]) != 36 {
			t.Errorf("no invocation id in %v", c.Headers)
		}
	}
	for name, value := range want.Headers {
		if name != "X-Azure-Functions-InvocationId" && got.Headers[http.CanonicalHeaderKey(name)] != value {
			t.Errorf("header %s: %q, want %q", name, got.Headers[http.CanonicalHeaderKey(name)], value)
		}
	}
	if len(got.Headers) != len(want.Headers) {
		t.Errorf("the headers are %v, want %v", got.Headers, want.Headers)
	}
	if got.Method != want.Method || got.Path != want.Path {
		t.Errorf("%s %s, want %s %s", got.Method, got.Path, want.Method, want.Path)
	}
	if diff := cmp.Diff(fixed(want.Body), fixed(got.Body)); diff != "" {
		t.Errorf("envelope (-want +got):\n%s", diff)
	}
}

// next waits for the next request that reached the handler.
func next(t *testing.T, requests <-chan capture) capture {
	t.Helper()
	select {
	case c := <-requests:
		return c
	case <-time.After(soon):
		t.Fatal("the handler was not called")
		return capture{}
	}
}

// TestHTTPEnvelopes sends the public request behind each captured HTTP
// envelope, byte for byte as curl did, and expects the same envelope.
func TestHTTPEnvelopes(t *testing.T) {
	const key = "functionKeyThatMustNeverBeLogged00000000000000000000AAAA=="
	bodies := map[string]string{
		"http-bom-removed":                          "\ufeff{\"a\":\"é\"}",
		"http-chunked-no-body":                      "{\"a\":1}",
		"http-dataverse-headers":                    `{"BusinessUnitId":"6fe1d0e0-0000-0000-0000-000000000000","MessageName":"Update","PrimaryEntityName":"pb_payment"}`,
		"http-empty":                                "",
		"http-function-key":                         `{"id":"evt_x","livemode":false,"created":1700000000,"n":null,"f":1.5,"arr":[1],"data":{"object":{"id":"pi_1"}}}`,
		"http-invalid-utf8":                         "{\"a\":\"\xff\xfe\"}",
		"http-octet-stream-base64":                  "{\"a\":\"\xff\xfe\"}",
		"http-plain":                                `{"hello":"world"}`,
		"http-repeated-header-and-spoofed-metadata": `{"headers":{"x":"y"},"sys":{"z":1},"Query":"q"}`,
		"http-text":                                 "hello",
		"http-with-servicebus-output":               `{"x":1}`,
	}
	files, err := filepath.Glob(filepath.Join(captures, "http-*.json"))
	if err != nil || len(files) != len(bodies) {
		t.Fatalf("%d captures, %d bodies, error %v", len(files), len(bodies), err)
	}
	requests := make(chan capture, 10)
	hook := map[string]string{"hook": httpFunction("hook"), "hookx": httpFunction("hook")}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			want := readCapture(t, name)
			root := app(t, map[string]string{want.Path[1:]: hook[want.Path[1:]]})
			if strings.Contains(want.Body, "code=") {
				root = app(t, map[string]string{"hook": httpFunction("stripe/webhook/{tenant?}")})
			}
			h, _ := startScripted(t, Config{ScriptRoot: root, FunctionKeys: map[string]string{"default": key}}, recorder(requests))
			sendRaw(t, h, want.Body, body)
			compare(t, want, next(t, requests))
		})
	}
}

// sendRaw makes the request that an envelope tells of, with the headers in the
// order of curl, and waits for the response.
func sendRaw(t *testing.T, h *Host, envelope, body string) {
	t.Helper()
	var e struct {
		Data struct {
			Req struct {
				URL     string `json:"Url"`
				Headers json.RawMessage
			}
		}
	}
	if err := json.Unmarshal([]byte(envelope), &e); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	_, target, _ := strings.Cut(strings.TrimPrefix(e.Data.Req.URL, "http://"), "/")
	b.WriteString("POST /" + target + " HTTP/1.1\r\n")
	names, values := headerNames(t, e.Data.Req.Headers)
	last := []string{"Content-Type", "Transfer-Encoding", "Content-Length"}
	for _, name := range append([]string{"Host", "User-Agent", "Accept"}, names...) {
		if slices.Contains(last, name) || strings.Contains(b.String(), "\n"+name+":") {
			continue
		}
		for _, v := range values[name] {
			b.WriteString(name + ": " + v + "\r\n")
		}
	}
	for _, name := range last {
		for _, v := range values[name] {
			b.WriteString(name + ": " + v + "\r\n")
		}
	}
	b.WriteString("\r\n")
	if values["Transfer-Encoding"] != nil {
		body = "7\r\n" + body + "\r\n0\r\n\r\n"
	}
	b.WriteString(body)
	conn, err := net.Dial("tcp", h.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("status %d", res.StatusCode)
	}
}

// headerNames returns the names of a headers object in order, and its values.
func headerNames(t *testing.T, text json.RawMessage) ([]string, map[string][]string) {
	t.Helper()
	var values map[string][]string
	if err := json.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return bytes.Index(text, []byte(`"`+a+`"`)) - bytes.Index(text, []byte(`"`+b+`"`))
	})
	return names, values
}

// handedOut is a queue that hands out these messages once, as one batch.
type handedOut struct {
	messages []*servicebus.Received
	settled  chan string
}

func (q *handedOut) Send(context.Context, ...servicebus.Message) error { return nil }

func (q *handedOut) Receive(ctx context.Context, _ int) ([]*servicebus.Received, error) {
	messages := q.messages
	q.messages = nil
	if messages == nil {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return messages, nil
}

func (q *handedOut) Complete(context.Context, *servicebus.Received) error {
	q.settled <- "completed"
	return nil
}

func (q *handedOut) Abandon(context.Context, *servicebus.Received) error {
	q.settled <- "abandoned"
	return nil
}

func (q *handedOut) Renew(context.Context, *servicebus.Received) error { return nil }

// TestServiceBusEnvelopes hands out the messages behind each captured Service
// Bus envelope and expects the same envelope.
func TestServiceBusEnvelopes(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(captures, "servicebus-*.json"))
	if err != nil || len(files) != 6 {
		t.Fatalf("%d captures, error %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			want := readCapture(t, name)
			_, kind, _ := strings.Cut(name, "-")
			cardinality, dataType, _ := strings.Cut(kind, "-")
			binding := `{"type":"serviceBusTrigger","direction":"in","name":"` + dataName(t, want.Body) + `","queueName":"q","cardinality":"` + cardinality + `"`
			if dataType != "no-datatype" {
				binding += `,"dataType":"` + dataType + `"`
			}
			q := &handedOut{messages: messagesOf(t, want.Body, cardinality == "many", dataType), settled: make(chan string, 10)}
			n := len(q.messages)
			requests := make(chan capture, 10)
			root := app(t, map[string]string{want.Path[1:]: `{"bindings":[` + binding + `}]}`})
			startScripted(t, Config{ScriptRoot: root, Queues: func(string) (Queue, error) { return q, nil }}, recorder(requests))
			compare(t, want, next(t, requests))
			for range n {
				if got := <-q.settled; got != "completed" {
					t.Errorf("the message was %s", got)
				}
			}
		})
	}
}

func dataName(t *testing.T, envelope string) string {
	t.Helper()
	m := regexp.MustCompile(`^{"Data":{"([a-z]+)"`).FindStringSubmatch(envelope)
	if m == nil {
		t.Fatal("no data in the envelope")
	}
	return m[1]
}

func TestTimerEnvelope(t *testing.T) {
	want := readCapture(t, "timer")
	requests := make(chan capture, 10)
	root := app(t, map[string]string{"tick": `{"bindings":[{"type":"timerTrigger","direction":"in","name":"timer","schedule":"*/5 * * * * *","runOnStartup":true}]}`})
	startScripted(t, Config{ScriptRoot: root}, recorder(requests))
	compare(t, want, next(t, requests))
}

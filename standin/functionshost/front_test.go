package functionshost

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/standin/servicebus"
)

// echo answers with the name of the function and the route values.
func echo(w http.ResponseWriter, r *http.Request) {
	_, params, _ := strings.Cut(envelopeOf(r), `"Params":`)
	params, _, _ = strings.Cut(params, `,"Identities"`)
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"Outputs":{"res":{"body":%q}}}`, r.URL.Path+" "+params)
}

func TestRoutes(t *testing.T) {
	get := strings.Replace(httpFunction("orders/{id:int?}"), `"name":"req"`, `"name":"req","methods":["get","PUT"]`, 1)
	h, _ := startScripted(t, Config{ScriptRoot: app(t, map[string]string{
		"plain": `{"bindings":[{"type":"httpTrigger","direction":"in","name":"req"},{"type":"http","direction":"out","name":"res"}]}`,
		"order": get,
		"open":  httpFunction("orders/open"),
		"rest":  httpFunction("files/{*path}"),
		"name":  httpFunction("%ROUTE%/{name}"),
		"off":   httpFunction("off"),
		"bad":   httpFunction("x/{a}-{b}"),
		"lost":  httpFunction("%MISSING%"),
		"never": `{"bindings":[{"type":"timerTrigger","direction":"in","name":"t","schedule":"@daily"}]}`,
	}), Settings: map[string]string{"ROUTE": "by", "AzureWebJobs.off.Disabled": "true"}}, echo)
	tests := map[string]string{
		"GET /api/plain":           "/plain {}",
		"DELETE /api/PLAIN/":       "/plain {}",
		"GET /api/orders/7":        `/order {"id":"7"}`,
		"GET /api/orders":          `/order {"id":null}`,
		"POST /api/orders":         "404",
		"GET /api/orders/x":        "404",
		"GET /api/orders/open":     "/open {}",
		"GET /api/files/a/b%20c":   `/rest {"path":"a/b c"}`,
		"GET /api/files":           `/rest {"path":null}`,
		"GET /api/by/J%C3%BCrgen":  `/name {"name":"Jürgen"}`,
		"GET /api/by":              "404",
		"GET /api/off":             "404",
		"GET /api/lost":            "404",
		"GET /plain":               "404",
		"GET /api/plain/more":      "404",
		"GET /":                    "",
		"POST /admin/host/ping":    "",
		"GET /admin/nothing":       "404",
		"POST /admin/functions/no": "404",
	}
	for request, want := range tests {
		method, path, _ := strings.Cut(request, " ")
		res, body := call(t, method, h.URL()+path, "")
		if want == "404" {
			if res.StatusCode != http.StatusNotFound {
				t.Errorf("%s: status %d, want 404", request, res.StatusCode)
			}
			continue
		}
		if res.StatusCode != http.StatusOK || body != want {
			t.Errorf("%s: status %d, body %q, want %q", request, res.StatusCode, body, want)
		}
	}
	var problems []string
	for _, p := range h.Problems() {
		problems = append(problems, p.Function)
	}
	if diff := cmp.Diff([]string{"bad", "lost", "never"}, problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// An output that does not resolve leaves the function in place, failing.
func TestUnresolvedOutput(t *testing.T) {
	ns := bus(t, servicebus.QueueProperties{}, "q")
	h, _ := startScripted(t, Config{ScriptRoot: app(t, map[string]string{
		"f": httpFunction("f", `{"type":"serviceBus","direction":"out","name":"m","queueName":"%MISSING%"}`),
	}), Queues: Queues(ns)}, func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") })
	res, body := call(t, http.MethodPost, h.URL()+"/api/f", "")
	if res.StatusCode != http.StatusInternalServerError || body != "" || len(h.Problems()) != 1 {
		t.Errorf("status %d, body %q, problems %v", res.StatusCode, body, h.Problems())
	}
}

// A message that cannot be sent fails the request.
func TestOutputThatCannotBeSent(t *testing.T) {
	ns := bus(t, servicebus.QueueProperties{}, "q")
	h, _ := startScripted(t, Config{ScriptRoot: app(t, map[string]string{
		"f": httpFunction("f", `{"type":"serviceBus","direction":"out","name":"m","queueName":"q"}`),
	}), Queues: Queues(ns)}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"Outputs":{"res":{},"m":["%s"]}}`, strings.Repeat("x", servicebus.MaxMessageSize+1))
	})
	if res, body := call(t, http.MethodPost, h.URL()+"/api/f", ""); res.StatusCode != http.StatusInternalServerError || body != "" {
		t.Errorf("status %d, body %q", res.StatusCode, body)
	}
}

func TestKeys(t *testing.T) {
	level := func(l string) string {
		return strings.Replace(httpFunction(l), `"authLevel":"function"`, `"authLevel":"`+l+`"`, 1)
	}
	h, _ := startScripted(t, Config{
		ScriptRoot:  app(t, map[string]string{"a": level("anonymous"), "f": level("function"), "m": level("admin")}),
		RequireKeys: true, FunctionKeys: map[string]string{"default": "secret", masterKey: "master"},
	}, echo)
	tests := map[string]int{
		"/api/anonymous":                 200,
		"/api/function":                  401,
		"/api/function?code=wrong":       401,
		"/api/function?code=secret":      200,
		"/api/function?code=master":      200,
		"/api/admin?code=secret":         401,
		"/api/admin?code=master":         200,
		"/admin/host/status":             401,
		"/admin/host/status?code=master": 200,
		"/admin/functions?code=master":   200,
		"/api/nothing?code=secret":       404,
	}
	for path, want := range tests {
		if res, body := call(t, http.MethodGet, h.URL()+path, ""); res.StatusCode != want || want == 401 && body != "" {
			t.Errorf("%s: status %d, body %q, want %d", path, res.StatusCode, body, want)
		}
	}
}

// TestKeyInAHeader: the header is looked at first, as the host does.
func TestKeyInAHeader(t *testing.T) {
	h, _ := startScripted(t, Config{
		ScriptRoot:  app(t, map[string]string{"f": httpFunction("f")}),
		RequireKeys: true, FunctionKeys: map[string]string{"default": "secret"},
	}, echo)
	for _, c := range []struct {
		header, query string
		want          int
	}{{"secret", "", 200}, {"wrong", "", 401}, {"Secret", "", 401}, {"secret", "?code=wrong", 200}, {"wrong", "?code=secret", 401}, {"", "?code=secret", 200}} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL()+"/api/f"+c.query, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.header != "" {
			req.Header.Set("x-functions-key", c.header)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
		if res.StatusCode != c.want {
			t.Errorf("%+v: status %d", c, res.StatusCode)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	h, _ := startScripted(t, Config{
		ScriptRoot: app(t, map[string]string{"f": httpFunction("f")}),
		Settings:   map[string]string{"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "10"},
	}, echo)
	if res, _ := call(t, http.MethodPost, h.URL()+"/api/f", "0123456789"); res.StatusCode != http.StatusOK {
		t.Errorf("at the limit: status %d", res.StatusCode)
	}
	if res, _ := call(t, http.MethodPost, h.URL()+"/api/f", "01234567890"); res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("over the limit: status %d", res.StatusCode)
	}
}

// Requests on one connection keep their own headers, whatever their bodies
// look like.
func TestHeadersOfPipelinedRequests(t *testing.T) {
	requests := make(chan capture, 10)
	h, _ := startScripted(t, Config{ScriptRoot: app(t, map[string]string{"f": httpFunction("f")})}, recorder(requests))
	conn, err := net.Dial("tcp", h.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, part := range []string{
		"POST /api/f HTTP/1.1\r\nHost: h\r\nx-lower: 1\r\nContent-Length: 17\r\n\r\nx-lower: 9\r\n\r\nabc",
		"POST /api/none HTTP/1.1\r\nHost: h\r\nx-lower: 2\r\nContent-Length: 0\r\n\r\n",
		"POST /api/f HTTP/1.1\r\nHost: h\r\nX-LOWER: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na\r\n\r\n0\r\n\r\n",
		"GET /api/f HTTP/1.1\r\nhost: h\r\nX-lower: 4\r\n\r\n",
	} {
		if _, err := io.WriteString(conn, part); err != nil {
			t.Fatal(err)
		}
	}
	responses := bufio.NewReader(conn)
	for range 4 {
		res, err := http.ReadResponse(responses, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{`"x-lower":["1"]`, `"X-LOWER":["3"]`, `"Host":["h"],"X-lower":["4"]`} {
		if got := next(t, requests).Body; !strings.Contains(got, want) {
			t.Errorf("%s is not in %s", want, got)
		}
	}
}

func TestRunByHand(t *testing.T) {
	ns := bus(t, servicebus.QueueProperties{}, "in")
	requests := make(chan capture, 10)
	h, _ := startScripted(t, Config{ScriptRoot: app(t, map[string]string{
		"one":  queueTrigger(""),
		"many": queueTrigger(`,"cardinality":"many","dataType":"binary"`),
		"tick": `{"bindings":[{"type":"timerTrigger","direction":"in","name":"timer","schedule":"0 0 0 1 1 *"}]}`,
		"web":  httpFunction("web"),
	}), Queues: Queues(ns), Settings: map[string]string{"IN": "in"}}, recorder(requests))
	tests := map[string]string{
		"one":  `{"Data":{"m":"\"hi\""}`,
		"many": `{"Data":{"m":"[\"aGk=\"]"}`,
		"tick": `{"Data":{"timer":{"Schedule":{"AdjustForDST":true},`,
	}
	for name, want := range tests {
		res, _ := call(t, http.MethodPost, h.URL()+"/admin/functions/"+name, `{"input":"hi"}`)
		if res.StatusCode != http.StatusAccepted {
			t.Errorf("%s: status %d", name, res.StatusCode)
		}
		if got := next(t, requests); !strings.HasPrefix(got.Body, want) {
			t.Errorf("%s: %s, want %s", name, got.Body, want)
		}
	}
	if res, _ := call(t, http.MethodPost, h.URL()+"/admin/functions/web", `{"input":"hi"}`); res.StatusCode != http.StatusBadRequest {
		t.Errorf("an HTTP function: status %d", res.StatusCode)
	}
}

// With forwarding or proxying on, a function with nothing but HTTP gets the
// request itself; others still get an envelope.
func TestForwardAndProxy(t *testing.T) {
	ns := bus(t, servicebus.QueueProperties{}, "q")
	for _, mode := range []string{"enableForwardingHttpRequest", "enableProxyingHttpRequest"} {
		t.Run(mode, func(t *testing.T) {
			h, _ := startScripted(t, Config{
				ScriptRoot: app(t, map[string]string{
					"f": httpFunction("a/{b}"),
					"g": httpFunction("g", `{"type":"serviceBus","direction":"out","name":"m","queueName":"q"}`),
				}),
				Queues: Queues(ns), Settings: map[string]string{"AzureFunctionsJobHost__customHandler__" + mode: "true"},
			}, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if r.URL.Path == "/g" {
					w.Header().Set("Content-Type", "application/json")
					_, _ = w.Write([]byte(`{"Outputs":{"res":{"body":"json"}}}`))
					return
				}
				w.Header().Set("X-Seen", r.Header.Get("X-Azure-Functions-HostVersion"))
				w.WriteHeader(http.StatusTeapot)
				_, _ = fmt.Fprintf(w, "%s %s %q", r.Method, r.URL, body)
			})
			res, body := call(t, http.MethodPut, h.URL()+"/api/a/b?x=1", "\xff\x00")
			if res.StatusCode != http.StatusTeapot || res.Header.Get("X-Seen") != version || body != `PUT /api/a/b?x=1 "\xff\x00"` {
				t.Errorf("status %d, headers %v, body %s", res.StatusCode, res.Header, body)
			}
			if _, body := call(t, http.MethodPost, h.URL()+"/api/g", ""); body != "json" {
				t.Errorf("a function with another output got %q", body)
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL()+"/api/a/b", io.MultiReader(bytes.NewReader([]byte("chunked"))))
			if err != nil {
				t.Fatal(err)
			}
			chunked, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer chunked.Body.Close()
			text, _ := io.ReadAll(chunked.Body)
			if lost := strings.HasSuffix(string(text), `""`); lost != strings.Contains(mode, "Forwarding") {
				t.Errorf("a chunked body arrived as %s", text)
			}
		})
	}
}

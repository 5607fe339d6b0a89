package crmwebhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"paybridge/internal/customhandler"
	"paybridge/internal/payment"
)

const (
	org       = "contoso.crm4.dynamics.com"
	row       = "3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01"
	person    = "8c1d0b7e-52aa-ee11-be37-000d3a5c1f10"
	own       = "aa0e1c52-60aa-ee11-be37-000d3a5c1f10"
	operation = "e07c5d12-6a9b-f011-b4cc-7c1e5267a0f3"
	key       = "functionKey0000"
)

// posted is one of the bodies that package executioncontext is tested with.
func posted(tb testing.TB, name string) string {
	tb.Helper()
	body, err := os.ReadFile(filepath.Join("..", "..", "internal", "executioncontext", "testdata", name+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	return string(body)
}

// headers are those of a webhook call.
func headers(change ...string) map[string][]string {
	h := map[string][]string{
		"Content-Type": {"application/json; charset=utf-8"}, "x-functions-key": {key},
		"x-request-id": {"b1f4e6a8-90d3-4c57-9e2b-3a7d5c8f0e64"}, "x-ms-dynamics-organization": {org},
		"x-ms-dynamics-entity-name": {"pb_payment"}, "x-ms-dynamics-request-name": {"Update"},
	}
	for i := 0; i < len(change); i += 2 {
		h[change[i]] = []string{change[i+1]}
	}
	return h
}

type call struct {
	status   int
	reply    map[string]any
	messages []string
	log      string
}

// handler is the function behind the host's protocol, and its log.
func handler(c Config) (http.Handler, *bytes.Buffer) {
	var log bytes.Buffer
	mux := customhandler.New(customhandler.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	mux.HTTP(Function(c))
	return mux, &log
}

// invoke sends a request as the host does.
func invoke(tb testing.TB, c Config, header map[string][]string, body *string) call {
	tb.Helper()
	mux, log := handler(c)
	req := map[string]any{"Url": "http://x/api/crm/webhook?code=" + key, "Method": "POST", "Query": map[string]string{"code": key}, "Headers": header, "Params": map[string]string{}}
	if body != nil {
		req["Body"] = *body
	}
	envelope, err := json.Marshal(map[string]any{"Data": map[string]any{"req": req}, "Metadata": map[string]any{"PrimaryEntityId": "\"" + own + "\""}})
	if err != nil {
		tb.Fatal(err)
	}
	return send(tb, mux, log, envelope)
}

// send takes the answer apart.
func send(tb testing.TB, mux http.Handler, log *bytes.Buffer, envelope []byte) call {
	tb.Helper()
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/"+Name, bytes.NewReader(envelope)))
	if w.Code != http.StatusOK {
		tb.Fatalf("the handler answered %d, which the host turns into an empty 500: %s", w.Code, w.Body)
	}
	var answer struct {
		Outputs struct {
			Res struct {
				StatusCode int
				Body       string
			}
			Message []string
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		tb.Fatal(err)
	}
	got := call{status: answer.Outputs.Res.StatusCode, messages: answer.Outputs.Message, log: log.String()}
	if err := json.Unmarshal([]byte(answer.Outputs.Res.Body), &got.reply); err != nil {
		tb.Fatal(err)
	}
	return got
}

func config() Config {
	return Config{
		Table: "pb_payment", Org: org,
		Self: func(context.Context) (string, error) { return strings.ToUpper(own), nil },
	}
}

func TestAnswers(t *testing.T) {
	update := posted(t, "update")
	limit := update + strings.Repeat(" ", 1<<20-len(update))
	replaced := func(old, with string) string {
		if !strings.Contains(update, old) {
			t.Fatalf("there is no %s to replace", old)
		}
		return strings.ReplaceAll(update, old, with)
	}
	ours := replaced(`"InitiatingUserId":"`+person, `"InitiatingUserId":"`+own)
	account := replaced(`"PrimaryEntityName":"pb_payment"`, `"PrimaryEntityName":"account"`)
	failing := func(c *Config) {
		c.Self = func(context.Context) (string, error) { return "", errors.New("503 from Dataverse") }
	}
	for _, c := range []struct {
		name     string
		change   func(*Config)
		header   map[string][]string
		body     *string
		status   int
		enqueued bool
		says     string
	}{
		{"an update", nil, headers(), &update, 200, true, ""},
		{"a create", nil, headers(), new(posted(t, "create")), 200, true, ""},
		{"a create with its id in the output", nil, headers(), new(posted(t, "create-id-in-output")), 200, true, ""},
		{"of a changeset", nil, headers(), new(posted(t, "changeset")), 200, true, ""},
		{"above 256 KB", nil, headers("x-ms-dynamics-msg-size-exceeded", "true"), new(posted(t, "large")), 200, true, ""},
		{"with wrapped ids", nil, headers(), new(posted(t, "wrapped")), 200, true, ""},
		{"in another order", nil, headers(), new(posted(t, "reordered")), 200, true, ""},
		{"without headers", nil, nil, &update, 200, true, ""},
		{"exactly 1 MiB", nil, headers(), &limit, 200, true, ""},
		{"one byte more", nil, headers(), new(limit + " "), 413, false, "larger than 1 MiB"},
		{"much more", nil, headers(), new(strings.Repeat("x", 3<<20)), 413, false, "256 KB"},

		{"a delete", nil, headers(), new(posted(t, "delete")), 200, false, "Delete asks for nothing"},
		{"a delete without PrimaryEntityId", nil, headers(), new(posted(t, "delete-id-in-target")), 200, false, "Delete asks for nothing"},
		{"another message", nil, headers(), new(replaced(`"MessageName":"Update"`, `"MessageName":"SetState"`)), 200, false, "SetState asks for nothing"},
		{"own change", nil, headers(), &ours, 200, false, "own change"},
		{"an automation that answers to PayBridge", nil, headers(), new(strings.Replace(ours, `"Depth":1`, `"Depth":2`, 1)), 200, true, ""},
		{"in PayBridge's name, but started by a person", nil, headers(), new(replaced(`"UserId":"`+person, `"UserId":"`+own)), 200, true, ""},
		{"nobody named", nil, headers(), new(replaced(`"InitiatingUserId":"`+person, `"InitiatingUserId":"00000000-0000-0000-0000-000000000000`)), 200, true, ""},
		{"nobody named, and own user not known", failing, headers(), new(replaced(`"InitiatingUserId"`, `"Other"`)), 200, true, ""},
		{"own change, but that is not known", failing, headers(), &ours, 200, true, ""},
		{"own change, but nobody can be asked", func(c *Config) { c.Self = nil }, headers(), &ours, 200, true, ""},
		{"own change, but the answer is none", func(c *Config) { c.Self = func(context.Context) (string, error) { return "", nil } }, headers(), &ours, 200, true, ""},

		{"another table", nil, headers(), &account, 400, false, "takes changes of the table pb_payment, this is account"},
		{"another table, deleted", nil, headers(), new(strings.ReplaceAll(account, `"Update"`, `"Delete"`)), 400, false, "Remove the step on account"},
		{"another table in the header alone", nil, headers("x-ms-dynamics-entity-name", "account", "x-ms-dynamics-request-name", "Delete"), &update, 200, true, ""},
		{"the table in the header alone", nil, headers(), &account, 400, false, "this is account"},
		{"no row", nil, headers(), new(`{"MessageName":"Update","PrimaryEntityName":"pb_payment"}`), 400, false, "PrimaryEntityId"},
		{"a row that is none", nil, headers(), new(replaced(row, row+"x")), 400, false, "PrimaryEntityId, the row's id, is not a GUID"},
		{"no message", nil, headers(), new(replaced(`"MessageName"`, `"Other"`)), 400, false, "MessageName"},
		{"no context", nil, headers(), new("[]"), 400, false, "not an object"},
		{"XML", nil, headers(), new("<RemoteExecutionContext/>"), 400, false, "not JSON"},
		{"no body", nil, headers(), nil, 400, false, "no body"},
		{"an empty body", nil, headers(), new(""), 400, false, "no body"},

		{"another organisation", nil, headers("x-ms-dynamics-organization", "fabrikam.crm4.dynamics.com"), &update, 400, false, "of the organisation contoso.crm4.dynamics.com, this is fabrikam.crm4.dynamics.com"},
		{"an organisation that is no host", nil, headers("x-ms-dynamics-organization", "<"+strings.Repeat("x", 300)), &update, 400, false, "this is another one"},
		{"our organisation at its other address", nil, headers("x-ms-dynamics-organization", "Contoso.API.crm4.dynamics.com"), &update, 200, true, ""},
		{"our organisation configured by its other address", func(c *Config) { c.Org = "contoso.api.crm4.dynamics.com" }, headers(), &update, 200, true, ""},
		{"no organisation known", func(c *Config) { c.Org = "" }, headers("x-ms-dynamics-organization", "fabrikam.crm4.dynamics.com"), &update, 200, true, ""},
		{"no organisation named", nil, headers("x-ms-dynamics-organization", ""), &update, 200, true, ""},

		{"not configured", func(c *Config) { c.Missing = []string{"DataverseUrl", "PaymentRequestsQueue"} }, headers(), &update, 503, false, "set DataverseUrl, PaymentRequestsQueue"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := config()
			if c.change != nil {
				c.change(&cfg)
			}
			got := invoke(t, cfg, c.header, c.body)
			if got.status != c.status {
				t.Errorf("status %d, want %d: %v", got.status, c.status, got.reply)
			}
			if enqueued := len(got.messages) == 1; enqueued != c.enqueued {
				t.Errorf("%d messages", len(got.messages))
			}
			if text := fmt.Sprint(got.reply); !strings.Contains(text, c.says) {
				t.Errorf("the answer %s does not say %q", text, c.says)
			}
			if got.reply["received"] != (c.status == 200) || c.status != 200 && (got.reply["reason"] == "" || got.reply["hint"] == nil) {
				t.Errorf("the answer %v does not tell received from refused, or why", got.reply)
			}
			for _, private := range []string{key, "erika@example.com", "125.5", "4711", "?code", "x-request-id"} {
				if strings.Contains(fmt.Sprint(got.reply, got.messages, got.log), private) {
					t.Errorf("%s shows in an answer, a message or the log", private)
				}
			}
		})
	}
}

func TestMessageIsTheRowChange(t *testing.T) {
	for file, message := range map[string]string{"update": "Update", "create-id-in-output": "Create", "large": "Update", "wrapped": "Update"} {
		got := invoke(t, config(), headers(), new(posted(t, file)))
		change, err := payment.DecodeRowChange([]byte(got.messages[0]))
		if err != nil {
			t.Fatal(err)
		}
		want := payment.RowChange{Version: payment.MessageVersion, Payment: row, Message: message, Operation: operation}
		if !reflect.DeepEqual(change, want) {
			t.Errorf("%s: got %+v, want %+v", file, change, want)
		}
	}
}

// TestOneLineSaysEverything: what a person needs in order to find the change
// at the other end is on the invocation's line.
func TestOneLineSaysEverything(t *testing.T) {
	for _, c := range []struct{ file, result, reason string }{
		{"update", "enqueued", ""},
		{"delete", "left alone", "The message Delete asks for nothing at Stripe: only Create and Update do."},
	} {
		got := invoke(t, config(), headers(), new(posted(t, c.file)))
		if lines := strings.Count(got.log, "\n"); lines != 1 {
			t.Fatalf("%d lines: %s", lines, got.log)
		}
		var line map[string]any
		if err := json.Unmarshal([]byte(got.log), &line); err != nil {
			t.Fatal(err)
		}
		message := strings.ToUpper(c.file[:1]) + c.file[1:]
		for name, want := range map[string]string{
			"payment": row, "table": "pb_payment", "message": message, "initiating_user": person,
			"correlation_id": "6d9a7f30-2b1c-4f3e-8a55-19c07e4bd2f8", "operation": operation, "result": c.result,
		} {
			if line[name] != want {
				t.Errorf("%s: %s is %v, want %s", c.file, name, line[name], want)
			}
		}
		if reason, _ := line["reason"].(string); reason != c.reason {
			t.Errorf("%s: the reason is %q", c.file, reason)
		}
	}
}

// TestCapturedEnvelope sends what a real host sent for a call with Dataverse's
// headers. Its body names no row.
func TestCapturedEnvelope(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "internal", "customhandler", "testdata", "host-envelopes", "http-dataverse-headers.json"))
	if err != nil {
		t.Fatal(err)
	}
	var captured struct{ Body string }
	if err := json.Unmarshal(raw, &captured); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ org, body, says string }{
		{"org.crm.dynamics.com", "", "PrimaryEntityId"},
		{"org.api.crm.dynamics.com", "", "PrimaryEntityId"},
		{org, "", "this is org.crm.dynamics.com"},
		{"org.crm.dynamics.com", posted(t, "update"), ""},
	} {
		cfg := config()
		cfg.Org = c.org
		envelope := []byte(captured.Body)
		if c.body != "" {
			var whole struct {
				Data struct {
					Req map[string]any `json:"req"`
				}
			}
			if err := json.Unmarshal(envelope, &whole); err != nil {
				t.Fatal(err)
			}
			whole.Data.Req["Body"] = c.body
			if envelope, err = json.Marshal(whole); err != nil {
				t.Fatal(err)
			}
		}
		mux, log := handler(cfg)
		got := send(t, mux, log, envelope)
		if refused := c.says != ""; refused != (got.status == 400) || refused != (len(got.messages) == 0) || !strings.Contains(fmt.Sprint(got.reply), c.says) {
			t.Errorf("%s: %+v", c.org, got)
		}
		if strings.Contains(fmt.Sprint(got), "functionKeyThatMustNeverBeLogged") {
			t.Errorf("%s: the function key shows: %+v", c.org, got)
		}
	}
}

// BenchmarkWebhook is the function as the host calls it: envelope in, envelope
// out, the execution context of an update.
func BenchmarkWebhook(b *testing.B) {
	mux := customhandler.New(customhandler.Options{Logger: slog.New(slog.DiscardHandler)})
	mux.HTTP(Function(config()))
	req := map[string]any{"Url": "http://x/api/crm/webhook", "Method": "POST", "Query": map[string]string{}, "Params": map[string]string{}, "Body": posted(b, "update"), "Headers": headers()}
	envelope, err := json.Marshal(map[string]any{"Data": map[string]any{"req": req}, "Metadata": map[string]any{}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/"+Name, bytes.NewReader(envelope)))
		if w.Code != http.StatusOK || !bytes.Contains(w.Body.Bytes(), []byte(operation)) {
			b.Fatal(w.Code, w.Body)
		}
	}
}

package stripewebhook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"paybridge/internal/customhandler"
	"paybridge/internal/payment"
	"paybridge/internal/secret"
	"paybridge/internal/secret/leak"
)

const (
	current  = "whsec_current0000000000000000000000"
	previous = "whsec_previous000000000000000000000"
	// functionKey is in every envelope.
	functionKey = "functionKey0000"
	org         = "contoso.crm.dynamics.com"
	row         = "3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01"
)

var now = time.Unix(1_769_000_100, 0)

func event(typ string, livemode bool, metadata string) string {
	return fmt.Sprintf(`{"id":"evt_1","object":"event","api_version":"2023-10-16","created":1769000000,"type":%q,"livemode":%t,
 "data":{"object":{"id":"pi_1","object":"payment_intent","amount":1250,"client_secret":"pi_1_secret_x","latest_charge":"ch_1","metadata":%s}}}`, typ, livemode, metadata)
}

const ours = `{"CRM_PaymentId":"` + row + `","CRM_Org":"` + org + `"}`

// sign makes a Stripe-Signature header from the description of the scheme
// alone, without stripe-go.
func sign(body, key string, at time.Time) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(t + "." + body))
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

type call struct {
	status   int
	reply    map[string]any
	messages []string
	log      string
}

// invoke sends a request as the host does and takes the answer apart.
func invoke(tb testing.TB, c Config, header map[string][]string, body *string) call {
	tb.Helper()
	var log bytes.Buffer
	mux := customhandler.New(customhandler.Options{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	mux.HTTP(Function(c))
	req := map[string]any{"Url": "http://x/api/stripe/webhook?code=" + functionKey, "Method": "POST", "Query": map[string]string{"code": functionKey}, "Headers": header, "Params": map[string]string{}}
	if body != nil {
		req["Body"] = *body
	}
	envelope, err := json.Marshal(map[string]any{"Data": map[string]any{"req": req}, "Metadata": map[string]any{}})
	if err != nil {
		tb.Fatal(err)
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/stripewebhook", bytes.NewReader(envelope)))
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
		Secrets: []secret.Secret{secret.New(current), secret.New(previous)}, ModeKnown: true, Org: org,
		Now: func() time.Time { return now },
	}
}

func TestAnswers(t *testing.T) {
	paid := event("payment_intent.succeeded", false, ours)
	signed := func(body string) map[string][]string {
		return map[string][]string{"stripe-signature": {sign(body, current, now)}, "Content-Type": {"application/json"}}
	}
	big := event("payment_intent.succeeded", false, `{"x":"`+strings.Repeat("x", 1<<20)+`"}`)
	limit := event("payment_intent.succeeded", false, ours)
	limit += strings.Repeat(" ", 1<<20-len(limit))
	over := limit + " "
	inBase64 := base64.StdEncoding.EncodeToString([]byte(paid))
	byWebAPI := event("payment_intent.succeeded", false, strings.Replace(ours, "contoso.crm", "contoso.api.crm", 1))
	for _, c := range []struct {
		name     string
		change   func(*Config)
		header   map[string][]string
		body     *string
		status   int
		enqueued bool
		says     string
	}{
		{"a payment of ours", nil, signed(paid), &paid, 200, true, ""},
		{"signed with the previous secret", nil, map[string][]string{"STRIPE-SIGNATURE": {sign(paid, previous, now)}}, &paid, 200, true, ""},
		{"exactly 1 MiB", nil, signed(limit), &limit, 200, true, ""},
		{"one byte more", nil, signed(over), &over, 413, false, "1 MiB"},
		{"much more", nil, signed(big), &big, 413, false, "1 MiB"},
		{"a type that is not used", nil, signed(event("customer.created", false, ours)), ptr(event("customer.created", false, ours)), 200, false, "type"},
		{"the misspelt event of the guides", nil, signed(event("payment_intent.failed", false, ours)), ptr(event("payment_intent.failed", false, ours)), 200, false, "type"},
		{"a live event in test mode", nil, signed(event("payment_intent.succeeded", true, ours)), ptr(event("payment_intent.succeeded", true, ours)), 200, false, "test mode"},
		{"a test event in live mode", func(c *Config) { c.Livemode = true }, signed(paid), &paid, 200, false, "live mode"},
		{"another organisation", func(c *Config) { c.Org = "other.crm.dynamics.com" }, signed(paid), &paid, 200, false, "another CRM organisation"},
		{"our organisation by the address of its Web API", nil, signed(byWebAPI), &byWebAPI, 200, true, ""},
		{"no organisation named", nil, signed(event("payment_intent.succeeded", false, `{}`)), ptr(event("payment_intent.succeeded", false, `{}`)), 200, true, ""},
		{"no signature", nil, nil, &paid, 400, false, "missing"},
		{"a malformed signature", nil, map[string][]string{"Stripe-Signature": {"nonsense"}}, &paid, 400, false, "malformed"},
		{"two signature headers", nil, map[string][]string{"Stripe-Signature": {sign(paid, current, now), "t=1,v1=aa"}}, &paid, 400, false, "malformed"},
		{"too old", nil, map[string][]string{"Stripe-Signature": {sign(paid, current, now.Add(-301*time.Second))}}, &paid, 400, false, "old"},
		{"from the future", nil, map[string][]string{"Stripe-Signature": {sign(paid, current, now.Add(301*time.Second))}}, &paid, 400, false, "future"},
		{"another secret", nil, map[string][]string{"Stripe-Signature": {sign(paid, "whsec_other", now)}}, &paid, 400, false, "does not match"},
		{"one byte differs", nil, signed(paid), ptr(strings.Replace(paid, "1250", "1251", 1)), 400, false, "does not match"},
		{"signed, but not sent as text", nil, map[string][]string{"Stripe-Signature": {sign(paid, current, now)}, "Content-Type": {"application/octet-stream"}}, &inBase64, 400, false, "not text"},
		{"signed, but sent in parts", nil, map[string][]string{"Stripe-Signature": {sign(paid, current, now)}, "Content-Type": {"multipart/form-data; boundary=x"}}, &inBase64, 400, false, "not text"},
		{"no body", nil, signed(""), nil, 400, false, "no body"},
		{"an empty body", nil, signed(""), ptr(""), 400, false, "no body"},
		{"signed, but no event", nil, signed("[]"), ptr("[]"), 400, false, "cannot be read"},
		{"signed, with an id that is none", nil, signed(strings.ReplaceAll(paid, "evt_1", "evt_1/../x")), ptr(strings.ReplaceAll(paid, "evt_1", "evt_1/../x")), 400, false, "cannot be read"},
		{"no secret configured", func(c *Config) { c.Secrets = nil }, signed(paid), &paid, 503, false, "not configured"},
		{"no key configured", func(c *Config) { c.ModeKnown = false }, signed(paid), &paid, 503, false, "not configured"},
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
			leak.New(current, previous, functionKey, sign(paid, current, now)).Assert(t, "an answer, a message or the log", fmt.Sprint(got.reply, got.messages, got.log))
		})
	}
}

func ptr[T any](v T) *T { return &v }

func TestMessageIsTheHint(t *testing.T) {
	body := event("payment_intent.succeeded", false, ours)
	got := invoke(t, config(), map[string][]string{"Stripe-Signature": {sign(body, current, now)}}, &body)
	hint, err := payment.DecodeHint([]byte(got.messages[0]))
	if err != nil {
		t.Fatal(err)
	}
	want := payment.Hint{Version: payment.MessageVersion, EventID: "evt_1", Type: "payment_intent.succeeded", Created: 1769000000, PaymentIntent: "pi_1", Charge: "ch_1", CRMPaymentID: row, CRMOrg: org}
	if hint != want {
		t.Errorf("got %+v, want %+v", hint, want)
	}
	if len(got.messages[0]) > 400 {
		t.Errorf("the message has %d bytes: it is to be small", len(got.messages[0]))
	}
}

func TestLogSaysWhichSecretMatched(t *testing.T) {
	body := event("payment_intent.succeeded", false, ours)
	for key, name := range map[string]string{current: "current", previous: "previous 1"} {
		got := invoke(t, config(), map[string][]string{"Stripe-Signature": {sign(body, key, now)}}, &body)
		if !strings.Contains(got.log, `"webhook_secret":"`+name+`"`) {
			t.Errorf("the log does not name the %s secret: %s", name, got.log)
		}
	}
}

// BenchmarkWebhook is the function as the host calls it: envelope in, envelope
// out, an event of 1.7 KB.
func BenchmarkWebhook(b *testing.B) {
	body := event("payment_intent.succeeded", false, `{"CRM_PaymentId":"`+row+`","CRM_Org":"`+org+`","note":"`+strings.Repeat("n", 400)+`"}`)
	body += strings.Repeat(" ", max(0, 1700-len(body)))
	mux := customhandler.New(customhandler.Options{Logger: slog.New(slog.DiscardHandler)})
	mux.HTTP(Function(config()))
	req := map[string]any{"Url": "http://x/api/stripe/webhook", "Method": "POST", "Query": map[string]string{}, "Params": map[string]string{}, "Body": body,
		"Headers": map[string][]string{"Stripe-Signature": {sign(body, current, now)}, "Content-Type": {"application/json"}, "Host": {"x"}, "User-Agent": {"Stripe/1.0"}}}
	envelope, err := json.Marshal(map[string]any{"Data": map[string]any{"req": req}, "Metadata": map[string]any{"id": "evt_1", "data": json.RawMessage(body), "sys": map[string]any{}}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/stripewebhook", bytes.NewReader(envelope)))
		if w.Code != http.StatusOK || !bytes.Contains(w.Body.Bytes(), []byte("evt_1")) {
			b.Fatal(w.Code, w.Body)
		}
	}
}

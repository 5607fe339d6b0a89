package customhandler_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"paybridge/internal/customhandler"
)

// webhookEvent is an event of about 1.7 KB in the form of a payment webhook.
func webhookEvent() string {
	event := `{"id":"evt_0001","object":"event","api_version":"2023-10-16","created":1700000000,"type":"payment_intent.succeeded",` +
		`"livemode":false,"pending_webhooks":1,"request":{"id":"req_1","idempotency_key":"k"},"data":{"object":{"id":"pi_0001",` +
		`"object":"payment_intent","amount":129900,"amount_received":129900,"currency":"eur","status":"succeeded","description":"Straße 1",` +
		`"metadata":{"CRM_PaymentId":"6fe1d0e0-0000-0000-0000-000000000000"}`
	for i := 0; len(event) < 1690; i++ {
		event += `,"field_` + strconv.Itoa(i) + `":null`
	}
	return event + `}}}`
}

// hostEnvelope is the envelope that the host makes of a webhook: the body as a
// string, and in Metadata once more taken apart.
func hostEnvelope(tb testing.TB, body string) string {
	tb.Helper()
	var parts map[string]any
	if err := json.Unmarshal([]byte(body), &parts); err != nil {
		tb.Fatal(err)
	}
	metadata := map[string]any{"Headers": map[string]string{"Stripe-Signature": "t=1,v1=aa"}, "sys": map[string]string{"MethodName": "hook"}}
	for name, value := range parts {
		if _, isObject := value.(map[string]any); isObject {
			metadata[name] = value
		} else {
			metadata[name] = strconv.Quote("value")
		}
	}
	envelope, err := json.Marshal(map[string]any{
		"Data": map[string]any{"req": map[string]any{
			"Url": "http://127.0.0.1/api/hook?code=key", "Method": "POST", "Query": map[string]string{"code": "key"},
			"Headers": map[string][]string{
				"Accept": {"*/*"}, "Content-Type": {"application/json; charset=utf-8"}, "Content-Length": {strconv.Itoa(len(body))},
				"Host": {"127.0.0.1"}, "Stripe-Signature": {"t=1700000000,v1=" + strings.Repeat("a", 64)}, "User-Agent": {"Stripe/1.0"},
			},
			"Params": map[string]string{}, "Body": body,
			"Identities": []any{map[string]any{"Claims": []any{map[string]any{"Type": "authlevel", "Value": "Function"}}}},
		}},
		"Metadata": metadata,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return string(envelope)
}

// BenchmarkHTTPInvocation is what this package adds to a webhook: the envelope
// of an event of 1.7 KB in, an answer with one message out.
func BenchmarkHTTPInvocation(b *testing.B) {
	mux := customhandler.New(customhandler.Options{})
	message := []byte(`{"v":1,"id":"pi_0001","type":"payment_intent.succeeded","livemode":false,"created":1700000000}`)
	mux.HTTP(customhandler.HTTPFunction{
		Name: "hook", Trigger: "req", Response: "res", Outputs: []string{"message"},
		Handle: func(_ context.Context, r *customhandler.Request) (customhandler.Reply, error) {
			if !r.Exact || r.Header.Get("stripe-signature") == "" {
				b.Fatal("the request did not arrive")
			}
			return customhandler.Reply{
				Body:    []byte(`{"received":true}`),
				Outputs: customhandler.Outputs{"message": {message}},
			}, nil
		},
	})
	envelope := []byte(hostEnvelope(b, webhookEvent()))
	b.SetBytes(int64(len(envelope)))
	b.ReportAllocs()
	for b.Loop() {
		req := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/hook", bytes.NewReader(envelope))
		res := httptest.NewRecorder()
		mux.ServeHTTP(res, req)
		if res.Code != http.StatusOK {
			b.Fatal(res.Body.String())
		}
	}
}

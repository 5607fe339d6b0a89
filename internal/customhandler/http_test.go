package customhandler_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/customhandler"
)

// seen is what of a request the tests compare.
type seen struct {
	Method, ContentType, Body string
	HasBody, Exact            bool
}

func TestHTTPCaptures(t *testing.T) {
	const body = `{"a":"é"}`
	for _, tt := range []struct {
		file string
		want seen
	}{
		{"http-plain.json", seen{"POST", "application/json", `{"hello":"world"}`, true, true}},
		{"http-text.json", seen{"POST", "text/plain", "hello", true, true}},
		{"http-empty.json", seen{"POST", "application/json", "", false, false}},
		{"http-chunked-no-body.json", seen{"POST", "application/json", "", false, false}},
		{"http-bom-removed.json", seen{"POST", "application/json", body, true, false}},
		{"http-invalid-utf8.json", seen{"POST", "application/json", "{\"a\":\"\uFFFD\uFFFD\"}", true, false}},
		{"http-octet-stream-base64.json", seen{"POST", "application/octet-stream", "{\"a\":\"\xff\xfe\"}", true, true}},
		{"http-repeated-header-and-spoofed-metadata.json", seen{"POST", "application/json", `{"headers":{"x":"y"},"sys":{"z":1},"Query":"q"}`, true, true}},
		{"http-with-servicebus-output.json", seen{"POST", "application/json", `{"x":1}`, true, true}},
		{"http-function-key.json", seen{"POST", "application/json; charset=utf-8", `{"id":"evt_x","livemode":false,"created":1700000000,"n":null,"f":1.5,"arr":[1],"data":{"object":{"id":"pi_1"}}}`, true, true}},
		{"http-dataverse-headers.json", seen{"POST", "application/json; charset=utf-8", `{"BusinessUnitId":"6fe1d0e0-0000-0000-0000-000000000000","MessageName":"Update","PrimaryEntityName":"pb_payment"}`, true, true}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			c := readCapture(t, tt.file)
			var got *customhandler.Request
			mux, log := newMux()
			mux.HTTP(customhandler.HTTPFunction{
				Name: c.function(), Trigger: "req", Response: "res", Outputs: []string{"message"},
				Handle: func(ctx context.Context, r *customhandler.Request) (customhandler.Reply, error) {
					got = r
					if id := customhandler.InvocationID(ctx); id != c.Headers["X-Azure-Functions-InvocationId"] {
						t.Errorf("the invocation id is %q", id)
					}
					reply, err := customhandler.JSON(http.StatusAccepted, map[string]bool{"ok": true})
					reply.Outputs = customhandler.Outputs{"message": {[]byte(`{"f":1.10}`)}}
					return reply, err
				},
			})
			answer := accepted3(t)(c.send(t, mux))
			if diff := cmp.Diff(tt.want, seen{got.Method, got.ContentType, string(got.Body), got.HasBody, got.Exact}); diff != "" {
				t.Errorf("the request differs (-want +got):\n%s", diff)
			}
			want := hostReply{http.StatusAccepted, map[string]string{"Content-Type": "application/json"}, `{"ok":true}`}
			if diff := cmp.Diff(want, answer.reply(t)); diff != "" {
				t.Errorf("the reply differs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{`{"f":1.10}`}, answer.messages(t, "message")); diff != "" {
				t.Errorf("the messages differ (-want +got):\n%s", diff)
			}
			if line := log.last(t); line["outcome"] != "ok" || line["status"] != 202.0 || line["outputs"] != 1.0 {
				t.Errorf("the log line is %v", line)
			}
		})
	}
}

// accepted3 is accepted for the results of send.
func accepted3(t testing.TB) func(int, string, string) hostAnswer {
	return func(status int, contentType, body string) hostAnswer {
		t.Helper()
		return accepted(t, status, contentType, body)
	}
}

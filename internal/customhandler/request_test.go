package customhandler_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/customhandler"
)

// receive runs one envelope and returns the request that the function got.
func receive(t *testing.T, req string) *customhandler.Request {
	t.Helper()
	var got *customhandler.Request
	mux, _ := newMux()
	mux.HTTP(customhandler.HTTPFunction{
		Name: "hook", Trigger: "req", Response: "res",
		Handle: func(_ context.Context, r *customhandler.Request) (customhandler.Reply, error) {
			got = r
			return customhandler.Reply{}, nil
		},
	})
	accepted3(t)(capture{Method: http.MethodPost, Path: "/hook", Body: `{"Data":{"req":` + req + `}}`}.serve(mux))
	if got == nil {
		t.Fatal("the function did not run")
	}
	return got
}

func TestHeader(t *testing.T) {
	r := receive(t, `{"Headers":{"stripe-SIGNATURE":["a","b"],"X-B":["1"],"x-b":["2"],"X-None":[]}}`)
	for _, tt := range []struct {
		name string
		want []string
	}{
		{"Stripe-Signature", []string{"a", "b"}},
		{"STRIPE-SIGNATURE", []string{"a", "b"}},
		{"x-B", []string{"1", "2"}},
		{"x-none", []string{}},
		{"absent", nil},
	} {
		if diff := cmp.Diff(tt.want, r.Header.Values(tt.name)); diff != "" {
			t.Errorf("%s differs (-want +got):\n%s", tt.name, diff)
		}
		if first := r.Header.Get(tt.name); len(tt.want) > 0 && first != tt.want[0] || len(tt.want) == 0 && first != "" {
			t.Errorf("the first value of %s is %q", tt.name, first)
		}
	}
}

func TestRepeatedHeaderOfACapture(t *testing.T) {
	c := readCapture(t, "http-repeated-header-and-spoofed-metadata.json")
	var got *customhandler.Request
	mux, _ := newMux()
	mux.HTTP(customhandler.HTTPFunction{
		Name: c.function(), Trigger: "req", Response: "res",
		Handle: func(_ context.Context, r *customhandler.Request) (customhandler.Reply, error) {
			got = r
			return customhandler.Reply{}, nil
		},
	})
	accepted3(t)(c.send(t, mux))
	if diff := cmp.Diff([]string{"t=1,v1=a", "t=2,v1=b"}, got.Header.Values("stripe-signature")); diff != "" {
		t.Errorf("the signatures differ (-want +got):\n%s", diff)
	}
	// The caller's body has put other values into Metadata.
	if got.Query["kind"] != "none" || got.Header.Get("x") != "" {
		t.Error("metadata was taken for the request")
	}
}

func TestQueryAndParams(t *testing.T) {
	for _, query := range []string{`{"a":"1,2","b":null}`, `"{\"a\":\"1,2\",\"b\":null}"`} {
		r := receive(t, `{"Method":"GET","Query":`+query+`,"Params":{"tenant":null,"id":"7"}}`)
		if r.Query["a"] != "1,2" || r.Query["b"] != "" || r.Params["id"] != "7" || r.Params["tenant"] != "" || r.Method != http.MethodGet {
			t.Errorf("with the query %s the request differs", query)
		}
	}
	if r := receive(t, `{}`); r.Query["a"] != "" || r.Params["a"] != "" || r.Header.Get("a") != "" || r.HasBody || r.ContentType != "" {
		t.Error("an empty request is not empty")
	}
}

func TestBodyForms(t *testing.T) {
	for _, tt := range []struct {
		name, contentType, length, body, want string
		exact                                 bool
	}{
		{"JSON", "application/json", "4", `abcd`, "abcd", true},
		{"no type", "", "4", `abcd`, "abcd", true},
		{"octet stream", "Application/Octet-Stream; x=y", "3", `abcd`, "\x69\xb7\x1d", true},
		{"form", "multipart/form-data; boundary=x", "3", `abcd`, "\x69\xb7\x1d", true},
		{"escapes", "application/json", "12", `\"\u00e9\\n\ud83d\ude00é\"`, "\"é\\n😀é\"", true},
		{"byte order mark removed", "application/json", "7", `abcd`, "abcd", false},
		{"replaced, the same length", "application/json", "4", `a\ufffd`, "a\uFFFD", false},
		{"half a surrogate pair", "application/json", "4", `a\ud83d`, "a\uFFFD", false},
		{"no length", "application/json", "", `abcd`, "abcd", false},
		{"empty", "application/json", "0", ``, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := receive(t, fmt.Sprintf(`{"Headers":{"content-type":[%q],"CONTENT-LENGTH":[%q]},"Body":"%s"}`, tt.contentType, tt.length, tt.body))
			if string(r.Body) != tt.want || r.Exact != tt.exact || !r.HasBody {
				t.Errorf("got %q, exact %v; want %q, exact %v", r.Body, r.Exact, tt.want, tt.exact)
			}
		})
	}
}

func TestRequestPrintsNothingPrivate(t *testing.T) {
	r := customhandler.Request{Method: "POST", Body: []byte("secret"), Header: customhandler.Header{"x-functions-key": {functionKey}}}
	const want = "POST request, body of 6 bytes"
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		if got := fmt.Sprintf(format, r); got != want {
			t.Errorf("%s prints %q, want %q", format, got, want)
		}
		if got := fmt.Sprintf(format, &r); got != want {
			t.Errorf("%s of the pointer prints %q, want %q", format, got, want)
		}
	}
	if got := r.String(); got != want {
		t.Errorf("String is %q, want %q", got, want)
	}
}

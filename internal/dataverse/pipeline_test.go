package dataverse

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/outcome"
	"paybridge/internal/secret/leak"
)

func unauthorized(w http.ResponseWriter, r *http.Request) {
	answer(401, "HTTP Error 401 - Unauthorized: Access is denied", "Content-Type: text/plain",
		"WWW-Authenticate: Bearer authorization_uri=https://login.example.com/oauth2/authorize, resource_id=https://contoso.crm.dynamics.com/")(w, r)
}

func TestTheTokenIsRefreshedOnce(t *testing.T) {
	s := newScript(t, unauthorized, answer(204, ""))
	c := newTestClient(t, s)
	if _, err := c.Update(t.Context(), "accounts", mustID(t, aGUID), Values{"name": "A"}, nil); err != nil {
		t.Fatalf("Update: %v", err)
	}
	var got []string
	for _, r := range s.requests() {
		got = append(got, r.header.Get("Authorization")+" "+r.body)
	}
	want := []string{"Bearer " + aSecret + `-1 {"name":"A"}`, "Bearer " + aSecret + `-2 {"name":"A"}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	s = newScript(t, unauthorized, unauthorized)
	_, err := newTestClient(t, s).Get(t.Context(), "accounts", mustID(t, aGUID), nil)
	if e, ok := errors.AsType[*Error](err); !ok || e.Status != 401 || outcome.Of(err) != outcome.Again {
		t.Errorf("error %v", err)
	}
	if len(s.requests()) != 2 {
		t.Errorf("%d requests, want 2", len(s.requests()))
	}
}

func TestNoToken(t *testing.T) {
	s := newScript(t)
	c, err := New(s.URL, &tokens{err: errors.New("ClientSecretCredential authentication failed. \nPOST https://login.example.com/token\n---\n{\n\"error_description\": \"AADSTS7000215: Invalid client secret provided. Trace\", \"x\":\"y\"")}, quick())
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.WhoAmI(t.Context())
	want := "asking Dataverse who is calling: getting a token for Dataverse: ClientSecretCredential authentication failed: AADSTS7000215: Invalid client secret provided. Trace"
	if err == nil || err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	if _, ok := errors.AsType[*TokenError](err); !ok || outcome.Of(err) != outcome.Again {
		t.Errorf("class %v", outcome.Of(err))
	}
}

func TestNoTokenInAnyError(t *testing.T) {
	echo := func(status int) step {
		return func(w http.ResponseWriter, r *http.Request) {
			token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Location", "https://elsewhere.example.com/?"+token)
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"error":{"code":%q,"message":"You sent %s and Authorization: Bearer %s"}}`, token, token, token)
		}
	}
	for _, status := range []int{302, 400, 401, 403, 404, 412, 413, 429, 500, 503} {
		s := newScript(t, echo(status), echo(status), echo(status), echo(status))
		var logged bytes.Buffer
		o := quick()
		o.Logger = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
		c, err := New(s.URL, &tokens{}, o)
		if err != nil {
			t.Fatal(err)
		}
		for row, err := range c.List(t.Context(), "accounts", Query{Filter: Eq("email", "ann@example.com")}) {
			if err == nil {
				t.Fatalf("%d: a row %v", status, row)
			}
			text := err.Error()
			leak.New(aSecret).Assert(t, "the error", text)
			if strings.Contains(text, "ann") || strings.ContainsAny(text, "\r\n") || len(text) > 2*maxMessage {
				t.Errorf("%d: error text %q", status, text)
			}
		}
		leak.New(aSecret).Assert(t, "the log", logged.String())
		if text := logged.String(); strings.Contains(text, "ann") || !strings.Contains(text, "/api/data/v9.2/accounts") {
			t.Errorf("%d: log %s", status, text)
		}
	}
	// Without an answer the text comes from net/http, which likes to name the
	// whole address.
	s := newScript(t, cut, cut, cut, cut)
	for _, err := range newTestClient(t, s).List(t.Context(), "accounts", Query{Filter: Eq("email", "ann@example.com")}) {
		if err == nil || strings.Contains(err.Error(), "ann") || strings.Contains(err.Error(), "filter") {
			t.Errorf("error %v", err)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := newScript(t)
	s := newScript(t, answer(307, "", "Location: "+elsewhere.URL))
	_, err := newTestClient(t, s).Get(t.Context(), "accounts", mustID(t, aGUID), nil)
	if e, ok := errors.AsType[*Error](err); !ok || e.Status != 307 || outcome.Of(err) != outcome.Again {
		t.Errorf("error %v", err)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	row := func(size int) string {
		const frame = `{"text":""}`
		return `{"text":"` + strings.Repeat("x", size-len(frame)) + `"}`
	}
	s := newScript(t, answer(200, row(maxResponse)), answer(200, row(maxResponse+1)))
	c := newTestClient(t, s)
	got, err := c.Get(t.Context(), "accounts", mustID(t, aGUID), nil)
	if err != nil || !got.Has("text") {
		t.Errorf("at the bound: %v", err)
	}
	_, err = c.Get(t.Context(), "accounts", mustID(t, aGUID), nil)
	if _, ok := errors.AsType[tooLargeError](err); !ok {
		t.Errorf("past the bound: %v", err)
	}
	if len(s.requests()) != 2 {
		t.Errorf("%d requests: what is too large was asked for again", len(s.requests()))
	}
}

func TestTheBoundHoldsAfterUnpacking(t *testing.T) {
	packed := func(text string) step {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, err := io.Copy(w, strings.NewReader(text))
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		return answer(200, b.String(), "Content-Encoding: gzip", "Content-Type: application/json")
	}
	s := newScript(t, packed(oneRow), packed(strings.Repeat(" ", maxResponse+1)))
	c := newTestClient(t, s)
	if row, err := c.Get(t.Context(), "accounts", mustID(t, aGUID), nil); err != nil || row.ETag != `W/"1"` {
		t.Errorf("a packed row: %v, %v", row, err)
	}
	_, err := c.Get(t.Context(), "accounts", mustID(t, aGUID), nil)
	if _, ok := errors.AsType[tooLargeError](err); !ok {
		t.Errorf("past the bound: %v", err)
	}
}

func TestNoCookies(t *testing.T) {
	s := newScript(t, answer(200, oneRow, "Set-Cookie: ARRAffinity=x; Path=/"), answer(200, oneRow))
	c := newTestClient(t, s)
	for range 2 {
		if _, err := c.Get(t.Context(), "accounts", mustID(t, aGUID), nil); err != nil {
			t.Fatal(err)
		}
	}
	if cookie := s.requests()[1].header.Get("Cookie"); cookie != "" {
		t.Errorf("sent the cookie %q", cookie)
	}
}

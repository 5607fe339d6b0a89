package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"paybridge/internal/settings"
	"paybridge/standin/keyvault"
)

// TestWhatKeepsTheAppFromServing: one setting that is wrong does; any number of
// secrets that nobody has put into the vault yet does not.
func TestWhatKeepsTheAppFromServing(t *testing.T) {
	wrong := &settings.Problem{Setting: "DataverseUrl", Message: "it is no URL", Hint: "write one"}
	absent := &settings.Problem{Setting: "StripeWebhookSecret", Message: "there is no such secret", Hint: "put it there", Absent: true}
	for name, c := range map[string]struct {
		problems []*settings.Problem
		refused  bool
		want     []string
	}{
		"nothing":           {nil, false, nil},
		"absent secrets":    {[]*settings.Problem{absent, absent}, false, []string{"setting counts as not set", "StripeWebhookSecret", "there is no such secret", "put it there"}},
		"a wrong setting":   {[]*settings.Problem{wrong}, true, []string{"setting refused", "DataverseUrl", "it is no URL", "not serving", `"problems":1`}},
		"one of either one": {[]*settings.Problem{absent, wrong}, true, []string{"setting counts as not set", "setting refused", `"problems":1`}},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			if got := refused(t.Context(), slog.New(slog.NewJSONHandler(&log, nil)), c.problems); got != c.refused {
				t.Errorf("refused: %v", got)
			}
			for _, want := range c.want {
				if !strings.Contains(log.String(), want) {
					t.Errorf("%q is not in the log:\n%s", want, log.String())
				}
			}
			if c.want == nil && log.Len() > 0 || !c.refused && strings.Contains(log.String(), "not serving") {
				t.Errorf("the log says:\n%s", log.String())
			}
		})
	}
}

// TestServesWhileTheVaultIsEmpty: Azure hands out function keys only while the
// app runs, and setup needs one before there is a signing secret.
func TestServesWhileTheVaultIsEmpty(t *testing.T) {
	vault := httptest.NewServer(keyvault.New(keyvault.Config{}))
	t.Cleanup(vault.Close)
	reference := "@Microsoft.KeyVault(SecretUri=" + vault.URL + "/secrets/later)"
	body, log := askHealth(t, map[string]string{"StripeSecretKey": reference, "StripeWebhookSecret": reference})
	for _, want := range []string{`"statusCode":503`, "StripeSecretKey", "StripeWebhookSecret"} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is not in %s", want, body)
		}
	}
	if !strings.Contains(log, "setting counts as not set") || strings.Contains(log, "not serving") {
		t.Errorf("the log says:\n%s", log)
	}
}

// askHealth runs the handler with these settings, asks its function health and
// returns the answer and what was logged.
func askHealth(t *testing.T, values map[string]string) (body, logged string) {
	t.Helper()
	lookup := func(name string) (string, bool) { value, ok := values[name]; return value, ok }
	// Somebody else may take the port before the handler does.
	for range 5 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := listener.Addr().String()
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		_, values["FUNCTIONS_CUSTOMHANDLER_PORT"], _ = net.SplitHostPort(address)
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		var log bytes.Buffer
		ended := make(chan struct{})
		go func() {
			run(ctx, lookup, nil, &log)
			close(ended)
		}()
		body := ask(t, "http://"+address+"/health", ended)
		stop()
		<-ended
		if body != "" {
			return body, log.String()
		}
	}
	t.Fatal("the handler does not stay")
	return "", ""
}

// ask invokes a function as soon as the handler listens. The answer is empty
// when the handler ends before.
func ask(t *testing.T, url string, ended <-chan struct{}) string {
	t.Helper()
	const envelope = `{"Data":{"req":{"Url":"http://localhost/api/health","Method":"GET","Query":{},"Headers":{},"Params":{}}},"Metadata":{}}`
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(envelope))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			body, err := io.ReadAll(resp.Body)
			if err := errors.Join(err, resp.Body.Close()); err != nil {
				t.Fatal(err)
			}
			return string(body)
		}
		select {
		case <-ended:
			return ""
		case <-tick.C:
		}
	}
}

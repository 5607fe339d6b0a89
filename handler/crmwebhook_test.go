package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"paybridge/internal/secret"
	"paybridge/internal/settings"
)

// TestOwnUserIsWhoDataverseSays: the function knows PayBridge's changes by the
// user that Dataverse says is calling it, and the table by the mapping.
func TestOwnUserIsWhoDataverseSays(t *testing.T) {
	const self, somebody = "aa0e1c52-60aa-ee11-be37-000d3a5c1f10", "8c1d0b7e-52aa-ee11-be37-000d3a5c1f10"
	crm := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/data/v9.2/WhoAmI" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		fmt.Fprintf(w, `{"UserId":%q,"BusinessUnitId":%q,"OrganizationId":%q}`, self, somebody, somebody)
	}))
	defer crm.Close()
	mux, err := wire(settings.Settings{DataverseURL: crm.URL, ServiceBusConnection: secret.New("Endpoint=sb://x"), PaymentRequestsQueue: "payment-requests"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		table, user      string
		status, messages int
	}{
		{"pb_payment", somebody, 200, 1},
		{"pb_payment", self, 200, 0},
		{"account", somebody, 400, 0},
	} {
		body := fmt.Sprintf(`{"PrimaryEntityName":%q,"MessageName":"Update","PrimaryEntityId":"3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01","InitiatingUserId":%q}`, c.table, c.user)
		envelope, err := json.Marshal(map[string]any{"Data": map[string]any{"req": map[string]any{"Method": "POST", "Body": body}}})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/crmwebhook", bytes.NewReader(envelope)))
		var answer struct {
			Outputs struct {
				Res     struct{ StatusCode int }
				Message []string
			}
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
		if answer.Outputs.Res.StatusCode != c.status || len(answer.Outputs.Message) != c.messages {
			t.Errorf("%s by %s: %s", c.table, c.user, w.Body)
		}
	}
}

package stripe_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	stripego "github.com/stripe/stripe-go/v76"

	"paybridge/standin/stripe"
)

const hookURL = "https://pay.example/hook"

// The secret of an endpoint is told when it is made and never again.
func TestEndpointSecretIsToldOnce(t *testing.T) {
	s := open(t, stripe.Config{})
	made := must[*stripego.WebhookEndpoint](t)(s.WebhookEndpoints.New(&stripego.WebhookEndpointParams{
		URL: stripego.String(hookURL), EnabledEvents: stripego.StringSlice([]string{"payment_intent.succeeded"}),
		APIVersion: stripego.String("2022-11-15"), Description: stripego.String("ours"), Metadata: map[string]string{"a": "1"},
	}))
	if !strings.HasPrefix(made.Secret, "whsec_") || made.APIVersion != "2022-11-15" || made.Status != "enabled" || made.Livemode {
		t.Errorf("made %+v", made)
	}
	read := must[*stripego.WebhookEndpoint](t)(s.WebhookEndpoints.Get(made.ID, nil))
	changed := must[*stripego.WebhookEndpoint](t)(s.WebhookEndpoints.Update(made.ID, &stripego.WebhookEndpointParams{
		Disabled: stripego.Bool(true), Metadata: map[string]string{"b": "2"}, EnabledEvents: stripego.StringSlice([]string{"*"}),
	}))
	list := s.WebhookEndpoints.List(nil)
	for list.Next() {
		if list.WebhookEndpoint().Secret != "" {
			t.Error("a list tells the secret")
		}
	}
	if read.Secret != "" || changed.Secret != "" {
		t.Error("the secret is told again")
	}
	if changed.Status != "disabled" || changed.Metadata["a"] != "1" || changed.Metadata["b"] != "2" || changed.EnabledEvents[0] != "*" || changed.APIVersion != "2022-11-15" {
		t.Errorf("changed %+v", changed)
	}
	gone := must[*stripego.WebhookEndpoint](t)(s.WebhookEndpoints.Del(made.ID, nil))
	if !gone.Deleted || gone.ID != made.ID {
		t.Errorf("deleted %+v", gone)
	}
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		if resp, body := s.call(t, method, "/v1/webhook_endpoints/"+made.ID, "", nil); resp.StatusCode != http.StatusNotFound || code(body) != "resource_missing" {
			t.Errorf("%s: %d %v", method, resp.StatusCode, body)
		}
	}
}

// What Stripe does not take is refused with the parameter at fault, and nothing
// changes.
func TestEndpointRefused(t *testing.T) {
	s := open(t, stripe.Config{})
	made := must[stripe.Endpoint](t)(s.server.Register(hookURL, []string{"charge.refunded"}))
	one, all := "/v1/webhook_endpoints/"+made.ID, "/v1/webhook_endpoints"
	for name, c := range map[string]struct{ path, form, param string }{
		"no such type":       {all, "url=" + hookURL + "&enabled_events[]=payment_intent.succeeded&enabled_events[]=payment_intent.failed", "enabled_events[1]"},
		"no such type later": {one, "enabled_events[]=payment_intent.failed", "enabled_events[0]"},
		"no types":           {all, "url=" + hookURL, "enabled_events"},
		"empty types":        {one, "enabled_events=", "enabled_events"},
		"no url":             {all, "enabled_events[]=*", "url"},
		"not a url":          {one, "url=pay.example", "url"},
		"not a version":      {all, "url=" + hookURL + "&enabled_events[]=*&api_version=newest", "api_version"},
		// The version stays what it was when the endpoint was made.
		"other version": {one, "api_version=2023-10-16", "api_version"},
		"made disabled": {all, "url=" + hookURL + "&enabled_events[]=*&disabled=true", "disabled"},
	} {
		resp, body := s.call(t, http.MethodPost, c.path, c.form, nil)
		fault, _ := body["error"].(map[string]any)
		if resp.StatusCode != http.StatusBadRequest || fault["param"] != c.param {
			t.Errorf("%s: %d %v", name, resp.StatusCode, body)
		}
	}
	list := s.WebhookEndpoints.List(nil)
	count := 0
	for list.Next() {
		count++
		if e := list.WebhookEndpoint(); e.ID != made.ID || e.EnabledEvents[0] != "charge.refunded" || e.URL != hookURL {
			t.Errorf("changed to %+v", e)
		}
	}
	if count != 1 {
		t.Errorf("%d endpoints", count)
	}
}

// An account has sixteen endpoints and no more, disabled ones included.
func TestEndpointLimit(t *testing.T) {
	s := open(t, stripe.Config{})
	for i := range 16 {
		must[stripe.Endpoint](t)(s.server.Register(fmt.Sprintf("%s/%d", hookURL, i), nil))
	}
	resp, body := s.call(t, http.MethodPost, "/v1/webhook_endpoints", "url="+hookURL+"&enabled_events[]=*", nil)
	if resp.StatusCode != http.StatusBadRequest || !strings.Contains(fmt.Sprint(body), "maximum of 16") {
		t.Errorf("%d %v", resp.StatusCode, body)
	}
	list := s.WebhookEndpoints.List(&stripego.WebhookEndpointListParams{ListParams: stripego.ListParams{Limit: stripego.Int64(5)}})
	var urls []string
	for list.Next() {
		urls = append(urls, list.WebhookEndpoint().URL)
	}
	if len(urls) != 16 || urls[0] != hookURL+"/15" || urls[15] != hookURL+"/0" {
		t.Errorf("listed %v, want the newest first, over pages", urls)
	}
}

// A live account delivers over https only.
func TestLiveEndpoint(t *testing.T) {
	s := open(t, stripe.Config{SecretKey: "sk_live_made_up"})
	if _, err := s.server.Register("http://pay.example/", nil); err == nil {
		t.Error("a live endpoint takes plain http")
	}
	if made := must[stripe.Endpoint](t)(s.server.Register(hookURL, nil)); made.Secret == "" {
		t.Error("no secret")
	}
}

func code(body map[string]any) any {
	fault, _ := body["error"].(map[string]any)
	return fault["code"]
}

// A restricted key does what it was allowed to, and is told what it lacks.
func TestPermissions(t *testing.T) {
	s := open(t, stripe.Config{
		RestrictedKeys: []string{"rk_test_some", "rk_test_every"},
		Permissions:    map[string][]string{"rk_test_some": {"payment_intent_write", "charge_read"}},
	})
	for _, c := range []struct {
		key, method, path string
		status            int
		lacks             string
	}{
		{"rk_test_some", http.MethodGet, "/v1/payment_intents", 200, ""},
		{"rk_test_some", http.MethodPost, "/v1/payment_intents/pi_none/cancel", 404, ""},
		{"rk_test_some", http.MethodGet, "/v1/refunds", 200, ""},
		{"rk_test_some", http.MethodPost, "/v1/refunds", 403, "rak_charge_write"},
		{"rk_test_some", http.MethodPost, "/v1/checkout/sessions/cs_none/expire", 403, "rak_checkout_session_write"},
		{"rk_test_some", http.MethodGet, "/v1/webhook_endpoints", 403, "rak_webhook_read"},
		{"rk_test_every", http.MethodGet, "/v1/webhook_endpoints", 200, ""},
	} {
		resp, body := s.call(t, c.method, c.path, "", http.Header{"Authorization": {"Bearer " + c.key}})
		if resp.StatusCode != c.status || !strings.Contains(fmt.Sprint(body), c.lacks) || strings.Contains(fmt.Sprint(body), c.key) {
			t.Errorf("%s %s %s: %d %v", c.key, c.method, c.path, resp.StatusCode, body)
		}
	}
}

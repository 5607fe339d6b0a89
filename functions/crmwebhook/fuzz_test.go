package crmwebhook

import (
	"strings"
	"testing"

	"paybridge/internal/payment"
)

// FuzzWebhook posts anything at all: the answer is one that fails the system
// job at once or never, and what goes on the queue names a row.
func FuzzWebhook(f *testing.F) {
	for _, file := range []string{"update", "create", "delete", "changeset", "wrapped", "reordered"} {
		f.Add(posted(f, file), org)
	}
	f.Add(`{"PrimaryEntityName":"pb_payment","MessageName":"Update","PrimaryEntityId":"3f2b8c1e-7a44-4e0b-9d51-6c0f5b1a9e01","Depth":"x"}`, "")
	f.Add(`[]`, "https://contoso.crm.dynamics.com/")
	f.Fuzz(func(t *testing.T, body, organisation string) {
		got := invoke(t, config(), map[string][]string{"x-ms-dynamics-organization": {organisation}}, &body)
		switch {
		case got.status != 200 && got.status != 400:
			t.Errorf("status %d", got.status)
		case len(got.messages) > 1, len(got.messages) == 1 && got.status != 200:
			t.Errorf("status %d with %d messages", got.status, len(got.messages))
		}
		for _, m := range got.messages {
			if _, err := payment.DecodeRowChange([]byte(m)); err != nil {
				t.Errorf("%v: %s", err, m)
			}
		}
		if strings.Contains(got.log, key) {
			t.Errorf("the function key shows in the log: %s", got.log)
		}
	})
}

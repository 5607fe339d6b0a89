package dataverse_test

import (
	"strings"
	"testing"
)

// TestPatchDecisionTable goes through every field of the table of conditional upserts, by GUID and by
// alternate key.
func TestPatchDecisionTable(t *testing.T) {
	t.Parallel()
	const (
		mismatch  = "0x80060882"
		duplicate = "0x80040237"
	)
	for _, by := range []struct{ name, path, missing string }{
		{"guid", "pb_payments(" + rowA + ")", "0x80040217"},
		{"key", "pb_payments(pb_paymentintentid='pi_1')", "0x80060891"},
	} {
		for _, c := range []struct {
			name, header string
			exists       bool
			status       int
			code         string
		}{
			{"plain", "", true, 204, ""},
			{"plain", "", false, 204, ""},
			{"any", "If-Match: *", true, 204, ""},
			{"any", "If-Match: *", false, 404, by.missing},
			{"equal", "If-Match: ETAG", true, 204, ""},
			{"stale", `If-Match: W/"7"`, true, 412, mismatch},
			{"stale", `If-Match: W/"7"`, false, 404, by.missing},
			{"none", "If-None-Match: *", true, 412, duplicate},
			{"none", "If-None-Match: *", false, 204, ""},
			{"null", "If-None-Match: null", true, 204, ""},
		} {
			for _, represent := range []bool{false, true} {
				name := by.name + "/" + c.name + map[bool]string{true: "/exists", false: "/missing"}[c.exists] + map[bool]string{true: "/represented"}[represent]
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					e := open(t, nil)
					etag := ""
					if c.exists {
						made := e.must(201, "POST", "pb_payments", `{"pb_paymentid":"`+rowA+`","pb_paymentintentid":"pi_1","pb_name":"old"}`, "Prefer: return=representation")
						etag = made.header.Get("ETag")
					}
					var headers []string
					if c.header != "" {
						headers = append(headers, strings.ReplaceAll(c.header, "ETAG", etag))
					}
					status := c.status
					if represent {
						headers = append(headers, "Prefer: return=representation")
						if status == 204 {
							status = map[bool]int{true: 200, false: 201}[c.exists]
						}
					}
					a := e.must(status, "PATCH", by.path, `{"pb_name":"new"}`, headers...)
					if got := a.code(); got != c.code {
						t.Errorf("code = %q, want %q", got, c.code)
					}
					name := map[bool]any{true: "old", false: nil}[c.exists]
					if c.status == 204 {
						name = "new"
					}
					rows, err := e.server.Rows("pb_payment")
					if err != nil {
						t.Fatal(err)
					}
					var got any
					if len(rows) > 0 {
						got = rows[0].Values["pb_name"]
					}
					if got != name || len(rows) > 1 {
						t.Errorf("name = %v in %d rows, want %v", got, len(rows), name)
					}
					if represent || c.status != 204 {
						return
					}
					if got, want := a.header.Get("OData-EntityId"), e.url+"/api/data/v9.2/"+by.path; got != want {
						t.Errorf("OData-EntityId = %q, want %q", got, want)
					}
				})
			}
		}
	}
}

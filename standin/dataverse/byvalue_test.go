package dataverse_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Rows are found by their values as by reading every row, which is what a
// filter that is negated twice has to do.
func TestValuesLeadToAllTheirRows(t *testing.T) {
	t.Parallel()
	e := things(t)
	e.must(204, "POST", "accounts", `{"accountid":"`+rowA+`","name":"O'Brien"}`)
	names := []string{"", "a", "A", "ab", "é", "É", "a b"}
	tokens := []string{rowA, rowB, strings.ToUpper(rowB)}
	atom := rapid.Custom(func(r *rapid.T) string {
		return rapid.SampledFrom([]string{
			"new_note eq '" + rapid.SampledFrom(names).Draw(r, "note") + "'",
			"new_name eq '" + rapid.SampledFrom(names).Draw(r, "name") + "'",
			fmt.Sprintf("Microsoft.Dynamics.CRM.In(PropertyName='new_name',PropertyValues=['%s','%s'])",
				rapid.SampledFrom(names).Draw(r, "one"), rapid.SampledFrom(names).Draw(r, "other")),
			"new_token eq " + rapid.SampledFrom(tokens).Draw(r, "token"),
			"new_thingid eq " + thingID(rapid.IntRange(1, 4).Draw(r, "id")),
			"_new_buyer_value eq " + rapid.SampledFrom(tokens).Draw(r, "buyer"),
			"_new_parent_value eq " + thingID(rapid.IntRange(1, 4).Draw(r, "parent")),
			"new_Buyer_account/name eq 'O''Brien'", "new_name eq null", "new_name ne 'a'", "new_count gt 1", "new_count eq 2",
		}).Draw(r, "atom")
	})
	filter := rapid.Custom(func(r *rapid.T) string {
		text := atom.Draw(r, "first")
		for range rapid.IntRange(0, 3).Draw(r, "more") {
			text = fmt.Sprintf("(%s) %s (%s)", text, rapid.SampledFrom([]string{"and", "or"}).Draw(r, "how"), atom.Draw(r, "next"))
		}
		return text
	})
	found := func(r *rapid.T, filter string) []string {
		a := e.do("GET", "new_things?$select=new_thingid&$filter="+strings.ReplaceAll(url.QueryEscape(filter), "+", "%20"), "")
		if a.status != 200 {
			r.Fatalf("%s: %d %s", filter, a.status, a.body)
		}
		var ids []string
		for _, row := range a.rows(t) {
			ids = append(ids, row["new_thingid"].(string))
		}
		return ids
	}
	rapid.Check(t, func(r *rapid.T) {
		r.Repeat(map[string]func(*rapid.T){
			"write": func(r *rapid.T) {
				body := fmt.Sprintf(`{"new_name":%q,"new_token":%q,"new_count":%d}`,
					rapid.SampledFrom(names).Draw(r, "name"), rapid.SampledFrom(tokens).Draw(r, "token"), rapid.IntRange(1, 3).Draw(r, "count"))
				if rapid.Bool().Draw(r, "empty") {
					body = `{"new_name":null,"new_token":null,"new_Buyer_account":null}`
				}
				e.must(204, "PATCH", "new_things("+thingID(rapid.IntRange(1, 4).Draw(r, "id"))+")", body)
			},
			"link": func(r *rapid.T) {
				e.must(204, "PATCH", "new_things("+thingID(rapid.IntRange(1, 4).Draw(r, "id"))+")",
					`{"new_Buyer_account@odata.bind":"/accounts(`+rowA+`)"}`)
			},
			"delete": func(r *rapid.T) {
				e.do("DELETE", "new_things("+thingID(rapid.IntRange(1, 4).Draw(r, "id"))+")", "")
			},
			"": func(r *rapid.T) {
				f := filter.Draw(r, "filter")
				if diff := cmp.Diff(found(r, "not (not ("+f+"))"), found(r, f)); diff != "" {
					r.Fatalf("%s (-every row, +by value):\n%s", f, diff)
				}
			},
		})
	})
}

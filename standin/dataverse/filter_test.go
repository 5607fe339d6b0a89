package dataverse_test

import (
	"strings"
	"testing"
)

func TestFilter(t *testing.T) {
	t.Parallel()
	e := things(t)
	e.must(204, "POST", "accounts", `{"accountid":"`+rowA+`","name":"O'Brien","accountnumber":"A1"}`)
	e.stock(
		`"new_name":"Alpha","new_note":"one two","new_count":5,"new_price":10.5,"new_kind":1,"new_on":true,"new_at":"2024-01-31T00:00:00Z","new_day":"2024-01-31","new_token":"`+rowB+`"`,
		`"new_name":"beta","new_count":-7,"new_ratio":0.25,"new_kind":2,"new_on":false,"new_at":"2024-02-01T12:30:00Z","new_tags":"1,3"`,
		`"new_name":"O'Brien","new_price":10.50,"new_Buyer_account@odata.bind":"/accounts(`+rowA+`)","new_Parent@odata.bind":"/new_things(`+thingID(1)+`)"`,
		``,
	)
	for _, c := range []struct{ filter, want string }{
		// Texts compare without regard to case; a quote is doubled.
		{"new_name eq 'ALPHA'", "1"},
		{"new_name eq 'O''Brien'", "3"},
		{"new_name gt 'alpha'", "23"},
		{"new_name le 'beta'", "12"},
		{"contains(new_name,'BRI')", "3"},
		{"startswith(new_name,'b')", "2"},
		{"endswith(new_name,'A')", "12"},
		{"contains(new_note,'e t')", "1"},
		{"not contains(new_name,'a')", "34"},
		// Numbers compare as numbers, amounts whatever their decimals.
		{"new_count eq 5", "1"},
		{"new_count lt 0", "2"},
		{"new_count ge -7 and new_count le 5", "12"},
		{"new_price eq 10.5000", "13"},
		{"new_ratio eq 0.25", "2"},
		{"new_kind eq 2", "2"},
		{"new_kind ne 2", "134"},
		{"new_tags eq '1,3'", "2"},
		{"new_on eq true", "1"},
		{"new_on eq false", "2"},
		{"statecode eq 0", "1234"},
		{"versionnumber gt 1", "1234"},
		// Times stand bare, in any zone and with any fraction.
		{"new_at eq 2024-01-31T00:00:00Z", "1"},
		{"new_at eq 2024-01-31T02:00:00+02:00", "1"},
		{"new_at ge 2024-01-31T00:00:01Z", "2"},
		{"new_at lt 2024-02-01", "1"},
		{"new_day eq 2024-01-31", "1"},
		{"createdon le 2026-03-01T12:00:00Z", "1234"},
		{"modifiedon gt 2026-03-01T12:00:00.999Z", ""},
		// Nothing equals null and is neither more nor less than anything.
		{"new_count eq null", "34"},
		{"new_count ne null", "12"},
		{"new_count gt null", ""},
		{"_new_parent_value eq null", "124"},
		// GUIDs stand bare; their case means nothing.
		{"new_token eq " + strings.ToUpper(rowB), "1"},
		{"new_thingid eq " + thingID(2), "2"},
		{"_new_buyer_value eq " + rowA, "3"},
		{"new_Buyer_account/accountnumber eq 'a1'", "3"},
		{"new_Buyer_account/name ne null", "3"},
		{"new_Buyer_contact/fullname eq 'O''Brien'", ""},
		{"new_Parent/new_name eq 'Alpha'", "3"},
		{"contains(new_Parent/new_name,'lph')", "3"},
		// and binds closer than or; not binds closest.
		{"new_kind eq 1 or new_kind eq 2 and new_on eq true", "1"},
		{"(new_kind eq 1 or new_kind eq 2) and new_on eq false", "2"},
		{"not new_kind eq 1 and new_on eq true", ""},
		{"not (new_kind eq 1 and new_on eq true)", "234"},
		{"  ( ( new_count eq 5 ) ) ", "1"},
		{"Microsoft.Dynamics.CRM.In(PropertyName='new_name',PropertyValues=['alpha','BETA'])", "12"},
		{"Microsoft.Dynamics.CRM.In(PropertyName='new_count',PropertyValues=['5','6'])", "1"},
		{"Microsoft.Dynamics.CRM.In(PropertyName='new_thingid',PropertyValues=['" + thingID(4) + "'])", "4"},
		{"Microsoft.Dynamics.CRM.NotIn(PropertyName='new_kind',PropertyValues=['1'])", "234"},
	} {
		t.Run(c.filter, func(t *testing.T) {
			if got := sorted(e.must(200, "GET", query("new_things", "$filter", c.filter), "").rows(t)); got != c.want {
				t.Errorf("rows %q, want %q", got, c.want)
			}
		})
	}
}

func TestFilterRefused(t *testing.T) {
	t.Parallel()
	e := things(t)
	const incompatible = "A binary operator with incompatible types was detected."
	for _, c := range []struct{ filter, message string }{
		{"new_colour eq 'x'", "Could not find a property named 'new_colour' on type 'Microsoft.Dynamics.CRM.new_thing'."},
		{"New_Name eq 'x'", "Could not find a property named 'New_Name'"},
		{"new_parent eq " + rowA, "Could not find a property named 'new_parent'"},
		{"new_parent/new_name eq 'x'", "Could not find a property named 'new_parent'"},
		{"new_Buyer_account/new_colour eq 'x'", "Could not find a property named 'new_colour' on type 'Microsoft.Dynamics.CRM.account'."},
		{"new_name eq 5", incompatible},
		{"new_name eq alpha", incompatible},
		{"new_count eq '5'", incompatible},
		{"new_count eq " + rowA, incompatible},
		{"new_on eq 1", incompatible},
		{"new_at eq '2024-01-31T00:00:00Z'", incompatible},
		{"new_at eq yesterday", incompatible},
		{"new_thingid eq '" + rowA + "'", incompatible},
		{"_new_parent_value eq 5", incompatible},
		{"new_name eq", "a literal was expected"},
		{"new_name", "Syntax error"},
		{"new_name is 'x'", "Syntax error"},
		{"new_name eq 'x' and", "Syntax error"},
		{"new_name eq 'x' new_count eq 5", "Syntax error"},
		{"(new_name eq 'x'", "Syntax error"},
		{"new_name eq 'x", "unterminated string literal"},
		{"new_name eq 'x' & 1", "Syntax error"},
		{"'x' eq new_name", "Syntax error"},
		{"contains(new_count,'5')", "No function signature"},
		{"contains(new_colour,'5')", "Could not find a property"},
		{"contains(new_name 'x')", "Syntax error"},
		{"contains(new_name,5)", "Syntax error"},
		{"tolower(new_name) eq 'x'", "An unknown function with name 'tolower' was found."},
		{"Microsoft.Dynamics.CRM.In(Name='x')", "Syntax error"},
		{"Microsoft.Dynamics.CRM.In(PropertyName='new_colour',PropertyValues=['1'])", "Could not find a property"},
		{"Microsoft.Dynamics.CRM.In(PropertyName='new_name')", "Syntax error"},
		{"Microsoft.Dynamics.CRM.In(PropertyName='new_name',PropertyValues=['a' 'b'])", "Syntax error"},
		{"Microsoft.Dynamics.CRM.In(PropertyName='new_name',PropertyValues=['a']", "Syntax error"},
		{"Microsoft.Dynamics.CRM.In(PropertyName='new_count',PropertyValues=['a'])", incompatible},
		{strings.Repeat("not ", 200) + "new_on eq true", "node count limit"},
		{strings.Repeat("(", 200), "node count limit"},
	} {
		t.Run(c.filter, func(t *testing.T) {
			a := e.must(400, "GET", query("new_things", "$filter", c.filter), "")
			if a.code() != "0x80060888" || !strings.Contains(a.body, c.message) {
				t.Errorf("%s, want %q", a.body, c.message)
			}
		})
	}
}

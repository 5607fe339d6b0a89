package dataverse_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"paybridge/standin/dataverse"
)

var tags = cmpopts.IgnoreMapEntries(func(name string, _ any) bool { return name == "@odata.etag" || name == "@odata.context" })

func TestExpand(t *testing.T) {
	t.Parallel()
	e := things(t)
	e.must(204, "POST", "contacts", `{"contactid":"`+rowA+`","fullname":"Ann","emailaddress1":"ann@example.com"}`)
	e.stock(
		`"new_name":"root","new_Buyer_contact@odata.bind":"/contacts(`+rowA+`)"`,
		`"new_name":"child","new_Parent@odata.bind":"/new_things(`+thingID(1)+`)"`,
		`"new_name":"leaf","new_Parent@odata.bind":"/new_things(`+thingID(2)+`)"`,
	)
	type object = map[string]any
	for _, c := range []struct {
		name, expand string
		n            int
		want         object
	}{
		{"one", "new_Parent($select=new_name)", 2, object{"new_Parent": object{"new_name": "root", "new_thingid": thingID(1)}}},
		{"empty", "new_Parent($select=new_name)", 1, object{"new_Parent": nil}},
		{"of two targets", "new_Buyer_contact($select=fullname),new_Buyer_account($select=name)", 1, object{
			"new_Buyer_contact": object{"fullname": "Ann", "contactid": rowA}, "new_Buyer_account": nil,
		}},
		{"nested", "new_Parent($select=new_name;$expand=new_Parent($select=new_name;$expand=new_Buyer_contact($select=fullname)))", 3, object{
			"new_Parent": object{"new_name": "child", "new_thingid": thingID(2), "new_Parent": object{
				"new_name": "root", "new_thingid": thingID(1), "new_Buyer_contact": object{"fullname": "Ann", "contactid": rowA},
			}},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want["new_thingid"] = thingID(c.n)
			got := e.must(200, "GET", query("new_things("+thingID(c.n)+")", "$select", "new_thingid", "$expand", c.expand), "").object(t)
			if diff := cmp.Diff(c.want, got, tags); diff != "" {
				t.Error(diff)
			}
			list := e.must(200, "GET", query("new_things", "$select", "new_thingid", "$expand", c.expand), "").rows(t)
			if diff := cmp.Diff(c.want, list[c.n-1], tags); diff != "" {
				t.Error("in a list:", diff)
			}
		})
	}
	all := e.must(200, "GET", query("new_things("+thingID(2)+")", "$expand", "new_Parent"), "").object(t)
	if parent := all["new_Parent"].(object); parent["new_name"] != "root" || parent["@odata.etag"] == nil || parent["_ownerid_value"] == nil {
		t.Errorf("expanded without $select: %v", parent)
	}
	if got := all["@odata.context"]; got != e.url+"/api/data/v9.2/$metadata#new_things(new_Parent())/$entity" {
		t.Errorf("context = %v", got)
	}
	for _, c := range []struct{ expand, code, message string }{
		{"new_parent", "0x80060888", "Could not find a property named 'new_parent'"},
		{"new_Parent($select=new_colour)", "0x80060888", "Could not find a property named 'new_colour'"},
		{"new_Parent($select=new_name", "0x8006088a", "Error in query syntax"},
		{"new_Parent($filter=new_on eq true)", "0x8006088a", "not supported in the $expand of a lookup"},
	} {
		if a := e.do("GET", query("new_things", "$expand", c.expand), ""); a.status != 400 || a.code() != c.code || !strings.Contains(a.body, c.message) {
			t.Errorf("$expand=%s: %d %s", c.expand, a.status, a.body)
		}
	}
}

// body strips what differs from run to run.
func body(a answer) string {
	return regexp.MustCompile(`"@odata\.(context|etag)":"(\\.|[^"\\])*",`).ReplaceAllString(a.body, "")
}

func TestAnnotations(t *testing.T) {
	t.Parallel()
	e := things(t)
	e.must(204, "POST", "contacts", `{"contactid":"`+rowA+`","fullname":"Ann"}`)
	const (
		formatted = "@OData.Community.Display.V1.FormattedValue"
		nav       = "@Microsoft.Dynamics.CRM.associatednavigationproperty"
		table     = "@Microsoft.Dynamics.CRM.lookuplogicalname"
	)
	e.stock(
		`"new_name":"A","new_count":-123,"new_ratio":-0.5,"new_price":-1234.5,"new_kind":2,"new_on":true,"new_day":"2024-01-09","new_at":"2024-01-31T15:04:05Z",
		"new_Buyer_contact@odata.bind":"/contacts(`+rowA+`)","transactioncurrencyid@odata.bind":"/transactioncurrencies(`+dataverse.CurrencyID("EUR")+`)"`,
		`"new_count":1234567,"new_ratio":1234.5,"new_price":150000,"new_on":false,"transactioncurrencyid@odata.bind":"/transactioncurrencies(`+dataverse.CurrencyID("JPY")+`)"`,
	)
	for _, c := range []struct {
		name, columns, prefer string
		n                     int
		want                  string
	}{
		{"text has none", "new_name", "*", 1, `{"new_name":"A",`},
		{"empty has none", "new_note", "*", 1, `{"new_note":null,`},
		{"choice", "new_kind", "*", 1, `{"new_kind` + formatted + `":"Large","new_kind":2,`},
		{"yes", "new_on", "*", 1, `{"new_on` + formatted + `":"Yes","new_on":true,`},
		{"no", "new_on", "*", 2, `{"new_on` + formatted + `":"No","new_on":false,`},
		{"time", "new_at", "*", 1, `{"new_at` + formatted + `":"1/31/2024 3:04 PM","new_at":"2024-01-31T15:04:05Z",`},
		{"day", "new_day", "*", 1, `{"new_day` + formatted + `":"1/9/2024","new_day":"2024-01-09",`},
		{"number", "new_count", "*", 2, `{"new_count` + formatted + `":"1,234,567","new_count":1234567,`},
		{"negative", "new_count", "*", 1, `{"new_count` + formatted + `":"-123","new_count":-123,`},
		{"decimal", "new_ratio", "*", 2, `{"new_ratio` + formatted + `":"1,234.50","new_ratio":1234.50,`},
		{"less than one", "new_ratio", "*", 1, `{"new_ratio` + formatted + `":"-0.50","new_ratio":-0.50,`},
		{"yen", "new_price", "*", 2, `{"new_price` + formatted + `":"¥150,000","new_price":150000.0000,`},
		{
			"lookup", "_new_buyer_value", "*", 1,
			`{"_new_buyer_value` + formatted + `":"Ann","_new_buyer_value` + nav + `":"new_Buyer_contact","_new_buyer_value` + table + `":"contact","_new_buyer_value":"` + rowA + `",`,
		},
		{
			"one of them", "_new_buyer_value,new_kind", "Microsoft.Dynamics.CRM.lookuplogicalname", 1,
			`{"_new_buyer_value` + table + `":"contact","_new_buyer_value":"` + rowA + `","new_kind":2,`,
		},
		{
			"two of them", "_new_buyer_value", "OData.Community.Display.V1.FormattedValue,Microsoft.Dynamics.CRM.lookuplogicalname", 1,
			`{"_new_buyer_value` + formatted + `":"Ann","_new_buyer_value` + table + `":"contact",`,
		},
		{"by pattern", "new_kind", "OData.*", 1, `{"new_kind` + formatted + `":"Large",`},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := e.must(200, "GET", query("new_things("+thingID(c.n)+")", "$select", c.columns), "", `Prefer: odata.include-annotations="`+c.prefer+`"`)
			if got := body(a); !strings.HasPrefix(got, c.want) {
				t.Errorf("body = %s\nwant   %s", got, c.want)
			}
		})
	}
	plain := e.must(200, "GET", "new_things("+thingID(1)+")", "")
	if strings.Contains(plain.body, "FormattedValue") {
		t.Errorf("annotated unasked: %s", plain.body)
	}
	if got := e.must(200, "GET", query("new_things("+thingID(1)+")", "$select", "new_price"), "", `Prefer: odata.include-annotations="*"`); !strings.Contains(got.body, `-1,234.50"`) {
		t.Errorf("negative amount: %s", got.body)
	}
	// Expanded rows are annotated too, at any depth.
	e.must(204, "PATCH", "new_things("+thingID(2)+")", `{"new_Parent@odata.bind":"/new_things(`+thingID(1)+`)"}`)
	e.must(204, "POST", "new_things", `{"new_thingid":"`+thingID(3)+`","new_Parent@odata.bind":"/new_things(`+thingID(2)+`)"}`)
	deep := e.must(200, "GET", query("new_things("+thingID(3)+")", "$select", "new_name", "$expand", "new_Parent($select=new_on;$expand=new_Parent($select=new_kind))"), "",
		`Prefer: return=representation, odata.include-annotations="*", odata.maxpagesize=3`)
	if !strings.Contains(deep.body, `FormattedValue":"No"`) || !strings.Contains(deep.body, `FormattedValue":"Large"`) {
		t.Errorf("expanded: %s", deep.body)
	}
}

package dataverse_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// row5 are five things whose counts and names order them in different ways.
func row5(e *env) {
	e.stock(
		`"new_name":"d","new_count":2,"new_on":true`,
		`"new_name":"B","new_count":1,"new_on":true`,
		`"new_name":"a","new_Parent@odata.bind":"/new_things(`+thingID(2)+`)"`,
		`"new_name":"c","new_count":1,"new_Parent@odata.bind":"/new_things(`+thingID(1)+`)"`,
		`"new_name":"e","new_count":10`,
	)
}

func TestOrder(t *testing.T) {
	t.Parallel()
	e := things(t)
	row5(e)
	for _, c := range []struct{ order, want string }{
		{"new_name", "32415"},
		{"new_name desc", "51423"},
		// Empty comes first, numbers are no texts, the GUID settles what is equal.
		{"new_count", "32415"},
		{"new_count desc", "51243"},
		{"new_count asc,new_name desc", "34215"},
		{"new_on desc, new_count", "21345"},
		{"new_Parent/new_name desc", "43125"},
		{"_new_parent_value desc", "34125"},
	} {
		t.Run(c.order, func(t *testing.T) {
			if got := names(e.must(200, "GET", query("new_things", "$orderby", c.order), "").rows(t)); got != c.want {
				t.Errorf("order %q, want %q", got, c.want)
			}
			// Page by page, the order is the same and no row comes twice or never.
			for size := 1; size <= 4; size++ {
				if got := strings.Join(e.pages(query("new_things", "$orderby", c.order, "$select", "new_name"), size), ""); got != c.want {
					t.Errorf("order %q in pages of %d, want %q", got, size, c.want)
				}
			}
		})
	}
	for _, order := range []string{"new_colour", "new_name up", "new_name asc desc", "", "new_name,,new_count", "new_parent"} {
		if a := e.do("GET", query("new_things", "$orderby", order), ""); a.status != 400 || a.code() != "0x80060888" {
			t.Errorf("$orderby=%s: %d %s", order, a.status, a.body)
		}
	}
}

// pages follows the links from a list until it ends and returns the names page by page.
func (e *env) pages(path string, size int) []string {
	e.t.Helper()
	var pages []string
	for path != "" {
		a := e.must(200, "GET", path, "", fmt.Sprintf("Prefer: odata.maxpagesize=%d", size))
		pages = append(pages, names(a.rows(e.t)))
		next, _ := a.object(e.t)["@odata.nextLink"].(string)
		if next != "" && !strings.HasPrefix(next, e.url+"/api/data/v9.2/new_things?") {
			e.t.Fatalf("nextLink = %s", next)
		}
		if path = next; len(pages) > 20 {
			e.t.Fatalf("the pages do not end: %v", pages)
		}
	}
	return pages
}

func TestPages(t *testing.T) {
	t.Parallel()
	e := things(t)
	row5(e)
	for _, c := range []struct {
		path string
		size int
		want []string
	}{
		{"new_things", 2, []string{"12", "34", "5"}},
		{"new_things", 5, []string{"12345"}},
		{"new_things", 100000, []string{"12345"}},
		{query("new_things", "$filter", "new_count ne null"), 3, []string{"124", "5"}},
		{query("new_things", "$filter", "new_name eq 'z'"), 3, []string{""}},
		// $top goes before the page size and ends the list.
		{query("new_things", "$top", "3"), 2, []string{"123"}},
	} {
		if diff := cmp.Diff(c.want, e.pages(c.path, c.size)); diff != "" {
			t.Errorf("%s in pages of %d: %s", c.path, c.size, diff)
		}
	}
}

// TestPagesWhileRowsChange: a page starts after the last row of the one before,
// whatever was made or deleted meanwhile.
func TestPagesWhileRowsChange(t *testing.T) {
	t.Parallel()
	e := things(t)
	row5(e)
	first := e.must(200, "GET", query("new_things", "$select", "new_name", "$orderby", "new_name"), "", "Prefer: odata.maxpagesize=2")
	next := first.object(t)["@odata.nextLink"].(string)
	if !strings.Contains(next, "$skiptoken=%3Ccookie%20pagenumber%3D%222%22%20pagingcookie%3D%22") || !strings.Contains(next, "$select=new_name&$orderby=new_name&") {
		t.Errorf("nextLink = %s", next)
	}
	e.must(204, "DELETE", "new_things("+thingID(2)+")", "")
	e.must(204, "DELETE", "new_things("+thingID(4)+")", "")
	e.must(204, "POST", "new_things", `{"new_thingid":"`+thingID(6)+`","new_name":"aa"}`)
	if got := names(e.must(200, "GET", next, "", "Prefer: odata.maxpagesize=2").rows(t)); got != "15" {
		t.Errorf("second page = %q, want what comes after B", got)
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	e := things(t)
	row5(e)
	a := e.must(200, "GET", "new_things/$count", "")
	if a.body != "\ufeff5" || a.header.Get("Content-Type") != "text/plain" {
		t.Errorf("$count = %q as %s", a.body, a.header.Get("Content-Type"))
	}
	if a = e.must(200, "GET", query("new_things/$count", "$filter", "new_count eq 1"), ""); a.body != "\ufeff2" {
		t.Errorf("$count of a filter = %q", a.body)
	}
	for _, options := range [][]string{{"$count", "true"}, {"$count", "true", "$top", "2"}} {
		o := e.must(200, "GET", query("new_things", options...), "", "Prefer: odata.maxpagesize=2").object(t)
		if fmt.Sprint(o["@odata.count"]) != "5" || len(o["value"].([]any)) != 2 {
			t.Errorf("%v: %v", options, o)
		}
	}
	if o := e.must(200, "GET", query("new_things", "$count", "false"), "").object(t); o["@odata.count"] != nil {
		t.Errorf("$count=false counts: %v", o)
	}
	for count, want := range map[string]string{"true": "5", "false": "-1"} {
		o := e.must(200, "GET", query("new_things", "$count", count), "", `Prefer: odata.include-annotations="*"`).object(t)
		if got := fmt.Sprintf("%v %v", o["@Microsoft.Dynamics.CRM.totalrecordcount"], o["@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded"]); got != want+" false" {
			t.Errorf("$count=%s: total record count %s", count, got)
		}
	}
}

func TestSelect(t *testing.T) {
	t.Parallel()
	e := things(t)
	e.stock(`"new_name":"A","new_price":5,"new_secret":"shown to nobody"`)
	a := e.must(200, "GET", query("new_things("+thingID(1)+")", "$select", "new_note,new_price,_new_parent_value,new_secret"), "")
	etag := a.header.Get("ETag")
	want := `{"@odata.context":"` + e.url + `/api/data/v9.2/$metadata#new_things(new_note,new_price,_new_parent_value,new_secret)/$entity",` +
		`"@odata.etag":"` + strings.ReplaceAll(etag, `"`, `\"`) + `","new_note":null,"new_price":5.0000,"_new_parent_value":null,"new_secret":null,` +
		`"new_thingid":"` + thingID(1) + `"`
	// An amount brings its currency along.
	if !strings.HasPrefix(a.body, want) || !strings.Contains(a.body, `"_transactioncurrencyid_value":"`) {
		t.Errorf("body = %s\nwant   %s", a.body, want)
	}
	if a.header.Get("Content-Type") != "application/json; odata.metadata=minimal" || a.header.Get("OData-Version") != "4.0" || etag == "" {
		t.Errorf("header = %v", a.header)
	}
	e.must(304, "GET", "new_things("+thingID(1)+")", "", "If-None-Match: "+etag)
	e.must(200, "GET", "new_things("+thingID(1)+")", "", "If-None-Match: "+etag, `Prefer: odata.include-annotations="*"`)
	e.must(200, "GET", query("new_things("+thingID(1)+")", "$expand", "new_Parent"), "", "If-None-Match: "+etag)
	e.must(200, "GET", "new_things("+thingID(1)+")", "", "If-None-Match: null")
	e.must(200, "GET", "new_things(new_thingid="+thingID(1)+")", "", "If-None-Match: W/\"1\"")
	e.must(412, "GET", "new_things("+thingID(1)+")", "", "If-Match: W/\"1\"")
}

func TestOptionsRefused(t *testing.T) {
	t.Parallel()
	e := things(t)
	row5(e)
	token := func(inner string) string {
		return `<cookie pagenumber="2" pagingcookie="` + base64.StdEncoding.EncodeToString([]byte(inner)) + `" istracking="False" />`
	}
	for _, c := range []struct{ name, value, code string }{
		{"$skip", "1", "0x80060888"},
		{"$select", "new_colour", "0x80060888"},
		{"$top", "-1", "0x8006088a"},
		{"$top", "x", "0x8006088a"},
		{"$count", "yes", "0x8006088a"},
		{"$search", "x", "0x8006088a"},
		{"$skiptoken", "x", "0x80040203"},
		{"$skiptoken", `<cookie pagingcookie="%" />`, "0x80040203"},
		{"$skiptoken", token("no json"), "0x80040203"},
		// A cookie of another order has too few keys or too many.
		{"$orderby=new_name&$skiptoken", token(`{"page":2,"id":"x","key":[]}`), "0x80040203"},
		{"$skiptoken", token(`{"page":2,"id":"x","key":[1]}`), "0x80040203"},
		{"$expand", "new_parent", "0x80060888"},
	} {
		a := e.do("GET", "new_things?"+c.name+"="+url.QueryEscape(c.value), "")
		if a.status != 400 || a.code() != c.code {
			t.Errorf("%s=%s: %d %s, want 400 %s", c.name, c.value, a.status, a.body, c.code)
		}
	}
	if a := e.do("GET", "new_things?$skip=1", ""); !strings.Contains(a.body, "The query parameter $skip is not supported") {
		t.Errorf("$skip: %s", a.body)
	}
	e.must(400, "GET", "new_things", "", "Prefer: odata.maxpagesize=0")
	if got := names(e.must(200, "GET", query("new_things", "$top", "0"), "").rows(t)); got != "" {
		t.Errorf("$top=0 lists %q", got)
	}
}

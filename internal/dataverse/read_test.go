package dataverse

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGet(t *testing.T) {
	s := newScript(t, answer(200, `{"name":"A","primarycontactid":{"fullname":"Ann"},"tasks":[{"subject":"x"}],"none":null}`, `ETag: W/"7"`))
	row, err := newTestClient(t, s).Get(t.Context(), "accounts", mustID(t, strings.ToUpper("{"+aGUID+"}")), &Query{
		Select: []string{"name", "revenue"},
		Expand: []Expand{{Navigation: "primarycontactid", Select: []string{"fullname"}}, {Navigation: "tasks"}},
	})
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	if diff := cmp.Diff("/api/data/v9.2/accounts("+aGUID+")?$select=name%2Crevenue&$expand=primarycontactid%28%24select%3Dfullname%29%2Ctasks", s.requests()[0].uri); diff != "" {
		t.Error(diff)
	}
	if row.ETag != `W/"7"` {
		t.Errorf("ETag %q", row.ETag)
	}
	contact, err := row.Row("primarycontactid")
	if name, err2 := contact.String("fullname"); err != nil || err2 != nil || name != "Ann" {
		t.Errorf("contact %q, %v, %v", name, err, err2)
	}
	tasks, err := row.Rows("tasks")
	if err != nil || len(tasks) != 1 {
		t.Errorf("tasks %v, %v", tasks, err)
	}
	if none, err := row.Row("none"); err != nil || none.Has("fullname") {
		t.Errorf("none %v, %v", none, err)
	}
}

func TestGetRefusesWhatIsForLists(t *testing.T) {
	c := newTestClient(t, newScript(t))
	key := mustID(t, aGUID)
	for name, q := range map[string]Query{
		"filter":        {Filter: Eq("a", 1)},
		"broken filter": {Filter: Eq("a b", 1)},
		"order":         {OrderBy: []Order{{Column: "a"}}},
		"top":           {Top: 1},
		"column":        {Select: []string{"a,b"}},
		"expand":        {Expand: []Expand{{Navigation: "a($select=b)"}}},
		"expand column": {Expand: []Expand{{Navigation: "a", Select: []string{"b)"}}}},
	} {
		if _, err := c.Get(t.Context(), "accounts", key, &q); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, set := range []string{"", "accounts?x", "accounts/../x", "accounts(1)", "1accounts", strings.Repeat("a", 129)} {
		if _, err := c.Get(t.Context(), set, key, nil); err == nil {
			t.Errorf("set %q: no error", set)
		}
	}
	if _, err := c.Get(t.Context(), "accounts", Key{}, nil); err == nil {
		t.Error("no key: no error")
	}
}

func pageOf(next string, names ...string) step {
	var rows []string
	for _, name := range names {
		rows = append(rows, fmt.Sprintf(`{"name":%q}`, name))
	}
	return func(w http.ResponseWriter, r *http.Request) {
		link := ""
		if next != "" {
			link = fmt.Sprintf(`,"@odata.nextLink":%q`, strings.ReplaceAll(next, "{origin}", "http://"+r.Host))
		}
		answer(200, `{"value":[`+strings.Join(rows, ",")+`]`+link+`}`)(w, r)
	}
}

func names(t *testing.T, c *Client, q Query) ([]string, error) {
	t.Helper()
	var got []string
	for row, err := range c.List(t.Context(), "accounts", q) {
		if err != nil {
			return got, err
		}
		name, err := row.String("name")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, name)
	}
	return got, nil
}

func TestListFollowsTheLinkAsItIs(t *testing.T) {
	const cookie = "$skiptoken=%3Ccookie%20pagenumber=%222%22%20pagingcookie=%22%253ccookie%2520page%253d%25221%2522%253e%22%20/%3E"
	s := newScript(t, pageOf("{origin}/api/data/v9.2/accounts?$select=name&"+cookie, "a", "b"), pageOf("", "c"))
	got, err := names(t, newTestClient(t, s), Query{
		Select: []string{"name"}, PageSize: 2, OrderBy: []Order{{Column: "modifiedon"}, {Column: "name", Descending: true}}, Filter: Eq("name", "a b&c=d"),
	})
	if diff := cmp.Diff([]string{"a", "b", "c"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	asked := s.requests()
	if diff := cmp.Diff([]string{
		"/api/data/v9.2/accounts?$select=name&$filter=name%20eq%20%27a%20b%26c%3Dd%27&$orderby=modifiedon%20asc%2Cname%20desc",
		"/api/data/v9.2/accounts?$select=name&" + cookie,
	}, []string{asked[0].uri, asked[1].uri}); diff != "" {
		t.Error(diff)
	}
	for _, r := range asked {
		if got := r.header.Get("Prefer"); got != "odata.maxpagesize=2" {
			t.Errorf("Prefer %q", got)
		}
	}
}

func TestListRefusesLinksElsewhere(t *testing.T) {
	for _, link := range []string{
		"https://elsewhere.example.com/api/data/v9.2/accounts?2", "/api/data/v9.2/accounts?2", "{origin}/elsewhere",
		"{origin}@elsewhere.example.com/api/data/v9.2/accounts", "http://user@127.0.0.1/api/data/v9.2/x", "://", "ftp://127.0.0.1/api/data/v9.2/x",
	} {
		s := newScript(t, pageOf(link, "a"))
		got, err := names(t, newTestClient(t, s), Query{})
		if err == nil || len(got) != 1 {
			t.Errorf("%s: %v, %v", link, got, err)
		}
	}
	s := newScript(t, pageOf("{origin}/api/data/v9.2/accounts?same", "a"), pageOf("{origin}/api/data/v9.2/accounts?same", "a"))
	if got, err := names(t, newTestClient(t, s), Query{}); err == nil || len(got) != 2 {
		t.Errorf("a link to the same page: %v, %v", got, err)
	}
}

func TestListEndsWhereTheCallerDoes(t *testing.T) {
	s := newScript(t, pageOf("{origin}/api/data/v9.2/accounts?2", "a", "b"))
	for _, err := range newTestClient(t, s).List(t.Context(), "accounts", Query{}) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	s = newScript(t, pageOf("{origin}/api/data/v9.2/accounts?2", "a"))
	if got, err := names(t, newTestClient(t, s), Query{Top: 1}); err != nil || len(got) != 1 {
		t.Errorf("top 1: %v, %v", got, err)
	}
	if r := s.requests()[0]; !strings.HasSuffix(r.uri, "?$top=1") || r.header.Get("Prefer") != "" {
		t.Errorf("top 1 asked for %s with Prefer %q", r.uri, r.header.Get("Prefer"))
	}
}

func TestListErrors(t *testing.T) {
	for name, q := range map[string]Query{
		"top and page":  {Top: 1, PageSize: 1},
		"negative":      {Top: -1},
		"page too long": {PageSize: maxPageSize + 1},
		"order":         {OrderBy: []Order{{Column: "a desc"}}},
		"filter":        {Filter: Eq("a", 1.5)},
		"too long":      {Filter: Eq("a", strings.Repeat("x", maxURL))},
	} {
		if _, err := names(t, newTestClient(t, newScript(t)), q); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for name, body := range map[string]string{"no JSON": "<html>", "no rows": `{}`, "a null row": `{"value":[null]}`, "a number": `{"value":[1]}`, "bad ETag": `{"value":[{"@odata.etag":1}]}`} {
		if got, err := names(t, newTestClient(t, newScript(t, answer(200, body))), Query{}); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestCall(t *testing.T) {
	s := newScript(t, answer(204, ""), answer(200, `{"value":[]}`), answer(200, "<html>"), answer(503, ""), answer(503, ""), answer(204, ""))
	c := newTestClient(t, s)
	call := Call{Operation: "creating a key", Method: "POST", Path: "EntityDefinitions(LogicalName='account')/Keys", Solution: "contoso", Body: map[string]string{"a": "<b>"}}
	if body, err := c.Call(t.Context(), call); err != nil || body != nil {
		t.Errorf("Call = %s, %v", body, err)
	}
	if r := s.requests()[0]; r.uri != "/api/data/v9.2/EntityDefinitions(LogicalName='account')/Keys" || r.header.Get("MSCRM.SolutionUniqueName") != "contoso" || r.body != `{"a":"<b>"}` {
		t.Errorf("asked %+v", r)
	}
	get := Call{Operation: "reading definitions", Method: "GET", Path: "EntityDefinitions", Query: Query{Filter: Eq("LogicalName", "account")}, Strong: true}
	if body, err := c.Call(t.Context(), get); err != nil || string(body) != `{"value":[]}` {
		t.Errorf("Call = %s, %v", body, err)
	}
	if r := s.requests()[1]; r.uri != "/api/data/v9.2/EntityDefinitions?$filter=LogicalName%20eq%20%27account%27" || r.header.Get("Consistency") != "Strong" {
		t.Errorf("asked %+v", r)
	}
	if _, err := c.Call(t.Context(), get); err == nil {
		t.Error("an answer that is no JSON: no error")
	}
	if _, err := c.Call(t.Context(), call); err == nil {
		t.Error("a POST after 503: no error")
	}
	call.Repeatable = true
	if _, err := c.Call(t.Context(), call); err != nil {
		t.Errorf("a repeatable POST after 503: %v", err)
	}
	for name, bad := range map[string]Call{
		"method":   {Method: "TRACE", Path: "x"},
		"absolute": {Method: "GET", Path: "/x"},
		"up":       {Method: "GET", Path: "x/../../y"},
		"host":     {Method: "GET", Path: "@elsewhere.example.com"},
		"query":    {Method: "GET", Path: "x?y"},
		"solution": {Method: "GET", Path: "x", Solution: "a\r\nb"},
		"body":     {Method: "POST", Path: "x", Body: func() {}},
	} {
		if _, err := c.Call(t.Context(), bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

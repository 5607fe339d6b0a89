package stripe

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFormNesting(t *testing.T) {
	f, bad := parseForm("a[b][c]=1&list[]=x&list[]=y&idx[1]=second&idx[0]=first&metadata[k%20%26]=v%3D&items[0][n]=7&t=true")
	if bad != nil {
		t.Fatal(bad)
	}
	if diff := cmp.Diff([]string{"x", "y"}, f.texts("list")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"first", "second"}, f.texts("idx")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"k &": "v="}, f.merge("metadata", nil)); diff != "" {
		t.Error(diff)
	}
	if got := f.items("items")[0].whole("n"); got == nil || *got != 7 || !f.isTrue("t") {
		t.Error("items or flag")
	}
	if unread := f.unread(); unread == nil || unread.Param != "a[b][c]" {
		t.Errorf("%+v", unread)
	}
}

// Whatever is sent, reading it ends in values or in a refusal.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{"a=1", "a[b][]=1&a[b][]=2", "a[=1", "a]b=1", "[]=1", "%zz=1", "a[0][b]=1&a[x]=2", "a=1&a[b]=2", "a[b[c]]=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		fields, bad := parseForm(raw)
		if bad != nil {
			if bad.status != 400 || bad.Message == "" {
				t.Fatalf("%+v", bad)
			}
			return
		}
		for _, name := range fields.order {
			fields.text(name)
			fields.texts(name)
			fields.merge(name, nil)
			fields.at(name).whole("b")
		}
		fields.skip(fields.order...)
		if bad := fields.unread(); bad != nil {
			t.Fatalf("%v is unread after all was read", bad)
		}
	})
}

func FuzzSearchQuery(f *testing.F) {
	for _, seed := range []string{"metadata['a']:'b'", "amount>1 AND -status:'x'", "id:'", "currency:\"usd\" OR currency:'eur'", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, query string) {
		clauses, either, bad := parseQuery(query)
		if bad == nil {
			meets(&intent{}, clauses, either)
		}
	})
}

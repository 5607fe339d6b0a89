package stripeapi_test

import (
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/secret"
	"paybridge/internal/stripeapi"
	"paybridge/standin/stripe"
)

// Each permission that is missing is named, and asking changes nothing.
func TestMissingPermissions(t *testing.T) {
	t.Parallel()
	granted := map[string][]string{"rk_test_all": nil, "rk_test_none": {}}
	for _, p := range stripeapi.Permissions() {
		granted["rk_test_all"] = append(granted["rk_test_all"], p[len("rak_"):])
	}
	want := map[string][]string{"rk_test_all": nil, "rk_test_none": stripeapi.Permissions(), "sk_test_master": nil}
	for i, p := range stripeapi.Permissions() {
		key := "rk_test_without" + p
		granted[key] = slices.Delete(slices.Clone(granted["rk_test_all"]), i, i+1)
		want[key] = []string{p}
	}
	var keys []string
	for key := range granted {
		keys = append(keys, key)
	}
	server, err := stripe.Open(stripe.Config{Dir: t.TempDir(), SecretKey: "sk_test_master", RestrictedKeys: keys, Permissions: granted})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	web := httptest.NewServer(server)
	defer web.Close()
	for key, missing := range want {
		c := stripeapi.New(stripeapi.Config{Key: secret.New(key), BaseURL: web.URL})
		got, err := c.MissingPermissions(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(missing, got); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
	if _, err := stripeapi.New(stripeapi.Config{Key: secret.New("sk_test_wrong"), BaseURL: web.URL}).MissingPermissions(t.Context()); err == nil {
		t.Error("a key that is none has all permissions")
	}
	c := stripeapi.New(stripeapi.Config{Key: secret.New("rk_test_all"), BaseURL: web.URL})
	if n := server.Counts(); len(n.Events) > 0 {
		t.Errorf("asking made something happen: %+v", n)
	}
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// Package infra_test holds the templates to the code: an app that is deployed
// by them has every setting, queue and role that it needs.
package infra_test

import (
	"path/filepath"
	"strings"
	"testing"

	"paybridge/infra/bicep"
)

// templates reads every template, by its path.
func templates(t *testing.T) map[string]*bicep.File {
	t.Helper()
	all := map[string]*bicep.File{}
	for _, pattern := range []string{"*.bicep", "modules/*.bicep"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatal("no templates in", pattern, err)
		}
		for _, path := range paths {
			file, err := bicep.Read(path)
			if err != nil {
				t.Fatal(err)
			}
			all[path] = file
		}
	}
	return all
}

func TestTemplatesHoldTogether(t *testing.T) {
	all := templates(t)
	used := map[string]bool{"main.bicep": true}
	for _, file := range all {
		if err := bicep.Check(file, all); err != nil {
			t.Error(err)
		}
		for _, m := range file.Modules {
			used[filepath.Join(filepath.Dir(file.Path), m.Source)] = true
		}
	}
	for path := range all {
		if !used[path] {
			t.Errorf("%s is no module of any template", path)
		}
	}
	if scope := all["main.bicep"].Scope; scope != "subscription" {
		t.Errorf("azd up has to make the resource group too, but the scope is %s", scope)
	}
}

// versions are the API versions that are known to take what the templates say.
var versions = map[string]string{
	"Microsoft.Authorization/roleAssignments":          "2022-04-01",
	"Microsoft.Insights/actionGroups":                  "2023-01-01",
	"Microsoft.Insights/components":                    "2020-02-02",
	"Microsoft.Insights/metricAlerts":                  "2018-03-01",
	"Microsoft.Insights/scheduledQueryRules":           "2023-12-01",
	"Microsoft.Insights/webtests":                      "2022-06-15",
	"Microsoft.Insights/workbooks":                     "2023-06-01",
	"Microsoft.KeyVault/vaults":                        "2023-07-01",
	"Microsoft.ManagedIdentity/userAssignedIdentities": "2023-01-31",
	"Microsoft.OperationalInsights/workspaces":         "2023-09-01",
	"Microsoft.Resources/resourceGroups":               "2024-11-01",
	"Microsoft.ServiceBus/namespaces":                  "2024-01-01",
	"Microsoft.Storage/storageAccounts":                "2023-05-01",
	"Microsoft.Web/serverfarms":                        "2023-12-01",
	"Microsoft.Web/sites":                              "2024-04-01",
}

func TestResourcesUseKnownVersions(t *testing.T) {
	made := map[string]int{}
	for _, file := range templates(t) {
		for _, r := range file.Resources {
			kind := strings.Join(strings.SplitN(r.Type, "/", 3)[:2], "/")
			if versions[kind] != r.Version {
				t.Errorf("%s: line %d: %s has the version %s, want %q", file.Path, r.Line, r.Type, r.Version, versions[kind])
			}
			if !r.Existing {
				made[r.Type]++
			}
		}
	}
	for kind := range versions {
		if made[kind] == 0 {
			t.Errorf("no template makes a %s", kind)
		}
	}
}

// TestNamesAreAllowed looks at the names of alerts: Azure refuses these
// characters, and only at deployment.
func TestNamesAreAllowed(t *testing.T) {
	for _, file := range templates(t) {
		for _, r := range file.Resources {
			name, ok := r.Body.Get("name").(*bicep.Text)
			if ok && strings.ContainsAny(name.String(), `*#&+:<>?@%{}\/`) {
				t.Errorf("%s: line %d: the name %q has a character that Azure refuses", file.Path, r.Line, name)
			}
		}
	}
}

// find returns the one resource of a type that the templates make.
func find(t *testing.T, kind string) *bicep.Resource {
	t.Helper()
	var found *bicep.Resource
	for _, file := range templates(t) {
		for _, r := range file.Resources {
			if r.Type != kind || r.Existing {
				continue
			}
			if found != nil {
				t.Fatalf("there are several resources of the type %s", kind)
			}
			found = r
		}
	}
	if found == nil {
		t.Fatalf("no template makes a %s", kind)
	}
	return found
}

// text returns a plain text, with … for what is interpolated.
func text(e bicep.Expr) string {
	switch e := e.(type) {
	case *bicep.Text:
		return e.String()
	case *bicep.Name:
		return e.Name
	default:
		return ""
	}
}

func TestAccessIsByIdentityOnly(t *testing.T) {
	for _, want := range []struct {
		kind  string
		path  []string
		value bicep.Expr
	}{
		{"Microsoft.Storage/storageAccounts", []string{"properties", "allowSharedKeyAccess"}, bicep.Bool(false)},
		{"Microsoft.Storage/storageAccounts", []string{"properties", "allowBlobPublicAccess"}, bicep.Bool(false)},
		{"Microsoft.ServiceBus/namespaces", []string{"properties", "disableLocalAuth"}, bicep.Bool(true)},
		{"Microsoft.Insights/components", []string{"properties", "DisableLocalAuth"}, bicep.Bool(true)},
		{"Microsoft.KeyVault/vaults", []string{"properties", "enableRbacAuthorization"}, bicep.Bool(true)},
		{"Microsoft.KeyVault/vaults", []string{"properties", "enablePurgeProtection"}, bicep.Bool(true)},
		{"Microsoft.Web/sites", []string{"properties", "httpsOnly"}, bicep.Bool(true)},
	} {
		if got := find(t, want.kind).Body.Get(want.path...); got != want.value {
			t.Errorf("%s: %s is %v, want %v", want.kind, strings.Join(want.path, "."), got, want.value)
		}
	}
	sku := find(t, "Microsoft.ServiceBus/namespaces").Body.Get("sku", "name")
	if text(sku) != "Standard" {
		t.Errorf("the namespace is %s", text(sku))
	}
}

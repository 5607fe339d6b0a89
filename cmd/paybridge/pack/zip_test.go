package pack_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/local"
	"paybridge/cmd/paybridge/pack"
)

// entry is what the Functions host and Core Tools look at in a package.
type entry struct {
	Mode     string
	Creator  uint16
	Modified time.Time
}

func entries(t *testing.T, path string) (names []string, found map[string]entry) {
	t.Helper()
	r, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	found = map[string]entry{}
	for _, f := range r.File {
		names = append(names, f.Name)
		found[f.Name] = entry{f.Mode().String(), f.CreatorVersion >> 8, f.Modified.UTC()}
	}
	return names, found
}

// zipped packs a repository and writes its package.
func zipped(t *testing.T, c pack.Config, path string) pack.Result {
	t.Helper()
	result, err := pack.Pack(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := pack.Zip(result, path); err != nil {
		t.Fatal(err)
	}
	return result
}

func TestPackageHasTheLayoutThatAzureWants(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "paybridge.zip")
	// A folder that was packed on Windows has no executable bits.
	config := pack.Config{Root: root(t), Dist: filepath.Join(dir, "dist"), GOOS: "linux", GOARCH: "amd64"}
	result, err := pack.Pack(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(result.Dist, "handler"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := pack.Zip(result, path); err != nil {
		t.Fatal(err)
	}
	const unix = 3
	earliest := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	plain, executable := entry{"-rw-r--r--", unix, earliest}, entry{"-rwxr-xr-x", unix, earliest}
	want := map[string]entry{"host.json": plain, "handler": executable}
	for _, name := range result.Functions {
		want[name+"/function.json"] = plain
	}
	names, found := entries(t, path)
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !slices.IsSorted(names) {
		t.Errorf("the order is %v", names)
	}
	for _, name := range names {
		if strings.ContainsAny(name, `\:`) || strings.HasPrefix(name, "/") || strings.HasSuffix(name, "/") {
			t.Errorf("the name %s is none that Linux unpacks", name)
		}
	}
}

func TestTheSamePackageTwice(t *testing.T) {
	repo := repository(t, goodHost)
	var packages [][]byte
	for _, folder := range []string{"one", "another"} {
		path := filepath.Join(repo, folder+".zip")
		zipped(t, pack.Config{Root: repo, Dist: filepath.Join(repo, folder), GOOS: "linux", GOARCH: "amd64"}, path)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, content)
	}
	if !bytes.Equal(packages[0], packages[1]) {
		t.Error("the same commit makes two different packages")
	}
}

// TestUnpackedPackageRuns unpacks the package as Azure does and runs the app
// from there.
func TestUnpackedPackageRuns(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "paybridge.zip")
	// In a package for this system.
	zipped(t, pack.Config{Root: root(t), Dist: filepath.Join(dir, "dist"), GOOS: runtime.GOOS, GOARCH: runtime.GOARCH}, path)
	script := filepath.Join(dir, "wwwroot")
	unzip(t, path, script)
	if err := os.RemoveAll(filepath.Join(dir, "dist")); err != nil {
		t.Fatal(err)
	}
	app, err := local.Start(t.Context(), local.Config{Dist: script, Data: filepath.Join(dir, "data")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, app.Endpoints().Functions+"/api/health", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("health: %s %s %v", resp.Status, body, err)
	}
}

// unzip unpacks with the modes that the package has, and no others.
func unzip(t *testing.T, path, into string) {
	t.Helper()
	r, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	for _, f := range r.File {
		to := filepath.Join(into, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		from, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, content, f.Mode()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFuncignoreDecides(t *testing.T) {
	for name, c := range map[string]struct{ rules, want string }{
		"nothing":                   {"", ".funcignore echo/function.json handler host.json local.settings.json"},
		"a name anywhere":           {"*.settings.json\n.funcignore", "echo/function.json handler host.json"},
		"a comment and empty lines": {"# *\n\n  \n.funcignore\r\n", "echo/function.json handler host.json local.settings.json"},
		"a folder":                  {"echo/", ".funcignore handler host.json local.settings.json"},
		"no folder of that name":    {"handler/", ".funcignore echo/function.json handler host.json local.settings.json"},
		"from the root":             {"/function.json", ".funcignore echo/function.json handler host.json local.settings.json"},
		"in any folder":             {"**/function.json", ".funcignore handler host.json local.settings.json"},
		"all in a folder":           {"echo/**", ".funcignore handler host.json local.settings.json"},
		"a path":                    {"echo/*.json", ".funcignore handler host.json local.settings.json"},
		"all but one":               {"*.json\n!host.json\n!/echo/function.json", ".funcignore echo/function.json handler host.json"},
		"not out of a folder":       {"echo\n!echo/function.json", ".funcignore handler host.json local.settings.json"},
		"a question mark":           {"?ost.json\n!host.json\n.f*", "echo/function.json handler host.json local.settings.json"},
	} {
		t.Run(name, func(t *testing.T) {
			names, err := packageOf(t, c.rules)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(names, " "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	for rules, want := range map[string]string{
		"handler":       ".funcignore leaves out handler",
		"*\n!handler":   ".funcignore leaves out host.json",
		"[":             "cannot be read",
		"*.settings[.j": "cannot be read",
	} {
		if _, err := packageOf(t, rules); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", rules, err)
		}
	}
}

// packageOf returns the names in the package of a small app with these rules.
func packageOf(t *testing.T, rules string) ([]string, error) {
	t.Helper()
	dist := t.TempDir()
	for name, text := range map[string]string{
		"host.json": goodHost, ".funcignore": rules, "local.settings.json": "{}", "echo/function.json": "{}", "handler": "#!/bin/sh\n",
	} {
		path := filepath.Join(dist, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "app.zip")
	if err := pack.Zip(pack.Result{Dist: dist, Executable: "handler"}, path); err != nil {
		if left, _ := os.ReadDir(folder); len(left) > 0 {
			t.Errorf("what could not be packed left %v behind", left)
		}
		return nil, err
	}
	names, _ := entries(t, path)
	slices.Sort(names)
	return names, nil
}

package pack_test

import (
	"archive/zip"
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/pack"
)

// TestPackageIsWhatTheHostRuns reads a package as the Functions host does that
// Azure runs on Linux, with nothing installed beside it.
func TestPackageIsWhatTheHostRuns(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "paybridge.zip")
	zipped(t, pack.Config{Root: root(t), Dist: filepath.Join(dir, "dist"), GOOS: "linux", GOARCH: "amd64", Version: "0123456789ab"}, path)
	r, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var host struct {
		Version         string
		ExtensionBundle struct{ ID, Version string }
		CustomHandler   struct {
			Description struct{ DefaultExecutablePath string }
		}
	}
	if err := json.Unmarshal(content(t, &r.Reader, "host.json"), &host); err != nil {
		t.Fatal(err)
	}
	if host.Version != "2.0" || host.ExtensionBundle.ID != "Microsoft.Azure.Functions.ExtensionBundle" {
		t.Errorf("host.json is %+v", host)
	}
	// Core Tools gives the bit to the entry of exactly this name, and the host
	// starts it.
	executable := host.CustomHandler.Description.DefaultExecutablePath
	program, err := elf.NewFile(bytes.NewReader(content(t, &r.Reader, executable)))
	if err != nil {
		t.Fatalf("%s: %v", executable, err)
	}
	if program.Machine != elf.EM_X86_64 || program.Type != elf.ET_EXEC {
		t.Errorf("the handler is %v for %v", program.Type, program.Machine)
	}
	if libraries, err := program.ImportedLibraries(); err != nil || len(libraries) > 0 || program.Section(".interp") != nil {
		t.Errorf("the handler needs libraries: %v %v", libraries, err)
	}
	info, err := buildinfo.Read(bytes.NewReader(content(t, &r.Reader, executable)))
	if err != nil {
		t.Fatal(err)
	}
	built := map[string]string{}
	for _, setting := range info.Settings {
		built[setting.Key] = setting.Value
	}
	if built["CGO_ENABLED"] != "0" || built["GOOS"] != "linux" || built["GOARCH"] != "amd64" || built["-trimpath"] != "true" {
		t.Errorf("the handler was built with %v", built)
	}
	for _, f := range r.File {
		if text := content(t, &r.Reader, f.Name); bytes.Contains(text, []byte(root(t))) || bytes.Contains(text, []byte(dir)) {
			t.Errorf("%s has the path of the machine that packed it", f.Name)
		}
	}
	functions := 0
	for _, f := range r.File {
		folder, file, nested := strings.Cut(f.Name, "/")
		if !nested {
			continue
		}
		functions++
		var function struct {
			Bindings []struct{ Type, Direction, Name string }
		}
		if err := json.Unmarshal(content(t, &r.Reader, f.Name), &function); err != nil || file != "function.json" || len(function.Bindings) == 0 {
			t.Errorf("%s is no function: %v", folder, err)
			continue
		}
		triggers := 0
		for _, b := range function.Bindings {
			if strings.HasSuffix(b.Type, "Trigger") && b.Direction == "in" && b.Name != "" {
				triggers++
			}
		}
		if triggers != 1 {
			t.Errorf("%s has %d triggers", folder, triggers)
		}
	}
	if functions < 6 {
		t.Errorf("there are %d functions", functions)
	}
}

// content is one file of a package.
func content(t *testing.T, r *zip.Reader, name string) []byte {
	t.Helper()
	text, err := fs.ReadFile(r, name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestPackageHasNoSettings packs where a developer works, right after a pack for
// that machine.
func TestPackageHasNoSettings(t *testing.T) {
	repo := repository(t, goodHost)
	rules, err := os.ReadFile(filepath.Join(root(t), ".funcignore"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(repo, ".funcignore"), rules, 0o600); err != nil {
		t.Fatal(err)
	}
	dist, path := filepath.Join(repo, "dist"), filepath.Join(repo, "dist.zip")
	for _, here := range []bool{true, false} {
		zipped(t, pack.Config{Root: repo, Dist: dist, GOOS: "linux", GOARCH: "amd64", LocalSettings: here}, path)
		if _, there := files(t, dist)["local.settings.json"]; there != here {
			t.Errorf("the folder has settings: %v, want %v", there, here)
		}
		names, _ := entries(t, path)
		if diff := cmp.Diff([]string{"echo/function.json", "handler", "host.json"}, names); diff != "" {
			t.Errorf("the package: -want +got:\n%s", diff)
		}
	}
}

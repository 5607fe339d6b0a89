package pack_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"paybridge/cmd/paybridge/pack"
	"paybridge/cmd/paybridge/pack/packtest"
)

func root(t *testing.T) string {
	t.Helper()
	packtest.Consult(t)
	root, err := pack.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// files lists what lies in a folder, with its permissions.
func files(t *testing.T, dir string) map[string]fs.FileMode {
	t.Helper()
	found := map[string]fs.FileMode{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		found[filepath.ToSlash(name)] = info.Mode().Perm()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestDistIsWhatTheHostWants(t *testing.T) {
	dist := filepath.Join(t.TempDir(), "dist")
	result, err := pack.Pack(t.Context(), pack.Config{Root: root(t), Dist: dist, GOOS: "linux", GOARCH: "amd64", Version: "1234"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]fs.FileMode{"host.json": 0o644, ".funcignore": 0o644, "handler": 0o755}
	for _, name := range result.Functions {
		want[name+"/function.json"] = 0o644
	}
	if diff := cmp.Diff(want, files(t, dist)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, name := range []string{"crmupdate", "health", "stripewebhook"} {
		if !slices.Contains(result.Functions, name) {
			t.Errorf("no function %s in %v", name, result.Functions)
		}
	}
	if result.Dist != dist || result.Executable != "handler" || !slices.IsSorted(result.Functions) {
		t.Errorf("the result is %+v", result)
	}
	header := make([]byte, 20)
	binary, err := os.Open(filepath.Join(dist, "handler"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = binary.Close() }()
	const amd64 = 0x3e
	if _, err := binary.Read(header); err != nil || string(header[:4]) != "\x7fELF" || header[18] != amd64 {
		t.Errorf("the binary is no program for linux/amd64: % x %v", header, err)
	}
}

func TestPackingAgainReplaces(t *testing.T) {
	repo := repository(t, goodHost)
	dist := filepath.Join(repo, "dist")
	config := pack.Config{Root: repo, Dist: dist, GOOS: "windows", GOARCH: "amd64"}
	result, err := pack.Pack(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if result.Executable != "handler.exe" {
		t.Errorf("the executable is %s", result.Executable)
	}
	var host struct {
		CustomHandler struct {
			Description struct {
				DefaultExecutablePath string `json:"defaultExecutablePath"`
			} `json:"description"`
		} `json:"customHandler"`
	}
	text, err := os.ReadFile(filepath.Join(dist, "host.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &host); err != nil || host.CustomHandler.Description.DefaultExecutablePath != "handler.exe" {
		t.Errorf("host.json: %v %s", err, text)
	}
	// A function that was packed before and is no more.
	gone := filepath.Join(dist, "gone")
	if err := os.Mkdir(gone, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(gone, "function.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	config.GOOS, config.GOARCH = runtime.GOOS, runtime.GOARCH
	if _, err := pack.Pack(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	left := files(t, dist)
	for _, name := range []string{"handler.exe", "gone/function.json"} {
		if _, there := left[name]; there != (name == "handler.exe" && runtime.GOOS == "windows") {
			t.Errorf("after packing again %s is in %v", name, left)
		}
	}
}

// TestForeignFoldersAreLeftAlone names a folder by mistake.
func TestForeignFoldersAreLeftAlone(t *testing.T) {
	for name, make := range map[string]func(dir string) error{
		"a file": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "thesis.txt"), []byte("years of work"), 0o644)
		},
		"a folder": func(dir string) error {
			return os.MkdirAll(filepath.Join(dir, "photos"), 0o755)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dist := t.TempDir()
			if err := make(dist); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dist, "host.json"), []byte("mine"), 0o644); err != nil {
				t.Fatal(err)
			}
			before := files(t, dist)
			_, err := pack.Pack(t.Context(), pack.Config{Root: root(t), Dist: dist})
			if err == nil || !strings.Contains(err.Error(), "pack did not put there") {
				t.Errorf("the error is %v", err)
			}
			if diff := cmp.Diff(before, files(t, dist)); diff != "" {
				t.Errorf("something was changed:\n%s", diff)
			}
			if text, err := os.ReadFile(filepath.Join(dist, "host.json")); err != nil || string(text) != "mine" {
				t.Errorf("host.json was replaced: %s %v", text, err)
			}
		})
	}
}

// repository is the smallest that can be packed up to the build.
func repository(t *testing.T, host string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module paybridge\n\ngo 1.26\n", "host.json": host, ".funcignore": "", "local.settings.json": `{"Values":{}}`,
		"functions/echo/function.json": "{}", "handler/main.go": "package main\n\nfunc main() {}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const goodHost = `{"customHandler":{"description":{"defaultExecutablePath": "handler"}}}`

// TestSecretsAreNotDeployed copies the settings of a developer's machine only
// where they are asked for, and only for the owner to read.
func TestSecretsAreNotDeployed(t *testing.T) {
	repo := repository(t, goodHost)
	for _, wanted := range []bool{true, false} {
		dist := filepath.Join(repo, "dist")
		if _, err := pack.Pack(t.Context(), pack.Config{Root: repo, Dist: dist, LocalSettings: wanted}); err != nil {
			t.Fatal(err)
		}
		mode, there := files(t, dist)["local.settings.json"]
		if there != wanted || there && mode != 0o600 {
			t.Errorf("asked for: %v, there: %v with mode %v", wanted, there, mode)
		}
	}
}

func TestWhatCannotBePackedIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		host   string
		change func(repo string) error
		want   string
	}{
		"host.json is not JSON":      {"{", nil, "not valid JSON"},
		"host.json names no handler": {"{}", nil, "defaultExecutablePath"},
		"no functions":               {goodHost, func(repo string) error { return os.RemoveAll(filepath.Join(repo, "functions")) }, "no function.json"},
		"no .funcignore":             {goodHost, func(repo string) error { return os.Remove(filepath.Join(repo, ".funcignore")) }, ".funcignore"},
		"a handler that does not build": {goodHost, func(repo string) error {
			return os.WriteFile(filepath.Join(repo, "handler", "main.go"), []byte("package main\n\nfunc main() { nonsense }\n"), 0o644)
		}, "undefined: nonsense"},
	} {
		t.Run(name, func(t *testing.T) {
			repo := repository(t, c.host)
			if c.change != nil {
				if err := c.change(repo); err != nil {
					t.Fatal(err)
				}
			}
			_, err := pack.Pack(t.Context(), pack.Config{Root: repo, Dist: filepath.Join(repo, "dist")})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

func TestRootIsFoundFromInside(t *testing.T) {
	repo := repository(t, goodHost)
	for _, from := range []string{repo, filepath.Join(repo, "functions", "echo")} {
		if got, err := pack.Root(from); err != nil || got != repo {
			t.Errorf("from %s: %s %v", from, got, err)
		}
	}
	if got, err := pack.Root(t.TempDir()); err == nil {
		t.Errorf("outside of it: %s", got)
	}
}

// Package pack lays out what is deployed: host.json, the binary handler and
// one folder with a function.json per function. The Functions host lists only
// the immediate sub-folders of its script root, so the repository itself
// cannot be one; the folder made here is what func start, func azure
// functionapp publish and the stand-in host all run.
package pack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Config says what to pack.
type Config struct {
	// Root is the root of the repository, where go.mod and host.json are.
	Root string
	// Dist is the folder to lay out. What an earlier pack left in it is
	// replaced; a folder that holds anything else is refused.
	Dist string
	// GOOS and GOARCH are the target of the binary, empty for this machine.
	GOOS, GOARCH string
	// Version is stamped into the binary. Empty means the commit of Root, and
	// none where Root is no clone.
	Version string
	// LocalSettings copies the repository's local.settings.json, where there is
	// one, to the script root, where func start looks for it. A folder that is
	// going to be deployed must not have it: it holds secrets.
	LocalSettings bool
	// Mapping is a mapping file to put beside host.json under its own name, empty
	// for none.
	Mapping string
}

// Result is what was packed.
type Result struct {
	// Dist is the folder as an absolute path, Executable the binary's name in it.
	Dist, Executable string
	// Functions are the names of the functions, sorted.
	Functions []string
}

// Pack builds the binary and lays out the folder. Errors say what to mend.
func Pack(ctx context.Context, c Config) (Result, error) {
	c.GOOS = or(c.GOOS, runtime.GOOS)
	c.GOARCH = or(c.GOARCH, runtime.GOARCH)
	dist, err := filepath.Abs(c.Dist)
	if err != nil {
		return Result{}, err
	}
	executable := "handler"
	if c.GOOS == "windows" {
		executable += ".exe"
	}
	functions, err := functionFolders(filepath.Join(c.Root, "functions"))
	if err != nil {
		return Result{}, err
	}
	if err := clear(dist); err != nil {
		return Result{}, err
	}
	host, err := hostJSON(filepath.Join(c.Root, "host.json"), executable)
	if err != nil {
		return Result{}, err
	}
	if err := os.WriteFile(filepath.Join(dist, "host.json"), host, 0o644); err != nil {
		return Result{}, err
	}
	// Core Tools leaves out of a deployment what .funcignore names.
	if err := copyFile(filepath.Join(c.Root, ".funcignore"), filepath.Join(dist, ".funcignore"), 0o644); err != nil {
		return Result{}, err
	}
	if c.LocalSettings {
		err := copyFile(filepath.Join(c.Root, localSettings), filepath.Join(dist, localSettings), 0o600)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Result{}, err
		}
	}
	if c.Mapping != "" {
		if err := packMapping(c.Mapping, dist); err != nil {
			return Result{}, err
		}
	}
	for _, name := range functions {
		if err := os.Mkdir(filepath.Join(dist, name), 0o755); err != nil {
			return Result{}, err
		}
		if err := copyFile(filepath.Join(c.Root, "functions", name, "function.json"), filepath.Join(dist, name, "function.json"), 0o644); err != nil {
			return Result{}, err
		}
	}
	if err := build(ctx, c, filepath.Join(dist, executable)); err != nil {
		return Result{}, err
	}
	return Result{Dist: dist, Executable: executable, Functions: functions}, nil
}

// localSettings is the file in which Core Tools keeps the app settings of a
// developer's machine.
const localSettings = "local.settings.json"

func copyFile(from, to string, mode fs.FileMode) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, mode)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// functionFolders returns the names of the folders that hold a function.json.
func functionFolders(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "function.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no function.json under %s", dir)
	}
	var names []string
	for _, file := range files {
		names = append(names, filepath.Base(filepath.Dir(file)))
	}
	slices.Sort(names)
	return names, nil
}

// clear makes dist an empty folder. Only what pack itself puts there is
// removed, so that a mistyped path deletes nothing.
func clear(dist string) error {
	entries, err := os.ReadDir(dist)
	if errors.Is(err, fs.ErrNotExist) {
		return os.MkdirAll(dist, 0o755)
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !packed(dist, entry) {
			return fmt.Errorf("%s holds %s, which pack did not put there: name another folder, or empty it", dist, entry.Name())
		}
	}
	for _, entry := range entries {
		if err := os.RemoveAll(filepath.Join(dist, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// packed reports whether an entry of the folder is of pack's making.
func packed(dist string, entry fs.DirEntry) bool {
	if entry.IsDir() {
		_, err := os.Stat(filepath.Join(dist, entry.Name(), "function.json"))
		return err == nil
	}
	if isMapping(dist, entry.Name()) {
		return true
	}
	return slices.Contains([]string{"host.json", "handler", "handler.exe", ".funcignore", localSettings}, entry.Name())
}

// hostJSON reads host.json with the name of the executable of the target.
func hostJSON(path, executable string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if !json.Valid(text) {
		return nil, fmt.Errorf("%s is not valid JSON", path)
	}
	const key = `"defaultExecutablePath": "handler"`
	if !bytes.Contains(text, []byte(key)) {
		return nil, fmt.Errorf("%s has no %s", path, key)
	}
	return bytes.Replace(text, []byte(key), []byte(`"defaultExecutablePath": "`+executable+`"`), 1), nil
}

func build(ctx context.Context, c Config, out string) error {
	flags := "-s -w"
	if c.Version == "" {
		c.Version = Commit(ctx, c.Root)
	}
	if c.Version != "" {
		flags += " -X main.version=" + c.Version
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", flags, "-o", out, "./handler")
	cmd.Dir = c.Root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+c.GOOS, "GOARCH="+c.GOARCH)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the handler for %s/%s: %w\n%s", c.GOOS, c.GOARCH, err, strings.TrimSpace(string(text)))
	}
	return nil
}

// Commit names the commit of a clone, empty where git does not know it. The Go
// tool notes it in what go build makes, but not in what go run does, which is
// how this is called.
func Commit(ctx context.Context, root string) string {
	cmd := exec.CommandContext(ctx, "git", "rev-parse", "--short=12", "HEAD")
	cmd.Dir = root
	text, err := cmd.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// Root finds the root of the repository from a folder in it.
func Root(from string) (string, error) {
	dir, err := filepath.Abs(from)
	if err != nil {
		return "", err
	}
	for {
		if text, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && bytes.HasPrefix(text, []byte("module paybridge\n")) {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("%s is not inside PayBridge's repository", from)
		}
		dir = parent
	}
}

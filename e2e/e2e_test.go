// Package e2e holds PayBridge to its promises across the real processes: the
// packed dist/ under the stand-in Functions host, the real binary, real HTTP.
// Nothing in these tests reaches into the handler.
package e2e

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"paybridge/cmd/paybridge/pack"
)

// dist is the app, packed once for all tests.
var dist string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "paybridge-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	root, err := pack.Root(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dist = filepath.Join(dir, "dist")
	if _, err := pack.Pack(context.Background(), pack.Config{Root: root, Dist: dist}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// consulted looks at every source of the app, in a test that runs it. The Go
// tool shows the result of an earlier run again when nothing changed that the
// tests looked at; it does not see what go build reads for them in a process of
// its own, nor what TestMain looks at before it runs them.
var consulted = sync.OnceValue(func() error {
	root, err := pack.Root(".")
	if err != nil {
		return err
	}
	for _, name := range []string{"handler", "functions", "internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, name), func(_ string, _ fs.DirEntry, err error) error { return err })
		if err != nil {
			return err
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		if _, err := os.ReadFile(filepath.Join(root, name)); err != nil {
			return err
		}
	}
	return nil
})

// Package packtest is for tests that run what go build makes of this repository.
package packtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"paybridge/cmd/paybridge/pack"
)

// Consult looks at every source of the app, in a test that runs it. The Go tool
// shows the result of an earlier run again when nothing changed that the tests
// looked at; it does not see what go build reads for them in a process of its
// own, nor what TestMain looks at before it runs them.
func Consult(tb testing.TB) {
	tb.Helper()
	if err := consulted(); err != nil {
		tb.Fatal(err)
	}
}

// consulted looks once for all tests: what a process looked at is kept.
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
	for _, name := range []string{"go.mod", "go.sum", "host.json"} {
		if _, err := os.ReadFile(filepath.Join(root, name)); err != nil {
			return err
		}
	}
	return nil
})

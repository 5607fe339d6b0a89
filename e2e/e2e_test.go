// Package e2e holds PayBridge to its promises across the real processes: the
// packed dist/ under the stand-in Functions host, the real binary, real HTTP.
// Nothing in these tests reaches into the handler.
package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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

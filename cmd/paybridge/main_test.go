package main

import (
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"paybridge/cmd/paybridge/pack"
	"paybridge/cmd/paybridge/pack/packtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"paybridge": main})
}

// scriptCommands are the commands that the scripts have beside testscript's.
func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	commands := standinCommands()
	commands["documented"] = documented
	maps.Copy(commands, sceneCommands())
	return commands
}

// TestCommandLine runs the scripts in testdata/script against the command, in
// processes of its own.
func TestCommandLine(t *testing.T) {
	packtest.Consult(t)
	root, err := pack.Root(".")
	if err != nil {
		t.Fatal(err)
	}
	// The app is packed once for the scripts that run it, and only for those.
	dist := filepath.Join(t.TempDir(), "dist")
	packed := sync.OnceValue(func() error {
		_, err := pack.Pack(t.Context(), pack.Config{Root: root, Dist: dist})
		return err
	})
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			// The Go tool needs its caches and the modules that are there.
			for _, name := range []string{"HOME", "GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GOFLAGS", "GOROOT", "PATH"} {
				if value, set := os.LookupEnv(name); set {
					env.Setenv(name, value)
				}
			}
			env.Setenv("ROOT", root)
			env.Values[standins{}] = &standins{}
			env.Values[sceneKey{}] = &scene{dist: dist, packed: packed}
			return nil
		},
		Cmds: scriptCommands(),

		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"paybridge/cmd/paybridge/pack"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"paybridge": main})
}

// TestCommandLine runs the scripts in testdata/script against the command, in
// processes of its own.
func TestCommandLine(t *testing.T) {
	root, err := pack.Root(".")
	if err != nil {
		t.Fatal(err)
	}
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
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"standins": start, "writes": writes},

		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

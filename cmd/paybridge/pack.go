package main

import (
	"context"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"paybridge/cmd/paybridge/pack"
)

// packCommand lays out dist/.
type packCommand struct {
	Out    string `default:"dist" help:"Folder to lay out."`
	GOOS   string `name:"goos" placeholder:"OS" help:"Operating system to build for, such as linux. Default: this machine's."`
	GOARCH string `name:"goarch" placeholder:"ARCH" help:"Processor to build for, such as amd64. Default: this machine's."`
	Zip    bool   `help:"Write the deployment package too, beside the folder, with .zip after its name. Builds for linux/amd64, as Azure runs it, unless told otherwise."`

	Mapping string `type:"existingfile" placeholder:"FILE" help:"Mapping file of another table than pb_payment, to name in PaymentTable."`
}

// Run packs and says what to do next.
func (c *packCommand) Run(ctx context.Context, t *terminal) error {
	root, err := pack.Root(".")
	if err != nil {
		return &hinted{err, "run this inside a clone of PayBridge"}
	}
	out := c.Out
	if !filepath.IsAbs(out) {
		out = filepath.Join(root, out)
	}
	if c.Zip && c.GOOS == "" && c.GOARCH == "" {
		c.GOOS, c.GOARCH = "linux", "amd64"
	}
	local := c.GOOS == "" && c.GOARCH == ""
	t.progress("building the handler…")
	started := time.Now()
	result, err := pack.Pack(ctx, pack.Config{Root: root, Dist: out, GOOS: c.GOOS, GOARCH: c.GOARCH, Version: version(), LocalSettings: local, Mapping: c.Mapping})
	if err != nil {
		return err
	}
	t.progress("built in %v", time.Since(started).Round(100*time.Millisecond))
	t.say("packed %s: host.json, %s, %s", result.Dist, result.Executable, strings.Join(result.Functions, ", "))
	switch {
	case c.Zip:
		if err := pack.Zip(result, out+".zip"); err != nil {
			return err
		}
		t.say("wrote %s.zip for %s/%s", out, c.GOOS, c.GOARCH)
	case local:
		t.say("try it: func start --script-root %s", c.Out)
	default:
		t.say("deploy it: cd %s && func azure functionapp publish <app> --custom", c.Out)
	}
	return nil
}

// version names the build by its commit, where the Go tool knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" && len(setting.Value) >= 12 {
			return setting.Value[:12]
		}
	}
	return ""
}

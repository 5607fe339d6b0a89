package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"paybridge/cmd/paybridge/pack"
	"paybridge/cmd/paybridge/soak"
	"paybridge/cmd/paybridge/soak/platform"
)

// soakCommand runs the soak.
type soakCommand struct {
	Payments int    `default:"500" help:"How many payments to lead."`
	Seed     uint64 `default:"1" help:"Chooses the history and the faults."`
	Faults   string `default:"all" placeholder:"KINDS" help:"What goes wrong: all, none, or kinds with commas between (${faults})."`
	Parallel int    `default:"128" help:"How many payments are under way at once."`
	Log      string `type:"path" placeholder:"FILE" help:"Write every line of the handler there."`
	Data     string `type:"path" placeholder:"DIR" help:"Keep the state there; without it, it is thrown away."`
}

// Run soaks and says what was found.
func (c *soakCommand) Run(ctx context.Context, t *terminal) error {
	faults, err := soak.ParseFaults(c.Faults)
	if err != nil || c.Payments < 1 || c.Parallel < 1 {
		return &usage{errors.Join(err, atLeastOne("--payments", c.Payments), atLeastOne("--parallel", c.Parallel))}
	}
	root, err := pack.Root(".")
	if err != nil {
		return &hinted{err, "run this inside a clone of PayBridge"}
	}
	dir := c.Data
	if dir == "" {
		if dir, err = os.MkdirTemp("", "paybridge-soak-"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
	}
	t.progress("building the handler…")
	packed, err := pack.Pack(ctx, pack.Config{Root: root, Dist: filepath.Join(dir, "dist"), Version: version()})
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	log := io.Discard
	if c.Log != "" {
		file, err := os.Create(c.Log)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		log = file
	}
	report, err := soak.Run(ctx, soak.Config{
		Payments: c.Payments, Seed: c.Seed, Faults: faults, Parallel: c.Parallel, Dist: packed.Dist, Data: dir, Log: log,
		Command:  func() *exec.Cmd { return exec.CommandContext(ctx, self, "soak-host") },
		Progress: func(line string) { t.progress("%s", line) },
	})
	if err != nil {
		return err
	}
	report.Print(t.out)
	if problems := report.Problems(); len(problems) > 0 {
		return &hinted{errors.New(strings.Join(problems, ", ")), "run it again: " + report.Command()}
	}
	t.say("nothing is lost and nothing is wrong")
	return nil
}

func atLeastOne(flag string, n int) error {
	if n < 1 {
		return fmt.Errorf("%s must be at least 1", flag)
	}
	return nil
}

// soakHostCommand is the process of the Functions host, which the soak kills.
type soakHostCommand struct{}

// Run runs until its standard input ends.
func (soakHostCommand) Run(ctx context.Context, t *terminal) error {
	return platform.Serve(ctx, t.in, t.out, t.err)
}

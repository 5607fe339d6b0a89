package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"paybridge/cmd/paybridge/doctor"
	"paybridge/cmd/paybridge/endpoint"
	"paybridge/cmd/paybridge/pack"
	"paybridge/cmd/paybridge/target"
)

// exitWarning is the exit code for an installation with warnings and no
// problems.
const exitWarning = 3

// doctorCommand looks for what is wrong with an installation.
type doctorCommand struct {
	target.Flags
	App     string        `env:"FUNCTION_APP_URL" placeholder:"URL" help:"Address of the function app. Default: where the webhook endpoint at Stripe delivers to."`
	Mode    string        `env:"STRIPE_MODE" enum:",test,live" default:"" help:"Mode that the installation should be in, test or live."`
	JSON    bool          `name:"json" help:"Write the findings as JSON."`
	Timeout time.Duration `default:"30s" help:"How long each check may take."`
}

// Help says what the exit code means.
func (doctorCommand) Help() string {
	return "The exit code says the worst: 0 all is well, 3 there are warnings, 1 there are problems, 2 the command line cannot be understood. Nothing is changed."
}

// Run examines the installation.
func (c *doctorCommand) Run(ctx context.Context, t *terminal) error {
	found, problems, err := c.Inspect(ctx, process())
	if err != nil {
		return err
	}
	defer func() { _ = found.Close(ctx) }()
	app := found.App
	if c.App != "" && !found.Local {
		if app, err = endpoint.ParseApp(c.App); err != nil {
			return err
		}
	}
	t.progress("examining %s…", found)
	report := doctor.Examine(ctx, doctor.Config{
		Target: found, Problems: problems, App: app, Mode: c.Mode, Version: versionHere(ctx), Timeout: c.Timeout,
		Waiting: func(groups []string) { t.progress("waiting for %s…", strings.Join(groups, ", ")) },
	})
	if c.JSON {
		text, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return err
		}
		t.say("%s", text)
	} else if err := report.Show(t.out); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return exitOf(report.Worst)
}

// versionHere is the version that an app has which is packed here: go run notes
// none in the command, and the clone knows it all the same.
func versionHere(ctx context.Context) string {
	if v := version(); v != "" {
		return v
	}
	root, err := pack.Root(".")
	if err != nil {
		return ""
	}
	return pack.Commit(ctx, root)
}

// exitOf returns what ends the command with the exit code for the worst finding.
func exitOf(worst doctor.Level) error {
	switch worst {
	case doctor.Problem:
		return exitCode(1)
	case doctor.Warning:
		return exitCode(exitWarning)
	default:
		return nil
	}
}

// exitCode is the end of a command that has said everything already.
type exitCode int

// Error says so for whoever asks.
func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"paybridge/cmd/paybridge/local"
	"paybridge/cmd/paybridge/pack"
	"paybridge/internal/settings"
)

// localCommand runs everything on this machine.
type localCommand struct {
	Port          int    `default:"7071" help:"Port of the functions; 0 means any free one."`
	DataversePort int    `default:"7072" help:"Port of the Dataverse stand-in; 0 means any free one."`
	StripePort    int    `default:"7073" help:"Port of the Stripe stand-in; 0 means any free one."`
	Data          string `default:".paybridge" type:"path" help:"Folder of the durable state."`
	Empty         bool   `name:"empty-dataverse" help:"Start with a Dataverse in which setup has not run, to try it; there is no demonstration."`
	Demo          bool   `default:"true" negatable:"" help:"Show one payment travelling end to end."`
	Ready         string `type:"path" placeholder:"FILE" help:"Write addresses and keys there as JSON when everything answers."`
	Verbose       bool   `short:"v" help:"Show what the handler and the stand-ins log."`
}

// Run starts everything, shows a payment and serves until it is interrupted.
func (c *localCommand) Run(ctx context.Context, t *terminal) error {
	root, err := pack.Root(".")
	if err != nil {
		return &hinted{err, "run this inside a clone of PayBridge"}
	}
	values, err := settings.ReadLocal(filepath.Join(root, "local.settings.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &hinted{err, "compare it with local.settings.json.example, or delete it to run with stand-ins only"}
	}
	t.progress("building the handler (the first build takes a minute or two)…")
	started := time.Now()
	// Not dist/ of the repository: two runs on different data must not pack over
	// each other, nor over what somebody is about to deploy.
	packed, err := pack.Pack(ctx, pack.Config{Root: root, Dist: filepath.Join(c.Data, "dist"), Version: version(), Mapping: mappingFile(root, values)})
	if err != nil {
		return err
	}
	t.progress("packed %s in %v", packed.Dist, time.Since(started).Round(100*time.Millisecond))

	cfg := local.Config{
		Dist: packed.Dist, Data: c.Data, Settings: values,
		FunctionsPort: c.Port, DataversePort: c.DataversePort, StripePort: c.StripePort,
		EmptyDataverse: c.Empty,
		Logger:         slog.New(slog.DiscardHandler),
	}
	lines := io.Discard
	if c.Verbose {
		lines = t.err
		cfg.Logger = slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	hops := newHopReader(lines)
	cfg.HandlerOutput = hops
	l, err := local.Start(ctx, cfg)
	if err != nil {
		return &hinted{err, "another program may be using the port: try --port 0 --dataverse-port 0 --stripe-port 0; -v shows what the handler says"}
	}
	c.introduce(t, l)
	if c.Ready != "" {
		if err := writeReady(c.Ready, l.Endpoints()); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	if c.Empty {
		t.say("\nThe CRM is empty. Set it up in another terminal:\n  go run ./cmd/paybridge setup dataverse --local --data %s", c.Data)
	} else if c.Demo {
		if err := demonstrate(ctx, t, l, hops); err != nil && ctx.Err() == nil {
			return errors.Join(&hinted{fmt.Errorf("the demonstration did not end well: %w", err), "run it again with -v to see every step"}, l.Close())
		}
	}
	t.say("\nServing. Ctrl-C stops; the state stays in %s.", c.Data)
	<-ctx.Done()
	t.say("\nStopped.")
	return l.Close()
}

// mappingFile is the mapping file beside local.settings.json that the settings
// name, empty where they name none.
func mappingFile(root string, values map[string]string) string {
	name := values["PaymentTable"]
	if filepath.Ext(name) != ".json" {
		return ""
	}
	return filepath.Join(root, filepath.Base(name))
}

// introduce says what runs where.
func (c *localCommand) introduce(t *terminal, l *local.Local) {
	urls := l.Endpoints()
	t.say("\nPayBridge runs on this machine:")
	t.say("  functions   %s", urls.Functions)
	for _, f := range l.Host().Functions() {
		trigger := f.URL
		switch {
		case f.Queue != "":
			trigger = "queue " + f.Queue
		case f.Schedule != "":
			trigger = "timer " + f.Schedule
		}
		t.say("    %-14s %s", f.Name, trigger)
	}
	if l.Dataverse != nil {
		t.say("  Dataverse   %s   (stand-in; any bearer token)", urls.Dataverse)
	} else {
		t.say("  Dataverse   %s   (the real one, from local.settings.json)", urls.Dataverse)
	}
	if l.Stripe != nil {
		t.say("  Stripe      %s   (stand-in; key %s)", urls.Stripe, urls.StripeSecretKey)
		return
	}
	t.say("  Stripe      %s   (the real one, test mode, from local.settings.json)", urls.Stripe)
	t.say("  bring its events here: stripe listen --forward-to %s/api/stripe/webhook", urls.Functions)
	if urls.StripeWebhookSecret == "" {
		t.say("  hint: put the whsec_… that stripe listen shows into StripeWebhookSecret in local.settings.json and start again")
	}
}

// writeReady writes the file as a whole, so that whoever waits for it never
// reads half of it.
func writeReady(path string, urls local.Endpoints) error {
	text, err := json.MarshalIndent(urls, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("writing the ready file: %w", err)
	}
	return os.Rename(path+".new", path)
}

package main

import (
	"context"
	"io"
	"log/slog"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"paybridge/internal/customhandler"
	"paybridge/internal/secret"
	"paybridge/internal/settings"
)

// exitFailed is the only way to end: the Functions host takes exit code 0 for
// intended, does not start the process again and answers every later call with
// an empty 500.
const exitFailed = 1

// run serves until ctx ends. With settings that are wrong it does not serve at
// all: the host gives up after three starts, its messages stay on the queue,
// and the log names every setting that has to be corrected.
func run(ctx context.Context, lookup func(string) (string, bool), environ []string, stdout io.Writer) int {
	level := new(slog.LevelVar)
	// The Functions host takes what comes over stderr for errors.
	logger := slog.New(slog.NewJSONHandler(stdout, &slog.HandlerOptions{Level: level}))
	s, err := load(ctx, lookup, environ)
	if refused(ctx, logger, settings.Problems(err)) {
		return exitFailed
	}
	level.Set(s.LogLevel)
	mux, err := wire(s, logger)
	if err != nil {
		logger.LogAttrs(ctx, slog.LevelError, "not serving", slog.String("error", err.Error()))
		return exitFailed
	}
	if s.Port == 0 {
		logger.LogAttrs(ctx, slog.LevelError, "not serving", slog.String("problem", "FUNCTIONS_CUSTOMHANDLER_PORT is not set"),
			slog.String("hint", "the Functions host starts this program; to try it, run: go run ./cmd/paybridge local"))
		return exitFailed
	}
	logger.LogAttrs(ctx, slog.LevelInfo, "starting", slog.String("version", version), slog.String("mode", s.Mode()), slog.Any("settings", s))
	if err := customhandler.Serve(ctx, customhandler.ServeOptions{Port: s.Port, Handler: mux, Logger: logger}); err != nil {
		logger.LogAttrs(ctx, slog.LevelError, "stopped", slog.String("error", err.Error()))
	}
	return exitFailed
}

// refused logs what is wrong with the settings and reports whether that keeps
// the app from serving. A secret that is not in the vault yet does not: a new
// app has none, and Azure hands out the function keys that setup needs only
// while the app runs.
func refused(ctx context.Context, logger *slog.Logger, problems []*settings.Problem) bool {
	wrong := 0
	for _, p := range problems {
		attrs := []slog.Attr{slog.String("setting", p.Setting), slog.String("problem", p.Message), slog.String("hint", p.Hint)}
		if p.Absent {
			logger.LogAttrs(ctx, slog.LevelWarn, "setting counts as not set", attrs...)
			continue
		}
		logger.LogAttrs(ctx, slog.LevelError, "setting refused", attrs...)
		wrong++
	}
	if wrong > 0 {
		logger.LogAttrs(ctx, slog.LevelError, "not serving", slog.Int("problems", wrong), slog.String("hint", "correct the settings above; the app restarts by itself when they change"))
	}
	return wrong > 0
}

// load reads the settings, with Key Vault references that the platform has
// left unresolved.
func load(ctx context.Context, lookup func(string) (string, bool), environ []string) (settings.Settings, error) {
	var resolver secret.Resolver
	if credential, err := settings.DefaultCredential(azcore.ClientOptions{}); err == nil {
		resolver.Credential = credential
	}
	return settings.Load(ctx, lookup, environ, resolver)
}

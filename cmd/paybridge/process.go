package main

import (
	"log/slog"
	"os"

	"paybridge/cmd/paybridge/target"
)

// process is what a command needs of its surroundings to find its target.
func process() target.Process {
	return target.Process{Lookup: os.LookupEnv, Environ: os.Environ(), Version: version(), Logger: slog.New(slog.DiscardHandler)}
}

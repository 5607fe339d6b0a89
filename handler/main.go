// Command handler is the one binary that is deployed: the custom handler
// behind all of PayBridge's functions. The Functions host starts it, gives it
// a port and the app settings, posts every invocation to it and may kill it at
// any instant.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// version is stamped in by paybridge pack.
var version = "development"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.LookupEnv, os.Environ(), os.Stdout))
}

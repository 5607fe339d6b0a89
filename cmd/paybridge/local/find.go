package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"paybridge/standin/servicebus/remote"
)

// Running is what another process needs to know of a PayBridge that runs on
// this machine.
type Running struct {
	Endpoints Endpoints
	// Settings are the app settings that its handler got.
	Settings map[string]string
	// Queues reaches its queues.
	Queues remote.Client
}

// ErrNotRunning says that no PayBridge runs on the data folder.
var ErrNotRunning = errors.New("no paybridge local is running on this folder")

// findTimeout bounds how long an answer is waited for.
const findTimeout = 10 * time.Second

// Find returns the PayBridge that runs on the data folder, or ErrNotRunning.
// The settings are the Values of the local.settings.json that it was started
// with, nil when there is none.
func Find(ctx context.Context, data string, settings map[string]string) (Running, error) {
	if _, err := os.Stat(filepath.Join(data, stateFile)); errors.Is(err, fs.ErrNotExist) {
		return Running{}, fmt.Errorf("%w: %s", ErrNotRunning, data)
	}
	s, err := readState(data)
	if err != nil {
		return Running{}, err
	}
	if s.Endpoints == nil {
		return Running{}, fmt.Errorf("%w: %s", ErrNotRunning, data)
	}
	client := remote.Client{URL: s.Endpoints.Queues}
	ctx, cancel := context.WithTimeout(ctx, findTimeout)
	defer cancel()
	// The file outlives the run, and its port may be somebody else's by now.
	if instance, err := client.Instance(ctx); err != nil || instance != s.Instance {
		if ctx.Err() != nil {
			return Running{}, fmt.Errorf("looking for paybridge local on %s: %w", data, context.Cause(ctx))
		}
		return Running{}, fmt.Errorf("%w: %s", ErrNotRunning, data)
	}
	return Running{Endpoints: *s.Endpoints, Settings: appSettings(settings, *s.Endpoints), Queues: client}, nil
}

package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"paybridge/standin/stripe"
)

// state is what a run leaves for the next one on the same data.
type state struct {
	FunctionsPort int              `json:"functionsPort"`
	DataversePort int              `json:"dataversePort"`
	StripePort    int              `json:"stripePort"`
	QueuesPort    int              `json:"queuesPort"`
	Webhook       *stripe.Endpoint `json:"webhook,omitempty"`
	// Instance and Endpoints are those of the run that wrote them. By the
	// first, Find tells whether that run still answers.
	Instance  string     `json:"instance,omitempty"`
	Endpoints *Endpoints `json:"endpoints,omitempty"`
}

const stateFile = "local.json"

func readState(dir string) (state, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return state{}, fmt.Errorf("making the data folder: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return state{}, nil
	}
	if err != nil {
		return state{}, err
	}
	var s state
	if err := json.Unmarshal(text, &s); err != nil {
		return state{}, fmt.Errorf("reading %s: %w", filepath.Join(dir, stateFile), err)
	}
	return s, nil
}

// write replaces the file as a whole, so that a kill leaves the old one or the
// new one.
func (s state) write(dir string) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, stateFile)
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// testModeOnly refuses to run a laptop's experiments against real money.
func testModeOnly(settings map[string]string) error {
	key := settings["StripeSecretKey"]
	if strings.HasPrefix(key, "sk_live_") || strings.HasPrefix(key, "rk_live_") {
		return errors.New("StripeSecretKey in local.settings.json is a live key: use a test key, sk_test_… or rk_test_…")
	}
	return nil
}

package secret

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
	"golang.org/x/sync/errgroup"
)

const (
	// defaultTimeout bounds all reads together. The host waits 30 s for a
	// process to answer, and then gives it up.
	defaultTimeout = 15 * time.Second
	// parallel bounds how many secrets are read at once.
	parallel = 8
)

// Resolver reads the secrets that references point to. It holds no state and
// may be used from several goroutines.
type Resolver struct {
	// Credential signs in to Key Vault. Nil means that nothing can be resolved:
	// every reference is answered with the remedy for a missing identity.
	Credential azcore.TokenCredential
	// Options are passed to each vault's client. Nil means the defaults.
	Options *azsecrets.ClientOptions
	// Timeout bounds one call of Resolve. Zero means 15 s.
	Timeout time.Duration
}

// Resolve reads the secret of each setting's reference, each distinct reference
// once and all of them in parallel, and returns the secrets by setting. The
// values are exactly what the vault holds. For each setting that could not be
// resolved the joined error holds an [UnresolvedError]; the others are returned
// nevertheless.
func (r Resolver) Resolve(ctx context.Context, settings map[string]Reference) (map[string]Secret, error) {
	timeout := r.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	// answer is written by one goroutine and read after all have ended.
	type answer struct {
		secret Secret
		err    error
	}
	answers := map[Reference]*answer{}
	clients := map[string]*azsecrets.Client{}
	var reads errgroup.Group
	reads.SetLimit(parallel)
	for _, reference := range settings {
		if answers[reference] != nil {
			continue
		}
		a := &answer{}
		answers[reference] = a
		client := clients[reference.Host]
		if client == nil {
			if client, a.err = r.client(reference); a.err != nil {
				continue
			}
			clients[reference.Host] = client
		}
		reads.Go(func() error {
			a.secret, a.err = read(ctx, client, reference)
			return nil
		})
	}
	_ = reads.Wait() // Each goroutine keeps its own error.

	secrets := make(map[string]Secret, len(settings))
	var errs []error
	for _, setting := range slices.Sorted(maps.Keys(settings)) {
		reference := settings[setting]
		if a := answers[reference]; a.err != nil {
			errs = append(errs, unresolved(setting, reference, a.err))
		} else {
			secrets[setting] = a.secret
		}
	}
	return secrets, errors.Join(errs...)
}

func (r Resolver) client(reference Reference) (*azsecrets.Client, error) {
	return Client(reference, r.Credential, r.Options)
}

func read(ctx context.Context, client *azsecrets.Client, reference Reference) (Secret, error) {
	response, err := client.GetSecret(ctx, reference.Name, reference.Version, nil)
	if err != nil {
		return Secret{}, fmt.Errorf("reading the secret: %w", err)
	}
	if response.Value == nil || *response.Value == "" {
		return Secret{}, errEmpty
	}
	return New(*response.Value), nil
}

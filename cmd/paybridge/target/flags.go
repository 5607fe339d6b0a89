package target

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"paybridge/cmd/paybridge/local"
	"paybridge/cmd/paybridge/pack"
	"paybridge/cmd/paybridge/queues"
	"paybridge/internal/secret"
	"paybridge/internal/settings"
)

// Flags are the flags by which a command is told what it is about. They are
// embedded into the commands.
type Flags struct {
	Settings string `type:"path" placeholder:"FILE" help:"Settings to use where the environment has none. Default: local.settings.json of the repository, or of this folder."`
	Local    bool   `help:"Work on the paybridge local that runs on this machine."`
	Data     string `default:".paybridge" type:"path" help:"With --local: the folder of its durable state."`
}

// Open finds the target. The error is a settings error with all the Problems
// there are, or an Error.
func (f Flags) Open(ctx context.Context, p Process) (*Target, error) {
	file, err := f.read()
	if err != nil {
		return nil, err
	}
	if f.Local {
		return f.openLocal(ctx, p, file)
	}
	s, err := load(ctx, overlay(p.Lookup, file), append(slices.Clone(p.Environ), names(file)...))
	if err != nil {
		return nil, err
	}
	t, err := connect(s, p, filepath.Dir(f.path()))
	if err != nil {
		return nil, err
	}
	return t, t.serviceBus()
}

// openLocal finds a paybridge local. Its handler got what is in the file, and
// nothing of the environment.
func (f Flags) openLocal(ctx context.Context, p Process, file map[string]string) (*Target, error) {
	running, err := local.Find(ctx, f.Data, file)
	if errors.Is(err, local.ErrNotRunning) {
		return nil, &Error{Err: err, hint: "start it in another terminal: go run ./cmd/paybridge local; with another folder than .paybridge give both commands the same --data"}
	}
	if err != nil {
		return nil, err
	}
	s, err := load(ctx, overlay(nothing, running.Settings), names(running.Settings))
	if err != nil {
		return nil, err
	}
	t, err := connect(s, p, filepath.Join(f.Data, "dist"))
	if err != nil {
		return nil, err
	}
	t.Local, t.Queues = true, queues.Local(running.Queues)
	return t, nil
}

// path is where the file of settings is.
func (f Flags) path() string {
	const name = "local.settings.json"
	if f.Settings != "" {
		return f.Settings
	}
	if root, err := pack.Root("."); err == nil {
		return filepath.Join(root, name)
	}
	return name
}

// read reads the file of settings. Only one that was asked for by name has to
// be there.
func (f Flags) read() (map[string]string, error) {
	path := f.path()
	values, err := settings.ReadLocal(path)
	if errors.Is(err, fs.ErrNotExist) && f.Settings == "" {
		return nil, nil
	}
	if err != nil {
		return nil, &Error{Err: err, hint: "compare it with local.settings.json.example"}
	}
	return values, nil
}

// load reads the settings as the handler does.
func load(ctx context.Context, lookup func(string) (string, bool), environ []string) (settings.Settings, error) {
	var resolver secret.Resolver
	if credential, err := settings.DefaultCredential(azcore.ClientOptions{}); err == nil {
		resolver.Credential = credential
	}
	return settings.Load(ctx, lookup, environ, resolver)
}

// overlay returns the values of the environment, and those of the file where
// the environment has none or an empty one. A namespace that the environment
// names by its host takes the place of the file's connection string, which
// would win over it.
func overlay(environment func(string) (string, bool), file map[string]string) func(string) (string, bool) {
	const connection, host = "ServiceBusConnection", "ServiceBusConnection__fullyQualifiedNamespace"
	if value, _ := environment(host); value != "" {
		file = maps.Clone(file)
		delete(file, connection)
	}
	return func(name string) (string, bool) {
		if value, ok := environment(name); ok && value != "" {
			return value, true
		}
		value, ok := file[name]
		return value, ok
	}
}

func nothing(string) (string, bool) { return "", false }

// names returns the names of the values in the form of os.Environ.
func names(values map[string]string) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		all = append(all, name+"=")
	}
	return all
}

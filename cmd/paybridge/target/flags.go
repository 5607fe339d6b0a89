package target

import (
	"cmp"
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
// there are, or an Error. Secrets that are not in the vault yet are no error:
// what a command cannot do without it says with Require.
func (f Flags) Open(ctx context.Context, p Process) (*Target, error) {
	t, problems, err := f.Inspect(ctx, p)
	if problems = slices.DeleteFunc(problems, absentOnly); err == nil && len(problems) > 0 {
		err = errors.Join(problems[0], t.Close(ctx))
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// absentOnly reports whether nothing is wrong but secrets that are not in the
// vault.
func absentOnly(err error) bool {
	problems := settings.Problems(err)
	return len(problems) > 0 && !slices.ContainsFunc(problems, func(p *settings.Problem) bool { return !p.Absent })
}

// Inspect is Open for whoever wants to know all that is wrong: what of the
// target could be found is returned with the problems, of which the first may
// be a settings error. The error is that there is no target at all.
func (f Flags) Inspect(ctx context.Context, p Process) (*Target, []error, error) {
	file, err := f.read()
	if err != nil {
		return nil, nil, err
	}
	if f.Local {
		return f.inspectLocal(ctx, p, file)
	}
	t := &Target{Value: overlay(p.Lookup, file), identity: identity(p.Lookup, file)}
	var problems []error
	if t.Settings, err = load(ctx, t.Value, append(slices.Clone(p.Environ), names(file)...)); err != nil {
		problems = append(problems, err)
	}
	problems = append(problems, t.connect(p, filepath.Dir(f.path()))...)
	if err := t.serviceBus(); err != nil {
		problems = append(problems, err)
	}
	return t, problems, nil
}

// inspectLocal finds a paybridge local. Its handler got what is in the file, and
// nothing of the environment.
func (f Flags) inspectLocal(ctx context.Context, p Process, file map[string]string) (*Target, []error, error) {
	running, err := local.Find(ctx, f.Data, file)
	if errors.Is(err, local.ErrNotRunning) {
		return nil, nil, &Error{Err: err, hint: "start it in another terminal: go run ./cmd/paybridge local; with another folder than .paybridge give both commands the same --data"}
	}
	if err != nil {
		return nil, nil, err
	}
	t := &Target{
		Value: overlay(nothing, running.Settings), identity: identity(nothing, running.Settings),
		Local: true, App: running.Endpoints.Functions, Queues: queues.Local(running.Queues),
	}
	var problems []error
	if t.Settings, err = load(ctx, t.Value, names(running.Settings)); err != nil {
		problems = append(problems, err)
	}
	return t, append(problems, t.connect(p, filepath.Join(f.Data, "dist"))...), nil
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

// identity is the client id of the app's managed identity: an output of the
// deployment, or an app setting. A variable of that setting's name says who runs
// the command.
func identity(environment func(string) (string, bool), file map[string]string) string {
	output, _ := environment("IDENTITY_CLIENT_ID")
	return cmp.Or(output, file["AZURE_CLIENT_ID"])
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

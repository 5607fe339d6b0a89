package doctor

import (
	"context"
	"errors"
	"strings"

	"paybridge/internal/secret"
	"paybridge/internal/settings"
)

// keyVaultGroup looks at where secrets come from.
func keyVaultGroup() group {
	return group{"key vault", []check{{"references", checkReferences}}}
}

func checkReferences(_ context.Context, s *subject, r *record) {
	problems := map[string]*settings.Problem{}
	for _, p := range settings.Problems(errors.Join(s.Problems...)) {
		problems[p.Setting] = p
	}
	for _, f := range settings.Fields() {
		value, ok := s.Target.Value(f.Name)
		switch {
		case !ok || strings.TrimSpace(value) == "":
		case s.isReference(f.Name):
			checkReference(r, f.Name, value, problems[f.Name])
		case f.Vault != "" && !s.Target.Local && problems[f.Name] == nil:
			r.warn(f.Name, "the secret itself is in the settings, where whoever may read them sees it",
				"put it into Key Vault with paybridge setup, and set "+f.Name+" to "+example(f))
		}
	}
}

func checkReference(r *record, setting, value string, p *settings.Problem) {
	reference, err := secret.ParseReference(value)
	if err != nil && p != nil {
		r.problem(setting, p.Message, p.Hint)
		return
	}
	if p != nil {
		r.problem(setting, p.Message+", signed in as you are here", p.Hint+"; if it is only you who may not read it, give yourself that role too")
		return
	}
	where := reference.Vault() + "/" + reference.Name
	if reference.Version != "" {
		r.warn(setting, "it points to one version of "+where+", so a changed secret never reaches the app", "leave the version out of the reference")
		return
	}
	r.ok(setting, "its reference to "+where+" resolves, signed in as you are here")
}

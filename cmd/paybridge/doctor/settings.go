package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"paybridge/internal/secret"
	"paybridge/internal/settings"
)

// settingsGroup looks at the app settings.
func settingsGroup() group {
	return group{"settings", []check{{"settings", checkSettings}}}
}

func checkSettings(_ context.Context, s *subject, r *record) {
	const good = "settings"
	bad := map[string]bool{}
	for _, err := range s.Problems {
		problems := settings.Problems(err)
		for _, p := range problems {
			bad[p.Setting] = true
			if !s.isReference(p.Setting) { // Those are Key Vault's.
				r.problem(p.Setting, p.Message, p.Hint)
			}
		}
		if len(problems) == 0 {
			r.failed("settings", err, "see README, Settings")
		}
	}
	needed := map[string][]string{} // setting → functions
	for _, f := range settings.Fields() {
		for _, function := range f.For {
			if slices.Contains(s.Target.Settings.Missing(function), f.Name) && !bad[f.Name] {
				needed[f.Name] = append(needed[f.Name], function)
			}
		}
	}
	for _, f := range settings.Fields() {
		if functions := needed[f.Name]; len(functions) > 0 {
			r.problem(f.Name, "it is not set, and without it "+list(functions)+" cannot work", "set it in the app settings of the function app: "+example(f))
		}
	}
	if s.Target.Settings.PaymentSuccessURL == "" && !bad["PaymentSuccessUrl"] {
		r.warn("PaymentSuccessUrl", "it is not set, and without it no Checkout link can be made", "set it to the page that customers see after paying; leave it out if your shop has its own payment form")
	}
	if len(bad)+len(needed) == 0 {
		set := 0
		for _, f := range settings.Fields() {
			if _, ok := s.Target.Value(f.Name); ok {
				set++
			}
		}
		r.ok(good, fmt.Sprintf("%d settings are set and well formed", set))
	}
}

// isReference reports whether a setting was found as a reference to Key Vault.
func (s *subject) isReference(setting string) bool {
	value, ok := s.Target.Value(setting)
	return ok && secret.IsReference(value)
}

func example(f settings.Field) string {
	switch {
	case f.Vault != "":
		return "@Microsoft.KeyVault(VaultName=…;SecretName=" + f.Vault + ")"
	case f.Example != "":
		return "such as " + f.Example
	default:
		return f.Description
	}
}

// list joins names as people do.
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

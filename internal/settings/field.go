package settings

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"paybridge/internal/secret"
)

// Field is the documentation of one setting, from the tags of Settings.
type Field struct {
	// Name is the name of the app setting.
	Name string
	// Description says what the setting is.
	Description string
	// Default is the value when the setting is not set, empty if there is none.
	Default string
	// Values are the only values allowed, empty if there are others.
	Values []string
	// Example shows the form of a value.
	Example string
	// Secret says that the value must not be shown.
	Secret bool
	// For are the functions that need the setting.
	For []string
	// Or is the setting that serves in this one's place.
	Or string
	// Vault is the name of the secret in the deployment's Key Vault to which the
	// setting refers, empty for a setting that is not kept there.
	Vault string
	// Local is the value in local.settings.json.example.
	Local string
	// NotLocal says that the setting has no place in local.settings.json.
	NotLocal bool

	index int
}

// Fields returns the documentation of all settings in the order of Settings.
func Fields() []Field {
	var fields []Field
	all := reflect.TypeFor[Settings]()
	for i := range all.NumField() {
		tag := all.Field(i).Tag
		f := Field{
			Name:        tag.Get("setting"),
			Description: tag.Get("desc"),
			Default:     tag.Get("default"),
			Values:      strings.Fields(tag.Get("values")),
			Example:     tag.Get("example"),
			Secret:      isSecret(all.Field(i).Type),
			For:         strings.Fields(tag.Get("for")),
			Or:          tag.Get("or"),
			Vault:       tag.Get("vault"),
			Local:       tag.Get("local"),
			index:       i,
		}
		if f.Local == "-" {
			f.Local, f.NotLocal = "", true
		} else if f.Local == "" {
			f.Local = f.Default
		}
		fields = append(fields, f)
	}
	return fields
}

func isSecret(t reflect.Type) bool {
	return t == reflect.TypeFor[secret.Secret]() || t == reflect.TypeFor[[]secret.Secret]()
}

// VaultSecret returns the name of the secret in the deployment's Key Vault to
// which the app setting of that name refers. It is empty for a setting that is
// not kept there.
func VaultSecret(setting string) string {
	if at := position(setting); at >= 0 {
		return Fields()[at].Vault
	}
	return ""
}

// Missing returns the names of the settings that a function needs and that are
// not set. A function that misses one is not configured: it answers so and does
// nothing else.
func (s Settings) Missing(function string) []string {
	return s.unset(func(f Field) bool { return slices.Contains(f.For, function) })
}

// Unset returns those of the named settings that are not set, neither they nor
// the ones that serve in their place, in the order of Settings.
func (s Settings) Unset(names ...string) []string {
	return s.unset(func(f Field) bool { return slices.Contains(names, f.Name) })
}

func (s Settings) unset(wanted func(Field) bool) []string {
	var names []string
	for _, f := range Fields() {
		// Info, the default log level, is the zero value of its type.
		if wanted(f) && f.Default == "" && !s.has(f.Name) && (f.Or == "" || !s.has(f.Or)) {
			names = append(names, f.Name)
		}
	}
	return names
}

// has reports whether the setting of that name has a value.
func (s Settings) has(name string) bool {
	for _, f := range Fields() {
		if f.Name == name {
			return !reflect.ValueOf(s).Field(f.index).IsZero()
		}
	}
	return false
}

// Table returns all settings as a table in Markdown, for the README.
func Table() string {
	var b strings.Builder
	b.WriteString("| Setting | What it is | Default | Example | Needed by |\n|---|---|---|---|---|\n")
	for _, f := range Fields() {
		what := f.Description
		if len(f.Values) > 0 {
			what += " One of " + code(strings.Join(f.Values, "`, `")) + "."
		}
		if f.Secret {
			what += " **Secret.**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n",
			code(f.Name), strings.ReplaceAll(what, "|", `\|`), code(f.Default), code(f.Example), strings.Join(f.For, ", "))
	}
	return b.String()
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

package functionshost

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// overridePrefix marks the app settings that override host.json.
const overridePrefix = "AzureFunctionsJobHost__"

// options is host.json with its overrides, flattened as .NET configuration is:
// keys in lower case, levels and array indexes joined with colons.
type options map[string]string

// readHostJSON reads host.json and lays the overrides among the settings over
// it.
func readHostJSON(root string, settings map[string]string) (options, error) {
	text, err := os.ReadFile(filepath.Join(root, "host.json"))
	if err != nil {
		return nil, fmt.Errorf("reading host.json: %w", err)
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, fmt.Errorf("reading host.json: %w", err)
	}
	o := make(options)
	o.flatten("", tree)
	for name, value := range settings {
		if len(name) > len(overridePrefix) && strings.EqualFold(name[:len(overridePrefix)], overridePrefix) {
			o[strings.ToLower(strings.ReplaceAll(name[len(overridePrefix):], "__", ":"))] = value
		}
	}
	if o["version"] != "2.0" {
		return nil, fmt.Errorf("host.json: version is %q and must be 2.0", o["version"])
	}
	if !o.has("customhandler:description:") {
		return nil, fmt.Errorf("host.json: customHandler.description is missing")
	}
	return o, nil
}

func (o options) flatten(prefix string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			o.flatten(prefix+":"+strings.ToLower(name), member)
		}
	case []any:
		for i, item := range v {
			o.flatten(prefix+":"+strconv.Itoa(i), item)
		}
	case string:
		o[prefix[1:]] = v
	case float64:
		o[prefix[1:]] = strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		o[prefix[1:]] = strconv.FormatBool(v)
	}
}

func (o options) has(prefix string) bool {
	for name := range o {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func (o options) text(key, otherwise string) string {
	if v, ok := o[strings.ToLower(key)]; ok {
		return v
	}
	return otherwise
}

func (o options) flag(key string, otherwise bool) (bool, error) {
	v, ok := o[strings.ToLower(key)]
	if !ok {
		return otherwise, nil
	}
	b, err := strconv.ParseBool(strings.ToLower(v))
	if err != nil {
		return false, fmt.Errorf("host.json: %s is %q and no Boolean", key, v)
	}
	return b, nil
}

func (o options) number(key string, otherwise int) (int, error) {
	v, ok := o[strings.ToLower(key)]
	if !ok {
		return otherwise, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("host.json: %s is %q and no positive integer", key, v)
	}
	return n, nil
}

// span reads a TimeSpan; -1 is zero, which callers take for no limit.
func (o options) span(key string, otherwise time.Duration) (time.Duration, error) {
	v, ok := o[strings.ToLower(key)]
	if !ok {
		return otherwise, nil
	}
	if v == "-1" {
		return 0, nil
	}
	d, err := parseTimeSpan(v)
	if err != nil {
		return 0, fmt.Errorf("host.json: %s: %w", key, err)
	}
	return d, nil
}

func (o options) list(key string) []string {
	var items []string
	for i := 0; ; i++ {
		v, ok := o[strings.ToLower(key)+":"+strconv.Itoa(i)]
		if !ok {
			return items
		}
		items = append(items, v)
	}
}

// timeSpan is the constant format of a .NET TimeSpan: [d.]hh:mm:ss[.fffffff].
var timeSpan = regexp.MustCompile(`^(?:(\d{1,5})\.)?(\d{1,2}):(\d{1,2}):(\d{1,2}(?:\.\d{1,7})?)$`)

func parseTimeSpan(s string) (time.Duration, error) {
	m := timeSpan.FindStringSubmatch(s)
	if m == nil {
		return 0, fmt.Errorf("%q is not a time span hh:mm:ss", s)
	}
	if m[1] == "" {
		m[1] = "0"
	}
	days, _ := strconv.Atoi(m[1])
	d, err := time.ParseDuration(m[2] + "h" + m[3] + "m" + m[4] + "s")
	if err != nil {
		return 0, fmt.Errorf("reading the time span: %w", err)
	}
	return d + time.Duration(days)*24*time.Hour, nil
}

var placeholder = regexp.MustCompile(`%([^%]*)%`)

// resolve replaces each %NAME% by the app setting of that name. The error
// names the first one that is not set.
func resolve(s string, settings map[string]string) (string, error) {
	var missing error
	out := placeholder.ReplaceAllStringFunc(s, func(match string) string {
		value, ok := settings[match[1:len(match)-1]]
		if !ok && missing == nil {
			missing = fmt.Errorf("%s does not resolve to a value", match)
		}
		return value
	})
	return out, missing
}

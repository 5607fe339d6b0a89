package functionshost

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// route is a template of ASP.NET routing: literals, {name}, {name:constraint},
// {name?} and a last {*rest}.
type route struct {
	template string // with the prefix, as shown to people
	segments []segment
	methods  []string // upper case, nil means all
}

type segment struct {
	literal    string
	param      string // empty for a literal
	constraint string
	optional   bool
	rest       bool
}

// param is one route value; a missing optional one has no value.
type param struct {
	name    string
	value   string
	present bool
}

var parameter = regexp.MustCompile(`^\{(\*{0,2})([A-Za-z_][A-Za-z0-9_]*)(?::([a-z]+))?(\?)?\}$`)

func parseRoute(prefix, template string, methods []string) (*route, error) {
	full := strings.Trim(strings.Trim(prefix, "/")+"/"+strings.Trim(template, "/"), "/")
	r := &route{template: full}
	for _, m := range methods {
		r.methods = append(r.methods, strings.ToUpper(m))
	}
	for i, part := range strings.Split(full, "/") {
		if !strings.ContainsAny(part, "{}") {
			r.segments = append(r.segments, segment{literal: part})
			continue
		}
		m := parameter.FindStringSubmatch(part)
		if m == nil {
			return nil, fmt.Errorf("the route segment %q is not imitated", part)
		}
		s := segment{param: m[2], constraint: m[3], rest: m[1] != "", optional: m[4] != ""}
		if _, known := constraints()[s.constraint]; !known && s.constraint != "" {
			return nil, fmt.Errorf("the route constraint %q is not imitated", s.constraint)
		}
		if s.rest && i != strings.Count(full, "/") {
			return nil, fmt.Errorf("the catch-all %q is not the last segment", part)
		}
		r.segments = append(r.segments, s)
	}
	return r, nil
}

// constraints :: name → whether a value satisfies it.
func constraints() map[string]func(string) bool {
	guid := regexp.MustCompile(`^\{?[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?$`)
	alpha := regexp.MustCompile(`^[A-Za-z]*$`)
	return map[string]func(string) bool{
		"int":   func(s string) bool { _, err := strconv.ParseInt(s, 10, 32); return err == nil },
		"long":  func(s string) bool { _, err := strconv.ParseInt(s, 10, 64); return err == nil },
		"bool":  func(s string) bool { return strings.EqualFold(s, "true") || strings.EqualFold(s, "false") },
		"guid":  guid.MatchString,
		"alpha": alpha.MatchString,
	}
}

func (r *route) allows(method string) bool {
	return len(r.methods) == 0 || slices.Contains(r.methods, method)
}

// match returns the route values of an escaped path, in the template's order.
func (r *route) match(path string) ([]param, bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) == 1 && parts[0] == "" {
		parts = nil
	}
	for i, p := range parts {
		u, err := url.PathUnescape(p)
		if err != nil {
			return nil, false
		}
		parts[i] = u
	}
	var params []param
	for i, s := range r.segments {
		switch {
		case s.rest:
			rest := ""
			if i < len(parts) {
				rest = strings.Join(parts[i:], "/")
			}
			return append(params, param{s.param, rest, rest != ""}), true
		case i >= len(parts):
			if !s.optional {
				return nil, false
			}
			params = append(params, param{name: s.param})
		case s.param == "":
			if !strings.EqualFold(s.literal, parts[i]) {
				return nil, false
			}
		default:
			if ok := constraints()[s.constraint]; parts[i] == "" || ok != nil && !ok(parts[i]) {
				return nil, false
			}
			params = append(params, param{s.param, parts[i], true})
		}
	}
	if len(parts) > len(r.segments) {
		return nil, false
	}
	return params, true
}

// before orders routes by precedence: at the first segment that differs in
// kind a literal comes before a constrained parameter, that before a plain one
// and that before a catch-all.
func (r *route) before(other *route) int {
	for i := range min(len(r.segments), len(other.segments)) {
		if d := r.segments[i].rank() - other.segments[i].rank(); d != 0 {
			return d
		}
	}
	return len(r.segments) - len(other.segments)
}

func (s segment) rank() int {
	switch {
	case s.param == "":
		return 0
	case s.rest:
		return 3
	case s.constraint != "":
		return 1
	default:
		return 2
	}
}

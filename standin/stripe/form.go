package stripe

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxFormDepth bounds the nesting of a form key, as a[b][c] does.
const maxFormDepth = 8

// form is one node of a decoded application/x-www-form-urlencoded body or query: Stripe nests with brackets, as in
// line_items[0][price_data][currency]. All nodes of one request share a report, to which the readers add the first
// thing that is wrong, so that a handler reads all it needs and asks once.
type form struct {
	path   string
	value  string
	isSet  bool
	read   bool
	order  []string
	kids   map[string]*form
	report *formReport
}

type formReport struct{ problem *apiError }

// parseForm decodes pairs in the order in which they came.
func parseForm(raw string) (*form, *apiError) {
	root := &form{report: &formReport{}}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		rawKey, rawValue, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(rawKey)
		if err != nil {
			return nil, invalid("", "", "Invalid form encoding in a parameter name.")
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil {
			return nil, invalid("", key, "Invalid form encoding in the value of "+key+".")
		}
		if bad := root.add(key, value); bad != nil {
			return nil, bad
		}
	}
	return root, nil
}

func (f *form) add(key, value string) *apiError {
	head, rest, nested := strings.Cut(key, "[")
	names := []string{head}
	if nested {
		if !strings.HasSuffix(rest, "]") {
			return invalid("", key, "Invalid parameter name: "+key)
		}
		names = append(names, strings.Split(strings.TrimSuffix(rest, "]"), "][")...)
	}
	if len(names) > maxFormDepth {
		return invalid("", key, "Parameters are nested too deeply: "+key)
	}
	at := f
	for i, name := range names {
		if name == "" && i > 0 {
			name = strconv.Itoa(len(at.order))
		}
		kid, ok := at.kids[name]
		if !ok {
			path := name
			if at.path != "" {
				path = at.path + "[" + name + "]"
			}
			kid = &form{path: path, report: f.report}
			if at.kids == nil {
				at.kids = map[string]*form{}
			}
			at.kids[name] = kid
			at.order = append(at.order, name)
		}
		at = kid
	}
	at.value, at.isSet = value, true
	return nil
}

// at is the node of that name, an empty one where the request has none.
func (f *form) at(name string) *form {
	if kid, ok := f.kids[name]; ok {
		return kid
	}
	path := name
	if f.path != "" {
		path = f.path + "[" + name + "]"
	}
	return &form{path: path, report: f.report}
}

func (f *form) has(name string) bool { _, ok := f.kids[name]; return ok }

// present says whether the request has anything at all at this node.
func (f *form) present() bool { return f.isSet || len(f.kids) > 0 }

func (f *form) fail(bad *apiError) {
	if f.report.problem == nil {
		f.report.problem = bad
	}
}

// problem is the first thing wrong with what was read so far, nil when there is none.
func (f *form) problem() *apiError { return f.report.problem }

// text reads an optional string; nil when it is absent or empty.
func (f *form) text(name string) *string {
	node := f.at(name)
	node.read = true
	if len(node.kids) > 0 {
		f.fail(invalid("", node.path, "Invalid string: "+node.path+" is a hash or an array."))
		return nil
	}
	if node.value == "" {
		return nil
	}
	if len(node.value) > 5000 {
		f.fail(invalid("", node.path, "Invalid string: must be at most 5000 characters"))
	}
	return new(node.value)
}

// need reads a required string.
func (f *form) need(name string) string {
	value := f.text(name)
	if value == nil {
		f.missing(name)
		return ""
	}
	return *value
}

func (f *form) missing(name string) {
	node := f.at(name)
	if node.isSet {
		f.fail(invalid("parameter_invalid_empty", node.path, "You passed an empty string for '"+node.path+
			"'. We assume empty values are an attempt to unset a parameter; however '"+node.path+"' cannot be unset."))
		return
	}
	f.fail(invalid("parameter_missing", node.path, "Missing required param: "+node.path+"."))
}

// oneOf reads an optional string out of a closed set.
func (f *form) oneOf(name string, allowed ...string) *string {
	value := f.text(name)
	if value != nil && !slices.Contains(allowed, *value) {
		path := f.at(name).path
		f.fail(invalid("", path, "Invalid "+path+": must be one of "+strings.Join(allowed, ", ")))
		return nil
	}
	return value
}

// whole reads an optional integer.
func (f *form) whole(name string) *int64 {
	value := f.text(name)
	if value == nil {
		return nil
	}
	n, err := strconv.ParseInt(*value, 10, 64)
	if err != nil || n > math.MaxInt64/2 || n < math.MinInt64/2 {
		path := f.at(name).path
		f.fail(invalid("parameter_invalid_integer", path, "Invalid integer: "+*value))
		return nil
	}
	return &n
}

// flag reads an optional boolean.
func (f *form) flag(name string) *bool {
	value := f.text(name)
	if value == nil {
		return nil
	}
	switch *value {
	case "true":
		return new(true)
	case "false":
		return new(false)
	}
	path := f.at(name).path
	f.fail(invalid("", path, "Invalid boolean: "+*value))
	return nil
}

// isTrue is flag for a reader to whom absent and false are one.
func (f *form) isTrue(name string) bool {
	value := f.flag(name)
	return value != nil && *value
}

// skip marks parameters, with all that is nested in them, as known to Stripe and of no consequence here.
func (f *form) skip(names ...string) {
	for _, name := range names {
		f.at(name).walk(func(node *form) { node.read = true })
	}
}

func (f *form) walk(visit func(*form)) {
	visit(f)
	for _, name := range f.order {
		f.kids[name].walk(visit)
	}
}

// unread is the refusal of parameters that no reader asked for, nil when all were.
func (f *form) unread() *apiError {
	var unknown []string
	f.walk(func(node *form) {
		if node.isSet && !node.read {
			unknown = append(unknown, node.path)
		}
	})
	switch len(unknown) {
	case 0:
		return nil
	case 1:
		return invalid("parameter_unknown", unknown[0], "Received unknown parameter: "+unknown[0])
	default:
		return invalid("parameter_unknown", unknown[0], "Received unknown parameters: "+strings.Join(unknown, ", "))
	}
}

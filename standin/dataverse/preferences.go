package dataverse

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// prefers says whether one of the comma-separated preferences is asked for.
func (q *request) prefers(preference string) bool {
	_, ok := q.preference(preference)
	return ok
}

// preference finds a preference by name, or by name=value when that is asked, and returns its value.
func (q *request) preference(name string) (value string, ok bool) {
	for _, line := range q.header.Values("Prefer") {
		for _, p := range splitOutsideQuotes(line, ',') {
			p = strings.TrimSpace(p)
			if p == name {
				return "", true
			}
			if v, found := strings.CutPrefix(p, name+"="); found {
				return strings.Trim(v, `"`), true
			}
		}
	}
	return "", false
}

func splitOutsideQuotes(text string, separator byte) []string {
	var parts []string
	quoted, start := false, 0
	for i := range len(text) {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == separator && !quoted:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

func etag(row *Row) string { return `W/"` + strconv.FormatInt(row.Version, 10) + `"` }

// queryOptions splits a raw query. Semicolons are allowed: nested $expand uses them.
func queryOptions(raw string) (map[string]string, error) {
	options := map[string]string{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		n, err := url.QueryUnescape(name)
		if err != nil {
			return nil, fail(http.StatusBadRequest, codeQuery, "Bad Request - Error in query syntax.")
		}
		v, err := url.QueryUnescape(value)
		if err != nil {
			return nil, fail(http.StatusBadRequest, codeQuery, "Bad Request - Error in query syntax.")
		}
		options[n] = v
	}
	return options, nil
}

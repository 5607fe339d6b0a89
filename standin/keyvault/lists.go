package keyvault

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxResults is the largest page, and the default.
const maxResults = 25

// page is one page of a list.
type page struct {
	Value    []version `json:"value"`
	NextLink *string   `json:"nextLink"`
}

// versions lists the versions of a secret, oldest first, without their values.
func (s *Server) versions(r *http.Request) (any, *refusal) {
	e := s.secrets[strings.ToLower(r.PathValue("name"))]
	if e == nil {
		return paged(r, nil) // As a vault does: no secret, no versions.
	}
	return paged(r, e.versions)
}

// list lists the newest version of each secret, by an id that names no version.
func (s *Server) list(r *http.Request) (any, *refusal) { return paged(r, newest(s.secrets)) }

func (s *Server) listDeleted(r *http.Request) (any, *refusal) { return paged(r, newest(s.deleted)) }

func newest(from map[string]*entry) []*version {
	var all []*version
	for _, key := range slices.Sorted(maps.Keys(from)) {
		versions := from[key].versions
		v := *versions[len(versions)-1]
		v.ID = strings.TrimSuffix(v.ID, "/"+v.number())
		all = append(all, &v)
	}
	return all
}

func paged(r *http.Request, all []*version) (any, *refusal) {
	query := r.URL.Query()
	size := maxResults
	if text := query.Get("maxresults"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxResults {
			return nil, bad("maxresults must be from 1 to " + strconv.Itoa(maxResults))
		}
		size = n
	}
	from := 0
	if token := query.Get("$skiptoken"); token != "" {
		n, err := strconv.Atoi(token)
		if err != nil || n < 0 || n > len(all) {
			return nil, bad("The skip token is not valid.")
		}
		from = n
	}
	to := min(from+size, len(all))
	p := page{Value: []version{}}
	for _, v := range all[from:to] {
		p.Value = append(p.Value, v.shown())
	}
	if to < len(all) {
		query.Set("$skiptoken", strconv.Itoa(to))
		next := (&url.URL{Scheme: "https", Host: r.Host, Path: r.URL.Path, RawQuery: query.Encode()}).String()
		p.NextLink = &next
	}
	return p, nil
}

package stripe

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// clause is one condition of a search query, as metadata['order']:'6735' or amount>1000.
type clause struct {
	negated  bool
	field    string
	key      string // of metadata
	operator string
	value    string
	null     bool
}

// clauseForm is the grammar of one clause in Stripe's search query language.
var clauseForm = regexp.MustCompile(`^\s*(-?)([a-z_.]+)(?:\[["']([^"'\]]+)["']\])?(:|~|>=|<=|>|<)(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(null)|(-?[0-9]+))\s*`)

// searchFields are what intents can be searched by.
var searchFields = map[string]bool{
	"amount": true, "created": true, "currency": true, "customer": true, "id": true, "metadata": true, "status": true,
}

// parseQuery reads the query; either says that one clause is enough, where they are joined by OR.
func parseQuery(query string) (clauses []clause, either bool, bad *apiError) {
	broken := func(why string) *apiError {
		return invalid("", "query", "We were unable to parse your search query: "+why+" For more information on the format of these queries, "+
			"see https://stripe.com/docs/search#search-query-language.")
	}
	joint := ""
	for rest := query; ; {
		m := clauseForm.FindStringSubmatch(rest)
		if m == nil {
			return nil, false, broken("near '" + rest + "'.")
		}
		if !searchFields[m[2]] || (m[2] == "metadata") != (m[3] != "") {
			return nil, false, invalid("", "query", "Field `"+m[2]+"` is an unsupported search field for resource `payment_intents`.")
		}
		quoted := strings.NewReplacer(`\"`, `"`, `\'`, `'`, `\\`, `\`).Replace(m[5] + m[6])
		clauses = append(clauses, clause{
			negated: m[1] == "-", field: m[2], key: m[3], operator: m[4], value: quoted + m[8], null: m[7] != "",
		})
		rest = rest[len(m[0]):]
		if rest == "" {
			return clauses, joint == "OR", nil
		}
		word, after, _ := strings.Cut(rest, " ")
		word = strings.ToUpper(word)
		if word != "AND" && word != "OR" {
			// A space between clauses means AND.
			word, after = "AND", rest
		}
		if joint != "" && joint != word {
			return nil, false, broken("AND and OR cannot be combined.")
		}
		joint, rest = word, after
	}
}

// matches says whether an intent meets the clause.
func (q clause) matches(i *intent) bool {
	values := map[string]string{
		"amount": strconv.FormatInt(i.Amount, 10), "created": strconv.FormatInt(i.Created, 10), "currency": i.Currency,
		"customer": "", "id": i.ID, "status": i.Status, "metadata": i.Metadata[q.key],
	}
	value := values[q.field]
	met := false
	switch q.operator {
	case ":":
		met = strings.EqualFold(value, q.value)
		if q.null {
			met = value == ""
		}
	case "~":
		met = strings.Contains(strings.ToLower(value), strings.ToLower(q.value))
	default:
		have, err := strconv.ParseInt(value, 10, 64)
		want, wrong := strconv.ParseInt(q.value, 10, 64)
		met = err == nil && wrong == nil && map[string]bool{
			">": have > want, "<": have < want, ">=": have >= want, "<=": have <= want,
		}[q.operator]
	}
	return met != q.negated
}

func searchIntents(c *call) (any, error) {
	f := c.form
	clauses, either, bad := parseQuery(f.need("query"))
	w := readWindow(f)
	page := f.text("page")
	if wrong := f.problem(); wrong != nil {
		return nil, wrong
	}
	if bad != nil {
		return nil, bad
	}
	var from uint64
	if page != nil {
		seq, err := strconv.ParseUint(*page, 36, 64)
		if err != nil {
			return nil, invalid("", "page", "Invalid page: "+*page)
		}
		from = seq
	}
	data := []any{}
	var next *string
	var last uint64
	err := c.each(kindIntent, entryOfAll(clauses, either), from, func(seq uint64, id string) (bool, error) {
		i, err := c.intent("intent", id)
		if err != nil {
			return false, err
		}
		if c.now.Sub(time.Unix(0, i.Born)) < c.server.cfg.SearchLag || !meets(i, clauses, either) {
			return true, nil
		}
		if len(data) == w.limit {
			next = new(strconv.FormatUint(last, 36))
			return false, nil
		}
		d, err := render(i)
		if err != nil {
			return false, fmt.Errorf("rendering %s: %w", id, err)
		}
		data, last = append(data, d), seq
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return document{"object": "search_result", "data": data, "has_more": next != nil, "next_page": next, "url": c.http.URL.Path}, nil
}

// entryOfAll is the index entry under which everything is that meets the query,
// empty where there is none.
func entryOfAll(clauses []clause, either bool) string {
	for _, q := range clauses {
		if all := !either || len(clauses) == 1; all && q.field == "metadata" && q.operator == ":" && !q.negated && !q.null && q.value != "" {
			return metadataEntry(q.key, q.value)
		}
	}
	return ""
}

// metadataEntry folds case, as the search does. In an entry there is no slash.
func metadataEntry(key, value string) string {
	return "metadata." + url.QueryEscape(key) + "=" + url.QueryEscape(strings.ToLower(value))
}

func meets(i *intent, clauses []clause, either bool) bool {
	for _, q := range clauses {
		if q.matches(i) == either {
			return either
		}
	}
	return !either
}

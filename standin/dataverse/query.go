package dataverse

import (
	"net/http"
	"strconv"
	"strings"
)

const maxPage = 5000

// query is the query options of a read.
type query struct {
	selected []*Column // nil means all columns
	expand   []expansion
	filter   node
	order    []ordering
	top      int // 0 means no limit
	page     int // rows on a page
	count    bool
	after    *cookie
	annotate annotations
	// raw is what nextLink repeats.
	raw string
}

// expansion is one $expand of a lookup.
type expansion struct {
	name  string
	nav   navigation
	query *query
}

type ordering struct {
	path       path
	descending bool
}

// parseQuery reads the options of a read of a table, if the user may read it.
func (x *tx) parseQuery(q *request, t *table) (*query, error) {
	if err := x.may(rightRead, t); err != nil {
		return nil, err
	}
	options, err := queryOptions(q.query)
	if err != nil {
		return nil, err
	}
	o := &query{page: maxPage, annotate: q.annotations(), raw: q.query}
	for name, value := range options {
		if err := x.option(o, t, name, value); err != nil {
			return nil, err
		}
	}
	if err := x.mayExpand(o); err != nil {
		return nil, err
	}
	// A cookie belongs to the order of the query that it came from.
	if o.after != nil && len(o.after.Key) != len(o.order) {
		return nil, badCookie()
	}
	if size, ok := q.preference("odata.maxpagesize"); ok {
		n, err := strconv.Atoi(size)
		if err != nil || n < 1 {
			return nil, fail(http.StatusBadRequest, codeQuery, "The preference odata.maxpagesize must be a positive number.")
		}
		// A page size is ignored beside $top.
		if o.top == 0 {
			o.page = min(n, maxPage)
		}
	}
	return o, nil
}

func (x *tx) option(o *query, t *table, name, value string) (err error) {
	switch name {
	case "$select":
		o.selected, err = selectColumns(t, value)
	case "$expand":
		o.expand, err = x.parseExpand(t, value, o.annotate)
	case "$filter":
		o.filter, err = x.schema.parseFilter(t, value)
	case "$orderby":
		o.order, err = x.schema.parseOrder(t, value)
	case "$top":
		if o.top, err = strconv.Atoi(value); err != nil || o.top < 0 {
			return fail(http.StatusBadRequest, codeQuery, "Invalid value '%s' for $top query option found. The $top query option requires a non-negative integer value.", value)
		}
		if o.top == 0 {
			o.top = -1
		}
	case "$count":
		if value != "true" && value != "false" {
			return fail(http.StatusBadRequest, codeQuery, "Invalid value '%s' for $count query option found. Valid values are 'true' and 'false'.", value)
		}
		o.count = value == "true"
	case "$skiptoken":
		o.after, err = parseCookie(value)
	case "$skip":
		return badURI("The query parameter $skip is not supported")
	default:
		if strings.HasPrefix(name, "$") {
			return fail(http.StatusBadRequest, codeQuery, "The query parameter %s is not supported", name)
		}
	}
	return err
}

func selectColumns(t *table, value string) ([]*Column, error) {
	columns := []*Column{}
	for name := range strings.SplitSeq(value, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		if name == "*" {
			return nil, nil
		}
		c := t.byProp[name]
		if n, ok := t.byNav[name]; ok {
			c = n.column
		}
		if c == nil {
			return nil, noSuchProperty(t, name)
		}
		columns = append(columns, c)
	}
	return columns, nil
}

// columns are what a read shows: what was selected, the currency of selected
// amounts and always the primary key.
func (o *query) columns(t *table) []*Column {
	if o.selected == nil {
		return t.columns
	}
	var columns []*Column
	seen := map[string]bool{}
	add := func(c *Column) {
		if c != nil && !seen[c.LogicalName] {
			seen[c.LogicalName] = true
			columns = append(columns, c)
		}
	}
	money := false
	for _, c := range o.selected {
		add(c)
		money = money || c.Type == Money
	}
	add(t.byName[t.PrimaryID])
	if money {
		add(t.byName["transactioncurrencyid"])
	}
	return columns
}

// contextColumns is the part of @odata.context that names the selected columns.
func (o *query) contextColumns() string {
	var names []string
	for _, c := range o.selected {
		names = append(names, property(c))
	}
	for _, e := range o.expand {
		names = append(names, e.name+"("+strings.Trim(e.query.contextColumns(), "()")+")")
	}
	if len(names) == 0 {
		return ""
	}
	return "(" + strings.Join(names, ",") + ")"
}

// parseExpand reads nav($select=a,b;$expand=…),nav2. What is expanded is
// annotated like what it hangs on, at any depth.
func (x *tx) parseExpand(t *table, value string, annotate annotations) ([]expansion, error) {
	var list []expansion
	for _, item := range splitNested(value, ',') {
		item = strings.TrimSpace(item)
		name, inner, nested := strings.Cut(item, "(")
		n, ok := t.byNav[name]
		if !ok {
			return nil, noSuchProperty(t, name)
		}
		e := expansion{name: name, nav: n, query: &query{page: maxPage, annotate: annotate}}
		if nested {
			if !strings.HasSuffix(inner, ")") {
				return nil, fail(http.StatusBadRequest, codeQuery, "Bad Request - Error in query syntax.")
			}
			for _, option := range splitNested(strings.TrimSuffix(inner, ")"), ';') {
				key, v, _ := strings.Cut(option, "=")
				key = strings.TrimSpace(key)
				if key != "$select" && key != "$expand" {
					return nil, fail(http.StatusBadRequest, codeQuery, "The query option %s is not supported in the $expand of a lookup.", key)
				}
				if err := x.option(e.query, x.schema.tables[n.target], key, v); err != nil {
					return nil, err
				}
			}
		}
		list = append(list, e)
	}
	return list, nil
}

// splitNested splits at a separator that is outside parentheses.
func splitNested(text string, separator byte) []string {
	var parts []string
	depth, start := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		case separator:
			if depth == 0 {
				parts = append(parts, text[start:i])
				start = i + 1
			}
		}
	}
	return append(parts, text[start:])
}

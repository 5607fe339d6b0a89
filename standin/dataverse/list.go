package dataverse

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// list answers GET on a collection.
func (x *tx) list(q *request, t *table) (*response, error) {
	o, err := x.parseQuery(q, t)
	if err != nil {
		return nil, err
	}
	rows, err := x.matching(t, o)
	if err != nil {
		return nil, err
	}
	total := len(rows)
	rows = o.rest(x, rows)
	limit := o.page
	if o.top != 0 {
		limit = min(max(o.top, 0), maxPage)
	}
	more := len(rows) > limit
	rows = rows[:min(limit, len(rows))]

	body := newObject()
	body.add("@odata.context", q.base+"$metadata#"+t.SetName+o.contextColumns())
	if o.count {
		body.add("@odata.count", min(total, maxPage))
	}
	if o.annotate.wants("Microsoft.Dynamics.CRM.totalrecordcount") {
		// A list that was not asked to count says -1.
		known := -1
		if o.count {
			known = min(total, maxPage)
		}
		body.add("@Microsoft.Dynamics.CRM.totalrecordcount", known)
		body.add("@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded", o.count && total > maxPage)
	}
	value := []byte{'['}
	for i, row := range rows {
		if i > 0 {
			value = append(value, ',')
		}
		item := newObject()
		if err := x.members(item, q, t, row, o); err != nil {
			return nil, err
		}
		value = append(value, item.bytes()...)
	}
	body.raw("value", append(value, ']'))
	if more && o.top == 0 {
		body.add("@odata.nextLink", q.base+t.SetName+"?"+o.next(x, rows[len(rows)-1]))
	}
	return jsonResponse(http.StatusOK, body), nil
}

// countRows answers GET set/$count: text with a byte order mark.
func (x *tx) countRows(q *request, t *table) (*response, error) {
	o, err := x.parseQuery(q, t)
	if err != nil {
		return nil, err
	}
	rows, err := x.matching(t, o)
	if err != nil {
		return nil, err
	}
	h := http.Header{}
	h.Set("Content-Type", "text/plain")
	return &response{status: http.StatusOK, header: h, body: []byte("\ufeff" + strconv.Itoa(min(len(rows), maxPage)))}, nil
}

// matching returns the rows that pass the filter, in order.
func (x *tx) matching(t *table, o *query) ([]*Row, error) {
	var rows []*Row
	err := x.candidates(t, o.filter, func(row *Row) error {
		if o.filter == nil || o.filter.eval(x, row) {
			rows = append(rows, row)
		}
		return nil
	})
	if err != nil || len(o.order) == 0 {
		return rows, err
	}
	keys := make(map[string][]any, len(rows))
	for _, row := range rows {
		keys[row.ID] = o.sortKey(x, row)
	}
	slices.SortFunc(rows, func(a, b *Row) int { return o.compare(keys[a.ID], a.ID, keys[b.ID], b.ID) })
	return rows, nil
}

func (o *query) sortKey(x *tx, row *Row) []any {
	key := make([]any, len(o.order))
	for i, by := range o.order {
		key[i] = by.path.value(x, row)
	}
	return key
}

// compare orders two rows by their sort keys and then by GUID; empty sorts first.
func (o *query) compare(a []any, aID string, b []any, bID string) int {
	for i, by := range o.order {
		c := compareValues(a[i], b[i])
		if by.descending {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return strings.Compare(aID, bID)
}

// cookie is the place where a page ended: the last row's sort key and GUID.
type cookie struct {
	Page int    `json:"page"`
	ID   string `json:"id"`
	Key  []any  `json:"key"`
}

// rest drops the rows of earlier pages.
func (o *query) rest(x *tx, rows []*Row) []*Row {
	if o.after == nil {
		return rows
	}
	return slices.DeleteFunc(rows, func(row *Row) bool {
		return o.compare(o.sortKey(x, row), row.ID, o.after.Key, o.after.ID) <= 0
	})
}

// next is the query of the next page: the same one with a paging cookie in the
// platform's own dress.
func (o *query) next(x *tx, last *Row) string {
	page := 2
	if o.after != nil {
		page = o.after.Page + 1
	}
	state := encode(cookie{Page: page, ID: last.ID, Key: o.sortKey(x, last)})
	token := fmt.Sprintf(`<cookie pagenumber="%d" pagingcookie="%s" istracking="False" />`, page, base64.StdEncoding.EncodeToString(state))
	var kept []string
	for pair := range strings.SplitSeq(o.raw, "&") {
		if pair != "" && !strings.HasPrefix(pair, "$skiptoken=") && !strings.HasPrefix(pair, "%24skiptoken=") {
			kept = append(kept, pair)
		}
	}
	return strings.Join(append(kept, "$skiptoken="+strings.ReplaceAll(url.QueryEscape(token), "+", "%20")), "&")
}

var cookieShape = regexp.MustCompile(`pagingcookie="([^"]*)"`)

func badCookie() error {
	return fail(http.StatusBadRequest, codeInvalidArgument, "Malformed XML in the Paging Cookie")
}

func parseCookie(token string) (*cookie, error) {
	bad := badCookie()
	m := cookieShape.FindStringSubmatch(token)
	if m == nil {
		return nil, bad
	}
	raw, err := base64.StdEncoding.DecodeString(html.UnescapeString(m[1]))
	if err != nil {
		return nil, bad
	}
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	c := &cookie{}
	if err := decoder.Decode(c); err != nil {
		return nil, bad
	}
	for i, v := range c.Key {
		if m, ok := v.(map[string]any); ok {
			id, _ := m["id"].(string)
			c.Key[i] = Ref{ID: id}
		}
	}
	return c, nil
}

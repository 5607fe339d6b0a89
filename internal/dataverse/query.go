package dataverse

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

const (
	// defaultPageSize keeps a page well under the bound of an answer.
	defaultPageSize = 500
	// maxPageSize is the most rows that Dataverse puts on a page.
	maxPageSize = 5000
	// maxURL is the longest address that is sent in a request of its own:
	// Dataverse documents 32 KB.
	maxURL = 32 << 10
)

// Query says what is read of one row or of a list. All of it is optional.
type Query struct {
	// Select names the columns; none means all of them, which is slow. The
	// primary key is always in the answer.
	Select []string
	// Expand adds related rows.
	Expand []Expand
	// Filter, OrderBy, Top and PageSize mean something in a list only.
	Filter  Filter
	OrderBy []Order
	// Top ends the list after so many rows; zero means all. Dataverse ignores
	// it beside a page size, so the two exclude each other.
	Top int
	// PageSize is how many rows one answer holds, at most 5000; zero means 500.
	PageSize int
}

// Expand adds the row or rows that a navigation property leads to.
type Expand struct {
	Navigation string
	Select     []string
}

// Order is a column that a list is sorted by.
type Order struct {
	Column     string
	Descending bool
}

// options returns the query string of a list, escaped, without a page size,
// which is a header.
func (q Query) options() (string, error) {
	var parts []string
	add := func(name, value string) { parts = append(parts, name+"="+escapeQuery(value)) }
	if len(q.Select) > 0 {
		for _, column := range q.Select {
			if err := checkName(column); err != nil {
				return "", fmt.Errorf("selecting columns: %w", err)
			}
		}
		add("$select", strings.Join(q.Select, ","))
	}
	if len(q.Expand) > 0 {
		text, err := expandOption(q.Expand)
		if err != nil {
			return "", err
		}
		add("$expand", text)
	}
	if q.Filter.err != nil {
		return "", q.Filter.err
	}
	if q.Filter.text != "" {
		add("$filter", q.Filter.text)
	}
	if len(q.OrderBy) > 0 {
		text, err := orderOption(q.OrderBy)
		if err != nil {
			return "", err
		}
		add("$orderby", text)
	}
	switch {
	case q.Top < 0 || q.PageSize < 0 || q.PageSize > maxPageSize:
		return "", fmt.Errorf("asking for %d rows in pages of %d: not in range", q.Top, q.PageSize)
	case q.Top > 0 && q.PageSize > 0:
		return "", errors.New("asking for Top and PageSize together: Dataverse ignores one of them")
	case q.Top > 0:
		add("$top", strconv.Itoa(q.Top))
	}
	return strings.Join(parts, "&"), nil
}

// oneRow refuses what means nothing for a single row.
func (q Query) oneRow() error {
	if q.Filter != (Filter{}) || len(q.OrderBy) > 0 || q.Top != 0 || q.PageSize != 0 {
		return errors.New("reading one row: a filter, an order or a page size belongs to a list")
	}
	return nil
}

// prefer returns the Prefer header of a list.
func (q Query) prefer() string {
	switch {
	case q.Top > 0:
		return ""
	case q.PageSize > 0:
		return "odata.maxpagesize=" + strconv.Itoa(q.PageSize)
	default:
		return "odata.maxpagesize=" + strconv.Itoa(defaultPageSize)
	}
}

func expandOption(list []Expand) (string, error) {
	var texts []string
	for _, e := range list {
		for _, name := range append([]string{e.Navigation}, e.Select...) {
			if err := checkName(name); err != nil {
				return "", fmt.Errorf("expanding %q: %w", e.Navigation, err)
			}
		}
		text := e.Navigation
		if len(e.Select) > 0 {
			text += "($select=" + strings.Join(e.Select, ",") + ")"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ","), nil
}

func orderOption(list []Order) (string, error) {
	var texts []string
	for _, o := range list {
		if err := checkPath(o.Column); err != nil {
			return "", fmt.Errorf("ordering by %q: %w", o.Column, err)
		}
		if o.Descending {
			texts = append(texts, o.Column+" desc")
		} else {
			texts = append(texts, o.Column+" asc")
		}
	}
	return strings.Join(texts, ","), nil
}

// escapeQuery escapes a value of a query string. A space becomes %20: a plus
// sign means a space in forms only.
func escapeQuery(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

package stripe

import (
	"math"
	"slices"
	"strconv"
)

// maxPage and defaultPage are Stripe's.
const (
	maxPage     = 100
	defaultPage = 10
)

// window is which part of a list a request asks for.
type window struct {
	limit         int
	after, before string
	// from and until are the first and the last second, both inclusive. Objects
	// come in the order in which they were made, so a list ends there.
	from, until int64
}

func readWindow(f *form) window {
	w := window{limit: defaultPage}
	if limit := f.whole("limit"); limit != nil {
		if *limit < 1 || *limit > maxPage {
			f.fail(invalid("parameter_invalid_integer", "limit", "Invalid limit: must be between 1 and "+strconv.Itoa(maxPage)))
		}
		w.limit = int(min(max(*limit, 1), maxPage))
	}
	w.after, w.before = orText(f.text("starting_after"), ""), orText(f.text("ending_before"), "")
	if w.after != "" && w.before != "" {
		f.fail(invalid("", "", "Received both starting_after and ending_before parameters. Please pass in only one."))
	}
	w.from, w.until = math.MinInt64, math.MaxInt64
	created := f.at("created")
	exact := (*int64)(nil)
	if len(created.kids) == 0 {
		exact = f.whole("created")
	}
	least := func(at *int64, step int64) {
		if at != nil {
			w.from = max(w.from, *at+step)
		}
	}
	most := func(at *int64, step int64) {
		if at != nil {
			w.until = min(w.until, *at-step)
		}
	}
	least(exact, 0)
	least(created.whole("gte"), 0)
	least(created.whole("gt"), 1)
	most(exact, 0)
	most(created.whole("lte"), 0)
	most(created.whole("lt"), 1)
	return w
}

// entryOf is the index entry of a filter, empty where the request does not filter by it.
func entryOf(f *form, name string) string {
	if value := f.text(name); value != nil {
		return name + "=" + *value
	}
	return ""
}

// listOf serves a list of one kind, newest first.
func listOf[T any, P interface {
	*T
	object
}](c *call, kind, entry string, keep ...func(P) bool) (any, error) {
	w := readWindow(c.form)
	if bad := c.form.problem(); bad != nil {
		return nil, bad
	}
	var from, until uint64
	for _, mark := range []struct {
		id, param string
		at        *uint64
	}{{w.after, "starting_after", &from}, {w.before, "ending_before", &until}} {
		if mark.id == "" {
			continue
		}
		o, err := load[T](c.change, kind, mark.param, mark.id)
		if err != nil {
			return nil, err
		}
		*mark.at = P(o).head().Seq
	}
	page := []any{}
	more := false
	visit := func(_ uint64, id string) (bool, error) {
		o, err := load[T](c.change, kind, "id", id)
		if err != nil {
			return false, err
		}
		made := P(o).head().Created
		if backwards := until > 0; made < w.from && !backwards || made > w.until && backwards {
			return false, nil
		}
		if made < w.from || made > w.until || slices.ContainsFunc(keep, func(keep func(P) bool) bool { return !keep(o) }) {
			return true, nil
		}
		if len(page) == w.limit {
			more = true
			return false, nil
		}
		d, err := render(P(o))
		if err != nil {
			return false, err
		}
		page = append(page, d)
		return true, nil
	}
	var err error
	if until > 0 {
		// Going backwards the page is the one next to the mark, and shown with the newest first as ever.
		err = c.eachAfter(kind, entry, until, visit)
		slices.Reverse(page)
	} else {
		err = c.each(kind, entry, from, visit)
	}
	if err != nil {
		return nil, err
	}
	return document{"object": "list", "data": page, "has_more": more, "url": c.http.URL.Path}, nil
}

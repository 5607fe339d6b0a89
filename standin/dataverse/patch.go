package dataverse

import (
	"net/http"
	"strings"
)

// conditions are the conditional headers of a write.
type conditions struct {
	match, noneMatch string
}

func (q *request) conditions() conditions {
	return conditions{match: conditional(q.header, "If-Match"), noneMatch: conditional(q.header, "If-None-Match")}
}

// conditional reads a conditional header. The literal null counts as absent: the
// platform's documentation has clients send it against browser caches.
func conditional(h http.Header, name string) string {
	v := strings.TrimSpace(h.Get(name))
	if v == "null" {
		return ""
	}
	return v
}

// check holds a row, nil for none, against the conditions. A write that goes on with no row is a
// create.
func (c conditions) check(a *address, row *Row) error {
	switch {
	case row == nil && c.match != "":
		return a.missing()
	case row == nil:
		return nil
	case c.noneMatch == "*":
		return duplicateRecord()
	case c.match != "" && c.match != "*" && c.match != etag(row):
		return versionMismatch()
	}
	return nil
}

// upsert is PATCH on a row. It reports whether the row was created.
func (x *tx) upsert(a *address, p *payload, c conditions, refs map[string]string) (row *Row, created bool, err error) {
	before, err := x.find(a)
	if err != nil {
		return nil, false, err
	}
	if err := c.check(a, before); err != nil {
		return nil, false, err
	}
	right := rightWrite
	if before == nil {
		right = rightCreate
	}
	if err := x.may(right, a.table); err != nil {
		return nil, false, err
	}
	if err := x.resolve(a.table, p, refs); err != nil {
		return nil, false, err
	}
	if before != nil {
		// The platform drops the columns of the addressed key from the body of an update.
		for name := range a.values {
			delete(p.values, name)
		}
		row, err = x.update(a.table, before, p)
		return row, false, err
	}
	for name, v := range a.values {
		if _, sent := p.values[name]; !sent {
			p.values[name] = v
		}
	}
	row, err = x.create(a.table, p, a.id)
	return row, true, err
}

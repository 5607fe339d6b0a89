package dataverse

import (
	"net/http"
	"strings"
)

// do answers one operation in a transaction of its own.
func (s *Server) do(q *request) *response {
	var answer *response
	run := func(x *tx) (err error) {
		if err := s.refresh(x, q); err != nil {
			return err
		}
		answer, err = x.do(q)
		return err
	}
	var err error
	if q.method == http.MethodGet && !q.pollsKeys() {
		err = s.view(q.user, run)
	} else {
		err = s.update(q.user, run)
	}
	if err != nil {
		return errorResponse(err)
	}
	return answer
}

// refresh prepares a read of definitions: indexes of keys advance, and what a
// cache shows is older than what is there.
func (s *Server) refresh(x *tx, q *request) error {
	if q.method != http.MethodGet || !q.aboutMetadata() {
		return nil
	}
	if q.pollsKeys() {
		if t := x.defined(strings.Split(q.path, "/")[0]); t != nil {
			if err := x.pollKeys(t); err != nil {
				return err
			}
		}
	}
	if q.header.Get("Consistency") != "Strong" && !x.redefined {
		x.schema = s.caches.asOf(x.now.Add(-s.cfg.Metadata.Lag), x.schema)
	}
	return nil
}

// do answers one operation within a transaction.
func (x *tx) do(q *request) (*response, error) {
	segments, err := q.segments()
	if err != nil {
		return nil, err
	}
	if f := x.function(segments, q); f != nil {
		return f()
	}
	if f := x.metadata(segments, q); f != nil {
		return f()
	}
	a, err := x.schema.address(segments[0])
	if err != nil {
		return nil, err
	}
	switch {
	case len(segments) == 1 && a.collection:
		return x.doCollection(q, a)
	case len(segments) == 1:
		return x.doRow(q, a)
	case a.collection:
		return x.doSubCollection(q, a, segments[1:])
	default:
		return x.doProperty(q, a, segments[1:])
	}
}

// segments splits the path and puts the row in that a Content-ID stands for.
func (q *request) segments() ([]string, error) {
	segments := splitPath(strings.TrimSuffix(q.path, "/"))
	first := segments[0]
	if !strings.HasPrefix(first, "$") {
		return segments, nil
	}
	known, ok := q.refs[first[1:]]
	if !ok {
		if q.refs == nil {
			return nil, noSuchSegment(first)
		}
		return nil, unknownReference(first)
	}
	segments[0] = known
	return segments, nil
}

func (x *tx) doCollection(q *request, a *address) (*response, error) {
	switch q.method {
	case http.MethodGet:
		return x.list(q, a.table)
	case http.MethodPost:
		return x.post(q, a.table)
	default:
		return nil, methodNotAllowed(q.method)
	}
}

func (x *tx) doRow(q *request, a *address) (*response, error) {
	switch q.method {
	case http.MethodGet:
		return x.read(q, a)
	case http.MethodPatch:
		return x.patch(q, a)
	case http.MethodDelete:
		return x.deleteRow(q, a)
	default:
		return nil, methodNotAllowed(q.method)
	}
}

func (x *tx) doSubCollection(q *request, a *address, rest []string) (*response, error) {
	if len(rest) == 1 && rest[0] == "$count" {
		if q.method != http.MethodGet {
			return nil, methodNotAllowed(q.method)
		}
		return x.countRows(q, a.table)
	}
	return nil, noSuchSegment(rest[0])
}

func (x *tx) post(q *request, t *table) (*response, error) {
	if err := x.may(rightCreate, t); err != nil {
		return nil, err
	}
	if err := x.intoSolution(q); err != nil {
		return nil, err
	}
	p, err := readPayload(t, q.body)
	if err != nil {
		return nil, err
	}
	if err := x.mayLink(t, p); err != nil {
		return nil, err
	}
	if err := x.resolve(t, p, q.refs); err != nil {
		return nil, err
	}
	row, err := x.create(t, p, "")
	if err != nil {
		return nil, err
	}
	return x.written(q, t, row, rowURL(q, t, row), true)
}

func (x *tx) patch(q *request, a *address) (*response, error) {
	p, err := readPayload(a.table, q.body)
	if err != nil {
		return nil, err
	}
	if err := x.mayLink(a.table, p); err != nil {
		return nil, err
	}
	row, created, err := x.upsert(a, p, q.conditions(), q.refs)
	if err != nil {
		return nil, err
	}
	// A row addressed by an alternate key is answered with that key, not with its GUID.
	return x.written(q, a.table, row, q.base+a.text, created)
}

func (x *tx) deleteRow(q *request, a *address) (*response, error) {
	if err := x.may(rightDelete, a.table); err != nil {
		return nil, err
	}
	row, err := x.find(a)
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, a.missing()
	}
	if err := q.conditions().check(a, row); err != nil {
		return nil, err
	}
	if err := x.delete(a.table, row); err != nil {
		return nil, err
	}
	return noContent(), nil
}

// written is the answer to a create or an update.
func (x *tx) written(q *request, t *table, row *Row, entityID string, created bool) (*response, error) {
	if !q.prefers("return=representation") {
		answer := noContent()
		answer.header.Set("OData-EntityId", entityID)
		answer.row = t.SetName + "(" + row.ID + ")"
		return answer, nil
	}
	opts, err := x.parseQuery(q, t)
	if err != nil {
		return nil, err
	}
	body, err := x.single(q, t, row, opts)
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	answer := jsonResponse(status, body)
	answer.header.Set("ETag", etag(row))
	answer.header.Set("Preference-Applied", "return=representation")
	answer.row = t.SetName + "(" + row.ID + ")"
	return answer, nil
}

func rowURL(q *request, t *table, row *Row) string {
	return q.base + t.SetName + "(" + row.ID + ")"
}

func noContent() *response {
	return &response{status: http.StatusNoContent, header: http.Header{}}
}

func jsonResponse(status int, o *object) *response {
	h := http.Header{}
	h.Set("Content-Type", jsonType)
	return &response{status: status, header: h, body: o.bytes()}
}

package dataverse

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"
)

// batch answers POST $batch. Parts run one after the other; a lone operation is a transaction of
// its own, a changeset is one transaction.
func (s *Server) batch(q *request) *response {
	if q.method != http.MethodPost {
		return errorResponse(methodNotAllowed(q.method))
	}
	items, err := parseBatch(q.header.Get("Content-Type"), q.body, s.cfg.StrictLines)
	if err != nil {
		return errorResponse(err)
	}
	goOn := q.prefers("odata.continue-on-error")
	status := http.StatusOK
	w := newMultipart("batchresponse")
	for _, item := range items {
		failed := 0
		if item.changeset {
			failed = s.changeset(q, item.operations, w)
		} else {
			failed = s.lone(q, &item.operations[0], w)
		}
		// The whole answer takes the status of the part at which it stopped.
		if failed != 0 && !goOn {
			status = failed
			break
		}
	}
	h := http.Header{}
	h.Set("Content-Type", w.contentType())
	if goOn {
		h.Set("Preference-Applied", "odata.continue-on-error")
	}
	return &response{status: status, header: h, body: w.end()}
}

// lone runs an operation outside of changesets. It returns the status when that is an error, else 0.
func (s *Server) lone(outer *request, op *operation, w *multipart) (failed int) {
	answer := s.part(outer, op, nil, s.do)
	w.part(op, answer)
	if answer.status >= http.StatusBadRequest {
		return answer.status
	}
	return 0
}

// changeset runs operations that succeed or fail together. Of a changeset that failed only the
// failing part is answered.
func (s *Server) changeset(outer *request, operations []operation, w *multipart) (failed int) {
	refs := map[string]string{}
	var answers []*response
	var culprit *operation
	err := s.update(outer.user, func(x *tx) error {
		for i := range operations {
			op := &operations[i]
			culprit = op
			var failure error
			answer := s.part(outer, op, refs, func(q *request) *response {
				var answer *response
				answer, failure = x.do(q)
				return answer
			})
			if failure != nil {
				return failure
			}
			if answer.status >= http.StatusBadRequest {
				answers = []*response{answer}
				return errPart
			}
			if answer.row != "" {
				refs[op.contentID] = answer.row
			}
			answers = append(answers, answer)
		}
		culprit = nil
		return nil
	})
	inner := newMultipart("changesetresponse")
	switch err {
	case nil:
		for i, answer := range answers {
			inner.part(&operations[i], answer)
		}
	default:
		answer := errorResponse(err)
		if errors.Is(err, errPart) {
			answer = answers[0]
		}
		failed = answer.status
		if culprit == nil {
			culprit = &operation{}
		}
		inner.part(culprit, answer)
	}
	w.nest(inner)
	return failed
}

// part turns an operation into a request and runs it.
func (s *Server) part(outer *request, op *operation, refs map[string]string, do func(*request) *response) *response {
	s.count("part")
	s.count("part " + op.method)
	q := &request{method: op.method, base: outer.base, header: op.header, body: op.body, user: outer.user, refs: refs}
	path, query, _ := strings.Cut(op.target, "?")
	q.query = query
	if !strings.HasPrefix(path, "$") {
		u, err := url.Parse(path)
		if err != nil {
			return errorResponse(badURI("Invalid URI: '%s'.", op.target))
		}
		path = u.EscapedPath()
		prefix := versionPath.FindString(path)
		if prefix == "" {
			return errorResponse(wrongVersion(path))
		}
		path = strings.TrimPrefix(path, prefix)
	}
	q.path = path
	if answer := s.partFault(op, path); answer != nil {
		return answer
	}
	return do(q)
}

func wrongVersion(path string) error {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	version := segments[0]
	if len(segments) > 2 && segments[0] == "api" {
		version = segments[1]
	}
	return badURI("Requested API Version '%s' was not understood", version)
}

// partFault asks for a misfortune of one operation. Only its status, code, message and waiting time count.
func (s *Server) partFault(op *operation, path string) *response {
	if s.cfg.PartFaults == nil {
		return nil
	}
	f := s.cfg.PartFaults(op.method, path, op.header)
	if f == nil || f.Status == 0 {
		return nil
	}
	s.count("fault")
	h := http.Header{}
	if f.RetryAfter > 0 {
		h.Set("Retry-After", seconds(f.RetryAfter))
	}
	return errorResponse(&apiError{status: f.Status, code: f.Code, message: f.Message, header: h})
}

func newBoundary(kind string) string { return kind + "_" + uuid.NewString() }

package dataverse

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// request is one operation: a whole HTTP request or a part of a batch.
type request struct {
	method string
	// path is what follows /api/data/v9.x/, not yet unescaped; query is raw too.
	path, query string
	// base is the absolute URL up to and including /api/data/v9.x/.
	base   string
	header http.Header
	body   []byte
	user   string
	// refs are the rows that earlier parts of the changeset made, by Content-ID.
	refs map[string]string
}

type response struct {
	status int
	header http.Header
	body   []byte
	// row is the row that was written, as set(guid), for references by Content-ID.
	row string
}

var versionPath = regexp.MustCompile(`^/api/data/v9\.[0-2]/`)

const jsonType = "application/json; odata.metadata=minimal"

func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	fault := s.fault(r)
	if fault != nil {
		s.count("fault")
		if done := fault.before(w, r); done {
			return
		}
	}
	answer := s.answer(w, r)
	s.cfg.logger().DebugContext(r.Context(), "dataverse: answered",
		slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", answer.status))
	if fault != nil && fault.Reset == ResetAfter {
		panic(http.ErrAbortHandler)
	}
	write(w, answer)
}

// answer runs the checks that come before any operation, then the operation.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) *response {
	user, ok := s.user(r)
	if !ok {
		s.count("401")
		return s.unauthorized()
	}
	prefix := versionPath.FindString(r.URL.EscapedPath())
	if prefix == "" {
		return errorResponse(noSuchSegment(strings.Trim(r.URL.Path, "/")))
	}
	release, err := s.throttle.enter(&s.cfg, user)
	if err != nil {
		s.count("429")
		return errorResponse(err)
	}
	defer release()
	if err := s.member(user); err != nil {
		return errorResponse(err)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.cfg.maxBody()))
	if err != nil {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return errorResponse(fail(http.StatusRequestEntityTooLarge, codeUnexpected, "The request body is larger than %d bytes.", tooLarge.Limit))
		}
		return errorResponse(badPayload(nil, "The request body could not be read."))
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	q := &request{
		method: r.Method, path: strings.TrimPrefix(r.URL.EscapedPath(), prefix), query: r.URL.RawQuery,
		base: scheme + "://" + r.Host + prefix, header: r.Header, body: body, user: user,
	}
	kind, do := r.Method, s.do
	if q.path == "$batch" {
		kind, do = "batch", s.batch
	}
	s.count(kind)
	answer := do(q)
	s.throttle.decorate(&s.cfg, user, answer.header)
	return answer
}

// ApplicationToken is the bearer token that acts as the application user of
// PayBridge. Its client sends it where it needs no credential.
const ApplicationToken = "app"

// user is who the bearer token acts as.
func (s *Server) user(r *http.Request) (id string, ok bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", false
	}
	if name, found := strings.CutPrefix(token, "user:"); found {
		return personID(name), true
	}
	if token == ApplicationToken {
		return s.application(), true
	}
	return personID(s.cfg.people()[0]), true
}

// application is the user with the client id of the application. Where none is,
// it is nobody in the organisation.
func (s *Server) application() string {
	id := applicationUser()
	_ = s.view(id, func(x *tx) error {
		return x.each(x.schema.tables["systemuser"], func(row *Row) error {
			if row.Values["applicationid"] == ApplicationID() {
				id = row.ID
			}
			return nil
		})
	})
	return id
}

// member refuses tokens of people who are no users of the environment.
func (s *Server) member(user string) error {
	return s.view(user, func(x *tx) error {
		row, err := x.get(x.schema.tables["systemuser"], user)
		if err != nil {
			return err
		}
		if row != nil && row.Values["isdisabled"] == true {
			return fail(http.StatusForbidden, codeDisabled, "The specified user(Id = %s) is disabled. Consider enabling this user.", user)
		}
		if row == nil {
			return fail(http.StatusForbidden, codeNotMember, "The user is not a member of the organization.")
		}
		return nil
	})
}

// unauthorized is text and not JSON, as on the platform.
func (s *Server) unauthorized() *response {
	h := http.Header{}
	h.Set("Content-Type", "text/html")
	h.Set("WWW-Authenticate", fmt.Sprintf(
		"Bearer authorization_uri=https://login.microsoftonline.com/%s/oauth2/authorize, resource_id=https://%s/", seedID("tenant", s.cfg.host()), s.cfg.host()))
	return &response{status: http.StatusUnauthorized, header: h, body: []byte("HTTP Error 401 - Unauthorized: Access is denied")}
}

func errorResponse(err error) *response {
	e, ok := errors.AsType[*apiError](err)
	if !ok {
		e = &apiError{status: http.StatusInternalServerError, code: codeUnexpected, message: "An unexpected error occurred."}
	}
	h := http.Header{}
	maps.Copy(h, e.header)
	h.Set("Content-Type", jsonType)
	return &response{status: e.status, header: h, body: errorBody(e.code, e.message)}
}

func write(w http.ResponseWriter, a *response) {
	h := w.Header()
	maps.Copy(h, a.header)
	if h.Get("OData-Version") == "" {
		h.Set("OData-Version", "4.0")
	}
	h.Set("REQ_ID", uuid.NewString())
	h.Set("x-ms-service-request-id", uuid.NewString())
	h.Set("x-ms-dop-hint", "4")
	h.Set("Access-Control-Expose-Headers", "Preference-Applied,OData-EntityId,Location,ETag,OData-Version,Content-Encoding,Transfer-Encoding,Content-Length,Retry-After")
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	// A client that has gone away is no concern of the stand-in.
	_, _ = w.Write(a.body)
}

package keyvault

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// tenant is what the challenge says about where to sign in.
const tenant = "b3a1f0c2-7d4e-4a5b-9c6d-1e2f3a4b5c6d"

// Config says how the vault behaves. The zero value is one that lets everybody do everything.
type Config struct {
	// Readers are bearer tokens that may read secrets and nothing else.
	Readers []string
	// Strangers are bearer tokens that may do nothing.
	Strangers []string
	// Now is the clock, time.Now when nil.
	Now func() time.Time
	// Faults, when set, is asked about each request before it is served; nil means no fault.
	Faults func(*http.Request) *Fault
}

// Fault is something that goes wrong with one request.
type Fault struct {
	// Status, Code and Inner are answered as a vault does, Inner as the code of its innererror.
	Status      int
	Code, Inner string
	// Drop closes the connection in place of an answer, AfterCommit once the request was carried out.
	Drop, AfterCommit bool
}

// Server is the vault: an http.Handler.
type Server struct {
	cfg Config
	mux *http.ServeMux

	mu      sync.Mutex
	secrets map[string]*entry // by the name in lower case
	deleted map[string]*entry
	writes  int
}

// New returns an empty vault.
func New(cfg Config) *Server {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{cfg: cfg, mux: http.NewServeMux(), secrets: map[string]*entry{}, deleted: map[string]*entry{}}
	for pattern, do := range map[string]operation{
		"PUT /secrets/{name}":                 (*Server).set,
		"GET /secrets/{name}":                 (*Server).get,
		"GET /secrets/{name}/{version}":       (*Server).get,
		"GET /secrets/{name}/{$}":             (*Server).get,
		"GET /secrets/{name}/versions":        (*Server).versions,
		"PATCH /secrets/{name}/{version}":     (*Server).update,
		"DELETE /secrets/{name}":              (*Server).remove,
		"GET /secrets":                        (*Server).list,
		"GET /deletedsecrets":                 (*Server).listDeleted,
		"GET /deletedsecrets/{name}":          (*Server).getDeleted,
		"DELETE /deletedsecrets/{name}":       (*Server).purge,
		"POST /deletedsecrets/{name}/recover": (*Server).recover,
	} {
		s.mux.HandleFunc(pattern, s.serve(do))
	}
	return s
}

// ServeHTTP serves the vault.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Writes is how often a version was added or changed, to tell whether a run changed nothing.
func (s *Server) Writes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

// operation carries out a request under the server's lock.
type operation func(*Server, *http.Request) (any, *refusal)

func (s *Server) serve(do operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// A vault tells a caller without a token where to get one, before it looks at anything else.
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || token == "" {
			w.Header().Set("WWW-Authenticate", `Bearer authorization="https://login.microsoftonline.com/`+tenant+`", resource="https://vault.azure.net"`)
			replyOf(nil, &refusal{http.StatusUnauthorized, "Unauthorized", "", "AKV10000: Request is missing a Bearer or PoP token."}).write(w)
			return
		}
		var fault *Fault
		if s.cfg.Faults != nil {
			fault = s.cfg.Faults(r)
		}
		if fault != nil && !fault.AfterCommit {
			fault.write(w)
			return
		}
		if refused := s.admit(token, r); refused != nil {
			replyOf(nil, refused).write(w)
			return
		}
		reply := s.carryOut(do, r)
		if fault != nil {
			fault.write(w)
			return
		}
		reply.write(w)
	}
}

// carryOut runs the operation and renders its answer while nothing changes.
func (s *Server) carryOut(do operation, r *http.Request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	return replyOf(do(s, r))
}

func (s *Server) admit(token string, r *http.Request) *refusal {
	if r.URL.Query().Get("api-version") == "" {
		return &refusal{http.StatusBadRequest, "BadParameter", "", "api-version must be specified"}
	}
	if slices.Contains(s.cfg.Strangers, token) || slices.Contains(s.cfg.Readers, token) && r.Method != http.MethodGet {
		return &refusal{http.StatusForbidden, "Forbidden", "ForbiddenByRbac", "Caller is not authorized to perform action on resource."}
	}
	return nil
}

func (f *Fault) write(w http.ResponseWriter) {
	if f.Drop {
		panic(http.ErrAbortHandler) // The documented way to close a connection without an answer.
	}
	replyOf(nil, &refusal{f.Status, f.Code, f.Inner, "A fault was asked for."}).write(w)
}

// refusal is an error of the vault's.
type refusal struct {
	status               int
	code, inner, message string
}

func notFound(name string) *refusal {
	return &refusal{http.StatusNotFound, "SecretNotFound", "", "A secret with (name/id) " + name + " was not found in this key vault."}
}

// reply is an answer as it is sent.
type reply struct {
	status int
	body   []byte
}

func replyOf(value any, refused *refusal) reply {
	if refused != nil {
		fault := map[string]any{"code": refused.code, "message": refused.message}
		if refused.inner != "" {
			fault["innererror"] = map[string]string{"code": refused.inner}
		}
		body, _ := json.Marshal(map[string]any{"error": fault}) // Maps of strings always encode.
		return reply{refused.status, body}
	}
	if value == nil {
		return reply{status: http.StatusNoContent}
	}
	body, err := json.Marshal(value)
	if err != nil {
		return reply{status: http.StatusInternalServerError}
	}
	return reply{http.StatusOK, body}
}

func (r reply) write(w http.ResponseWriter) {
	if r.body != nil {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body)
}

package keyvault

import (
	"fmt"
	"net/http"
	"strings"
)

// recoverDays is for how long a deleted secret can be recovered.
const recoverDays = 90

func (s *Server) remove(r *http.Request) (any, *refusal) {
	key := strings.ToLower(r.PathValue("name"))
	e := s.secrets[key]
	if e == nil {
		return nil, notFound(r.PathValue("name"))
	}
	delete(s.secrets, key)
	s.deleted[key] = e
	s.writes++
	return s.bundle(r, e), nil
}

// deletedBundle is how a vault shows a deleted secret.
type deletedBundle struct {
	version
	RecoveryID string `json:"recoveryId"`
	Deleted    int64  `json:"deletedDate"`
	Purge      int64  `json:"scheduledPurgeDate"`
}

func (s *Server) bundle(r *http.Request, e *entry) deletedBundle {
	now := s.cfg.Now()
	return deletedBundle{
		version:    e.versions[len(e.versions)-1].shown(),
		RecoveryID: fmt.Sprintf("https://%s/deletedsecrets/%s", r.Host, e.name),
		Deleted:    now.Unix(), Purge: now.AddDate(0, 0, recoverDays).Unix(),
	}
}

func (s *Server) getDeleted(r *http.Request) (any, *refusal) {
	e := s.deleted[strings.ToLower(r.PathValue("name"))]
	if e == nil {
		return nil, notFound(r.PathValue("name"))
	}
	return s.bundle(r, e), nil
}

func (s *Server) recover(r *http.Request) (any, *refusal) {
	key := strings.ToLower(r.PathValue("name"))
	e := s.deleted[key]
	if e == nil {
		return nil, notFound(r.PathValue("name"))
	}
	delete(s.deleted, key)
	s.secrets[key] = e
	return e.versions[len(e.versions)-1].shown(), nil
}

func (s *Server) purge(r *http.Request) (any, *refusal) {
	key := strings.ToLower(r.PathValue("name"))
	if s.deleted[key] == nil {
		return nil, notFound(r.PathValue("name"))
	}
	delete(s.deleted, key)
	return nil, nil
}

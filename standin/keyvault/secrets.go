package keyvault

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"github.com/google/uuid"
)

// The bounds of a vault.
const (
	maxValue    = 25 << 10 // bytes of a value
	maxTags     = 15
	maxTagValue = 256
)

var nameForm = regexp.MustCompile(`^[0-9A-Za-z-]{1,127}$`)

// entry is a secret with its versions, the newest last.
type entry struct {
	name     string
	versions []*version
}

// version is one version of a secret as the vault shows it.
type version struct {
	ID          string            `json:"id"`
	Value       string            `json:"value,omitempty"`
	ContentType string            `json:"contentType,omitempty"`
	Attributes  attributes        `json:"attributes"`
	Tags        map[string]string `json:"tags,omitempty"`
}

type attributes struct {
	Enabled         bool   `json:"enabled"`
	NotBefore       *int64 `json:"nbf,omitempty"`
	Expires         *int64 `json:"exp,omitempty"`
	Created         int64  `json:"created"`
	Updated         int64  `json:"updated"`
	RecoveryLevel   string `json:"recoveryLevel"`
	RecoverableDays int    `json:"recoverableDays"`
}

func (v *version) number() string { return v.ID[strings.LastIndexByte(v.ID, '/')+1:] }

// request is the body of a set or an update. A field that is absent is left as it is.
type request struct {
	Value       *string            `json:"value"`
	ContentType *string            `json:"contentType"`
	Tags        *map[string]string `json:"tags"`
	Attributes  struct {
		Enabled   *bool  `json:"enabled"`
		NotBefore *int64 `json:"nbf"`
		Expires   *int64 `json:"exp"`
	} `json:"attributes"`
}

func read(r *http.Request) (request, *refusal) {
	var body request
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20)).Decode(&body); err != nil {
		return body, bad("The request's body cannot be read.")
	}
	if body.Value != nil && len(*body.Value) > maxValue {
		return body, bad("The secret's value is too long.")
	}
	if body.Tags != nil {
		if len(*body.Tags) > maxTags {
			return body, bad("There are too many tags.")
		}
		for name, value := range *body.Tags {
			if len(name) > maxTagValue || len(value) > maxTagValue {
				return body, bad("A tag is too long.")
			}
		}
	}
	return body, nil
}

func bad(message string) *refusal {
	return &refusal{http.StatusBadRequest, "BadParameter", "", message}
}

func (s *Server) set(r *http.Request) (any, *refusal) {
	name := r.PathValue("name")
	if !nameForm.MatchString(name) {
		return nil, bad("The request URI contains an invalid name: " + name)
	}
	body, refused := read(r)
	if refused != nil {
		return nil, refused
	}
	if body.Value == nil {
		return nil, bad("Parameter value is missing.")
	}
	key := strings.ToLower(name)
	if s.deleted[key] != nil {
		return nil, &refusal{http.StatusConflict, "Conflict", "ObjectIsDeletedButRecoverable",
			"Secret " + name + " is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged."}
	}
	e := s.secrets[key]
	if e == nil {
		e = &entry{name: name}
		s.secrets[key] = e
	}
	v := &version{
		ID:         "https://" + r.Host + "/secrets/" + e.name + "/" + strings.ReplaceAll(uuid.NewString(), "-", ""),
		Value:      *body.Value,
		Attributes: attributes{Enabled: true, Created: s.cfg.Now().Unix(), RecoveryLevel: "Recoverable+Purgeable", RecoverableDays: recoverDays},
	}
	s.apply(v, body)
	e.versions = append(e.versions, v)
	return v, nil
}

// apply changes what the request names.
func (s *Server) apply(v *version, body request) {
	if body.ContentType != nil {
		v.ContentType = *body.ContentType
	}
	if body.Tags != nil {
		v.Tags = *body.Tags
	}
	if body.Attributes.Enabled != nil {
		v.Attributes.Enabled = *body.Attributes.Enabled
	}
	if body.Attributes.NotBefore != nil {
		v.Attributes.NotBefore = body.Attributes.NotBefore
	}
	if body.Attributes.Expires != nil {
		v.Attributes.Expires = body.Attributes.Expires
	}
	v.Attributes.Updated = s.cfg.Now().Unix()
	s.writes++
}

// find returns a version, the newest where the request names none.
func (s *Server) find(r *http.Request) (*version, *refusal) {
	name, number := r.PathValue("name"), r.PathValue("version")
	e := s.secrets[strings.ToLower(name)]
	if e == nil {
		return nil, notFound(name)
	}
	if number == "" {
		return e.versions[len(e.versions)-1], nil
	}
	for _, v := range e.versions {
		if v.number() == number {
			return v, nil
		}
	}
	return nil, notFound(name + "/" + number)
}

func (s *Server) get(r *http.Request) (any, *refusal) {
	v, refused := s.find(r)
	if refused != nil {
		return nil, refused
	}
	if !v.Attributes.Enabled {
		return nil, &refusal{http.StatusForbidden, "Forbidden", "SecretDisabled", "Operation get is not allowed on a disabled secret."}
	}
	return v, nil
}

func (s *Server) update(r *http.Request) (any, *refusal) {
	v, refused := s.find(r)
	if refused != nil {
		return nil, refused
	}
	body, refused := read(r)
	if refused != nil {
		return nil, refused
	}
	s.apply(v, body)
	return v.shown(), nil
}

// shown is the version without its value.
func (v *version) shown() version {
	shown := *v
	shown.Value = ""
	return shown
}

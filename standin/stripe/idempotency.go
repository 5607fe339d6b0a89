package stripe

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Stripe keeps an idempotency key for at least 24 hours and takes up to 255 characters.
const (
	keepKeysFor  = 24 * time.Hour
	maxKeyLength = 255
)

// keyed is a request with an Idempotency-Key. Its answer is stored in the transaction of the request itself, so there
// is one exactly when the change was made: an answer of a request that was refused before it began is not kept.
type keyed struct {
	account     string
	name        string
	fingerprint string
	request     string
	// instead is kept in place of the request's own answer, where a fault says so.
	instead *answer
	// undone says that the request is not carried out then.
	undone bool
}

type storedAnswer struct {
	answer
	Fingerprint string `json:"fingerprint"`
	Request     string `json:"request"`
	At          int64  `json:"at"`
}

// claim takes the key for the time of the request.
func (s *Server) claim(account, name string, r *http.Request, raw string) (*keyed, *apiError) {
	if len(name) > maxKeyLength {
		return nil, invalid("", "", "Idempotency keys can be at most "+strconv.Itoa(maxKeyLength)+" characters long.")
	}
	sum := sha256.Sum256([]byte(r.Method + " " + r.URL.Path + "\n" + canonical(raw)))
	key := &keyed{account: account, name: name, fingerprint: hex.EncodeToString(sum[:])}
	if !s.inFlight.claim(key) {
		return nil, refuse(http.StatusConflict, typeInvalidRequest, "idempotency_key_in_use", "",
			"There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, "+
				"and the other request is still going through): "+name+". Please try again later.")
	}
	return key, nil
}

func (k *keyed) id() []byte { return []byte(k.account + "/" + k.name) }

// stored is the answer that the key was first given, nil when it is new or long forgotten.
func (k *keyed) stored(c *change) (*answer, error) {
	raw := c.bucket(bucketIdempotency).Get(k.id())
	if raw == nil {
		return nil, nil
	}
	var kept storedAnswer
	if err := json.Unmarshal(raw, &kept); err != nil {
		return nil, fmt.Errorf("reading a stored answer: %w", err)
	}
	if c.now.Sub(time.Unix(kept.At, 0)) > keepKeysFor {
		return nil, nil
	}
	if kept.Fingerprint != k.fingerprint {
		return nil, refuse(http.StatusBadRequest, typeIdempotency, "", "", "Keys for idempotent requests can only be used with the same "+
			"parameters they were first used with. Try using a key other than '"+k.name+"' if you meant to execute a different request.")
	}
	kept.replayed, kept.original = true, kept.Request
	return &kept.answer, nil
}

func (k *keyed) store(c *change, result *answer) error {
	if k.instead != nil {
		result = k.instead
	}
	return putJSON(c.bucket(bucketIdempotency), k.id(), storedAnswer{
		answer: *result, Fingerprint: k.fingerprint, Request: k.request, At: c.now.Unix(),
	})
}

// canonical sorts the pairs of a form by their names: the order in which a client wrote them makes no difference, but
// for the members of one array.
func canonical(raw string) string {
	pairs := strings.Split(raw, "&")
	name := func(pair string) string {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			return plain
		}
		return name
	}
	slices.SortStableFunc(pairs, func(a, b string) int { return strings.Compare(name(a), name(b)) })
	return strings.Join(pairs, "&")
}

// inFlight are the keys of the requests under way.
type inFlight struct {
	mu   sync.Mutex
	keys map[string]bool
}

func (f *inFlight) claim(k *keyed) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys[string(k.id())] {
		return false
	}
	if f.keys == nil {
		f.keys = map[string]bool{}
	}
	f.keys[string(k.id())] = true
	return true
}

func (f *inFlight) release(k *keyed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.keys, string(k.id()))
}

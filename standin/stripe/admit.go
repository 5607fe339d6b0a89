package stripe

import (
	"io"
	"net/http"
	"slices"
	"strings"
)

// admit checks the key and names the account whose objects the request is about.
func (s *Server) admit(r *http.Request) (string, *apiError) {
	key, _, basic := r.BasicAuth()
	if !basic {
		key, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	if key == "" {
		return "", unauthorized("You did not provide an API key. You need to provide your API key in the Authorization header, " +
			"using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').")
	}
	if !slices.Contains(s.keys, key) {
		return "", unauthorized("Invalid API Key provided: " + redactKey(key))
	}
	if bad := s.permit(key, r); bad != nil {
		return "", bad
	}
	if version := r.Header.Get("Stripe-Version"); version != "" && !versionForm.MatchString(version) {
		return "", invalid("", "", "Invalid Stripe API version: "+version)
	}
	account := r.Header.Get("Stripe-Account")
	if account == "" || account == s.account {
		return s.account, nil
	}
	if !accountForm.MatchString(account) || !slices.Contains(s.cfg.ConnectedAccounts, account) {
		return "", refuse(http.StatusForbidden, typeInvalidRequest, "account_invalid", "", "The provided key '"+redactKey(key)+
			"' does not have access to account '"+account+"' (or that account does not exist). Application access may have been revoked.")
	}
	return account, nil
}

// readForm decodes the query and the body, and returns the raw text of both for the idempotency key.
func readForm(r *http.Request) (*form, string, *apiError) {
	raw := r.URL.RawQuery
	if r.Method != http.MethodGet && r.Body != nil {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		if err != nil {
			return nil, "", invalid("", "", "The request's body could not be read.")
		}
		if len(body) > maxBody {
			return nil, "", refuse(http.StatusRequestEntityTooLarge, typeInvalidRequest, "", "", "The request's body is too large.")
		}
		if media := r.Header.Get("Content-Type"); len(body) > 0 && !strings.HasPrefix(media, "application/x-www-form-urlencoded") {
			return nil, "", invalid("", "", "Invalid request (check that your POST content type is application/x-www-form-urlencoded).")
		}
		raw = strings.Trim(raw+"&"+string(body), "&")
	}
	fields, bad := parseForm(raw)
	return fields, raw, bad
}

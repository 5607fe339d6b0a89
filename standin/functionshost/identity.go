package functionshost

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"paybridge/standin/functionshost/newtonsoft"
)

// masterKey is the id of the key that opens everything.
const masterKey = "_master"

// identity is the caller as the envelope shows it: nobody, or the holder of a
// function key.
func identity(keyID string) *newtonsoft.Token {
	o := newtonsoft.NewObject()
	null := newtonsoft.NewNull()
	kind, claims := null, newtonsoft.NewArray()
	if keyID != "" {
		level := "Function"
		if keyID == masterKey {
			level = "Admin"
		}
		kind = newtonsoft.NewString("WebJobsAuthLevel")
		claims.Items = append(claims.Items, claim("authlevel", level), claim("invoke", "true"), claim("keyid", keyID))
	}
	o.Set("AuthenticationType", kind)
	o.Set("IsAuthenticated", newtonsoft.NewBool(keyID != ""))
	o.Set("Actor", null)
	o.Set("BootstrapContext", null)
	o.Set("Claims", claims)
	o.Set("Label", null)
	o.Set("Name", null)
	o.Set("NameClaimType", newtonsoft.NewString("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"))
	o.Set("RoleClaimType", newtonsoft.NewString("http://schemas.microsoft.com/ws/2008/06/identity/claims/role"))
	return o
}

func claim(kind, value string) *newtonsoft.Token {
	o := newtonsoft.NewObject()
	o.Set("Issuer", newtonsoft.NewString("LOCAL AUTHORITY"))
	o.Set("OriginalIssuer", newtonsoft.NewString("LOCAL AUTHORITY"))
	o.Set("Properties", newtonsoft.NewObject())
	o.Set("Type", newtonsoft.NewString("http://schemas.microsoft.com/2017/07/functions/claims/"+kind))
	o.Set("Value", newtonsoft.NewString(value))
	o.Set("ValueType", newtonsoft.NewString("http://www.w3.org/2001/XMLSchema#string"))
	return o
}

// keyID returns the id of a key, empty when no key has this value.
func (h *Host) keyID(key string) string {
	if key == "" {
		return ""
	}
	found := ""
	given := sha256.Sum256([]byte(key))
	for id, value := range h.cfg.FunctionKeys {
		known := sha256.Sum256([]byte(value))
		if value != "" && subtle.ConstantTimeCompare(given[:], known[:]) == 1 && (found == "" || id < found) {
			found = id
		}
	}
	return found
}

// admits reports whether a caller with this key may call a function of this
// level.
func (h *Host) admits(level, keyID string) bool {
	switch {
	case !h.cfg.RequireKeys, strings.EqualFold(level, "anonymous"), keyID == masterKey:
		return true
	case strings.EqualFold(level, "admin"):
		return false
	default:
		return keyID != ""
	}
}

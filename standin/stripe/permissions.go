package stripe

import (
	"net/http"
	"slices"
	"strings"
)

// permissions are Stripe's names, less rak_ before and _read or _write behind, of what a restricted key needs for the
// paths that start so.
var permissions = map[string]string{
	"payment_intents": "payment_intent", "payment_methods": "payment_method", "checkout/sessions": "checkout_session",
	"charges": "charge", "refunds": "charge", "disputes": "dispute", "events": "event", "webhook_endpoints": "webhook",
	"account": "accounts_kyc_basic", "accounts": "accounts_kyc_basic", "balance": "balance", "balance_transactions": "balance_transaction_source",
}

// permit refuses a restricted key what it may not do, before anything else is looked at, so that an object that is not
// there makes no difference. Writing includes reading.
func (s *Server) permit(key string, r *http.Request) *apiError {
	granted, restricted := s.cfg.Permissions[key]
	if !restricted {
		return nil
	}
	path, _ := strings.CutPrefix(r.URL.Path, "/v1/")
	segments := strings.Split(path, "/")
	of := permissions[segments[0]]
	if of == "" && len(segments) > 1 {
		of = permissions[segments[0]+"/"+segments[1]]
	}
	need := of + "_write"
	if r.Method == http.MethodGet {
		if need = of + "_read"; slices.Contains(granted, of+"_write") {
			return nil
		}
	}
	if of == "" || slices.Contains(granted, need) {
		return nil
	}
	return refuse(http.StatusForbidden, typeInvalidRequest, "", "", "The provided key '"+redactKey(key)+
		"' does not have the required permissions for this endpoint on account '"+s.account+"'. Having the 'rak_"+need+
		"' permission would allow this request to continue.")
}

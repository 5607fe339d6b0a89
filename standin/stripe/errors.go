package stripe

import (
	"net/http"
	"strings"
)

// Stripe's error types.
const (
	typeAPI            = "api_error"
	typeCard           = "card_error"
	typeIdempotency    = "idempotency_error"
	typeInvalidRequest = "invalid_request_error"
)

// apiError is the error of Stripe's envelope {"error": …} and the HTTP status it travels with.
type apiError struct {
	Charge        string   `json:"charge,omitempty"`
	Code          string   `json:"code,omitempty"`
	DeclineCode   string   `json:"decline_code,omitempty"`
	DocURL        string   `json:"doc_url,omitempty"`
	Message       string   `json:"message"`
	Param         string   `json:"param,omitempty"`
	PaymentIntent document `json:"payment_intent,omitempty"`
	PaymentMethod document `json:"payment_method,omitempty"`
	RequestLogURL string   `json:"request_log_url,omitempty"`
	Type          string   `json:"type"`

	status int
	// keep says that the change stands although the request is answered with an error, as with a declined card.
	keep bool
}

func (e *apiError) Error() string { return e.Message }

func refuse(status int, kind, code, param, message string) *apiError {
	bad := &apiError{status: status, Type: kind, Code: code, Param: param, Message: message}
	if code != "" {
		bad.DocURL = "https://stripe.com/docs/error-codes/" + strings.ReplaceAll(code, "_", "-")
	}
	return bad
}

// invalid is a 400 invalid_request_error.
func invalid(code, param, message string) *apiError {
	return refuse(http.StatusBadRequest, typeInvalidRequest, code, param, message)
}

// missing is the 404 of an id that names nothing here.
func missing(kind, param, id string) *apiError {
	return refuse(http.StatusNotFound, typeInvalidRequest, "resource_missing", param, "No such "+kind+": '"+id+"'")
}

func unauthorized(message string) *apiError {
	return refuse(http.StatusUnauthorized, typeInvalidRequest, "", "", message)
}

// redactKey shows of an API key what Stripe's own message shows of it.
func redactKey(key string) string {
	prefix := min(strings.LastIndexByte(key, '_')+1, len("sk_test_"))
	if len(key)-prefix < 8 {
		return key[:prefix] + "****"
	}
	return key[:prefix] + strings.Repeat("*", len(key)-prefix-4) + key[len(key)-4:]
}

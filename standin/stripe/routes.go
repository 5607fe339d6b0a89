package stripe

import "net/http"

func (s *Server) routes() (*http.ServeMux, error) {
	mux := http.NewServeMux()
	for pattern, run := range map[string]operation{
		"POST /v1/payment_intents":              createIntent,
		"GET /v1/payment_intents":               listIntents,
		"GET /v1/payment_intents/search":        searchIntents,
		"GET /v1/payment_intents/{id}":          retrieveIntent,
		"POST /v1/payment_intents/{id}":         updateIntent,
		"POST /v1/payment_intents/{id}/confirm": confirmIntent,
		"POST /v1/payment_intents/{id}/capture": captureIntent,
		"POST /v1/payment_intents/{id}/cancel":  cancelIntent,
		"POST /v1/payment_methods":              createMethod,
		"GET /v1/payment_methods/{id}":          retrieveMethod,

		"GET /v1/charges":              listCharges,
		"GET /v1/charges/{id}":         retrieveCharge,
		"POST /v1/charges/{id}":        updateCharge,
		"GET /v1/charges/{id}/refunds": chargeRefunds,

		"POST /v1/refunds":             createRefund,
		"GET /v1/refunds":              listRefunds,
		"GET /v1/refunds/{id}":         retrieveRefund,
		"POST /v1/refunds/{id}":        updateRefund,
		"POST /v1/refunds/{id}/cancel": cancelRefund,

		"GET /v1/disputes":             listDisputes,
		"GET /v1/disputes/{id}":        retrieveDispute,
		"POST /v1/disputes/{id}":       updateDispute,
		"POST /v1/disputes/{id}/close": closeDispute,

		"POST /v1/checkout/sessions":                createSession,
		"GET /v1/checkout/sessions":                 listSessions,
		"GET /v1/checkout/sessions/{id}":            retrieveSession,
		"GET /v1/checkout/sessions/{id}/line_items": sessionItems,
		"POST /v1/checkout/sessions/{id}/expire":    expireSession,

		"GET /v1/events":      listEvents,
		"GET /v1/events/{id}": retrieveEvent,

		"POST /v1/webhook_endpoints":        createEndpoint,
		"GET /v1/webhook_endpoints":         listEndpoints,
		"GET /v1/webhook_endpoints/{id}":    retrieveEndpoint,
		"POST /v1/webhook_endpoints/{id}":   updateEndpoint,
		"DELETE /v1/webhook_endpoints/{id}": deleteEndpoint,

		"GET /v1/account":                   retrieveAccount,
		"GET /v1/accounts/{id}":             retrieveAccount,
		"GET /v1/balance":                   retrieveBalance,
		"GET /v1/balance_transactions":      listTransactions,
		"GET /v1/balance_transactions/{id}": retrieveTransaction,
	} {
		mux.HandleFunc(pattern, s.api(run))
	}
	s.controlRoutes(mux)
	if err := s.pageRoutes(mux); err != nil {
		return nil, err
	}
	mux.HandleFunc("/", s.api(func(c *call) (any, error) { return nil, unknownURL(c.http) }))
	return mux, nil
}

package health_test

import (
	"context"
	"fmt"

	"paybridge/functions/health"
	"paybridge/internal/customhandler"
	"paybridge/internal/settings"
)

// The queue of the CRM's own requests is not needed for payments to reach their
// rows, so an app without it is degraded and not down.
func ExampleFunction() {
	s := settings.Settings{PaymentEventsQueue: "payment-events", ServiceBusNamespace: "sb-pay.servicebus.windows.net"}
	requests := health.Queue("payment-requests", func() []string { return s.Unset("ServiceBusConnection", "PaymentRequestsQueue") })
	requests.Optional = true
	f := health.Function(health.Config{Version: "v1.0.0", Probes: []health.Probe{
		health.Queue("payment-events", func() []string { return s.Unset("ServiceBusConnection", "PaymentEventsQueue") }),
		requests,
	}})
	reply, err := f.Handle(context.Background(), &customhandler.Request{Method: "GET"})
	fmt.Println(reply.Status, string(reply.Body), err)
	// Output:
	// 200 {"status":"degraded","checks":[{"name":"payment-events","configured":true,"ok":true},{"name":"payment-requests","configured":false,"ok":false,"problem":"not configured","hint":"set PaymentRequestsQueue"}],"version":"v1.0.0"} <nil>
}

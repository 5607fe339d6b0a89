package doctor

import (
	"context"
	"fmt"

	"paybridge/cmd/paybridge/queues"
)

// queuesGroup looks at the two queues.
func queuesGroup() group {
	return group{"queues", []check{
		{"PaymentEventsQueue", func(ctx context.Context, s *subject, r *record) {
			checkQueue(ctx, s, r, "PaymentEventsQueue", s.Target.Settings.PaymentEventsQueue)
		}},
		{"PaymentRequestsQueue", func(ctx context.Context, s *subject, r *record) {
			checkQueue(ctx, s, r, "PaymentRequestsQueue", s.Target.Settings.PaymentRequestsQueue)
		}},
	}}
}

// checkQueue looks at what waits on a queue and at its dead letters.
func checkQueue(ctx context.Context, s *subject, r *record, check, queue string) {
	if s.Target.Queues == nil || queue == "" {
		r.skip(check, "it needs a Service Bus namespace and "+check, "do first what is said of the settings")
		return
	}
	const remedy = "check that the namespace and the queue are there, and that whoever is signed in here may receive"
	waiting, err := s.Target.Queues.Waiting(ctx, queue)
	if err != nil {
		r.failed(check, err, remedy)
		return
	}
	dead, err := s.Target.Queues.DeadLetters(queue)
	if err != nil {
		r.failed(check, err, remedy)
		return
	}
	defer func() { _ = dead.Close(ctx) }()
	letters, err := dead.Peek(ctx, 0, queues.MaxPage)
	if err != nil {
		r.failed(check, err, remedy)
		return
	}
	good := true
	if len(letters) > 0 {
		good = false
		r.warn(check, fmt.Sprintf("%s has dead letters, at least %d", queue, len(letters)), "see what they are with paybridge deadletters list")
	}
	if waiting >= queues.WaitingLimit {
		good = false
		r.warn(check, fmt.Sprintf("%d messages or more wait on %s", waiting, queue), "see whether the app runs and what it waits for: its log and the workbook say so")
	}
	if good {
		r.ok(check, fmt.Sprintf("%s has no dead letters, and %d messages wait on it", queue, waiting))
	}
}

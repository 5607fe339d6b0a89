package doctor

import (
	"context"
	"errors"
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

// checkQueue looks at the settings of a queue, at what waits on it and at its
// dead letters.
func checkQueue(ctx context.Context, s *subject, r *record, check, queue string) {
	if s.Target.Queues == nil || queue == "" {
		r.skip(check, "it needs a Service Bus namespace and "+check, "do first what is said of the settings")
		return
	}
	if !checkQueueSettings(ctx, s, r, check, queue) {
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

// checkQueueSettings compares the settings of a queue with those that it is to
// have, and reports whether the queue may be there.
func checkQueueSettings(ctx context.Context, s *subject, r *record, check, queue string) bool {
	have, err := s.Target.Queues.Settings(ctx, queue)
	hidden, _ := errors.AsType[*queues.Error](err)
	switch {
	case errors.Is(err, queues.ErrHidden) && hidden != nil:
		r.skip(check, err.Error(), hidden.Hint())
		return true
	case err != nil:
		r.failed(check, err, "check that this machine reaches the namespace, and sign in with: az login")
		return true
	case have == nil:
		r.problem(check, "the namespace has no queue "+queue, "azd up makes the queues; or let "+check+" name the one that is there")
		return false
	}
	differences := have.Compare(queues.Wanted())
	for _, d := range differences {
		add := r.problem
		if d.Harmless {
			add = r.warn
		}
		remedy := "run azd up, which sets it as it is to be; of queues that somebody else made, have it changed in the Azure portal"
		if d.Fixed {
			remedy = "it cannot be changed: when nothing is left on the queue, delete it and run azd up, which makes it again"
		}
		add(check, queue+" is not set as PayBridge needs it: "+d.Problem, remedy)
	}
	if len(differences) == 0 {
		r.ok(check, queue+" is set as PayBridge needs it")
	}
	return true
}

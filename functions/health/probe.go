package health

import (
	"context"
	"strings"
	"time"
)

// Probe is one thing that payments depend on.
type Probe struct {
	// Name is what the answer calls it.
	Name string
	// Configured returns the names of the settings that are missing. Nil means
	// that there is nothing to configure.
	Configured func() []string
	// Check asks the other end for something cheap, and is not called while
	// settings are missing. It should ask once only: a client that waits and
	// asks again turns "throttled" into "timed out". Nil means that being
	// configured is all there is.
	Check func(context.Context) error
	// Seen returns when payments themselves last found the dependency working,
	// zero if they have not. Nil means that nobody knows.
	Seen func() time.Time
	// Refused is what to do when the other end does not accept who is asking.
	Refused string
	// Optional says that payments flow without it: a failure makes the status
	// degraded and not down.
	Optional bool
}

// Stripe is the probe of Stripe's API. ping is a read that needs the key.
func Stripe(missing func() []string, ping func(context.Context) error) Probe {
	return Probe{
		Name: "stripe", Configured: missing, Check: ping,
		Refused: "check StripeSecretKey: the key may have been rolled, have expired, or not be allowed to read PaymentIntents",
	}
}

// Dataverse is the probe of the CRM. whoAmI is a request that needs the
// application user.
func Dataverse(missing func() []string, whoAmI func(context.Context) error) Probe {
	return Probe{
		Name: "dataverse", Configured: missing, Check: whoAmI,
		Refused: "check DataverseUrl, the client secret or managed identity, and that the environment has an application user for it",
	}
}

// Queue is the probe of a queue's settings. The Functions host reads the queue,
// not this process, so there is nothing to ask.
func Queue(name string, missing func() []string) Probe {
	return Probe{Name: name, Configured: missing}
}

// missing returns the settings that the probe misses.
func (p Probe) missing() []string {
	if p.Configured == nil {
		return nil
	}
	return p.Configured()
}

// check runs the probe's check.
func (p Probe) check(ctx context.Context) (problem Problem, err error) {
	defer func() {
		// A panic outside the goroutine of an invocation would end the process,
		// and the host gives up at the third.
		if v := recover(); v != nil {
			problem, err = Failing, errPanic
		}
	}()
	if err := p.Check(ctx); err != nil {
		return classify(ctx, err), err
	}
	return "", nil
}

// hint says what to do about a problem of the probe.
func (p Probe) hint(problem Problem, missing []string) string {
	switch problem {
	case NotConfigured:
		return "set " + strings.Join(missing, ", ")
	case Refused:
		return p.Refused
	case Unreachable:
		return "check the address in the settings, and that the app's network reaches it"
	case TimedOut:
		return "it did not answer in time: look again in a minute, then at its status page and the app's network"
	case Throttled:
		return "it asks for fewer requests: work waits and goes on by itself"
	case Failing:
		return "look at the log of this app and at the other end's status page"
	default:
		return ""
	}
}

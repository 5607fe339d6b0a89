package soak

import (
	"fmt"
	"slices"
	"strings"
)

// Fault is a kind of what goes wrong.
type Fault string

// The kinds of faults, by the names of the flag --faults.
const (
	// Webhooks repeats and shuffles what both ends post.
	Webhooks Fault = "webhooks"
	// KillHandler sends the handler SIGKILL, KillHost the host with its queues.
	KillHandler Fault = "kill-handler"
	KillHost    Fault = "kill-host"
	// Throttle is Dataverse's 429 with Retry-After, Unavailable its 503, Races
	// a storm of 412, Cut a connection that ends before or after the commit,
	// Hang a request that is not answered in time.
	Throttle    Fault = "throttle"
	Unavailable Fault = "unavailable"
	Races       Fault = "races"
	Cut         Fault = "cut"
	Hang        Fault = "hang"
	// Outage takes the CRM away for longer than any invocation lasts, Blackout
	// for longer than the queues try to deliver their messages.
	Outage   Fault = "outage"
	Blackout Fault = "blackout"
	// Token is a 401 of either end.
	Token Fault = "token"
	// StripeThrottle, StripeErrors, StripeCut and StripeHang are the like at
	// Stripe; some of its 500s come after the commit, and some are stored under
	// the idempotency key and replayed.
	StripeThrottle Fault = "stripe-throttle"
	StripeErrors   Fault = "stripe-errors"
	StripeCut      Fault = "stripe-cut"
	StripeHang     Fault = "stripe-hang"
	// Poison puts messages on the queues that nobody can read.
	Poison Fault = "poison"
	// Haste lets people in the CRM act without waiting for an answer, change
	// their minds and contradict themselves, Delete lets them delete rows.
	Haste  Fault = "haste"
	Delete Fault = "delete"
)

// Faults is a set of kinds.
type Faults []Fault

// AllFaults are all kinds.
var AllFaults = Faults{
	Webhooks, KillHandler, KillHost, Throttle, Unavailable, Races, Cut, Hang, Outage, Blackout, Token,
	StripeThrottle, StripeErrors, StripeCut, StripeHang, Poison, Haste, Delete,
}

// ParseFaults reads all, none or a list of kinds with commas between.
func ParseFaults(text string) (Faults, error) {
	switch text {
	case "all":
		return AllFaults, nil
	case "none", "":
		return nil, nil
	}
	var set Faults
	for name := range strings.SplitSeq(text, ",") {
		kind := Fault(strings.TrimSpace(name))
		if !slices.Contains(AllFaults, kind) {
			return nil, fmt.Errorf("there is no fault %q; there are %v", name, AllFaults)
		}
		set = append(set, kind)
	}
	return set, nil
}

// String is the list as the flag takes it.
func (f Faults) String() string {
	if len(f) == 0 {
		return "none"
	}
	if len(f) == len(AllFaults) {
		return "all"
	}
	names := make([]string, len(f))
	for i, kind := range f {
		names[i] = string(kind)
	}
	return strings.Join(names, ",")
}

func (f Faults) on(kind Fault) bool { return slices.Contains(f, kind) }

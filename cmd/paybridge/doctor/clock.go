package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"paybridge/internal/stripeapi"
)

// clockGroup compares the clock of this machine with those of the two ends. A
// signature that is further away from now than stripeapi.Tolerance is refused.
func clockGroup() group {
	return group{"clock", []check{
		{"Stripe", func(ctx context.Context, s *subject, r *record) {
			checkClock(ctx, s, r, "Stripe", s.Target.Settings.StripeAPIBase)
		}},
		{"Dataverse", func(ctx context.Context, s *subject, r *record) {
			checkClock(ctx, s, r, "Dataverse", s.Target.Settings.DataverseURL)
		}},
	}}
}

// clockSlack is how far two clocks may be apart: HTTP knows whole seconds, and
// the answer takes its time.
const clockSlack = 30 * time.Second

func checkClock(ctx context.Context, s *subject, r *record, name, address string) {
	if address == "" {
		r.skip(name, "its address is not known", "do first what is said of the settings")
		return
	}
	before := s.Now()
	theirs, err := s.date(ctx, address)
	after := s.Now()
	if err != nil {
		r.warn(name, "the clock of "+name+" cannot be read: "+err.Error(), "check that this machine reaches "+address)
		return
	}
	// What lies between sending and receiving is nobody's fault, nor is the part
	// of a second that their clock does not show.
	var skew time.Duration
	switch {
	case theirs.Add(time.Second).Before(before):
		skew = theirs.Add(time.Second).Sub(before)
	case theirs.After(after):
		skew = theirs.Sub(after)
	}
	const remedy = "set the clock of this machine by a time server; on the machine of the app, signatures of Stripe are refused when it is five minutes wrong"
	off := fmt.Sprintf("the clock of this machine is %v away from that of %s", skew.Abs().Round(time.Second), name)
	switch {
	case skew.Abs() >= stripeapi.Tolerance-clockSlack:
		r.problem(name, off, remedy)
	case skew.Abs() > clockSlack:
		r.warn(name, off, remedy)
	default:
		r.ok(name, "the clock of this machine agrees with that of "+name)
	}
}

// date returns the Date that a server tells. It asks for nothing that needs a
// key.
func (s *subject) date(ctx context.Context, address string) (time.Time, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, address+"/", nil)
	if err != nil {
		return time.Time{}, err
	}
	res, err := s.HTTP.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return time.Time{}, err
	}
	if err := res.Body.Close(); err != nil {
		return time.Time{}, err
	}
	date, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		return time.Time{}, errors.New("its answer has no date")
	}
	return date, nil
}

package customhandler

import (
	"context"
	"time"
)

// TimerFunction is a function with a timer trigger.
type TimerFunction struct {
	// Name is the function's name, which is the name of its folder.
	Name string
	// Trigger is the name of the timerTrigger binding.
	Trigger string
	// Outputs are the names of the queue output bindings, none when empty.
	Outputs []string
	// Handle does the work of one tick. An error marks the run as failed; the
	// host does not repeat it before the next tick. It never runs twice at the
	// same time, over all instances of the app.
	Handle func(context.Context, Timer) (Outputs, error)
}

// Timer is one tick of a schedule. Its times are UTC, and zero where the host
// does not say: schedules of less than a minute have no recorded status.
type Timer struct {
	// IsPastDue says that the tick comes late. Ticks missed while the app was
	// down are not repeated one by one.
	IsPastDue bool
	// Last is when the schedule fired before this tick, Next when it is due
	// again.
	Last, Next time.Time
}

// Timer registers a function with a timer trigger. It panics if f cannot be
// registered.
func (m *Mux) Timer(f TimerFunction) {
	door := &function{Registered: Registered{
		Name: f.Name, Trigger: TimerTrigger, Binding: f.Trigger, Outputs: f.Outputs,
	}}
	door.run = func(ctx context.Context, inv *invocation, envelope []byte) ([]byte, error) {
		tick, err := decodeTimer(envelope, f.Trigger)
		if err != nil {
			return nil, err
		}
		outputs, err := f.Handle(ctx, tick)
		if err != nil {
			return nil, err
		}
		return inv.encode(nil, outputs)
	}
	m.register(door, f.Handle != nil)
}

// wireTimer is the value of a timer trigger. Hosts of different age print the
// times differently, and a run must not fail for that.
type wireTimer struct {
	IsPastDue      lenient[bool]
	ScheduleStatus lenient[struct{ Last, Next lenient[string] }]
}

// decodeTimer reads the envelope of a timer trigger.
func decodeTimer(envelope []byte, trigger string) (Timer, error) {
	in, err := decodeTrigger[wireTimer](envelope, trigger)
	if err != nil {
		return Timer{}, &envelopeError{doing: "decoding the tick", err: err}
	}
	status := in.ScheduleStatus.value
	return Timer{
		IsPastDue: in.IsPastDue.value,
		Last:      parseTime(status.Last.value),
		Next:      parseTime(status.Next.value),
	}, nil
}

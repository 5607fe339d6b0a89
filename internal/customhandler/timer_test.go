package customhandler_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"paybridge/internal/customhandler"
)

func TestTimer(t *testing.T) {
	at := func(hour, minute, nano int) time.Time { return time.Date(2024, 5, 1, hour, minute, 0, nano, time.UTC) }
	captured := readCapture(t, "timer.json").Body
	for _, tt := range []struct {
		name, envelope string
		want           customhandler.Timer
	}{
		{"captured, schedule of seconds", captured, customhandler.Timer{}},
		{
			"with a status",
			`{"Data":{"timer":{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{"Last":"2024-05-01T00:00:00.0012345+00:00","Next":"2024-05-01T00:05:00+00:00","LastUpdated":"x"},"IsPastDue":true}}}`,
			customhandler.Timer{IsPastDue: true, Last: at(0, 0, 1234500), Next: at(0, 5, 0)},
		},
		{
			"another zone",
			`{"Data":{"timer":{"ScheduleStatus":{"Last":"2024-05-01T02:00:00+02:00","Next":"2024-05-01T00:05:00Z"}}}}`,
			customhandler.Timer{Last: at(0, 0, 0), Next: at(0, 5, 0)},
		},
		{
			"never ran",
			`{"Data":{"timer":{"ScheduleStatus":{"Last":"0001-01-01T00:00:00","Next":"2024-05-01T00:05:00"}}}}`,
			customhandler.Timer{Next: at(0, 5, 0)},
		},
		{
			"never ran, with an offset",
			`{"Data":{"timer":{"ScheduleStatus":{"Last":"0001-01-01T00:00:00+00:00","Next":7}}}}`,
			customhandler.Timer{},
		},
		{"a status of another kind", `{"Data":{"timer":{"ScheduleStatus":"soon","IsPastDue":"true"}}}`, customhandler.Timer{IsPastDue: true}},
		{"run by hand", `{"Data":{"timer":{}},"Metadata":{}}`, customhandler.Timer{}},
		{"broken metadata", `{"Data":{"timer":{"IsPastDue":true}},"Metadata":7}`, customhandler.Timer{IsPastDue: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got customhandler.Timer
			mux, _ := newMux()
			mux.Timer(customhandler.TimerFunction{
				Name: "tick", Trigger: "timer", Outputs: []string{"hints"},
				Handle: func(_ context.Context, tick customhandler.Timer) (customhandler.Outputs, error) {
					got = tick
					return customhandler.Outputs{"hints": {[]byte(`[1]`), []byte(`{"i":2}`)}}, nil
				},
			})
			answer := accepted3(t)(capture{Method: http.MethodPost, Path: "/tick", Body: tt.envelope}.serve(mux))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("the tick differs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{`[1]`, `{"i":2}`}, answer.messages(t, "hints")); diff != "" {
				t.Errorf("the messages differ (-want +got):\n%s", diff)
			}
		})
	}
}
